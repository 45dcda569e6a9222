#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "observe/line.h"

using namespace postrider::observe;

/// What was understood can be written as one line without control characters and is understood again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view datagram{reinterpret_cast<const char*>(data), size};
    auto line = parse_line(datagram);
    if (!line) return 0;
    std::string again = "2026-07-06 13:10:08 +0545 ";
    std::string host, module;
    append_escaped(host, line->host);
    append_escaped(module, line->module);
    append_rest(again, line->level, host, module, line->id, line->text);
    if (std::any_of(again.begin(), again.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
        std::abort();
    }
    if (host.size() > 255 || module.size() > 32) return 0;  // escaping made it longer than is taken
    auto second = parse_line(again);
    if (!second || second->level != line->level || !(second->id == line->id) || second->host != host) {
        std::abort();
    }
    return 0;
}
