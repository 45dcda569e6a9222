#include "sieve/address_part.h"

#include "sieve/machine.h"
#include "text/idna.h"

namespace postrider::sieve {

AddressPart take_address_part(Args& args) {
    std::optional<AddressPart> part;
    auto take = [&](std::string_view tag, AddressPart value, Extension need) {
        if (!args.flag(tag, need)) return;
        if (part) args.wrong("a test has one address part only");
        part = value;
    };
    take("all", AddressPart::all, Extension::none);
    take("localpart", AddressPart::localpart, Extension::none);
    take("domain", AddressPart::domain, Extension::none);
    take("user", AddressPart::user, Extension::subaddress);
    take("detail", AddressPart::detail, Extension::subaddress);
    return part.value_or(AddressPart::all);
}

bool match_address(Machine& machine, const Matcher& matcher, AddressPart part, AddressText& address) {
    switch (part) {
    case AddressPart::all: return matcher.value(machine, address.all, &address.folded_all);
    case AddressPart::localpart:
        if (address.domain.empty() && !address.all.empty()) return false;
        return matcher.value(machine, address.local, &address.folded_local);
    case AddressPart::domain:
        if (address.domain.empty() && !address.all.empty()) return false;
        return matcher.value(machine, address.domain, &address.folded_domain);
    case AddressPart::user:
    case AddressPart::detail: break;
    }
    if (address.domain.empty() && !address.all.empty()) return false;
    std::string_view local = address.local;
    std::size_t at = local.find_first_of(machine.delimiters());
    if (part == AddressPart::user) return matcher.value(machine, local.substr(0, at), nullptr);
    if (address.all.empty()) return matcher.value(machine, "", nullptr);
    return at != std::string_view::npos && matcher.value(machine, local.substr(at + 1), nullptr);
}

AddressText envelope_address(std::string_view path) {
    AddressText address;
    if (path.starts_with('<') && path.ends_with('>')) path = path.substr(1, path.size() - 2);
    address.all = path;
    std::size_t at = path.rfind('@');
    address.local = path.substr(0, at);
    if (at != std::string_view::npos) {
        address.domain = text::to_ulabels(path.substr(at + 1));
        address.all = address.local + "@" + address.domain;
    }
    return address;
}

}  // namespace postrider::sieve
