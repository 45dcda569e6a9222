#include "dns/types.h"

#include <fmt/core.h>

#include "dns/records.h"

namespace postrider::dns {
namespace {

struct TypeWord {
    Type type;
    std::string_view word;
};
constexpr TypeWord type_words[] = {
    {Type::a, "A"},     {Type::ns, "NS"},     {Type::cname, "CNAME"}, {Type::ptr, "PTR"},   {Type::mx, "MX"},
    {Type::txt, "TXT"}, {Type::aaaa, "AAAA"}, {Type::srv, "SRV"},     {Type::tlsa, "TLSA"},
};

std::string hex(std::string_view octets) {
    std::string out;
    for (const char c : octets) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += fmt::format("\\{}", c);
        else if (c < ' ' || c > '~')
            out += fmt::format("\\{:03}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
            out += c;
    }
    return out + '"';
}

std::optional<std::string> understood(Type type, std::string_view rdata) {
    switch (type) {
        case Type::a:
        case Type::aaaa: return parse_address(rdata);
        case Type::ns:
        case Type::cname:
        case Type::ptr:
            if (auto name = parse_name(rdata)) return *name + ".";
            break;
        case Type::mx:
            if (auto mx = parse_mx(rdata)) return fmt::format("{} {}.", mx->preference, mx->exchange);
            break;
        case Type::txt:
            if (auto text = parse_txt(rdata)) return quoted(*text);
            break;
        case Type::srv:
            if (auto srv = parse_srv(rdata))
                return fmt::format("{} {} {} {}.", srv->priority, srv->weight, srv->port, srv->target);
            break;
        case Type::tlsa:
            if (auto tlsa = parse_tlsa(rdata))
                return fmt::format("{} {} {} {}", tlsa->usage, tlsa->selector, tlsa->matching,
                                   hex(tlsa->data));
            break;
    }
    return std::nullopt;
}

}  // namespace

std::string_view word(Type type) {
    for (const TypeWord& one : type_words)
        if (one.type == type) return one.word;
    return "?";
}

std::string_view word(Outcome outcome) {
    switch (outcome) {
        case Outcome::found: return "found";
        case Outcome::no_data: return "no_data";
        case Outcome::no_name: return "no_name";
        case Outcome::temporary: return "temporary";
        case Outcome::bogus: return "bogus";
    }
    return "";
}

std::optional<Type> type_of(std::string_view text) {
    std::string upper{text};
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    for (const TypeWord& one : type_words)
        if (one.word == upper) return one.type;
    return std::nullopt;
}

std::string present(Type type, std::string_view rdata) {
    if (auto text = understood(type, rdata)) return *text;
    return fmt::format("\\# {} {}", rdata.size(), hex(rdata));
}

}  // namespace postrider::dns
