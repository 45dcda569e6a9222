#pragma once

#include <expected>
#include <string>
#include <vector>

#include "settings/address.h"

namespace postrider::filter {

/// Many addresses and ranges, ready to be asked: a search in a sorted row. Immutable.
class IpRanges {
public:
    IpRanges() = default;
    /// Overlaps are joined. @param texts  as settings write IP sets
    /// The error names the first text that is none.
    static std::expected<IpRanges, std::string> compile(const std::vector<std::string>& texts);
    static IpRanges of(std::vector<settings::IpSet> sets);

    bool has(const settings::Ip& ip) const;
    bool has(std::string_view ip) const;  ///< false for what is no address
    bool empty() const { return sets_.empty(); }
    std::size_t size() const { return sets_.size(); }

private:
    std::vector<settings::IpSet> sets_;  ///< ascending, apart
};

/// The network that an address counts as: its first `v4_bits` or `v6_bits` bits, the rest 0.
settings::Ip network_of(const settings::Ip& ip, unsigned v4_bits, unsigned v6_bits);
/// "192.0.2.0/24", "2001:db8::/64"; without the slash where the network is one address.
std::string network_text(const settings::Ip& network, unsigned v4_bits, unsigned v6_bits);

}  // namespace postrider::filter
