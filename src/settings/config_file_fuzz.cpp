#include <cstdint>
#include <cstdlib>

#include "settings/grammar.h"

using namespace postrider::settings;

/// What was read is printed and read again as the same tree; a word alone comes back as itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text{reinterpret_cast<const char*>(data), size};
    if (auto tree = parse_file(text, "fuzz")) {
        auto again = parse_file(print(*tree), "fuzz");
        if (!again || !(*again == *tree)) std::abort();
    } else if (tree.error().line == 0 || tree.error().problem.empty()) {
        std::abort();
    }
    if (auto value = parse_value(text)) {
        auto again = parse_value(print_value(*value));
        if (!again || !(*again == *value)) std::abort();
    }
    return 0;
}
