#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/test_folder.h"

/// A directory for one test, empty at its start and gone at its end.
class TestDir : public postrider::TestFolder {
public:
    std::string path() const { return TestFolder::path().string(); }
    std::string text(const std::string& file) const {
        std::ifstream in{path() + "/" + file};
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }
    std::vector<std::string> lines(const std::string& file) const {
        std::istringstream in{text(file)};
        std::vector<std::string> all;
        for (std::string line; std::getline(in, line);) all.push_back(line);
        return all;
    }
    std::vector<std::string> files() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator{path()}) {
            all.push_back(entry.path().filename().string());
        }
        std::sort(all.begin(), all.end());
        return all;
    }
};
