#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings/address.h"

namespace postrider::filter {

/// Two capital letters, as a number that compares quickly.
struct Country {
    char code[2] = {0, 0};
    static std::optional<Country> parse(std::string_view text);  ///< two letters or digits, in any case
    std::string text() const { return {code, 2}; }
    friend auto operator<=>(const Country&, const Country&) = default;
};

/// Addresses to countries: sorted ranges. Immutable; look-up is a binary search.
class CountryTable {
public:
    static constexpr std::size_t max_rows = 5'000'000;
    static constexpr std::size_t max_line = 4096;

    /// Rows as `"startIP","endIP","startNum","endNum","CC","Country"`, with quotes or without, IPv4 and IPv6;
    /// or rows of a GeoLite2 blocks file (network, geoname id, ...), whose ids `locations` turns into
    /// countries. A first line of titles is passed over. Where ranges overlap, the one that begins last
    /// counts. The error names the line: what cannot be read is refused whole, so that nobody filters by half
    /// a file.
    static std::expected<CountryTable, std::string> parse_csv(std::string_view csv,
                                                              std::string_view locations = {});

    std::optional<Country> find(const settings::Ip& ip) const;
    std::size_t size() const { return v4_.size() + v6_.size(); }

private:
    struct V4 {
        std::uint32_t first, last;
        Country country;
    };
    struct V6 {
        settings::Ip first, last;
        Country country;
    };
    void add(const settings::IpSet& set, Country country);
    void sort();

    std::vector<V4> v4_;
    std::vector<V6> v6_;
};

}  // namespace postrider::filter
