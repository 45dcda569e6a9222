#include "filter/milter/changes.h"

#include <algorithm>

#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter::milter {
namespace {

bool field_name(std::string_view name) {
    if (name.empty() || name.size() > 255) return false;
    for (char c : name)
        if (c <= ' ' || c >= 0x7f || c == ':') return false;  // RFC 5322 §2.2
    return true;
}

/// Without brackets; nothing when it has controls or blanks, or is too long for SMTP.
std::optional<std::string> address(std::string_view text) {
    text = text::trim(text);
    if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
    if (text.size() > 320) return std::nullopt;
    bool quoted = false;
    for (char c : text) {
        if (c == '"') quoted = !quoted;
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f
            || (!quoted && (c == ' ' || c == '<' || c == '>')))
            return std::nullopt;
    }
    return std::string{text};
}

std::string printable(std::string_view text) {
    std::string out;
    for (char c : text)
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    return out;
}

/// One field with CRLF. No value makes a second field: a line that does not begin with a blank gets one, an
/// empty line goes.
std::string field(std::string_view name, std::string_view value, bool leading_space) {
    std::string out{name};
    out += ':';
    if (!leading_space) out += ' ';
    bool line_start = false;
    for (char c : value) {
        if (c == '\r' || c == '\0') continue;
        if (c == '\n') {
            line_start = true;
            continue;
        }
        if (line_start) {
            out += "\r\n";
            if (!text::is_blank(c)) out += '\t';
            line_start = false;
        }
        out += c;
    }
    return out + "\r\n";
}

/// Every line ends in CRLF.
std::string with_crlf(std::string_view body) {
    std::string out;
    out.reserve(body.size() + body.size() / 40);
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] == '\r') {
            if (i + 1 < body.size() && body[i + 1] == '\n') ++i;
            out += "\r\n";
        } else if (body[i] == '\n') {
            out += "\r\n";
        } else {
            out += body[i];
        }
    }
    return out;
}

struct Line {
    std::string name;
    std::string bytes;
};

}  // namespace

bool Changes::take(const Response& response, const Limits& limits) {
    const std::size_t octets = response.name.size() + response.value.size() + response.body.size();
    if (count_ >= limits.count || octets_ + octets > limits.octets) return false;
    switch (response.answer) {
        case Answer::add_recipient:
        case Answer::add_recipient_args:
        case Answer::delete_recipient: {
            auto who = address(response.name);
            if (!who || who->empty()) return false;
            recipients.push_back(
                {std::move(*who), printable(response.value), response.answer != Answer::delete_recipient});
            break;
        }
        case Answer::change_from: {
            auto who = address(response.name);
            if (!who) return false;
            sender = std::move(*who);
            sender_parameters = printable(response.value);
            break;
        }
        case Answer::quarantine: quarantine = printable(response.value); break;
        case Answer::replace_body:
            if (!body_) body_.emplace();
            body_->append(response.body);
            break;
        case Answer::add_header:
        case Answer::insert_header:
        case Answer::change_header:
            if (!field_name(response.name)) return false;
            edits_.push_back({response.answer, response.index, response.name, response.value});
            break;
        default: return false;
    }
    ++count_;
    octets_ += octets;
    return true;
}

std::optional<std::string> Changes::apply(std::string_view message, bool leading_space) const {
    if (edits_.empty() && !body_) return std::nullopt;
    std::vector<Line> lines;
    mime::HeaderReader reader{message};
    for (mime::Field one; reader.next(one);) lines.push_back({std::string{one.name}, std::string{one.bytes}});
    const std::string_view header = message.substr(0, reader.position());
    if (!header.empty() && !header.ends_with('\n') && !lines.empty()) lines.back().bytes += "\r\n";
    for (const HeaderEdit& edit : edits_) {
        Line line{edit.name, field(edit.name, edit.value, leading_space)};
        if (edit.kind == Answer::insert_header) {
            const std::size_t at = std::min<std::size_t>(edit.index, lines.size());
            lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), std::move(line));
            continue;
        }
        auto at = lines.end();
        if (edit.kind == Answer::change_header) {
            std::uint32_t left = std::max(edit.index, 1U);
            for (auto it = lines.begin(); it != lines.end() && at == lines.end(); ++it)
                if (text::equal_ci(it->name, edit.name) && --left == 0) at = it;
        }
        const bool remove = edit.kind == Answer::change_header && edit.value.empty();
        if (at != lines.end() && remove)
            lines.erase(at);
        else if (at != lines.end())
            *at = std::move(line);
        else if (!remove)
            lines.push_back(std::move(line));
    }
    std::string out;
    out.reserve(message.size() + octets_ + 64);
    for (const Line& line : lines) out += line.bytes;
    if (body_) return out + "\r\n" + with_crlf(*body_);
    const std::string_view rest = message.substr(reader.position());
    if (rest.empty()) return out + "\r\n";
    return out + std::string{rest};
}

}  // namespace postrider::filter::milter
