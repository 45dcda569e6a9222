#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// A directory for one test, empty at its start and gone at its end.
class TestDir {
public:
    TestDir() {
        std::string name = "/tmp/postrider-test-XXXXXX";
        path_ = mkdtemp(name.data()) == nullptr ? "" : name;
        EXPECT_FALSE(path_.empty());
    }
    TestDir(const TestDir&) = delete;
    TestDir& operator=(const TestDir&) = delete;
    ~TestDir() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    const std::string& path() const { return path_; }
    std::string text(const std::string& file) const {
        std::ifstream in{path_ + "/" + file};
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
        for (const auto& entry : std::filesystem::directory_iterator{path_}) {
            all.push_back(entry.path().filename().string());
        }
        std::sort(all.begin(), all.end());
        return all;
    }

private:
    std::string path_;
};
