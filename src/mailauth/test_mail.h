#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "mailauth/test_zone.h"

/// Messages and keys of tests.
namespace postrider::mailauth {

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline std::string crlf(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\n' && !out.ends_with('\r')) out += '\r';
        out += c;
    }
    return out;
}

inline Time at_time(std::int64_t seconds) {
    return Time{std::chrono::seconds{seconds}};
}

/// RFC 8463 appendix A.
constexpr std::string_view ed25519_seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
constexpr std::string_view ed25519_public =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

}  // namespace postrider::mailauth
