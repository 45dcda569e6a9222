#include "imap/session/envelope_fields.h"

#include <chrono>

#include "imap/wire/tokens.h"
#include "mime/encoded_word.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

/// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"; NIL or "(" 1*address ")"
std::vector<std::string> addresses(Cursor& in) {
    std::vector<std::string> all;
    if (in.take_word("NIL")) return all;
    in.need("(");
    while (in.ok() && in.take("(")) {
        auto name = nstring(in);
        in.need(" ");
        (void)nstring(in);  // the route
        in.need(" ");
        auto local = nstring(in);
        in.need(" ");
        auto host = nstring(in);
        in.need(")");
        in.take(" ");
        std::string& one = all.emplace_back();
        if (name) one = mime::decode_encoded_words(*name);
        if (local && host) {
            one += one.empty() ? "<" : " <";
            one += *local + '@' + *host + '>';
        } else if (local) {
            one += mime::decode_encoded_words(*local);  // a group's name
        }
    }
    in.need(")");
    return all;
}

/// Passes a nstring.
void skip_string(Cursor& in) {
    if (in.take_word("NIL")) return;
    if (in.peek() == '{') {
        (void)literal(in);
        return;
    }
    in.need("\"");
    for (;;) {
        in.run([](char c) { return c != '"' && c != '\\'; });
        if (in.take("\"") || !in.ok()) return;
        in.octets(2);
    }
}

/// Passes NIL or "(" 1*address ")".
void skip_addresses(Cursor& in) {
    if (in.take_word("NIL")) return;
    in.need("(");
    while (in.ok() && in.take("(")) {
        for (int i = 0; i < 4; ++i) {
            if (i > 0) in.need(" ");
            skip_string(in);
        }
        in.need(")");
        in.take(" ");
    }
    in.need(")");
}

}  // namespace

FirstAddress first_address(std::string_view envelope, AddressField field) {
    FirstAddress found;
    Cursor in{envelope};
    in.need("(");
    skip_string(in);  // Date
    in.need(" ");
    skip_string(in);  // Subject
    in.need(" ");
    int fields_before = field == AddressField::from ? 0 : field == AddressField::to ? 3 : 4;
    for (int i = 0; i < fields_before; ++i) {
        skip_addresses(in);
        in.need(" ");
    }
    if (!in.take("((")) return found;
    if (auto name = nstring(in)) found.name = mime::decode_encoded_words(*name);
    in.need(" ");
    skip_string(in);
    in.need(" ");
    found.mailbox = nstring(in).value_or("");
    in.need(" ");
    found.host = nstring(in).value_or("");
    if (!in.ok()) return {};
    return found;
}

std::string display_of(const FirstAddress& address) {
    if (!address.name.empty()) return address.name;
    if (address.mailbox.empty() || address.host.empty()) return address.mailbox;
    return address.mailbox + '@' + address.host;
}

std::optional<std::int64_t> day_of_date_field(std::string_view date) {
    Cursor in{date};
    auto blanks = [&] { in.run([](char c) { return text::is_space(c); }); };
    auto digits = [&]() -> unsigned {
        std::string_view all = in.run(text::is_digit);
        if (all.empty() || all.size() > 4) in.fail("digits");
        unsigned value = 0;
        for (char c : all) value = value * 10 + static_cast<unsigned>(c - '0');
        return value;
    };
    blanks();
    in.run(text::is_alpha);  // day of the week
    in.take(",");
    blanks();
    unsigned day = digits();
    blanks();
    in.take("-");
    std::string_view name = in.run(text::is_alpha).substr(0, 3);
    blanks();
    in.take("-");
    std::size_t year_at = in.at();
    unsigned year = digits();
    std::size_t year_digits = in.at() - year_at;
    if (year_digits == 2) year += year < 50 ? 2000 : 1900;
    if (year_digits == 3) year += 1900;
    if (!in.ok()) return std::nullopt;
    constexpr std::string_view months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                           "jul", "aug", "sep", "oct", "nov", "dec"};
    for (unsigned month = 0; month < 12; ++month) {
        if (!text::equal_ci(name, months[month])) continue;
        std::chrono::year_month_day found{std::chrono::year{static_cast<int>(year)},
                                          std::chrono::month{month + 1}, std::chrono::day{day}};
        if (!found.ok()) return std::nullopt;
        return std::chrono::sys_days{found}.time_since_epoch().count();
    }
    return std::nullopt;
}

EnvelopeFields read_envelope(std::string_view envelope) {
    EnvelopeFields fields;
    Cursor in{envelope};
    in.need("(");
    if (auto date = nstring(in)) fields.sent = day_of_date_field(*date);
    in.need(" ");
    if (auto subject = nstring(in)) fields.subject = mime::decode_encoded_words(*subject);
    in.need(" ");
    fields.from = addresses(in);
    in.need(" ");
    (void)addresses(in);  // Sender
    in.need(" ");
    (void)addresses(in);  // Reply-To
    in.need(" ");
    fields.to = addresses(in);
    in.need(" ");
    fields.cc = addresses(in);
    return fields;
}

}  // namespace postrider::imap
