#include "sieve/wildcard.h"

namespace postrider::sieve {
namespace {

constexpr std::size_t npos = std::string_view::npos;

/// Octets of the character at `at`; what is malformed counts as one octet each.
std::size_t character(std::string_view text, std::size_t at) {
    unsigned char lead = static_cast<unsigned char>(text[at]);
    std::size_t size = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    if (at + size > text.size()) return 1;
    for (std::size_t i = 1; i < size; ++i)
        if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 1;
    return size;
}

/// Where the character begins that ends at `end`, which is not 0.
std::size_t before(std::string_view text, std::size_t end) {
    for (std::size_t size = 2; size <= 4 && size <= end; ++size)
        if (character(text, end - size) == size) return end - size;
    return end - 1;
}

}  // namespace

Wildcard::Wildcard(std::string_view pattern) {
    segments_.emplace_back();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        char c = pattern[i];
        if (c == '*') {
            segments_.emplace_back();
            continue;
        }
        Segment& segment = segments_.back();
        bool any = c == '?';
        if (c == '\\' && i + 1 < pattern.size()) c = pattern[++i];
        segment.text += c;
        segment.any.push_back(any);
        segment.has_any |= any;
        segment.characters += any ? 1 : 0;
    }
}

std::size_t Wildcard::fits(const Segment& segment, std::string_view text, std::size_t at, bool octets,
                           Captures* captures) {
    std::size_t begin = at;
    for (std::size_t i = 0; i < segment.text.size(); ++i) {
        if (at >= text.size()) return npos;
        if (!segment.any[i]) {
            if (text[at] != segment.text[i]) return npos;
            ++at;
            continue;
        }
        std::size_t size = octets ? 1 : character(text, at);
        if (captures != nullptr) captures->emplace_back(at, size);
        at += size;
    }
    return at - begin;
}

std::size_t Wildcard::find(const Segment& segment, std::string_view text, std::size_t from, bool octets,
                           std::size_t& size) {
    if (!segment.has_any) {
        size = segment.text.size();
        return text.find(segment.text, from);
    }
    // A "?" must not begin inside a character.
    for (std::size_t at = from; at <= text.size(); at += at < text.size() && !octets ? character(text, at) : 1) {
        size = fits(segment, text, at, octets, nullptr);
        if (size != npos) return at;
    }
    return npos;
}

bool Wildcard::match(std::string_view text, bool octets, Captures* captures) const {
    if (captures != nullptr) captures->clear();
    const Segment& first = segments_.front();
    std::size_t size = fits(first, text, 0, octets, captures);
    if (size == npos) return false;
    if (segments_.size() == 1) return size == text.size();

    std::size_t at = size;
    for (std::size_t i = 1; i + 1 < segments_.size(); ++i) {
        const Segment& segment = segments_[i];
        std::size_t found = find(segment, text, at, octets, size);
        if (found == npos) return false;
        if (captures != nullptr) {
            captures->emplace_back(at, found - at);
            fits(segment, text, found, octets, captures);
        }
        at = found + size;
    }

    // What follows the last "*" must lie at the very end: counted in characters from there.
    const Segment& last = segments_.back();
    std::size_t begin = text.size();
    for (std::size_t i = last.text.size(); i-- > 0;) {
        if (begin <= at) return false;
        begin = last.any[i] && !octets ? before(text, begin) : begin - 1;
    }
    if (begin < at) return false;
    std::size_t star = captures != nullptr ? captures->size() : 0;
    if (captures != nullptr) captures->emplace_back(at, begin - at);
    size = fits(last, text, begin, octets, captures);
    if (size == npos || begin + size != text.size()) {
        if (captures != nullptr) captures->resize(star);
        return false;
    }
    return true;
}

}  // namespace postrider::sieve
