#include <cstdint>
#include <cstdlib>

#include "dns/names.h"
#include "relay/sts_policy.h"

using namespace postrider::relay;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const std::string records[] = {text};
    if (auto id = sts_id(records)) require(!id->empty() && id->size() <= 32);
    auto policy = parse_sts_policy(text);
    if (!policy) return 0;
    require(policy->text == text && policy->mx.size() <= 1000 && policy->max_age.count() <= 31'557'600);
    require(policy->mode == StsPolicy::Mode::none || !policy->mx.empty());
    for (const std::string& mx : policy->mx) {
        const std::string name = mx.starts_with("*.") ? mx.substr(2) : mx;
        require(!name.empty() && postrider::dns::canonical_name(name) == name);
    }
    // The same meaning in another spelling.
    std::string again = "version: STSv1\r\nmode: " + std::string{word(policy->mode)}
                        + "\r\nmax_age: " + std::to_string(policy->max_age.count()) + "\r\n";
    for (const std::string& mx : policy->mx) again += "mx: " + mx + "\r\n";
    if (again.size() <= max_sts_policy) {
        auto second = parse_sts_policy(again);
        require(second && second->mx == policy->mx && second->mode == policy->mode
                && second->max_age == policy->max_age);
    }
    return 0;
}
