#include <algorithm>
#include <cstring>

#include "mailauth/canonical.h"
#include "text/ascii.h"

#ifdef __SSE2__
#include <emmintrin.h>

#include <bit>
#endif

namespace postrider::mailauth {
namespace {

/// A digest that takes no more than l= octets.
struct Sink {
    Digest digest;
    std::uint64_t room;

    void add(std::string_view octets) {
        octets = octets.substr(0, std::min<std::uint64_t>(room, octets.size()));
        room -= octets.size();
        if (!octets.empty()) digest.add(octets);
    }
};

/// Gives octets to all sinks; small pieces are collected first, since every call of a digest costs.
class Spread {
public:
    explicit Spread(std::vector<Sink>& sinks) : sinks_{sinks} {}

    void add(std::string_view octets) {
        total_ += octets.size();
        if (octets.size() < 256 && octets.size() <= sizeof small_ - size_) {
            std::memcpy(small_ + size_, octets.data(), octets.size());
            size_ += octets.size();
            return;
        }
        flush();
        for (Sink& sink : sinks_) sink.add(octets);
    }
    std::uint64_t finish() {
        flush();
        return total_;
    }

private:
    void flush() {
        if (size_ == 0) return;
        for (Sink& sink : sinks_) sink.add({small_, size_});
        size_ = 0;
    }

    std::vector<Sink>& sinks_;
    std::uint64_t total_ = 0;
    std::size_t size_ = 0;
    char small_[1024];
};

/// The next place from `at` on that relaxed form may change: a tab, or a blank before a blank or a CR.
std::size_t next_suspect(std::string_view body, std::size_t at) {
#ifdef __SSE2__
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i blank = _mm_set1_epi8(' ');
    const __m128i cr = _mm_set1_epi8('\r');
    while (at + 17 <= body.size()) {
        const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(body.data() + at));
        const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(body.data() + at + 1));
        const __m128i before = _mm_or_si128(
            _mm_cmpeq_epi8(next, blank), _mm_or_si128(_mm_cmpeq_epi8(next, tab), _mm_cmpeq_epi8(next, cr)));
        const __m128i hit =
            _mm_or_si128(_mm_cmpeq_epi8(here, tab), _mm_and_si128(_mm_cmpeq_epi8(here, blank), before));
        const int mask = _mm_movemask_epi8(hit);
        if (mask != 0) return at + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(mask)));
        at += 16;
    }
#endif
    for (; at < body.size(); ++at) {
        if (body[at] == '\t') return at;
        if (body[at] == ' ' && at + 1 < body.size() && (text::is_blank(body[at + 1]) || body[at + 1] == '\r'))
            return at;
    }
    return body.size();
}

/// RFC 6376 §3.4.4: without the empty lines at its end, lines without white space at theirs.
std::string_view relaxed_extent(std::string_view body) {
    for (;;) {
        while (!body.empty() && text::is_blank(body.back())) body.remove_suffix(1);
        if (!body.ends_with("\r\n")) return body;
        body.remove_suffix(2);
    }
}

void spread_relaxed(std::string_view body, Spread& out) {
    body = relaxed_extent(body);
    if (body.empty()) return;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t suspect = next_suspect(body, at);
        out.add(body.substr(at, suspect - at));
        at = suspect;
        while (at < body.size() && text::is_blank(body[at])) ++at;
        const bool at_line_end = body.substr(at).starts_with("\r\n");
        if (at > suspect && at < body.size() && !at_line_end) out.add(" ");
    }
    out.add("\r\n");
}

/// §3.4.3: as it is, with exactly one CRLF at the end.
void spread_simple(std::string_view body, Spread& out) {
    while (body.ends_with("\r\n")) body.remove_suffix(2);
    out.add(body);
    out.add("\r\n");
}

}  // namespace

std::size_t BodyHashes::want(Canon canon, Hash hash, std::optional<std::uint64_t> limit) {
    for (std::size_t i = 0; i < wanted_.size(); ++i)
        if (wanted_[i].canon == canon && wanted_[i].hash == hash && wanted_[i].limit == limit) return i;
    wanted_.push_back({canon, hash, limit});
    return wanted_.size() - 1;
}

void BodyHashes::run(std::string_view body, const Crypto& crypto) {
    for (Canon canon : {Canon::simple, Canon::relaxed}) {
        std::vector<Sink> sinks;
        for (const Wanted& one : wanted_)
            if (one.canon == canon)
                sinks.push_back({Digest{crypto, one.hash}, one.limit.value_or(UINT64_MAX)});
        if (sinks.empty()) continue;
        Spread spread{sinks};
        if (canon == Canon::simple)
            spread_simple(body, spread);
        else
            spread_relaxed(body, spread);
        const std::uint64_t length = spread.finish();
        auto sink = sinks.begin();
        for (Wanted& one : wanted_) {
            if (one.canon != canon) continue;
            one.digest = (sink++)->digest.finish();
            one.length = length;
        }
    }
}

}  // namespace postrider::mailauth
