#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "filter/ban/settings.h"
#include "filter/lists/address_patterns.h"
#include "kv/kv.h"
#include "net/gate.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace postrider::filter {

enum class Offence : std::uint8_t { failed_login, protocol_error, unknown_recipient, trap };
std::string_view words(Offence offence);  ///< "failed log-ins"

/// One network that is shut out.
struct Ban {
    std::string network;  ///< "192.0.2.1", "2001:db8::/64", "10.0.0.1-10.0.0.9"
    Time since{}, until{};
    std::string reason;
    unsigned times = 1;    ///< how often within the remembered time
    bool by_hand = false;  ///< by an administrator
};

/// Who attacks is shut out: counts what addresses do, and bans those that do too much. A ban is kept in the
/// store, so that a restart is no way out; counts are not. Listeners ask through net::Bouncer, which does not
/// block. Thread-safe; note(), add() and remove() write to the store (soon durable). Records:
/// docs/formats/trust.md.
///
/// Bounds: 50,000 networks counted (those touched longest ago are forgotten), 100,000 banned or remembered
/// (the ones that end soonest go), 10,000 bans by hand (then add() refuses).
class Bans final : public net::Bouncer {
public:
    static constexpr std::size_t max_counted = 50'000, max_banned = 100'000, max_by_hand = 10'000;

    static std::expected<std::unique_ptr<Bans>, std::string> open(kv::Store& store, const Clock& clock,
                                                                  observe::Metrics& metrics,
                                                                  observe::Logger log,
                                                                  const BanSettings& settings);
    std::expected<void, std::string> reconfigure(const BanSettings& settings);

    /// Counts. @return true: that was one too many, and the network is banned from now on
    bool note(const settings::Ip& client, Offence offence, unsigned many = 1);
    bool note(std::string_view client, Offence offence,
              unsigned many = 1);  ///< numeric; anything else: false
    /// A recipient that was named: counts a trap hit when it is one. @return whether it is a trap
    bool note_recipient(const settings::Ip& client, const mime::AddrSpec& recipient);
    bool is_trap(const mime::AddrSpec& recipient) const;

    std::optional<Ban> find(const settings::Ip& client) const;  ///< the ban in force
    std::optional<std::string> refuse(const settings::Ip& client) const override;

    /// Bans that are in force, those by hand first, then by the time when they end; at most `limit`.
    std::vector<Ban> list(std::size_t limit = 100'000) const;
    /// The error is a sentence: it overlaps another, it is none. @param range  an IP set; of several
    /// addresses: banned by hand as it stands, whatever the masks are. @param life  0: for good
    std::expected<Ban, std::string> add(std::string_view range, std::chrono::seconds life,
                                        std::string reason);
    /// Lifts a ban, and what was counted is forgotten. false: there is none.
    std::expected<bool, std::string> remove(std::string_view range);
    /// Forgets what is over; about once a minute.
    void sweep();

private:
    struct Rules {
        BanSettings settings;
        IpRanges exclusions;
        AddressPatterns traps;
    };
    using Key = settings::Ip;  ///< first address of the network
    struct HashKey {
        std::size_t operator()(const Key& key) const;
    };
    struct Record {
        Time since{}, until{};
        unsigned times = 1;
        Offence offence{};
    };
    struct ByHand {
        settings::IpSet range;
        Time since{}, until{};
        std::string reason;
    };
    struct Count {
        std::array<std::uint32_t, 4> many{};
        Time since{};
    };

    Bans(kv::Store& store, const Clock& clock, observe::Metrics& metrics, observe::Logger log);
    static std::expected<std::shared_ptr<const Rules>, std::string> rules_of(const BanSettings& settings);
    kv::Result<> load();
    std::shared_ptr<const Rules> rules() const;
    Count& touch(const Key& key);
    void ban(const Key& key, Offence offence, const Rules& rules, Time now);
    Ban shown(const Key& key, const Record& record, const Rules& rules) const;
    static Ban shown(const ByHand& ban);
    void make_room();
    void put(const Key& key, const Record& record);
    void count_bans();

    kv::Store& store_;
    const Clock& clock_;
    observe::Logger log_;
    observe::Counter &banned_, &refused_;
    observe::Gauge& in_force_;
    mutable std::shared_mutex mutex_;  ///< records_ and by_hand_
    std::shared_ptr<const Rules> rules_;
    std::unordered_map<Key, Record, HashKey> records_;
    std::map<settings::Ip, ByHand> by_hand_;  ///< by the first address; they do not overlap
    std::mutex counting_;
    std::unordered_map<Key, Count, HashKey> young_, old_;
};

}  // namespace postrider::filter
