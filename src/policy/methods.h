#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "policy/variables.h"

namespace postrider::policy {

/// What every script may call without writing it.
enum class Method : std::uint8_t {
    checkSPF,
    checkReverseDNS,
    checkDNSBL,
    checkSenderMX,
    checkGeoIP,
    checkGreylist,
    checkDomainKey,
    checkDKIM,
    checkDMARC,
    checkARC,
    executeMilter,
    signDomainKey,
    signDKIM,
    addHeader,
    addIfNotExistsHeader,
    removeFirstHeader,
    removeHeader,
    modifyHeader,
    modifyIfExistsHeader,
    addRcpt,
    discardRcpt,
};
inline constexpr std::size_t method_count = static_cast<std::size_t>(Method::discardRcpt) + 1;

struct MethodRow {
    Method id;
    std::string_view name;
    EventSet events;  ///< elsewhere a call has no effect
    bool
        asks;  ///< the caller of the machine does it before the script goes on; else it is noted as an Effect
    std::vector<Var> inputs, results;
    std::string_view meaning;
};

std::span<const MethodRow> methods();
const MethodRow& row(Method id);
const MethodRow* find_method(std::string_view name);  ///< in any case

}  // namespace postrider::policy
