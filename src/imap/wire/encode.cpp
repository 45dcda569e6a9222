#include "imap/wire/encode.h"

#include <algorithm>
#include <chrono>

#include "imap/wire/tokens.h"
#include "text/ascii.h"
#include "text/mutf7.h"
#include "text/utf8.h"

namespace postrider::imap {
namespace {

constexpr std::size_t longest_quoted = 1000;

bool fits_quotes(std::string_view text, bool utf8) {
    if (text.size() > longest_quoted) return false;
    bool high = false;
    for (char c : text) {
        auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7f) return false;
        high = high || octet >= 0x80;
    }
    return !high || (utf8 && text::valid_utf8(text));
}

void put_two(std::string& out, unsigned value) {
    out += static_cast<char>('0' + value / 10 % 10);
    out += static_cast<char>('0' + value % 10);
}

}  // namespace

void put_literal(std::string& out, std::string_view octets) {
    out += '{';
    put_number(out, octets.size());
    out += "}\r\n";
    const std::size_t begin = out.size();
    out += octets;
    if (octets.find('\0') != std::string_view::npos)
        std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '\0', '\x80');
}

void put_binary(std::string& out, std::string_view octets) {
    if (octets.find('\0') == std::string_view::npos) return put_literal(out, octets);
    out += "~{";
    put_number(out, octets.size());
    out += "}\r\n";
    out += octets;
}

void put_string(std::string& out, std::string_view text, bool utf8) {
    if (!fits_quotes(text, utf8)) return put_literal(out, text);
    out += '"';
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void put_astring(std::string& out, std::string_view text, bool utf8) {
    bool plain = !text.empty() && std::all_of(text.begin(), text.end(), is_astring_char)
                 && !text::equal_ci(text, "NIL");
    if (plain)
        out += text;
    else
        put_string(out, text, utf8);
}

void put_date_time(std::string& out, std::int64_t seconds_since_1970) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    using namespace std::chrono;
    sys_seconds moment{seconds{seconds_since_1970}};
    sys_days day = floor<days>(moment);
    year_month_day date{day};
    hh_mm_ss time{moment - day};
    out += '"';
    put_two(out, static_cast<unsigned>(date.day()));
    out += '-';
    out += months.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3);
    out += '-';
    auto year = static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999));
    put_two(out, year / 100);
    put_two(out, year % 100);
    out += ' ';
    put_two(out, static_cast<unsigned>(time.hours().count()));
    out += ':';
    put_two(out, static_cast<unsigned>(time.minutes().count()));
    out += ':';
    put_two(out, static_cast<unsigned>(time.seconds().count()));
    out += " +0000\"";
}

void put_mailbox(std::string& out, std::string_view name_utf8, bool utf8) {
    if (utf8 || text::is_ascii(name_utf8)) {
        if (name_utf8.find('&') == std::string_view::npos || utf8) return put_astring(out, name_utf8, utf8);
    }
    // A name that is not UTF-8 cannot come from the store; should one, it is shown as it lies there.
    put_astring(out, text::encode_mutf7(name_utf8).value_or(std::string{name_utf8}));
}

}  // namespace postrider::imap
