#include "index/runs.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace postrider::index {
namespace {

enum class Octet : std::uint8_t { word, joiner, sign, blank, beyond };

constexpr std::array<Octet, 256> make_octets() {
    std::array<Octet, 256> table{};
    for (std::size_t i = 0; i < 256; ++i) {
        const auto c = static_cast<unsigned char>(i);
        const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool joiner = c == '.' || c == '@' || c == '-' || c == '_' || c == '+';
        const bool blank = c == ' ' || (c >= 9 && c <= 13);
        table[i] = c >= 0x80 ? Octet::beyond
                   : word    ? Octet::word
                   : joiner  ? Octet::joiner
                   : blank   ? Octet::blank
                             : Octet::sign;
    }
    return table;
}
constexpr std::array<Octet, 256> octets = make_octets();

Octet octet(char c) {
    return octets[static_cast<unsigned char>(c)];
}

constexpr struct {
    char32_t first, last;
} unspaced_ranges[] = {{0x0e00, 0x0eff},   {0x1000, 0x109f},  {0x1780, 0x17ff}, {0x2e80, 0x2fdf},
                       {0x3005, 0x3007},   {0x3021, 0x302f},  {0x3031, 0x312f}, {0x31a0, 0x31bf},
                       {0x31f0, 0x31ff},   {0x3400, 0x4dbf},  {0x4e00, 0x9fff}, {0xf900, 0xfaff},
                       {0x1b000, 0x1b16f}, {0x20000, 0x3ffff}};

RunClass class_of(char32_t c) {
    if (c == text::malformed) return RunClass::sign;
    if (c >= 0x0e00)
        for (const auto& range : unspaced_ranges)
            if (c >= range.first && c <= range.last) return RunClass::unspaced;
    const auto point = static_cast<UChar32>(c);
    constexpr std::uint32_t in_words = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK;
    if (U_GET_GC_MASK(point) & in_words) return RunClass::word;
    return u_isUWhiteSpace(point) ? RunClass::blank : RunClass::sign;
}

/// Class of the character at the front (a joiner counts as a sign), and its size.
struct Character {
    RunClass kind;
    std::size_t size;
};
Character character_at(std::string_view text) {
    switch (octet(text.front())) {
        case Octet::word: return {RunClass::word, 1};
        case Octet::joiner:
        case Octet::sign: return {RunClass::sign, 1};
        case Octet::blank: return {RunClass::blank, 1};
        case Octet::beyond: break;
    }
    std::string_view rest = text;
    const char32_t c = text::take_code_point(rest);
    return {class_of(c), text.size() - rest.size()};
}

bool is_joiner(std::string_view text) {
    return text.size() == 1 && octet(text.front()) == Octet::joiner;
}

/// A run of a text that is looked for, in a text around it whose runs may begin before and end behind.
struct Sought {
    Run run;
    bool begins = false, ends = false;  ///< where it does, the run of the text around does so, too
};

std::vector<Sought> runs_of(std::string_view folded) {
    std::vector<Sought> runs;
    for (std::string_view rest = folded; !rest.empty();) runs.push_back({take_run(rest), true, true});
    runs.front().begins = false;
    runs.back().ends = false;
    // "-ABC" may be the end of the one run "X-ABC", and "ABC-" the beginning of one.
    if (runs.size() > 1) {
        Sought& second = runs[1];
        if (is_joiner(runs.front().run.text) && second.run.kind == RunClass::word)
            runs.front().ends = second.begins = false;
        Sought& before = runs[runs.size() - 2];
        if (is_joiner(runs.back().run.text) && before.run.kind == RunClass::word)
            runs.back().begins = before.ends = false;
    }
    return runs;
}

/// What must be in some term of every text that has the run.
void add_pieces(std::vector<Piece>& pieces, const Sought& sought) {
    const Run& run = sought.run;
    if (run.kind == RunClass::unspaced) {
        const bool alone = code_point_size(run.text) == run.text.size();
        each_term_of(run, [&](std::string_view term) {
            pieces.push_back({term, alone && sought.begins, alone && sought.ends});
        });
        return;
    }
    if (sought.begins && sought.ends) {  // the run itself
        each_term_of(run, [&](std::string_view term) { pieces.push_back({term, true, true}); });
        return;
    }
    const Cut cut = cut_of(run.kind);
    // The first term of a run has its first octets, and the last one its last.
    if (run.text.size() <= (sought.begins ? cut.size : cut.whole())) {
        pieces.push_back({run.text, sought.begins, sought.ends});
        return;
    }
    std::string_view left = run.text;
    while (left.size() > cut.whole()) {
        pieces.push_back({left.substr(0, cut.whole())});
        left.remove_prefix(cut.whole());
    }
    pieces.push_back({left});
}

}  // namespace

std::size_t code_point_size(std::string_view text) {
    return character_at(text).size;
}

Run take_run(std::string_view& text) {
    const Character first = character_at(text);
    std::size_t end = first.size;
    while (end < text.size()) {
        const char c = text[end];
        if (first.kind == RunClass::word) {
            const Octet kind = octet(c);
            if (kind == Octet::word) {
                ++end;
                continue;
            }
            if (kind == Octet::joiner) {
                if (end + 1 == text.size()) break;
                const Character behind = character_at(text.substr(end + 1));
                if (behind.kind != RunClass::word) break;
                end += 1 + behind.size;
                continue;
            }
        }
        const Character next = character_at(text.substr(end));
        if (next.kind != first.kind) break;
        end += next.size;
    }
    const Run run{first.kind, text.substr(0, end)};
    text.remove_prefix(end);
    return run;
}

Needle analyse(std::string_view folded) {
    Needle needle;
    if (folded.empty() || folded.find('\0') != std::string_view::npos || !text::valid_utf8(folded))
        return needle;
    needle.usable = true;
    const std::vector<Sought> runs = runs_of(folded);
    std::vector<Piece> blanks;
    for (const Sought& one : runs) {
        const Run& run = one.run;
        add_pieces(run.kind == RunClass::blank ? blanks : needle.pieces, one);
        if (!one.ends || !ends_word(run)) continue;
        const auto end = static_cast<std::size_t>(run.text.data() + run.text.size() - folded.data());
        const std::string_view around = octets_around(folded, end);
        if (!around.empty()) needle.junctions.push_back(junction_of(around));
    }
    if (needle.pieces.empty()) needle.pieces = std::move(blanks);  // nothing tells more than blanks do
    needle.exact = runs.size() == 1 && needle.pieces.size() == 1;
    return needle;
}

}  // namespace postrider::index
