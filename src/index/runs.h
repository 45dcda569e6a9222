#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "index/junctions.h"

/// How folded text (text::fold_unicode) falls apart into what the index keeps.
///
/// Text is a sequence of runs of one class. Each run is kept as one or more *terms* so that every short piece
/// of a run lies whole within some term: then a piece occurs in the text if and only if it occurs in a term,
/// and searching for it needs no look at the text itself.
namespace postrider::index {

enum class RunClass : std::uint8_t {
    word,      ///< letters, digits and marks, with single . @ - _ + between them
    unspaced,  ///< scripts written without blanks between words: Han, Kana, Thai, Lao, Khmer, Myanmar
    sign,      ///< punctuation, symbols, controls, and octets that are no UTF-8
    blank,     ///< white space
};

struct Run {
    RunClass kind;
    std::string_view text;
};

/// Takes the first run off `text`, which is not empty.
Run take_run(std::string_view& text);

/// A run longer than `size` becomes terms of `size` octets, one beginning every `step`: any piece of at most
/// `whole` octets lies in one of them. Unspaced runs become pairs of characters.
struct Cut {
    std::size_t size, step;
    constexpr std::size_t whole() const { return size - step; }
};
constexpr Cut cut_of(RunClass kind) {
    return kind == RunClass::word ? Cut{64, 32} : Cut{16, 8};
}

/// Calls `term` with every term of the text, in order, repetitions included. Terms have 1 to 64 octets.
template <class Visit>
void each_term(std::string_view folded, Visit&& term);
/// The same of one run.
template <class Visit>
void each_term_of(const Run& run, Visit&& term);

/// Where the end of a run is a junction (junctions.h), when as much text stands around it.
inline bool ends_word(const Run& run) {
    return run.kind == RunClass::word || run.kind == RunClass::unspaced;
}

/// What must occur within some term of a text.
struct Piece {
    std::string_view text;
    bool begins = false;  ///< that term begins with it
    bool ends = false;    ///< and ends with it; both: is it

    bool in(std::string_view term) const {
        if (begins) return ends ? term == text : term.starts_with(text);
        return ends ? term.ends_with(text) : term.find(text) != std::string_view::npos;
    }
};

/// What a search for a folded text asks of the terms.
struct Needle {
    std::vector<Piece> pieces;          ///< each must occur; views into the text
    std::vector<Junction> junctions{};  ///< all must be in the same text as well
    bool exact = false;   ///< one piece, and a text with a term that contains it contains the whole needle
    bool usable = false;  ///< false: the terms say nothing about it (empty, or not UTF-8)
};
Needle analyse(std::string_view folded);

// ---- implementation

/// Octets of the code point at the front; 1 for what is malformed.
std::size_t code_point_size(std::string_view text);

template <class Visit>
void each_term_of(const Run& run, Visit&& term) {
    std::string_view rest = run.text;
    if (run.kind == RunClass::unspaced) {
        while (!rest.empty()) {
            const std::size_t one = code_point_size(rest);
            const std::size_t two = rest.size() > one ? code_point_size(rest.substr(one)) : 0;
            if (two > 0 || rest.size() == run.text.size()) term(rest.substr(0, one + two));
            rest.remove_prefix(one);
        }
        return;
    }
    const Cut cut = cut_of(run.kind);
    while (rest.size() > cut.size) {
        term(rest.substr(0, cut.size));
        rest.remove_prefix(cut.step);
    }
    term(rest);
}

template <class Visit>
void each_term(std::string_view folded, Visit&& term) {
    while (!folded.empty()) each_term_of(take_run(folded), term);
}

}  // namespace postrider::index
