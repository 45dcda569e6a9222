#include "rules/text_template.h"

#include "mime/edit.h"
#include "mime/header.h"
#include "text/ascii.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"

namespace postrider::rules {
namespace {

constexpr std::size_t longest_name = 32;

std::string with_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 16);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') {
            out += "\r\n";
            if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
        } else if (text[i] == '\n') {
            out += "\r\n";
        } else if (text[i] != '\0') {
            out += text[i];
        }
    }
    if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
    return out;
}

/// The header of a text that begins with one: only fields up to an empty line, at least one of them one that
/// we know.
std::string_view header_of(std::string_view text) {
    mime::HeaderReader reader{text};
    bool known = false;
    for (mime::Field field; reader.next(field);) {
        if (field.name.empty()) return {};
        known = known || text::equal_ci(field.name, "Subject") || text::equal_ci(field.name, "Content-Type")
                || text::equal_ci(field.name, "From");
    }
    std::size_t size = mime::header_size(text);
    return known && reader.position() < text.size() ? text.substr(0, size) : std::string_view{};
}

std::string field(std::string_view header, std::string_view name) {
    auto raw = mime::find_field(header, name);
    return raw ? mime::unfold(*raw) : std::string{};
}

}  // namespace

std::string fill_in(std::string_view text, const Placeholders& values) {
    std::string out;
    out.reserve(text.size() + 256);
    while (!text.empty()) {
        auto percent = text.find('%');
        out.append(text.substr(0, percent));
        if (percent == std::string_view::npos) break;
        text.remove_prefix(percent + 1);
        if (text.starts_with('%')) {
            out += '%';
            text.remove_prefix(1);
            continue;
        }
        auto end = text.substr(0, longest_name + 1).find('%');
        const std::string* value = nullptr;
        if (end != std::string_view::npos)
            for (const auto& [name, content] : values)
                if (text::equal_ci(name, text.substr(0, end))) value = &content;
        if (value == nullptr) {
            out += '%';
            continue;
        }
        out.append(*value);
        text.remove_prefix(end + 1);
    }
    return out;
}

std::string own_message(const OwnMessage& about, std::string_view default_subject, std::string_view text,
                        const Placeholders& values) {
    std::string source = with_crlf(text);
    std::string_view header = header_of(source);
    std::string_view body_text = std::string_view{source}.substr(header.size());
    std::string subject = fill_in(header.empty() ? default_subject : field(header, "Subject"), values);
    if (subject.empty()) subject = fill_in(default_subject, values);
    std::string type = field(header, "Content-Type");
    bool html = text::starts_with_ci(type, "text/html");
    // What is put in must not make markup of itself.
    std::string body;
    if (html) {
        Placeholders escaped = values;
        for (auto& [name, value] : escaped) {
            std::string safe;
            for (char c : value) {
                if (c == '<')
                    safe += "&lt;";
                else if (c == '>')
                    safe += "&gt;";
                else if (c == '&')
                    safe += "&amp;";
                else if (c == '"')
                    safe += "&quot;";
                else
                    safe += c;
            }
            value = std::move(safe);
        }
        body = fill_in(body_text, escaped);
    } else {
        body = fill_in(body_text, values);
    }
    body = text::repair_utf8(body);

    std::string out;
    std::string from = field(header, "From");
    if (from.empty() || !text::is_ascii(from)) from = about.from_name + " <" + about.from.text() + ">";
    out += mime::header_line("From", from);
    out += "To: <" + about.to.text() + ">\r\n";
    out += mime::header_line("Subject", text::repair_utf8(subject));
    out += mime::date_line(mime::in_zone(about.now));
    out += mime::message_id_line(about.unique, about.host);
    out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
    out +=
        html ? "Content-Type: text/html; charset=utf-8\r\n" : "Content-Type: text/plain; charset=utf-8\r\n";
    out += "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
    out += text::encode_quoted_printable(body);
    return out;
}

}  // namespace postrider::rules
