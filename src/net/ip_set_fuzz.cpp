#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/access.h"

using namespace postrider;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

/// An IP set that can be read is one range of one family, holds its ends, can be written as "first-last", and
/// works as a rule.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const auto set = settings::parse_ip_set(text);
    const settings::AccessRules rules{{}, {{text, true, 1}}};
    const auto compiled = net::AccessRules::compile(rules);
    require(compiled.has_value() == set.has_value());
    if (!set) return 0;
    require(set->first.v4() == set->last.v4() && set->first <= set->last);
    require(set->has(set->first) && set->has(set->last));
    using Kind = net::AccessRules::Verdict::Kind;
    require(compiled->decide(set->first).kind == Kind::deny
            && compiled->decide(set->last).kind == Kind::deny);
    const auto again = settings::parse_ip_set(to_string(set->first) + "-" + to_string(set->last));
    require(again && *again == *set);
    return 0;
}
