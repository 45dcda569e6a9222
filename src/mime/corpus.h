#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// Test messages as they go over the wire; for tests only.
namespace postrider::mime::corpus {

inline std::string read(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// Every LF without CR before it becomes CRLF.
inline std::string crlf(const std::string& text) {
    std::string out;
    for (char c : text) {
        if (c == '\n' && !out.ends_with('\r')) out += '\r';
        out += c;
    }
    return out;
}

inline std::vector<std::filesystem::path> messages(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder})
        if (entry.path().extension() == ".msg" || entry.path().extension() == ".eml")
            found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace postrider::mime::corpus
