#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "filter/ban/settings.h"
#include "filter/lists/ip_ranges.h"
#include "observe/metrics.h"

namespace postrider::filter {

/// How much mail one source may bring within the interval. What accounts may send is rules::SendQuota's, how
/// many connections an address may have net::FlowControl's. In memory alone; at most 100,000 sources, of
/// which those touched longest ago are forgotten. Thread-safe, does not block.
class Rates {
public:
    static constexpr std::size_t max_sources = 100'000;

    static std::expected<std::unique_ptr<Rates>, std::string> make(const Clock& clock,
                                                                   observe::Metrics& metrics,
                                                                   const RateSettings& settings);
    std::expected<void, std::string> reconfigure(const RateSettings& settings);

    /// Counts a message that begins. @return why it is not taken now, for the answer 451 4.7.1; mostly
    /// nothing
    /// @param sender_domain  "" = no sender
    std::optional<std::string> message(const settings::Ip& client, std::string_view sender_domain);
    std::optional<std::string> recipient(const settings::Ip& client);
    std::size_t sources() const;

private:
    struct Rules {
        RateSettings settings;
        IpRanges exclusions;
    };
    struct Count {
        std::uint32_t now = 0, before = 0;  ///< in this interval and in the one before
        std::int64_t interval = 0;
    };
    Rates(const Clock& clock, observe::Metrics& metrics);
    std::shared_ptr<const Rules> rules() const;
    bool count(std::string key, unsigned limit, const Rules& rules);

    const Clock& clock_;
    observe::Counter& refused_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Rules> rules_;
    std::unordered_map<std::string, Count> young_, old_;
};

}  // namespace postrider::filter
