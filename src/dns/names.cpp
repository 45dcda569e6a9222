#include "dns/names.h"

#include <arpa/inet.h>

namespace postrider::dns {

std::optional<std::string> canonical_name(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.size() > 253) return std::nullopt;
    std::string out;
    out.reserve(name.size());
    std::size_t label = 0;
    for (char c : name) {
        if (c == '.') {
            if (label == 0) return std::nullopt;
            label = 0;
        } else {
            if (c <= ' ' || c > '~' || c == '\\' || ++label > 63) return std::nullopt;
        }
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (!out.empty() && label == 0) return std::nullopt;
    return out;
}

std::optional<std::string> reverse_name(std::string_view ip) {
    const std::string text{ip};
    unsigned char octets[16];
    std::string out;
    if (inet_pton(AF_INET, text.c_str(), octets) == 1) {
        for (int i = 3; i >= 0; --i) out += std::to_string(octets[i]) + ".";
        return out + "in-addr.arpa";
    }
    if (inet_pton(AF_INET6, text.c_str(), octets) != 1) return std::nullopt;
    constexpr std::string_view hex = "0123456789abcdef";
    for (int i = 15; i >= 0; --i) {
        for (int nibble : {octets[i] & 15, octets[i] >> 4}) {
            out += hex[static_cast<std::size_t>(nibble)];
            out += '.';
        }
    }
    return out + "ip6.arpa";
}

}  // namespace postrider::dns
