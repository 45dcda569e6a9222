#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "filter/lists/ip_ranges.h"
#include "mime/address.h"

namespace postrider::filter {

inline constexpr std::size_t max_pattern = 320;

/// One line of a list in the one spelling that it is kept in: lower case, U-labels, no blanks around it. What
/// may stand there: user@example.org, example.org, @example.org, *.example.org (all below), parts of an
/// address with
/// '*' and '?', an IP address, a range or network of them. "" when it is none of these.
std::string canonical_pattern(std::string_view text);

/// Many such lines, ready to be asked: addresses and domains by hash, each domain above too, ranges in a
/// sorted row; only lines with other wildcards are tried one by one. Immutable.
class AddressPatterns {
public:
    AddressPatterns() = default;
    /// @param canonical  as canonical_pattern() gives them
    explicit AddressPatterns(const std::vector<std::string>& canonical);

    bool has(const mime::AddrSpec& address) const;
    bool has_ip(const settings::Ip& ip) const { return ranges_.has(ip); }
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::size_t wildcards() const { return wildcards_.size(); }

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using Names = std::unordered_set<std::string, Hash, std::equal_to<>>;
    Names addresses_;
    Names domains_;  ///< itself
    Names below_;    ///< those below it
    std::vector<std::string> wildcards_;
    IpRanges ranges_;
    std::size_t size_ = 0;
};

}  // namespace postrider::filter
