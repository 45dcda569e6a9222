#include "dns/rdata.h"

#include <arpa/inet.h>

#include "dns/names.h"

namespace postrider::dns {
namespace {

std::string word(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}

}  // namespace

std::string address_rdata(std::string_view ip) {
    const std::string text{ip};
    char octets[16];
    if (inet_pton(AF_INET, text.c_str(), octets) == 1) return {octets, 4};
    if (inet_pton(AF_INET6, text.c_str(), octets) == 1) return {octets, 16};
    return {};
}

std::string name_rdata(std::string_view name) {
    const auto known = canonical_name(name);
    if (!known) return {};
    std::string out;
    std::string_view rest = *known;
    while (!rest.empty()) {
        const std::string_view label = rest.substr(0, rest.find('.'));
        out += static_cast<char>(label.size());
        out += label;
        rest.remove_prefix(std::min(rest.size(), label.size() + 1));
    }
    return out + '\0';
}

std::string mx_rdata(std::uint16_t preference, std::string_view exchange) {
    return word(preference) + name_rdata(exchange);
}

std::string txt_rdata(std::string_view text) {
    std::string out;
    do {
        const std::string_view piece = text.substr(0, 255);
        out += static_cast<char>(piece.size());
        out += piece;
        text.remove_prefix(piece.size());
    } while (!text.empty());
    return out;
}

std::string srv_rdata(const Srv& srv) {
    return word(srv.priority) + word(srv.weight) + word(srv.port) + name_rdata(srv.target);
}

std::string tlsa_rdata(const Tlsa& tlsa) {
    std::string out{static_cast<char>(tlsa.usage), static_cast<char>(tlsa.selector),
                    static_cast<char>(tlsa.matching)};
    return out + tlsa.data;
}

}  // namespace postrider::dns
