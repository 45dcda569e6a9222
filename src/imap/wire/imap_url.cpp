#include "imap/wire/imap_url.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "text/ascii.h"
#include "text/hex.h"
#include "text/utf8.h"

namespace postrider::imap {
namespace {

std::optional<std::string> decoded(std::string_view encoded) {
    std::string plain;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        if (encoded[i] != '%') {
            plain += encoded[i];
            continue;
        }
        if (i + 2 >= encoded.size()) return std::nullopt;
        int high = text::hex_digit(encoded[i + 1]), low = text::hex_digit(encoded[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
        plain += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (!text::valid_utf8(plain)) return std::nullopt;
    return plain;
}

/// Where `word` stands in any case, or npos.
std::size_t find_ci(std::string_view in, std::string_view word, std::size_t from = 0) {
    auto same = [](char a, char b) { return text::upper(a) == text::upper(b); };
    auto at = std::search(in.begin() + static_cast<std::ptrdiff_t>(std::min(from, in.size())), in.end(),
                          word.begin(), word.end(), same);
    return at == in.end() ? std::string_view::npos : static_cast<std::size_t>(at - in.begin());
}

std::optional<std::uint64_t> number_of(std::string_view digits, std::uint64_t most) {
    if (digits.empty() || digits.size() > 19) return std::nullopt;
    std::uint64_t value = 0;
    for (char c : digits) {
        if (!text::is_digit(c)) return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (value > most) return std::nullopt;
    return value;
}

/// date-time of RFC 3339: "2027-12-31T23:59:59Z", "...+01:00".
std::optional<Time> date_time_of(std::string_view text) {
    using namespace std::chrono;
    if (text.size() < 20) return std::nullopt;
    auto field = [&](std::size_t at, std::size_t size) { return number_of(text.substr(at, size), 9999); };
    auto year = field(0, 4), month = field(5, 2), day = field(8, 2), hour = field(11, 2),
         minute = field(14, 2), second = field(17, 2);
    if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-'
        || text::upper(text[10]) != 'T' || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    year_month_day date{std::chrono::year{static_cast<int>(*year)},
                        std::chrono::month{static_cast<unsigned>(*month)},
                        std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *year < 1970 || *year > 2200 || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    std::string_view zone = text.substr(19);
    if (zone.front() == '.') {
        auto end = std::find_if_not(zone.begin() + 1, zone.end(), text::is_digit);
        zone = zone.substr(static_cast<std::size_t>(end - zone.begin()));
    }
    minutes offset{0};
    if (!text::equal_ci(zone, "Z")) {
        if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
        auto hours_off = number_of(zone.substr(1, 2), 23), minutes_off = number_of(zone.substr(4, 2), 59);
        if (!hours_off || !minutes_off) return std::nullopt;
        offset = minutes{static_cast<int>(*hours_off * 60 + *minutes_off) * (zone[0] == '-' ? -1 : 1)};
    }
    sys_seconds moment = sys_days{date} + hours{static_cast<int>(*hour)} + minutes{static_cast<int>(*minute)}
                         + seconds{static_cast<int>(*second)} - offset;
    return Time{moment};
}

/// iserver = [iuserinfo "@"] host [":" port]
bool read_server(std::string_view server, ImapUrl& url) {
    std::size_t at = server.rfind('@');
    if (at != std::string_view::npos) {
        std::string_view user = server.substr(0, at);
        if (std::size_t auth = find_ci(user, ";AUTH="); auth != std::string_view::npos)
            user = user.substr(0, auth);
        auto name = decoded(user);
        if (!name) return false;
        url.user = std::move(*name);
        server.remove_prefix(at + 1);
    }
    std::size_t colon = server.rfind(':');
    if (colon != std::string_view::npos && server.back() != ']') {
        if (!number_of(server.substr(colon + 1), 65535)) return false;
        server = server.substr(0, colon);
    }
    url.host = text::to_lower(server);
    return !url.host.empty();
}

/// [";EXPIRE=" date-time] ";URLAUTH=" access [":" mechanism ":" token], at the end of `whole`
bool read_authority(std::string_view whole, std::size_t begin, ImapUrl& url) {
    constexpr std::string_view expire = ";EXPIRE=", urlauth = ";URLAUTH=";
    std::size_t auth = find_ci(whole, urlauth, begin);
    if (auth == std::string_view::npos) return false;
    if (auth > begin) {
        std::string_view when = whole.substr(begin + expire.size(), auth - begin - expire.size());
        url.expires = date_time_of(when);
        if (!url.expires) return false;
    }
    std::string_view rest = whole.substr(auth + urlauth.size());
    std::size_t colon = rest.find(':');
    std::string_view access = rest.substr(0, colon);
    url.rump = auth + urlauth.size() + access.size();
    auto plain = decoded(access);
    if (!plain) return false;
    url.access = std::move(*plain);
    bool named = text::starts_with_ci(url.access, "submit+") || text::starts_with_ci(url.access, "user+");
    if (!named && !text::equal_ci(url.access, "authuser") && !text::equal_ci(url.access, "anonymous"))
        return false;
    if (named && url.access.back() == '+') return false;
    if (colon == std::string_view::npos) return true;
    rest.remove_prefix(colon + 1);
    colon = rest.find(':');
    if (colon == std::string_view::npos) return false;
    url.mechanism = text::to_upper(rest.substr(0, colon));
    url.token = text::to_lower(rest.substr(colon + 1));
    return url.token.size() >= 32 && url.token.size() <= 128  // RFC 4467 §3
           && std::all_of(url.token.begin(), url.token.end(), [](char c) { return text::hex_digit(c) >= 0; });
}

/// "/;KEY=value" pieces behind the mailbox
bool read_piece(std::string_view piece, ImapUrl& url) {
    auto value_of = [&](std::string_view key) { return piece.substr(key.size()); };
    if (text::starts_with_ci(piece, "UID=") && url.uid == 0) {
        auto uid = number_of(value_of("UID="), std::numeric_limits<std::uint32_t>::max());
        url.uid = static_cast<std::uint32_t>(uid.value_or(0));
        return url.uid != 0;
    }
    if (text::starts_with_ci(piece, "SECTION=") && url.section.empty()) {
        auto section = decoded(value_of("SECTION="));
        if (!section || section->empty()) return false;
        url.section = std::move(*section);
        return true;
    }
    if (text::starts_with_ci(piece, "PARTIAL=") && !url.partial) {
        std::string_view range = value_of("PARTIAL=");
        std::size_t dot = range.find('.');
        auto begin = number_of(range.substr(0, dot), INT64_MAX);
        auto count = dot == std::string_view::npos ? std::optional<std::uint64_t>{INT64_MAX}
                                                   : number_of(range.substr(dot + 1), INT64_MAX);
        if (!begin || !count || *count == 0) return false;
        url.partial = FetchSection::Partial{*begin, *count};
        return true;
    }
    return false;
}

}  // namespace

std::optional<ImapUrl> parse_imap_url(std::string_view whole) {
    if (whole.size() > max_url) return std::nullopt;
    if (std::any_of(whole.begin(), whole.end(), [](char c) { return c <= ' ' || c >= 0x7f; }))
        return std::nullopt;
    ImapUrl url;
    std::size_t begin = 0;
    constexpr std::string_view scheme = "imap://";
    if (text::starts_with_ci(whole, scheme)) {
        url.relative = false;
        std::size_t slash = whole.find('/', scheme.size());
        if (slash == std::string_view::npos) return std::nullopt;
        if (!read_server(whole.substr(scheme.size(), slash - scheme.size()), url)) return std::nullopt;
        begin = slash;
    } else if (whole.starts_with("//")) {
        return std::nullopt;
    }
    std::size_t end = std::min(find_ci(whole, ";EXPIRE=", begin), find_ci(whole, ";URLAUTH=", begin));
    if (end != std::string_view::npos && !read_authority(whole, end, url)) return std::nullopt;
    std::string_view path = whole.substr(begin, std::min(end, whole.size()) - begin);
    // Up to the first "/;" the mailbox; a path that has none begins in the selected one.
    std::size_t pieces = path.find("/;");
    std::string_view box = path.substr(0, pieces);
    if (!path.starts_with(';') && !path.starts_with('/')) return std::nullopt;  // another scheme, or nothing
    if (path.starts_with(';')) {
        box = {};
        path.remove_prefix(1);
    } else {
        if (pieces == std::string_view::npos) return std::nullopt;
        path.remove_prefix(pieces + 2);
    }
    if (std::size_t validity = find_ci(box, ";UIDVALIDITY="); validity != std::string_view::npos) {
        auto number = number_of(box.substr(validity + 13), std::numeric_limits<std::uint32_t>::max());
        if (!number || *number == 0) return std::nullopt;
        url.uid_validity = static_cast<std::uint32_t>(*number);
        box = box.substr(0, validity);
    }
    if (box.starts_with('/')) box.remove_prefix(1);
    if (box.ends_with('/')) box.remove_suffix(1);  // "/box/;UIDVALIDITY=1/;UID=2" has it apart
    auto mailbox = decoded(box);
    if (!mailbox) return std::nullopt;
    url.mailbox = std::move(*mailbox);
    if (text::equal_ci(url.mailbox, "INBOX")) url.mailbox = "INBOX";
    for (bool more = true; more;) {
        std::size_t next = path.find("/;");
        std::string_view piece = path.substr(0, next);
        if (text::starts_with_ci(piece, "UIDVALIDITY=") && !url.uid_validity && url.uid == 0) {
            auto number = number_of(piece.substr(12), std::numeric_limits<std::uint32_t>::max());
            if (!number || *number == 0) return std::nullopt;
            url.uid_validity = static_cast<std::uint32_t>(*number);
        } else if (!read_piece(piece, url)) {
            return std::nullopt;
        }
        more = next != std::string_view::npos;
        if (more) path.remove_prefix(next + 2);
    }
    if (url.uid == 0 || (!url.relative && url.mailbox.empty())) return std::nullopt;
    return url;
}

}  // namespace postrider::imap
