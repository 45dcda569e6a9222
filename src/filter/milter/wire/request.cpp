#include "filter/milter/wire/request.h"

#include "base/codec.h"
#include "text/ascii.h"

namespace postrider::filter::milter {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t most_texts = 1000;
constexpr auto nul = "\0"sv;

char code(Command command) {
    return static_cast<char>(command);
}

/// Without NUL, which would end it early.
std::string text_of(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (char c : text)
        if (c != '\0') out += c;
    return out;
}

}  // namespace

void put_connect(std::string& out, const Client& client) {
    const std::string name = text_of(client.name);
    if (client.ip.empty()) return pack(out, code(Command::connect), {name, nul, "U"});
    const bool v6 = client.ip.find(':') != std::string::npos;
    std::string port;
    put_be(port, client.port);
    // libmilter wants IPv6 addresses to say so.
    const std::string address = (v6 ? "IPv6:" : "") + text_of(client.ip);
    pack(out, code(Command::connect), {name, nul, v6 ? "6" : "4", port, address, nul});
}

void put_macros(std::string& out, Command before, const Macros& macros) {
    if (macros.empty()) return;
    std::string data{code(before)};
    for (const auto& [name, value] : macros) data += text_of(name) + '\0' + text_of(value) + '\0';
    pack(out, code(Command::macro), {data});
}

void put_helo(std::string& out, std::string_view name) {
    pack(out, code(Command::helo), {text_of(name), nul});
}

void put_path(std::string& out, Command command, std::string_view path,
              const std::vector<std::string>& parameters) {
    std::string data = text_of(path) + '\0';
    for (const std::string& one : parameters) data += text_of(one) + '\0';
    pack(out, code(command), {data});
}

void put_header(std::string& out, std::string_view name, std::string_view value, std::uint32_t steps) {
    while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
    if ((steps & leading_space) == 0 && value.starts_with(' ')) value.remove_prefix(1);
    std::string text;
    text.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\0') continue;
        if (value[i] == '\r' && i + 1 < value.size() && value[i + 1] == '\n') continue;
        text += value[i];
    }
    pack(out, code(Command::header), {text_of(name), nul, text, nul});
}

void put_body(std::string& out, std::string_view piece) {
    pack(out, code(Command::body), {piece});
}

void put_plain(std::string& out, Command command) {
    pack(out, code(command));
}

void put_unknown(std::string& out, std::string_view line) {
    pack(out, code(Command::unknown), {text_of(line), nul});
}

std::optional<Request> parse_request(const Packet& packet) {
    Request request;
    request.command = static_cast<Command>(packet.what);
    std::vector<std::string_view> texts;
    switch (request.command) {
        case Command::abort:
        case Command::data:
        case Command::eoh:
        case Command::quit:
        case Command::quit_nc: return packet.data.empty() ? std::optional{request} : std::nullopt;
        case Command::body:
        case Command::body_end: request.body = packet.data; return request;
        case Command::options: {
            auto options = parse_options(packet.data);
            if (!options) return std::nullopt;
            request.options = std::move(*options);
            return request;
        }
        case Command::connect: {
            const std::size_t end = packet.data.find('\0');
            if (end == std::string_view::npos || end + 1 >= packet.data.size()) return std::nullopt;
            request.client.name = packet.data.substr(0, end);
            Decoder in{packet.data.substr(end + 1)};
            const std::string_view family = in.take(1);
            if (family == "U") return in.at_end() ? std::optional{request} : std::nullopt;
            if (family != "4" && family != "6" && family != "L") return std::nullopt;
            request.client.port = in.be<std::uint16_t>();
            std::string_view address = in.rest();
            if (!in.ok() || !address.ends_with('\0')) return std::nullopt;
            address.remove_suffix(1);
            if (family == "6" && text::starts_with_ci(address, "IPv6:")) address.remove_prefix(5);
            if (address.find('\0') != std::string_view::npos) return std::nullopt;
            request.client.ip = address;
            return request;
        }
        case Command::macro:
            if (packet.data.empty() || !split_texts(packet.data.substr(1), texts, most_texts)
                || texts.size() % 2 != 0)
                return std::nullopt;
            request.before = static_cast<Command>(packet.data.front());
            for (std::size_t i = 0; i < texts.size(); i += 2)
                request.macros.emplace_back(texts[i], texts[i + 1]);
            return request;
        case Command::header:
            if (!split_texts(packet.data, texts, 2) || texts.size() != 2) return std::nullopt;
            request.name = texts[0];
            request.value = texts[1];
            return request;
        case Command::helo:
        case Command::unknown:
            if (!split_texts(packet.data, texts, 1) || texts.size() != 1) return std::nullopt;
            request.name = texts[0];
            return request;
        case Command::mail:
        case Command::rcpt:
            if (!split_texts(packet.data, texts, most_texts) || texts.empty()) return std::nullopt;
            request.name = texts[0];
            for (std::size_t i = 1; i < texts.size(); ++i) request.parameters.emplace_back(texts[i]);
            return request;
    }
    return std::nullopt;
}

}  // namespace postrider::filter::milter
