#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::index {

/// Text in which everything that matters to the index is near everything else.
inline std::string random_text(std::mt19937& random, std::size_t characters) {
    static constexpr std::string_view pieces[] = {
        "a",      "b",      "A",      "é",      "e\u0301", "ß",      "1",      "2",      ".",
        "@",      "-",      "_",      "+",      "--",      " ",      "  ",     "\r\n",   "\t",
        ",",      "!",      "=",      "\u3042", "\u4e2d",  "\u6587", "\u30ac", "\ud55c", "\u0e01",
        "\u2603", "\u00a0", "\u3002", "ab",     "\xff",    "\xc3"};
    std::string text;
    for (std::size_t i = 0; i < characters; ++i) {
        std::string_view piece = pieces[random() % std::size(pieces)];
        // Long runs, so that they are cut.
        const std::size_t times = random() % 40 == 0 ? 30 + random() % 100 : 1;
        for (std::size_t k = 0; k < times; ++k) text += piece;
    }
    return text;
}

}  // namespace postrider::index
