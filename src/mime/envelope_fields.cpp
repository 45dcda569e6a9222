#include "mime/envelope_fields.h"

#include <chrono>

#include "mime/encoded_word.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

/// Reading without losing the place; remembers its first failure, after which nothing matches.
class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_{text} {}

    bool ok() const { return ok_; }
    std::size_t left() const { return rest_.size(); }
    const char* place() const { return rest_.data(); }
    char next() const { return rest_.empty() ? '\0' : rest_.front(); }
    void fail() {
        ok_ = false;
        rest_ = {};
    }
    bool take(std::string_view word) {
        if (!ok_ || !rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void need(std::string_view word) {
        if (!take(word)) fail();
    }
    template <class Accept>
    std::string_view run(Accept accept) {
        std::size_t count = 0;
        while (count < rest_.size() && accept(rest_[count])) ++count;
        std::string_view found = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return found;
    }
    std::string_view octets(std::size_t count) {
        if (count > rest_.size()) fail();
        std::string_view found = rest_.substr(0, count);
        rest_.remove_prefix(found.size());
        return found;
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

/// literal = "{" number "}" CRLF *OCTET                                              RFC 9051 §9
std::string_view literal(Cursor& in) {
    in.need("{");
    const std::string_view digits = in.run(text::is_digit);
    if (digits.empty() || digits.size() > 9) in.fail();
    in.need("}\r\n");
    std::size_t size = 0;
    if (in.ok())
        for (char c : digits) size = size * 10 + static_cast<std::size_t>(c - '0');
    return in.octets(size);
}

/// nstring = string / nil; string = quoted / literal                                    RFC 9051 §9
std::optional<std::string> nstring(Cursor& in) {
    if (in.take("NIL")) return std::nullopt;
    if (in.next() == '{') return std::string{literal(in)};
    std::string value;
    in.need("\"");
    while (in.ok() && !in.take("\"")) {
        value += in.run([](char c) { return c != '"' && c != '\\'; });
        if (in.take("\\")) value += in.octets(1);
        if (in.left() == 0) in.fail();
    }
    return value;
}

/// Passes a nstring.
void skip_string(Cursor& in) {
    if (in.take("NIL")) return;
    if (in.next() == '{') {
        (void)literal(in);
        return;
    }
    in.need("\"");
    while (in.ok() && !in.take("\"")) {
        in.run([](char c) { return c != '"' && c != '\\'; });
        if (in.take("\\")) (void)in.octets(1);
        if (in.left() == 0) in.fail();
    }
}

/// Passes NIL or "(" 1*address ")".
void skip_addresses(Cursor& in) {
    if (in.take("NIL")) return;
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

/// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"; NIL or "(" 1*address ")"
std::vector<std::string> addresses(Cursor& in) {
    std::vector<std::string> all;
    if (in.take("NIL")) return all;
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
        if (name) one = decode_encoded_words(*name);
        if (local && host) {
            one += one.empty() ? "<" : " <";
            one += *local + '@' + *host + '>';
        } else if (local) {
            one += decode_encoded_words(*local);  // a group's name
        }
    }
    in.need(")");
    return all;
}

/// What `pass` passes; "" when that fails.
template <class Pass>
std::string_view passed(Cursor& in, Pass pass) {
    const char* const begin = in.place();
    pass(in);
    return in.ok() ? std::string_view{begin, static_cast<std::size_t>(in.place() - begin)}
                   : std::string_view{};
}

/// The first of "((" address; all "" when there is none.
FirstAddress first_of(Cursor& in) {
    FirstAddress found;
    if (!in.take("((")) return found;
    if (auto name = nstring(in)) found.name = decode_encoded_words(*name);
    in.need(" ");
    skip_string(in);
    in.need(" ");
    found.mailbox = nstring(in).value_or("");
    in.need(" ");
    found.host = nstring(in).value_or("");
    if (!in.ok()) return {};
    return found;
}

}  // namespace

std::optional<std::int64_t> day_of_date_field(std::string_view date) {
    Cursor in{date};
    auto blanks = [&] { in.run([](char c) { return text::is_space(c); }); };
    auto digits = [&]() -> unsigned {
        std::string_view all = in.run(text::is_digit);
        if (all.empty() || all.size() > 4) in.fail();
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
    const std::size_t before = in.left();
    unsigned year = digits();
    const std::size_t year_digits = before - in.left();
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

std::optional<std::int64_t> sent_day(std::string_view envelope) {
    Cursor in{envelope};
    in.need("(");
    const auto date = nstring(in);
    return date ? day_of_date_field(*date) : std::nullopt;
}

StoredEnvelope read_envelope(std::string_view envelope) {
    StoredEnvelope fields;
    Cursor in{envelope};
    in.need("(");
    if (auto date = nstring(in)) fields.sent = day_of_date_field(*date);
    in.need(" ");
    if (auto subject = nstring(in)) fields.subject = decode_encoded_words(*subject);
    in.need(" ");
    fields.from = addresses(in);
    in.need(" ");
    skip_addresses(in);  // Sender
    in.need(" ");
    skip_addresses(in);  // Reply-To
    in.need(" ");
    fields.to = addresses(in);
    in.need(" ");
    fields.cc = addresses(in);
    return fields;
}

FirstAddress first_address(std::string_view envelope, AddressField field) {
    Cursor in{envelope};
    in.need("(");
    skip_string(in);  // Date
    in.need(" ");
    skip_string(in);  // Subject
    in.need(" ");
    const int fields_before = field == AddressField::from ? 0 : field == AddressField::to ? 3 : 4;
    for (int i = 0; i < fields_before; ++i) {
        skip_addresses(in);
        in.need(" ");
    }
    return first_of(in);
}

EnvelopeParts split_envelope(std::string_view envelope) {
    EnvelopeParts parts;
    Cursor in{envelope};
    in.need("(");
    parts.date = passed(in, skip_string);
    in.need(" ");
    parts.subject = passed(in, skip_string);
    in.need(" ");
    parts.from = passed(in, skip_addresses);
    in.need(" ");
    skip_addresses(in);  // Sender
    in.need(" ");
    skip_addresses(in);  // Reply-To
    in.need(" ");
    parts.to = passed(in, skip_addresses);
    in.need(" ");
    parts.cc = passed(in, skip_addresses);
    return parts;
}

std::optional<std::string> read_subject(std::string_view part) {
    Cursor in{part};
    auto subject = nstring(in);
    if (!subject || part.empty()) return std::nullopt;
    return decode_encoded_words(*subject);
}

std::optional<std::int64_t> read_sent_day(std::string_view part) {
    Cursor in{part};
    const auto date = nstring(in);
    return date ? day_of_date_field(*date) : std::nullopt;
}

std::vector<std::string> read_addresses(std::string_view part) {
    Cursor in{part};
    return addresses(in);
}

FirstAddress read_first_address(std::string_view part) {
    Cursor in{part};
    return first_of(in);
}

std::string display_of(const FirstAddress& address) {
    if (!address.name.empty()) return address.name;
    if (address.mailbox.empty() || address.host.empty()) return address.mailbox;
    return address.mailbox + '@' + address.host;
}

}  // namespace postrider::mime
