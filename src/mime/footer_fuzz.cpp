#include <cstdint>
#include <cstdlib>

#include "mime/description.h"
#include "mime/footer.h"

/// Whatever the message, the one with a footer has the same parts of the same types.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider::mime;
    std::string_view message{reinterpret_cast<const char*>(data), size};
    for (const Footer& footer : {Footer{"Footer line\n", ""}, Footer{"",
                                                                     "<p>F\xc3\xbc\xc3\x9f"
                                                                     "e</p>"}}) {
        auto changed = append_footer(message, footer);
        if (!changed) continue;
        auto before = describe(message), after = describe(*changed);
        if (before.parts.size() != after.parts.size()) std::abort();
        for (std::size_t i = 0; i < before.parts.size(); ++i)
            if (before.parts[i].type != after.parts[i].type) std::abort();
        if (changed->size() <= footer.text.size()) std::abort();
    }
    return 0;
}
