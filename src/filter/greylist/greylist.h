#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "filter/greylist/settings.h"
#include "filter/lists/address_patterns.h"
#include "kv/kv.h"
#include "observe/metrics.h"

namespace postrider::filter {

inline constexpr std::string_view greylist_reply = "Temporary rejected by greylisting";  ///< behind 451

/// Whom we have seen before: triplets of network, sender and recipient (RFC 6647 §2.4). The first try is put
/// off; who tries again after the delay and within the window passes, and goes on to pass for the lifetime. A
/// network from which several triplets have passed passes whole.
///
/// Thread-safe. Reads and writes the store, but not for what has been asked within the cache time. The store
/// never has more than maxEntries records of ours: at the limit the eighth that was used longest ago goes,
/// strangers who are still waiting first. Records: docs/formats/trust.md.
class Greylist {
public:
    struct Attempt {
        settings::Ip client;
        mime::AddrSpec sender;  ///< null: all mail without a sender counts as one
        mime::AddrSpec recipient;
    };
    enum class Why : std::uint8_t {
        off,
        excluded,
        known,  ///< this triplet has passed before
        known_network,
        now_known,    ///< it has waited long enough, and passes
        first_time,   ///< put off
        too_early,    ///< put off
        unavailable,  ///< the store could not be asked: passes, mail must not hang on this
    };
    struct Verdict {
        Why why = Why::off;
        std::chrono::seconds wait{};  ///< of who is put off: how long yet
        bool delayed() const { return why == Why::first_time || why == Why::too_early; }
    };

    /// The error is a sentence about the settings. @param cache  how long answers stay in memory
    static std::expected<std::unique_ptr<Greylist>, std::string> open(kv::Store& store, const Clock& clock,
                                                                      observe::Metrics& metrics,
                                                                      const GreylistSettings& settings,
                                                                      std::chrono::minutes cache);
    /// For attempts from now on.
    std::expected<void, std::string> reconfigure(const GreylistSettings& settings,
                                                 std::chrono::minutes cache);

    Verdict check(const Attempt& attempt);
    /// The same without a trace, for diagnosis.
    Verdict look(const Attempt& attempt);

    /// Forgets what is too old; about once an hour. @return how many
    std::size_t sweep();
    std::size_t size() const { return size_.load(std::memory_order_relaxed); }  ///< records in the store
    std::size_t cached() const;
    bool enabled() const;

    static constexpr std::size_t max_cached = 100'000;

private:
    struct Rules {
        GreylistSettings settings;
        std::chrono::minutes cache{10};
        IpRanges clients;
        AddressPatterns senders, recipients;
    };
    struct Record {
        Time first{}, last{};
        bool passed = false;
        unsigned count = 0;  ///< of a network: triplets that have passed
    };
    using Digest = std::string;  ///< key of a record in the store

    Greylist(kv::Store& store, const Clock& clock, observe::Metrics& metrics);
    static std::expected<std::shared_ptr<const Rules>, std::string> rules_of(const GreylistSettings& settings,
                                                                             std::chrono::minutes cache);
    std::shared_ptr<const Rules> rules() const;
    std::size_t count_records();
    Digest triplet_key(const Attempt& attempt, const Rules& rules) const;
    Digest network_key(const Attempt& attempt, const Rules& rules) const;
    kv::Result<std::optional<Record>> read(const Digest& key);
    static std::string encode(const Record& record);
    static std::optional<Record> decode(std::string_view value);
    static bool alive(const Record& record, const Rules& rules, Time now);
    Verdict judge(const Attempt& attempt, const Rules& rules, bool remember);
    std::optional<Verdict> cached(const Digest& key, Time now);
    void cache(const Digest& key, Verdict verdict, Time until);
    void make_room(const Rules& rules, Time now);
    std::size_t remove_old(const Rules& rules, Time now, std::size_t at_least);

    struct Remembered {
        Verdict verdict;
        Time until{};
    };

    kv::Store& store_;
    const Clock& clock_;
    observe::Counter &passed_, &delayed_, &learned_;
    observe::Gauge& entries_;
    std::atomic<std::size_t> size_ = 0;
    std::mutex changing_;  ///< of records: reading one and writing it is one step
    mutable std::mutex mutex_;
    std::shared_ptr<const Rules> rules_;
    std::unordered_map<Digest, Remembered> young_, old_;  ///< what is new goes to the young half
};

}  // namespace postrider::filter
