#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace postrider {

/// A directory of a test's own, empty at its start and gone at its end.
class TestFolder {
public:
    TestFolder() {
        std::string pattern = std::filesystem::temp_directory_path() / "postrider-test-XXXXXX";
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no directory for the test"};
        path_ = pattern;
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace postrider
