#include "mime/edit.h"

#include <algorithm>
#include <vector>

#include "mime/encoded_word.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

constexpr std::size_t line_length = 78;  // RFC 5322 §2.1.1
constexpr std::size_t max_word = 500;    // so that no line passes 998 octets

/// Without controls; blanks become single ones.
std::string clean(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, max_word)) {
        if (c == '\t') c = ' ';
        if (c >= 0 && (c < ' ' || c == 127)) continue;
        if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += c;
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

std::string comment(std::string_view text) {
    std::string out = "(";
    for (char c : clean(text)) {
        if (c == '(' || c == ')' || c == '\\') out += '\\';
        out += c;
    }
    return out + ')';
}

/// What a client said in EHLO, as a domain or address literal; the rest may be anything and must not look
/// like syntax.
std::string domain_word(std::string_view text) {
    std::string out;
    for (char c : clean(text)) {
        bool fits = text::is_alpha(c) || text::is_digit(c) || c < 0
                    || std::string_view{".-_[]:"}.find(c) != std::string_view::npos;
        out += fits ? c : '_';
    }
    return out.empty() ? "unknown" : out;
}

/// Clauses of one field, folded between them.
class Folded {
public:
    explicit Folded(std::string_view name) : out_{name}, column_{name.size()} {}

    void add(std::string_view clause) {
        if (column_ + 1 + clause.size() > line_length && column_ > 1) {
            out_ += "\r\n\t";
            column_ = 8;
        } else {
            out_ += ' ';
            ++column_;
        }
        out_ += clause;
        column_ += clause.size();
    }

    void append(std::string_view text) {
        out_ += text;
        column_ += text.size();
    }

    std::string line() const { return out_ + "\r\n"; }

private:
    std::string out_;
    std::size_t column_;
};

std::string address_literal(std::string_view ip) {
    bool six = ip.find(':') != std::string_view::npos;
    return (six ? "[IPv6:" : "[") + domain_word(ip) + "]";  // RFC 5321 §4.1.3
}

bool present(std::string_view header, std::string_view name) {
    for (std::string_view value : find_fields(header, name))
        if (!text::trim(value).empty()) return true;
    return false;
}

}  // namespace

std::string received_line(const Trace& trace) {
    Folded line{"Received:"};
    if (!trace.client.empty()) {
        line.add("from " + domain_word(trace.helo));
        std::string name = trace.reverse_name.empty() ? "" : domain_word(trace.reverse_name) + " ";
        line.add("(" + name + address_literal(trace.client) + ")");
    }
    if (!trace.tls.empty()) line.add(comment("using " + trace.tls));
    line.add("by " + domain_word(trace.by));
    if (!trace.with.empty()) line.add("with " + domain_word(trace.with));
    if (!trace.id.empty()) line.add("id " + domain_word(trace.id));
    if (!trace.recipient.empty()) line.add("for <" + clean(trace.recipient) + ">");
    if (trace.priority) line.add("PRIORITY " + std::to_string(*trace.priority));
    line.append(";");
    line.add(format_date(trace.when));
    return line.line();
}

std::string return_path_line(const AddrSpec& reverse_path) {
    return "Return-Path: <" + clean(reverse_path.text()) + ">\r\n";
}

std::string message_id_line(std::string_view unique, std::string_view domain) {
    return "Message-ID: <" + domain_word(unique) + "@" + domain_word(domain) + ">\r\n";
}

std::string date_line(DateTime when) {
    return "Date: " + format_date(when) + "\r\n";
}

std::string header_line(std::string_view name, std::string_view utf8_value) {
    std::string field;
    for (char c : name)
        if (c > ' ' && c != ':' && c < 127) field += c;
    Folded line{field + ":"};
    std::string value;
    for (char c : utf8_value) value += text::is_space(c) ? ' ' : c;
    std::erase_if(value, [](char c) { return (c >= 0 && c < ' ') || c == 127; });
    if (!text::is_ascii(value) || value.find("=?") != std::string::npos) {
        std::string words = encode_words(value);
        std::string_view rest{words};
        while (!rest.empty()) {
            std::size_t fold = rest.find("\r\n ");
            line.add(rest.substr(0, fold));
            rest.remove_prefix(fold == std::string_view::npos ? rest.size() : fold + 3);
        }
        return line.line();
    }
    std::string_view rest = text::trim(value);
    while (!rest.empty()) {
        std::size_t blank = rest.find(' ');
        std::string_view word = rest.substr(0, std::min(blank, max_word));
        line.add(word);
        rest.remove_prefix(word.size());
        while (rest.starts_with(' ')) rest.remove_prefix(1);
    }
    return line.line();
}

std::string repair(std::string_view message, const Repair& with) {
    HeaderReader reader{message};
    Field first;
    bool headless = message.empty() || (reader.next(first) && first.name.empty());
    std::string_view header = headless ? std::string_view{} : message.substr(0, header_size(message));
    std::string lines;
    if (!present(header, "Date")) lines += date_line(with.now);
    if (!present(header, "From") && !with.sender.null())
        lines += "From: <" + clean(with.sender.text()) + ">\r\n";
    if (!present(header, "Message-ID")) lines += message_id_line(with.unique, with.domain);
    if (headless) lines += "\r\n";
    return lines;
}

}  // namespace postrider::mime
