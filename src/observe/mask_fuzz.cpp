#include <cstdint>
#include <cstdlib>
#include <string>

#include "observe/mask.h"

using namespace postrider::observe;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// With this before it, no octet of the line may be shown.
void hidden(std::string_view command, std::string_view line) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) return;
    require(masked(std::string{command} + std::string{line})
            == std::string{command} + std::string{line.substr(0, begin)} + "***");
}

}  // namespace

/// What is logged is the beginning of the line, all of it or up to the secret; secrets that are placed are
/// hidden.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line{reinterpret_cast<const char*>(data), size};
    const std::string shown = masked(line);
    if (shown != line)
        require(shown.ends_with("***")
                && line.starts_with(std::string_view{shown}.substr(0, shown.size() - 3)));
    for (std::string_view command : {"PASS ", "pass ", "AUTH PLAIN ", "auth login ", "a1 AUTHENTICATE PLAIN ",
                                     "APOP user ", "a1 LOGIN user ", "x login \"a user\" "})
        hidden(command, line);
    return 0;
}
