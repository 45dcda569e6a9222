#include "auth/scram_message.h"

#include <algorithm>

#include "text/base64.h"

namespace postrider::auth {
namespace {

/// Takes everything up to the next comma, and the comma, from the front of `rest`.
std::string_view take(std::string_view& rest) {
    const std::string_view piece = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    return piece;
}

/// saslname: "=2C" is a comma, "=3D" an equals sign, and no other "=" may be there.
std::optional<std::string> saslname(std::string_view text) {
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            name += text[i];
            continue;
        }
        const std::string_view escape = text.substr(i, 3);
        if (escape != "=2C" && escape != "=3D") return std::nullopt;
        name += escape == "=2C" ? ',' : '=';
        i += 2;
    }
    if (name.empty()) return std::nullopt;
    return name;
}

/// Printable US-ASCII without commas.
bool is_nonce(std::string_view text) {
    return !text.empty()
           && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != ','; });
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

}  // namespace

std::optional<ScramFirst> parse_scram_first(std::string_view message) {
    ScramFirst first;
    std::string_view rest = message;
    std::string_view flag = take(rest);
    if (take_prefix(flag, "p=")) {
        if (flag.empty()) return std::nullopt;
        first.binding = flag;
    } else if (flag != "n" && flag != "y") {
        return std::nullopt;
    }
    std::string_view acting_as = take(rest);
    if (take_prefix(acting_as, "a=")) {
        auto name = saslname(acting_as);
        if (!name) return std::nullopt;
        first.authzid = std::move(*name);
    } else if (!acting_as.empty()) {
        return std::nullopt;
    }
    first.header = message.substr(0, message.size() - rest.size());
    first.bare = rest;
    std::string_view user = take(rest), nonce = take(rest);
    if (!take_prefix(user, "n=") || !take_prefix(nonce, "r=") || !is_nonce(nonce)) return std::nullopt;
    auto name = saslname(user);
    if (!name) return std::nullopt;
    first.user = std::move(*name);
    first.nonce = nonce;
    return first;
}

std::optional<ScramFinal> parse_scram_final(std::string_view message) {
    const std::size_t at = message.rfind(",p=");
    if (at == std::string_view::npos) return std::nullopt;
    ScramFinal last;
    last.without_proof = message.substr(0, at);
    auto proof = text::decode_base64(message.substr(at + 3));
    std::string_view rest = last.without_proof;
    std::string_view binding = take(rest), nonce = take(rest);
    if (!proof || !take_prefix(binding, "c=") || !take_prefix(nonce, "r=") || !is_nonce(nonce))
        return std::nullopt;
    auto decoded = text::decode_base64(binding);
    if (!decoded) return std::nullopt;
    last.proof = std::move(*proof);
    last.binding = std::move(*decoded);
    last.nonce = nonce;
    return last;
}

}  // namespace postrider::auth
