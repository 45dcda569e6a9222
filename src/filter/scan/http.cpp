#include "filter/scan/http.h"

#include <charconv>

#include "filter/scan/connector.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

constexpr std::size_t longest_head = 32 * 1024;

std::unexpected<Trouble> nonsense(std::string text) {
    return std::unexpected(Trouble{Trouble::Kind::nonsense, std::move(text)});
}

template <class T>
std::optional<T> whole_number(std::string_view text, int base) {
    T number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::optional<HttpHead> parse_http_head(std::string_view header) {
    // HTTP/1.1 200 OK (§4)
    if (!header.starts_with("HTTP/1.") || header.size() < 12 || header[8] != ' ') return std::nullopt;
    HttpHead head;
    const auto status = whole_number<unsigned>(header.substr(9, 3), 10);
    if (!status || *status < 100 || *status > 599) return std::nullopt;
    head.status = *status;
    head.keep = header[7] != '0';
    const std::size_t line = header.find('\n');
    if (line == std::string_view::npos) return std::nullopt;
    mime::HeaderReader reader{header.substr(line + 1)};
    for (mime::Field field; reader.next(field);) {
        const std::string_view value = text::trim(field.value);
        if (text::equal_ci(field.name, "Content-Length")) {
            const auto length = whole_number<std::size_t>(value, 10);
            if (!length || (head.length && head.length != length)) return std::nullopt;
            head.length = length;
        } else if (text::equal_ci(field.name, "Transfer-Encoding")) {
            if (head.chunked || !text::equal_ci(value, "chunked")) return std::nullopt;
            head.chunked = true;
        } else if (text::equal_ci(field.name, "Connection")) {
            head.keep = text::equal_ci(value, "keep-alive");
        }
    }
    if (head.chunked && head.length) return std::nullopt;
    if (!head.chunked && !head.length) head.keep = false;  // its end is the end of the connection
    return head;
}

void decode_chunks(std::string_view octets, Chunked& into) {
    using State = Chunked::State;
    while (into.state == State::more) {
        const std::string_view rest = octets.substr(into.taken);
        const std::size_t line = rest.find("\r\n");
        if (line == std::string_view::npos) {
            if (rest.size() > 100) into.state = State::nonsense;
            return;
        }
        const auto size =
            whole_number<std::uint32_t>(text::trim(rest.substr(0, std::min(line, rest.find(';')))), 16);
        if (!size || line > 100) {
            into.state = State::nonsense;
            return;
        }
        const std::size_t need = line + 2 + *size + 2;
        if (rest.size() < need) return;  // a trailer, after the last chunk, is not endured
        if (rest.substr(need - 2, 2) != "\r\n") {
            into.state = State::nonsense;
            return;
        }
        into.body += rest.substr(line + 2, *size);
        into.taken += need;
        if (*size == 0) into.state = State::done;
    }
}

Maybe<HttpAnswer> receive_http(Socket& socket, std::size_t limit, const Patience& patience) {
    std::size_t head_end = 0;
    for (std::size_t seen = 0;;) {
        const std::size_t at = socket.received().find("\r\n\r\n", seen < 3 ? 0 : seen - 3);
        if (at != std::string::npos) {
            head_end = at + 4;
            break;
        }
        seen = socket.received().size();
        auto more = socket.receive(patience, longest_head);
        if (!more) return std::unexpected(std::move(more.error()));
        if (!*more)
            return std::unexpected(Trouble{Trouble::Kind::closed, "closed in the middle of an answer"});
    }
    const auto head = parse_http_head(std::string_view{socket.received()}.substr(0, head_end));
    if (!head) return nonsense("not an answer of HTTP: " + one_line(socket.received(), 80));
    if (head->status < 200) return nonsense("an answer that is none yet: " + one_line(socket.received(), 80));
    socket.consume(head_end);
    HttpAnswer answer{head->status, {}, head->keep};
    if (head->length && *head->length > limit) return nonsense("an answer that is too long");
    Chunked chunks;
    for (;;) {
        if (head->chunked) {
            decode_chunks(socket.received(), chunks);
            if (chunks.state == Chunked::State::nonsense) return nonsense("chunks that are none");
            if (chunks.state == Chunked::State::done) break;
        } else if (head->length && socket.received().size() >= *head->length) {
            break;
        }
        auto more = socket.receive(patience, limit + limit / 8 + longest_head);
        if (!more) return std::unexpected(std::move(more.error()));
        if (*more) continue;
        if (head->chunked || head->length)
            return std::unexpected(Trouble{Trouble::Kind::closed, "closed in the middle of an answer"});
        answer.body = socket.take_received();
        return answer;
    }
    if (head->chunked) {
        answer.body = std::move(chunks.body);
        socket.consume(chunks.taken);
    } else {
        answer.body = socket.received().substr(0, *head->length);
        socket.consume(*head->length);
    }
    return answer;
}

std::string http_value(std::string_view text) {
    std::string value;
    for (char c : text.substr(0, 1000))
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) value += c;
    return value;
}

}  // namespace postrider::filter
