#include "imap/session/fuzzy.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "text/ascii.h"

namespace postrider::imap {
namespace {

using Kind = SearchKey::Kind;
using Words = std::vector<std::string>;

constexpr std::uint8_t exact = 100, near_by = 50;

bool in_word(char c) {
    return static_cast<unsigned char>(c) >= 0x80 || text::is_alpha(c) || text::is_digit(c);
}

Words words_of(std::string_view text) {
    Words words;
    for (std::size_t at = 0; at < text.size() && words.size() < max_fuzzy_words;) {
        std::size_t end = at;
        while (end < text.size() && in_word(text[end])) ++end;
        if (end > at) words.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

/// The first letters of a word, half of it but not less than four: endings differ, and so do slips.
std::string stem(const std::string& word) {
    auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    const auto letters = static_cast<std::size_t>(std::count_if(word.begin(), word.end(), begins));
    std::size_t keep = std::max<std::size_t>(4, (letters + 1) / 2);
    if (letters <= keep) return word;
    std::size_t at = 0;
    for (; at < word.size(); ++at)
        if (begins(word[at]) && keep-- == 0) break;
    return word.substr(0, at);
}

SearchKey like(const SearchKey& key, std::string text) {
    SearchKey made;
    made.kind = key.kind;
    made.field = key.field;
    made.text = std::move(text);
    return made;
}

SearchKey in_subject(const SearchKey& key) {
    SearchKey made = like(key, key.text);
    made.kind = Kind::header;
    made.field = "subject";
    return made;
}

SearchKey all_of(const SearchKey& key, const Words& words) {
    SearchKey every;
    for (const std::string& word : words) every.children.push_back(like(key, word));
    return every;
}

std::vector<Alternative> of_text(const SearchKey& key) {
    const Words words = words_of(key.text);
    Words stems;
    for (const std::string& word : words) stems.push_back(stem(word));
    const bool whole_text = key.kind == Kind::text;  // then what is in the subject counts more
    std::vector<Alternative> found;
    auto add = [&](std::uint8_t weight, std::uint8_t of_subject, auto&& make) {
        if (whole_text) found.push_back({make(in_subject(key)), of_subject});
        found.push_back({make(key), weight});
    };
    const std::uint8_t first = whole_text ? 80 : exact;
    add(first, exact, [&](const SearchKey& one) { return like(one, key.text); });
    const bool several = words.size() > 1 || (words.size() == 1 && words.front() != key.text);
    if (several) add(whole_text ? 55 : 70, 70, [&](const SearchKey& one) { return all_of(one, words); });
    if (stems != words)
        add(whole_text ? 25 : 40, 45, [&](const SearchKey& one) { return all_of(one, stems); });
    return found;
}

/// The key as it is, and once more with bounds that are moved.
std::vector<Alternative> moved(const SearchKey& key, const SearchKey& other) {
    return {{key, exact}, {other, near_by}};
}

}  // namespace

std::vector<Alternative> alternatives(const SearchKey& key) {
    constexpr std::chrono::days some{2};
    SearchKey other = key;
    switch (key.kind) {
        case Kind::header:
        case Kind::body:
        case Kind::text:
            if (key.text.empty()) break;
            return of_text(key);
        case Kind::before:
        case Kind::sent_before:
        case Kind::saved_before: other.day += some; return moved(key, other);
        case Kind::since:
        case Kind::sent_since:
        case Kind::saved_since: other.day -= some; return moved(key, other);
        case Kind::larger:
        case Kind::older: other.number -= key.number / 10; return moved(key, other);
        case Kind::smaller:
        case Kind::younger: other.number += key.number / 10; return moved(key, other);
        default: break;
    }
    return {{key, exact}};
}

}  // namespace postrider::imap
