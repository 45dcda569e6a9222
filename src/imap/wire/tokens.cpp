#include "imap/wire/tokens.h"

#include <algorithm>
#include <array>
#include <limits>

#include "text/ascii.h"

namespace postrider::imap {
namespace {

enum Class : std::uint8_t { atom_char = 1, astring_char = 2 };

/// atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
constexpr std::array<std::uint8_t, 256> classes = [] {
    std::array<std::uint8_t, 256> all{};
    for (int c = 0x21; c < 0x7f; ++c) all[c] = atom_char | astring_char;
    for (unsigned char c : std::string_view{"(){%*\"\\"}) all[c] = 0;
    all[']'] = astring_char;
    return all;
}();

std::string quoted(Cursor& in) {
    std::string out;
    in.need("\"");
    while (in.ok()) {
        out += in.run([](char c) { return c != '"' && c != '\\' && c != '\r' && c != '\n' && c != '\0'; });
        if (in.take("\"")) return out;
        if (!in.take("\\")) break;
        char escaped = in.peek();
        if (escaped != '"' && escaped != '\\') break;
        out += escaped;
        in.octets(1);
    }
    in.fail("a quoted string");
    return {};
}

std::uint64_t digits(Cursor& in, std::uint64_t max) {
    std::string_view all = in.run(text::is_digit);
    if (all.empty()) in.fail("a number");
    std::uint64_t value = 0;
    for (char c : all) {
        auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (max - digit) / 10) {
            in.fail("a smaller number");
            return 0;
        }
        value = value * 10 + digit;
    }
    return value;
}

unsigned fixed(Cursor& in, std::size_t count) {
    unsigned value = 0;
    for (char c : in.octets(count)) {
        if (!text::is_digit(c)) in.fail("digits");
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return in.ok() ? value : 0;
}

// What Time, which counts nanoseconds, can hold; dates beyond become these.
constexpr std::chrono::sys_seconds earliest = std::chrono::sys_days{std::chrono::year{1700} / 1 / 1};
constexpr std::chrono::sys_seconds latest = std::chrono::sys_days{std::chrono::year{2262} / 1 / 1};

unsigned month(Cursor& in) {
    constexpr std::string_view names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (unsigned i = 0; i < 12; ++i)
        if (in.take(names[i])) return i + 1;
    in.fail("a month");
    return 1;
}

std::chrono::sys_days day_of(Cursor& in, unsigned day, unsigned mon, unsigned year) {
    std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{mon},
                                     std::chrono::day{day}};
    if (!date.ok()) {
        in.fail("a day that exists");
        return {};
    }
    return std::chrono::sys_days{date};
}

}  // namespace

bool is_atom_char(char c) {
    return classes[static_cast<unsigned char>(c)] & atom_char;
}
bool is_astring_char(char c) {
    return classes[static_cast<unsigned char>(c)] & astring_char;
}

std::string_view atom(Cursor& in) {
    std::string_view found = in.run(is_atom_char);
    if (found.empty()) in.fail("an atom");
    return found;
}

bool at_literal(const Cursor& in) {
    std::string_view rest = in.rest();
    return rest.starts_with('{') || rest.starts_with("~{");
}

std::string_view literal(Cursor& in) {
    in.take("~");  // literal8: the receiver knows where NUL is allowed
    in.need("{");
    std::uint64_t size = number64(in);
    in.take("+");
    in.need("}\r\n");
    return in.octets(size);
}

std::string string(Cursor& in) {
    if (in.peek() == '"') return quoted(in);
    if (in.peek() == '{') return std::string{literal(in)};
    in.fail("a string");
    return {};
}

std::string astring(Cursor& in) {
    if (in.peek() == '"' || in.peek() == '{') return string(in);
    std::string_view found = in.run(is_astring_char);
    if (found.empty()) in.fail("an atom or a string");
    return std::string{found};
}

std::optional<std::string> nstring(Cursor& in) {
    if (in.take_word("NIL")) return std::nullopt;
    return string(in);
}

std::string mailbox(Cursor& in) {
    std::string name = astring(in);
    if (text::equal_ci(name, "INBOX"))
        name = "INBOX";
    else if (text::starts_with_ci(name, "INBOX/"))
        name.replace(0, 5, "INBOX");
    return name;
}

std::uint32_t number(Cursor& in) {
    return static_cast<std::uint32_t>(digits(in, std::numeric_limits<std::uint32_t>::max()));
}

std::uint32_t nz_number(Cursor& in) {
    std::uint32_t value = number(in);
    if (value == 0) in.fail("a number above zero");
    return value;
}

std::uint64_t number64(Cursor& in) {
    return digits(in, std::numeric_limits<std::int64_t>::max());
}

std::string_view flag(Cursor& in) {
    std::string_view whole = in.rest();
    bool system = in.take("\\");
    std::string_view name = atom(in);
    if (system && text::equal_ci(name, "Recent")) in.fail("a flag that a client may set");
    return in.ok() ? whole.substr(0, name.size() + (system ? 1 : 0)) : std::string_view{};
}

std::vector<std::string_view> flag_list(Cursor& in) {
    std::vector<std::string_view> flags;
    list_of(in, true, [&](Cursor& at) { flags.push_back(flag(at)); });
    return flags;
}

std::chrono::sys_days date(Cursor& in) {
    bool in_quotes = in.take("\"");
    std::string_view day_digits = in.run(text::is_digit);
    unsigned day = 0;
    for (char c : day_digits.substr(0, 2)) day = day * 10 + static_cast<unsigned>(c - '0');
    if (day_digits.empty() || day_digits.size() > 2) in.fail("a day of the month");
    in.need("-");
    unsigned mon = month(in);
    in.need("-");
    unsigned year = fixed(in, 4);
    if (in_quotes) in.need("\"");
    return day_of(in, day, mon, year);
}

Time date_time(Cursor& in) {
    in.need("\"");
    unsigned day = in.take(" ") ? fixed(in, 1) : fixed(in, 2);
    in.need("-");
    unsigned mon = month(in);
    in.need("-");
    unsigned year = fixed(in, 4);
    in.need(" ");
    unsigned hour = fixed(in, 2);
    in.need(":");
    unsigned minute = fixed(in, 2);
    in.need(":");
    unsigned second = fixed(in, 2);
    in.need(" ");
    bool west = in.take("-");
    if (!west) in.need("+");
    unsigned zone_hours = fixed(in, 2);
    unsigned zone_minutes = fixed(in, 2);
    in.need("\"");
    if (hour > 23 || minute > 59 || second > 60 || zone_minutes > 59) in.fail("a time of day");
    std::chrono::sys_days midnight = day_of(in, day, mon, year);
    auto zone = std::chrono::minutes{zone_hours * 60 + zone_minutes};
    std::chrono::sys_seconds moment = midnight + std::chrono::hours{hour} + std::chrono::minutes{minute}
                                      + std::chrono::seconds{second} - (west ? -zone : zone);
    return Time{std::clamp(moment, earliest, latest)};
}

}  // namespace postrider::imap
