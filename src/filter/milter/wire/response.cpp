#include "filter/milter/wire/response.h"

#include <algorithm>

#include "base/codec.h"
#include "text/ascii.h"

namespace postrider::filter::milter {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t most_lines = 32;
constexpr auto nul = "\0"sv;

/// "5.7.1" at the beginning of `text`, of class `first`; its size, 0 = there is none (RFC 3463 §2).
std::size_t status_size(std::string_view text, char first) {
    std::size_t at = 0;
    for (int part = 0; part < 3; ++part) {
        std::size_t digits = 0;
        while (at + digits < text.size() && text::is_digit(text[at + digits])) ++digits;
        if (digits == 0 || digits > 3 || (part == 0 && (digits != 1 || text[at] != first))) return 0;
        at += digits;
        if (part == 2) break;
        if (at >= text.size() || text[at] != '.') return 0;
        ++at;
    }
    return at == text.size() || text[at] == ' ' ? at : 0;
}

}  // namespace

bool Response::changes() const {
    return needs() != 0;
}

std::uint32_t Response::needs() const {
    switch (answer) {
        case Answer::add_recipient: return may_add_recipients;
        case Answer::add_recipient_args: return may_add_recipient_args;
        case Answer::delete_recipient: return may_delete_recipients;
        case Answer::replace_body: return may_change_body;
        case Answer::change_from: return may_change_from;
        case Answer::add_header:
        case Answer::insert_header: return may_add_headers;
        case Answer::change_header: return may_change_headers;
        case Answer::quarantine: return may_quarantine;
        case Answer::shutdown:
        case Answer::accept:
        case Answer::go_on:
        case Answer::discard:
        case Answer::connection_failed:
        case Answer::options:
        case Answer::progress:
        case Answer::reject:
        case Answer::skip:
        case Answer::tempfail:
        case Answer::reply_code: break;
    }
    return 0;
}

std::optional<Response> parse_response(const Packet& packet) {
    Response response;
    response.answer = static_cast<Answer>(packet.what);
    std::vector<std::string_view> texts;
    Decoder in{packet.data};
    switch (response.answer) {
        case Answer::accept:
        case Answer::go_on:
        case Answer::discard:
        case Answer::connection_failed:
        case Answer::progress:
        case Answer::reject:
        case Answer::shutdown:
        case Answer::skip:
        case Answer::tempfail: return packet.data.empty() ? std::optional{response} : std::nullopt;
        case Answer::options: {
            auto options = parse_options(packet.data);
            if (!options) return std::nullopt;
            response.options = std::move(*options);
            return response;
        }
        case Answer::replace_body: response.body = packet.data; return response;
        case Answer::add_recipient:
        case Answer::delete_recipient:
            if (!split_texts(packet.data, texts, 1) || texts.size() != 1) return std::nullopt;
            response.name = texts[0];
            return response;
        case Answer::quarantine:
        case Answer::reply_code:
            if (!split_texts(packet.data, texts, 1) || texts.size() != 1) return std::nullopt;
            response.value = texts[0];
            return response;
        case Answer::add_recipient_args:
        case Answer::change_from:
            if (!split_texts(packet.data, texts, 2) || texts.empty()) return std::nullopt;
            response.name = texts[0];
            if (texts.size() > 1) response.value = texts[1];
            return response;
        case Answer::insert_header:
        case Answer::change_header: response.index = in.be<std::uint32_t>(); [[fallthrough]];
        case Answer::add_header:
            if (!in.ok() || !split_texts(in.rest(), texts, 2) || texts.size() != 2) return std::nullopt;
            response.name = texts[0];
            response.value = texts[1];
            return response;
    }
    return std::nullopt;
}

std::string pack_response(const Response& response) {
    std::string out, index;
    put_be(index, response.index);
    const char code = static_cast<char>(response.answer);
    switch (response.answer) {
        case Answer::options: return pack_options(response.options);
        case Answer::replace_body: pack(out, code, {response.body}); return out;
        case Answer::add_recipient:
        case Answer::delete_recipient: pack(out, code, {response.name, nul}); return out;
        case Answer::quarantine:
        case Answer::reply_code: pack(out, code, {response.value, nul}); return out;
        case Answer::add_recipient_args:
        case Answer::change_from:
            if (response.value.empty())
                pack(out, code, {response.name, nul});
            else
                pack(out, code, {response.name, nul, response.value, nul});
            return out;
        case Answer::add_header: pack(out, code, {response.name, nul, response.value, nul}); return out;
        case Answer::insert_header:
        case Answer::change_header:
            pack(out, code, {index, response.name, nul, response.value, nul});
            return out;
        case Answer::shutdown:
        case Answer::accept:
        case Answer::go_on:
        case Answer::discard:
        case Answer::connection_failed:
        case Answer::progress:
        case Answer::reject:
        case Answer::skip:
        case Answer::tempfail: break;
    }
    pack(out, code);
    return out;
}

std::optional<ReplyCode> parse_reply_code(std::string_view text) {
    ReplyCode reply;
    for (bool first = true; !text.empty(); first = false) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text::trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.size() < 3 || (line[0] != '4' && line[0] != '5') || !text::is_digit(line[1])
            || !text::is_digit(line[2]) || (line.size() > 3 && line[3] != ' ' && line[3] != '-'))
            return std::nullopt;
        const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        if (!first && code != reply.code) return std::nullopt;
        reply.code = code;
        std::string_view rest = line.size() > 4 ? line.substr(4) : std::string_view{};
        if (const std::size_t size = status_size(rest, line[0])) {
            if (first) reply.status = rest.substr(0, size);
            rest = text::trim(rest.substr(size));
        }
        std::string clean;
        for (char c : rest.substr(0, 480))
            if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) clean += c;
        if (reply.lines.size() < most_lines) reply.lines.push_back(std::move(clean));
    }
    if (reply.lines.empty()) return std::nullopt;
    return reply;
}

}  // namespace postrider::filter::milter
