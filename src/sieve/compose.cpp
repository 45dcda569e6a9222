#include "sieve/compose.h"

#include "mime/address.h"
#include "mime/address_list.h"
#include "mime/edit.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "text/ascii.h"
#include "text/quoted_printable.h"

namespace postrider::sieve::compose {
namespace {

bool needs_encoding(std::string_view text) {
    std::size_t column = 0;
    for (char c : text) {
        if (static_cast<unsigned char>(c) > 126 || c == '\0') return true;
        column = c == '\n' ? 0 : column + 1;
        if (column > 900) return true;
    }
    return false;
}

std::string phrase(std::string_view name) {
    if (!text::is_ascii(name) || name.find("=?") != std::string_view::npos) return mime::encode_words(name);
    bool plain = true;
    for (char c : name) plain &= text::is_alpha(c) || text::is_digit(c) || c == ' ' || c == '-' || c == '\'';
    if (plain) return std::string{name};
    std::string quoted = "\"";
    for (char c : name) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (static_cast<unsigned char>(c) >= 32) quoted += c;
    }
    return quoted + '"';
}

}  // namespace

std::string crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 64);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
            out += "\r\n";
            continue;
        }
        out += text[i];
    }
    if (!out.empty() && !out.ends_with('\n')) out += "\r\n";
    return out;
}

std::string text_entity(std::string_view utf8, std::string_view subtype) {
    std::string body = crlf(utf8);
    bool ascii = text::is_ascii(body);
    bool encode = needs_encoding(body);
    std::string entity = "Content-Type: text/";
    entity.append(subtype).append(ascii ? "; charset=us-ascii\r\n" : "; charset=utf-8\r\n");
    entity += encode ? "Content-Transfer-Encoding: quoted-printable\r\n\r\n" : "Content-Transfer-Encoding: 7bit\r\n\r\n";
    entity += encode ? text::encode_quoted_printable(body) : body;
    return entity;
}

std::string given_entity(std::string_view entity) {
    std::string text = crlf(entity);
    std::string_view whole{text};
    mime::HeaderReader reader{whole};
    mime::Field one;
    std::string out;
    bool has_type = false, has_encoding = false;
    while (reader.next(one)) {
        // RFC 5230 §4.4: the header of a MIME entity, nothing that belongs to a message.
        if (!text::starts_with_ci(one.name, "content-")) continue;
        has_type |= text::equal_ci(one.name, "Content-Type");
        has_encoding |= text::equal_ci(one.name, "Content-Transfer-Encoding");
        out += one.bytes;
        if (!out.ends_with('\n')) out += "\r\n";
    }
    std::string_view body = whole.substr(mime::header_size(whole));
    if (!has_type) return text_entity(out.empty() ? whole : body);
    if (!has_encoding && !text::is_ascii(body)) out += "Content-Transfer-Encoding: 8bit\r\n";
    out += "\r\n";
    out += body;
    return out;
}

std::string field(std::string_view name, std::string_view utf8) {
    return mime::header_line(name, utf8);
}

std::string address_field(std::string_view name, std::string_view display_name, std::string_view address) {
    std::string value = display_name.empty() ? std::string{} : phrase(display_name) + " ";
    value += display_name.empty() ? std::string{address} : "<" + std::string{address} + ">";
    std::string line{name};
    line += ": ";
    // encode_words() folds by itself; header_line() would encode its "=?" once more.
    for (char c : value)
        if (static_cast<unsigned char>(c) >= 32 || c == '\r' || c == '\n' || c == '\t') line += c;
    return line + "\r\n";
}

std::string address_field(std::string_view name, std::string_view list) {
    std::string line{name};
    line += ":";
    mime::AddressReader reader{list};
    using Item = mime::AddressReader::Item;
    bool first = true;
    for (Item item = reader.next(); item != Item::end; item = reader.next()) {
        if (item != Item::mailbox) continue;
        mime::AddrSpec spec{reader.local, reader.domain};
        line += first ? " " : ",\r\n ";
        first = false;
        if (!reader.name.empty()) line += phrase(reader.name) + " <" + spec.text() + ">";
        if (reader.name.empty()) line += spec.text();
    }
    return line + "\r\n";
}

}  // namespace postrider::sieve::compose
