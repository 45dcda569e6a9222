#include "cli/wire/syntax.h"

#include "text/ascii.h"

namespace postrider::cli {
namespace {

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> all;
    while (!text.empty()) {
        auto end = std::min(text.find(at), text.size());
        if (end != 0) all.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

/// "<name>", "(<name>)" -> "name".
std::string value_name(std::string_view text) {
    while (text.starts_with('(') || text.starts_with('<')) text.remove_prefix(1);
    while (text.ends_with(')') || text.ends_with('>')) text.remove_suffix(1);
    return std::string{text};
}

bool is_value(std::string_view text) {
    return text.starts_with('<') || text.starts_with("(<");
}

}  // namespace

const std::string& Matched::text(std::string_view name) const {
    static const std::string nothing;
    auto at = values_.find(name);
    return at == values_.end() ? nothing : at->second.text;
}

std::optional<std::string> Matched::maybe(std::string_view name) const {
    auto at = values_.find(name);
    if (at == values_.end()) return std::nullopt;
    return at->second.text;
}

std::vector<std::string> Matched::list(std::string_view name) const {
    auto at = values_.find(name);
    if (at == values_.end()) return {};
    if (at->second.is_set) return at->second.elements;
    return {at->second.text};
}

Syntax::Syntax(std::string_view text) : text_{text} {
    while (!text.empty()) {
        if (text.front() == ' ') {
            text.remove_prefix(1);
            continue;
        }
        Part part;
        part.optional = text.front() == '[';
        auto end = part.optional ? text.find(']') : std::min(text.find(' '), text.size());
        std::string_view inside = part.optional ? text.substr(1, end - 1) : text.substr(0, end);
        text.remove_prefix(part.optional ? end + 1 : end);
        for (const std::string& word : split(inside, ' ')) {
            std::string_view bare = word;
            if (bare.ends_with("...")) {
                part.rest = true;
                bare.remove_suffix(3);
            }
            if (is_value(bare))
                part.value = value_name(bare);
            else
                part.keywords = split(bare, '|');
        }
        parts_.push_back(std::move(part));
    }
}

bool Syntax::is_keyword(const Part& part, const Word& word) {
    if (word.quoted || word.is_set) return false;
    for (const std::string& keyword : part.keywords)
        if (text::equal_ci(keyword, word.text)) return true;
    return false;
}

/// Tries what may come next, and goes back where the rest does not fit. `used`: bits of the optional parts of
/// the present run that are done. The number of parts bounds the depth.
bool Syntax::match(std::size_t at, std::span<const Word> words, std::size_t used, Matched& matched) const {
    if (at == parts_.size()) return words.empty();
    const Part& first = parts_[at];
    if (!first.optional) {
        if (words.empty()) return false;
        if (first.rest) {
            matched.rest_.assign(words.begin(), words.end());
            return true;
        }
        if (!first.keywords.empty())
            return is_keyword(first, words[0]) && match(at + 1, words.subspan(1), 0, matched);
        matched.values_[first.value] = words[0];
        return match(at + 1, words.subspan(1), 0, matched);
    }
    std::size_t end = at;
    while (end < parts_.size() && parts_[end].optional) ++end;
    for (std::size_t i = at; i < end; ++i) {
        const Part& part = parts_[i];
        const std::size_t bit = std::size_t{1} << (i - at);
        const std::size_t takes = part.keywords.empty() || part.value.empty() ? 1 : 2;
        if ((used & bit) != 0 || words.size() < takes) continue;
        if (!part.keywords.empty() && !is_keyword(part, words[0])) continue;
        Matched before = matched;
        if (part.rest)
            matched.rest_.assign(words.begin(), words.end());
        else
            matched.values_[part.value.empty() ? part.keywords.front() : part.value] = words[takes - 1];
        auto left = part.rest ? words.subspan(words.size()) : words.subspan(takes);
        if (match(at, left, used | bit, matched)) return true;
        matched = std::move(before);
    }
    return match(end, words, 0, matched);
}

std::optional<Matched> Syntax::match(std::span<const Word> words) const {
    Matched matched;
    if (!match(0, words, 0, matched)) return std::nullopt;
    return matched;
}

std::size_t Syntax::same_front(std::span<const Word> words) const {
    std::size_t same = 0;
    while (same < parts_.size() && same < words.size() && !parts_[same].optional
           && is_keyword(parts_[same], words[same]))
        ++same;
    return same;
}

}  // namespace postrider::cli
