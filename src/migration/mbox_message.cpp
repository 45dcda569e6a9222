#include "migration/mbox_message.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "migration/file.h"
#include "text/ascii.h"

namespace postrider::migration {
namespace {

constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::size_t max_keywords_of_one = 128;

/// The header line that begins at `at`, folded lines included, without its end; moves on behind it.
std::string_view field_at(std::string_view data, std::size_t& at) {
    const std::size_t begin = at;
    const std::string_view rest = data.substr(begin);
    const std::size_t other = rest.find_first_not_of('\r');
    const bool empty = other != std::string_view::npos && rest[other] == '\n';  // no text is folded onto it
    std::size_t end;
    do {
        end = std::min(data.find('\n', at), data.size());
        at = std::min(end + 1, data.size());
    } while (at < data.size() && (data[at] == ' ' || data[at] == '\t') && !empty);
    std::string_view line = data.substr(begin, end - begin);
    while (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// The value if the line is that field.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
    if (line.size() <= name.size() || line[name.size()] != ':'
        || !text::equal_ci(line.substr(0, name.size()), name))
        return std::nullopt;
    std::string_view value = line.substr(name.size() + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    return value;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? value : 0;
}

std::vector<std::string_view> words(std::string_view text, std::size_t most) {
    std::vector<std::string_view> all;
    for (std::size_t at = 0; at < text.size() && all.size() < most;) {
        at = text.find_first_not_of(" \t\r\n", at);
        if (at == std::string_view::npos) break;
        const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
        all.push_back(text.substr(at, end - at));
        at = end;
    }
    return all;
}

bool two_digits(std::string_view text, int& out) {
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() == 1 && digit(text[0])) return out = text[0] - '0', true;
    if (text.size() != 2 || !digit(text[1]) || !digit(text[0])) return false;
    out = (text[0] - '0') * 10 + text[1] - '0';
    return true;
}

/// "10:00:00" or "10:00".
bool time_of_day(std::string_view text, std::tm& when) {
    if (text.size() < 4) return false;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || !two_digits(text.substr(0, colon), when.tm_hour)) return false;
    text.remove_prefix(colon + 1);
    if (!two_digits(text.substr(0, 2), when.tm_min)) return false;
    if (text.size() == 5 && text[2] == ':') return two_digits(text.substr(3), when.tm_sec);
    return text.size() == 2;
}

constexpr std::array own_fields{"Status",     "X-Status", "X-Keywords",    "X-UID",
                                "X-IMAPbase", "X-IMAP",   "Content-Length"};

}  // namespace

std::optional<std::int64_t> from_line_date(std::string_view line) {
    // From sender Fri Nov 20 10:00:00 [+0100 | UTC] 2026 [+0100]; the sender may hold blanks.
    const auto parts = words(line.substr(0, std::min<std::size_t>(line.size(), 1'000)), 40);
    for (std::size_t i = 1; i + 3 < parts.size(); ++i) {
        const std::size_t month = parts[i].size() == 3 ? months.find(parts[i]) : std::string_view::npos;
        std::tm when{};
        if (month == std::string_view::npos || month % 3 != 0 || !two_digits(parts[i + 1], when.tm_mday)
            || !time_of_day(parts[i + 2], when))
            continue;
        std::size_t year_at = i + 3;
        std::optional<int> zone;
        auto zone_of = [&](std::string_view text) {
            if (text.size() == 5 && (text[0] == '+' || text[0] == '-')) {
                const auto digits = static_cast<int>(number(text.substr(1)));
                zone = (digits / 100 * 60 + digits % 100) * (text[0] == '-' ? -60 : 60);
            } else if (text == "UTC" || text == "GMT") {
                zone = 0;
            }
        };
        if (parts[year_at].size() != 4 && year_at + 1 < parts.size()) zone_of(parts[year_at++]);
        const std::uint64_t year = number(parts[year_at]);
        if (year < 1970 || year > 9999 || when.tm_mday < 1 || when.tm_mday > 31 || when.tm_hour > 23
            || when.tm_min > 59 || when.tm_sec > 60)
            continue;
        if (year_at + 1 < parts.size()) zone_of(parts[year_at + 1]);
        when.tm_year = static_cast<int>(year) - 1900;
        when.tm_mon = static_cast<int>(month / 3);
        when.tm_isdst = -1;
        if (zone) return ::timegm(&when) - *zone;
        return ::mktime(&when);
    }
    return std::nullopt;
}

bool is_from_line(std::string_view line) {
    return line.starts_with("From ") && from_line_date(line).has_value();
}

std::optional<std::size_t> mbox_message_end(std::string_view data, bool at_end, std::size_t& scanned) {
    // A "From " line counts behind an empty line only, and only with a date.
    constexpr std::size_t line_seen = 1'000;  // of a From line, to know its date
    if (scanned == 0) {
        const std::size_t first = data.find('\n');
        if (first == std::string_view::npos) return at_end ? std::optional{data.size()} : std::nullopt;
        // Content-Length tells the end if another message, or nothing, is there.
        std::size_t at = first + 1, header_end = std::string_view::npos;
        std::optional<std::uint64_t> length;
        while (at < data.size()) {
            const std::string_view line = field_at(data, at);
            if (line.empty()) {
                header_end = at;
                break;
            }
            if (auto value = value_of(line, "Content-Length"); value && !value->empty() && (*value)[0] != '-')
                length = number(*value);
        }
        if (header_end == std::string_view::npos && !at_end && data.size() < (1u << 20)) return std::nullopt;
        if (header_end != std::string_view::npos && length && *length <= max_message_bytes) {
            std::size_t end = header_end + static_cast<std::size_t>(*length);
            if (end + line_seen > data.size() && !at_end) return std::nullopt;
            for (int blank = 0; blank < 2 && end <= data.size(); ++blank) {
                if (end == data.size()) return end;
                const std::string_view rest = data.substr(end, line_seen);
                if (is_from_line(rest.substr(0, rest.find('\n')))) return end;
                end += rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : data.size();
            }
        }
        scanned = first;
    }
    for (std::size_t at = data.find("\nFrom ", scanned); at != std::string_view::npos;
         at = data.find("\nFrom ", at + 1)) {
        if (at + line_seen > data.size() && !at_end) {
            scanned = at;
            return std::nullopt;
        }
        const bool behind_empty =
            (at > 0 && data[at - 1] == '\n') || (at > 1 && data[at - 1] == '\r' && data[at - 2] == '\n');
        const std::string_view rest = data.substr(at + 1, line_seen);
        if (behind_empty && is_from_line(rest.substr(0, rest.find('\n')))) return at + 1;
    }
    if (at_end) return data.size();
    scanned = std::max(scanned, data.size() > 8 ? data.size() - 8 : 0);
    return std::nullopt;
}

MboxMessage parse_mbox_message(std::string_view data, Quoting quoting) {
    MboxMessage parsed;
    FoundMessage& message = parsed.message;
    std::size_t at = 0;
    const std::string_view from = field_at(data, at);
    message.internal_date = from_line_date(from);
    at = std::min(data.find('\n'), data.size() - 1) + 1;
    std::string octets;
    octets.reserve(data.size() - at);
    bool status = false, internal = false;
    while (at < data.size()) {
        const std::size_t begin = at;
        const std::string_view line = field_at(data, at);
        if (line.empty()) {
            at = begin;
            break;
        }
        auto letters = [&](std::string_view value) {
            for (char c : value) {
                if (c == 'R') message.flags |= mailstore::seen;
                if (c == 'A') message.flags |= mailstore::answered;
                if (c == 'F') message.flags |= mailstore::flagged;
                if (c == 'T') message.flags |= mailstore::draft;
                if (c == 'D') message.flags |= mailstore::deleted;
            }
            status = true;
        };
        if (auto value = value_of(line, "Status")) {
            letters(*value);
        } else if (auto x_status = value_of(line, "X-Status")) {
            letters(*x_status);
        } else if (auto keywords = value_of(line, "X-Keywords")) {
            for (std::string_view one : words(*keywords, max_keywords_of_one))
                message.keywords.emplace_back(one);
        } else if (auto uid = value_of(line, "X-UID")) {
            const std::uint64_t value_now = number(*uid);
            if (value_now < 0xffffffff) message.uid = static_cast<std::uint32_t>(value_now);
        } else if (value_of(line, "X-IMAPbase") || value_of(line, "X-IMAP")) {
            const auto first = value_of(line, "X-IMAPbase");
            internal = internal || !first;
            const auto base = words(first ? *first : *value_of(line, "X-IMAP"), 2);
            if (base.size() == 2) {
                parsed.uid_validity =
                    static_cast<std::uint32_t>(std::min<std::uint64_t>(number(base[0]), 0xffffffff));
                parsed.last_uid =
                    static_cast<std::uint32_t>(std::min<std::uint64_t>(number(base[1]), 0xfffffffe));
            }
        } else if (!value_of(line, "Content-Length")) {
            octets.append(data.substr(begin, at - begin));
        }
    }
    // The text, its quoting taken away, without the empty line that stands before the next "From ".
    std::string_view body = data.substr(std::min(at, data.size()));
    if (body.size() > 2 && body.ends_with("\r\n\r\n"))
        body.remove_suffix(2);
    else if (body.size() > 1 && body.ends_with("\n\n"))
        body.remove_suffix(1);
    for (std::size_t begin = 0; begin < body.size();) {
        const std::size_t end = std::min(body.find('\n', begin), body.size() - 1) + 1;
        std::string_view line = body.substr(begin, end - begin);
        const std::size_t guards = std::min(line.find_first_not_of('>'), line.size());
        const bool guarded = guards > 0 && line.substr(guards).starts_with("From ");
        if (guarded && (quoting == Quoting::rd || (quoting == Quoting::o && guards == 1)))
            line.remove_prefix(1);
        octets.append(line);
        begin = end;
    }
    message.octets = with_crlf(std::move(octets));
    parsed.pseudo = internal && message.octets.find("FOLDER INTERNAL DATA") != std::string::npos;
    return parsed;
}

std::string mbox_text(std::string_view octets, std::uint8_t flags, const std::vector<std::string>& keywords,
                      std::int64_t internal_date, std::uint32_t uid, std::string_view base) {
    const std::time_t when = internal_date;
    std::string out = fmt::format("From MAILER-DAEMON {:%a %b %e %H:%M:%S %Y} +0000\n", fmt::gmtime(when));
    std::size_t at = 0;
    // Lines end with LF alone; a CR elsewhere stays, as without it other text might read as "From ".
    auto append = [&](std::string_view some) {
        while (!some.empty()) {
            const std::size_t end = std::min(some.find('\n'), some.size());
            out += some.substr(0, some.substr(0, end).find_last_not_of('\r') + 1);
            if (end < some.size()) out += '\n';
            some.remove_prefix(std::min(end + 1, some.size()));
        }
    };
    while (at < octets.size()) {
        const std::size_t begin = at;
        const std::string_view line = field_at(octets, at);
        if (line.empty()) {
            at = begin;
            break;
        }
        const bool own = std::ranges::any_of(
            own_fields, [&](const char* name) { return value_of(line, name).has_value(); });
        if (own) continue;
        append(octets.substr(begin, at - begin));
    }
    if (!out.ends_with('\n')) out += '\n';
    if (!base.empty()) out += fmt::format("X-IMAPbase: {}\n", base);
    out += fmt::format("X-UID: {}\nStatus: {}O\n", uid, flags & mailstore::seen ? "R" : "");
    std::string x_status;
    if (flags & mailstore::answered) x_status += 'A';
    if (flags & mailstore::flagged) x_status += 'F';
    if (flags & mailstore::draft) x_status += 'T';
    if (flags & mailstore::deleted) x_status += 'D';
    if (!x_status.empty()) out += "X-Status: " + x_status + '\n';
    if (!keywords.empty()) {
        out += "X-Keywords:";
        for (const std::string& one : keywords) out += ' ' + one;
        out += '\n';
    }
    if (at >= octets.size()) out += '\n';  // no empty line, no body
    bool empty_line = true;
    for (; at < octets.size();) {
        const std::size_t end = std::min(octets.find('\n', at), octets.size() - 1) + 1;
        const std::string_view line = octets.substr(at, end - at);
        const std::size_t guards = std::min(line.find_first_not_of('>'), line.size());
        if (!empty_line && line.substr(guards).starts_with("From ")) out += '>';
        empty_line = false;
        append(line);
        at = end;
    }
    if (!out.ends_with('\n')) out += '\n';
    out += '\n';
    return out;
}

}  // namespace postrider::migration
