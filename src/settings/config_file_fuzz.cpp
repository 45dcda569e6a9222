#include <cstdint>
#include <cstdlib>

#include "settings/common.h"
#include "settings/grammar.h"
#include "settings/reader.h"
#include "settings/writer.h"

using namespace postrider::settings;

/// What was read is printed and read again as the same tree; settings that were taken are written so that
/// they read back without a complaint and as the same settings.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text{reinterpret_cast<const char*>(data), size};
    if (auto tree = parse_file(text, "fuzz")) {
        auto again = parse_file(print(*tree), "fuzz");
        if (!again || !(*again == *tree)) std::abort();
        auto loaded = load(server_table(), text, "fuzz");
        std::string written = write(server_table(), loaded.values);
        auto reloaded = load(server_table(), written, "fuzz");
        if (!reloaded.found.empty() || write(server_table(), reloaded.values) != written) std::abort();
    } else if (tree.error().line == 0 || tree.error().problem.empty()) {
        std::abort();
    }
    if (auto value = parse_value(text)) {
        auto again = parse_value(print_value(*value));
        if (!again || !(*again == *value)) std::abort();
    }
    return 0;
}
