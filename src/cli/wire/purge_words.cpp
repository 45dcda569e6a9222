#include "cli/wire/purge_words.h"

namespace postrider::cli {
namespace {

/// A piece of the list of names: a name or a comma.
struct Piece {
    std::string text;
    bool comma = false;
};

std::vector<Piece> pieces_of(const Word& word) {
    if (word.quoted) return {{word.text}};
    std::vector<Piece> out;
    std::string name;
    for (const char c : word.text) {
        if (c != ',') {
            name += c;
            continue;
        }
        if (!name.empty()) out.push_back({std::move(name)});
        name.clear();
        out.push_back({{}, true});
    }
    if (!name.empty()) out.push_back({std::move(name)});
    return out;
}

std::string as_criteria(const Word& word) {
    if (word.is_set) {
        std::string all;
        for (const std::string& one : word.elements) all += (all.empty() ? "(" : " ") + one;
        return all.empty() ? "()" : all + ")";
    }
    return word.quoted ? quoted_text(word.text) : word.text;
}

}  // namespace

std::expected<PurgeWords, std::string> parse_purge(std::span<const Word> words) {
    PurgeWords out;
    bool name_next = true;
    std::size_t at = 0;
    for (; at < words.size(); ++at) {
        const Word& word = words[at];
        if (word.is_set && out.folders.empty()) {
            out.folders = word.elements;
            name_next = false;
            continue;
        }
        if (word.is_set) break;
        const std::vector<Piece> pieces = pieces_of(word);
        if (!name_next && (pieces.empty() || !pieces.front().comma)) break;  // the condition begins
        for (const Piece& piece : pieces) {
            if (piece.comma == name_next) return std::unexpected("names of folders are separated by commas");
            if (!piece.comma) out.folders.push_back(piece.text);
            name_next = piece.comma;
        }
    }
    if (name_next || out.folders.empty()) return std::unexpected("the name of a folder is missing");
    if (words.size() - at == 1 && words[at].quoted) {
        out.condition = words[at].text;
        return out;
    }
    for (; at < words.size(); ++at) {
        if (!out.condition.empty()) out.condition += ' ';
        out.condition += as_criteria(words[at]);
    }
    return out;
}

}  // namespace postrider::cli
