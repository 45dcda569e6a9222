#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "filter/spam/combine.h"
#include "filter/spam/settings.h"
#include "filter/spam/signs.h"
#include "kv/kv.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace postrider::filter {

/// What the statistical filter thinks of a message.
struct SpamVerdict {
    unsigned level = 1;    ///< X-AxigenSpam-Level, 1 to 10; from 5 on it is more likely spam than not
    double log_odds = 0;   ///< of everything together
    Likelihood learned{};  ///< what the counts say
    std::vector<Sign> signs;
    /// For the log and for X-header lines: "level 7 (learned 0.98 by 120 of 300 features; forged-link 1.8)"
    std::string text() const;
};

/// The built-in statistical filter: counts of the server and of each user who has trained it, and signs that
/// need no learning. Thread-safe. Reading may touch the disk (a user's counts that are not in memory);
/// changes are written by flush(). Records: docs/formats/trust.md.
///
/// Memory: 4 MiB for the server's counts, 256 KiB for each user in memory, 64 of them at most; on disk no
/// more than that for each.
class SpamFilter {
public:
    static constexpr std::size_t server_slots = 1U << 20, user_slots = 1U << 16;
    static constexpr std::size_t users_in_memory = 64;
    static constexpr std::size_t remembered_messages =
        5'000;                                ///< of an account, so that none is learned twice
    static constexpr unsigned user_from = 5;  ///< messages of each class before a user's own counts count

    static std::expected<std::unique_ptr<SpamFilter>, std::string> open(kv::Store& store, const Clock& clock,
                                                                        observe::Metrics& metrics,
                                                                        observe::Logger log,
                                                                        const SpamSettings& settings);
    ~SpamFilter();  ///< flush()
    void reconfigure(const SpamSettings& settings);
    SpamSettings settings() const;

    /// @param account  for whom; 0: the server's counts alone
    SpamVerdict judge(std::string_view message, const std::vector<mime::Part>& parts, AccountId account,
                      const Surroundings& around);
    SpamVerdict judge(std::string_view message, AccountId account, const Surroundings& around);

    // ---- learning. @param account  0: for the server alone

    void learn(const Features& features, MailClass as, AccountId account);
    void unlearn(const Features& features, MailClass as, AccountId account);
    /// A message that its owner has sorted, known by its id: learned once, and unlearned first if it had been
    /// learned as the other.
    /// @return false: it had been learned so already
    bool sorted(AccountId account, std::uint64_t email_id, const Features& features, MailClass as);

    struct Status {
        std::uint32_t spam = 0, ham = 0;  ///< messages learned (the older half counts half after 4,000)
        std::size_t used = 0, slots = 0;
    };
    Status status(AccountId account);
    /// Everything learned is forgotten.
    kv::Result<> reset(AccountId account);
    /// Writes what has changed. false: the store refused; tried again next time.
    bool flush();
    static void erase(AccountId account, kv::Batch& batch);  ///< adds that all about it goes
    void forget(AccountId account);

private:
    struct Table {
        explicit Table(std::size_t slots) : counts{slots} {}
        CountTable counts;
        bool dirty = false;
        bool stored = false;  ///< there is something in the store
    };
    struct User {
        AccountId account;
        std::shared_ptr<Table> table;  ///< nullptr: has not trained
    };

    SpamFilter(kv::Store& store, const Clock& clock, observe::Metrics& metrics, observe::Logger log);
    kv::Result<std::shared_ptr<Table>> load(std::uint64_t id, std::size_t slots);
    bool write(std::uint64_t id, Table& table);
    std::shared_ptr<Table> user(AccountId account, bool make);
    std::shared_ptr<Table> user_locked(AccountId account, bool make);
    void evict();
    bool may_train_server(AccountId account);
    void change(const Features& features, MailClass as, AccountId account, bool add, bool server_too);
    void trim_journal(AccountId account);

    kv::Store& store_;
    const Clock& clock_;
    observe::Logger log_;
    observe::Counter &judged_, &spam_, &learned_;
    mutable std::shared_mutex mutex_;  ///< all tables, settings
    SpamSettings settings_;
    Table server_{server_slots};
    std::mutex users_mutex_;  ///< users_, by_account_, shares_; taken before mutex_
    std::list<User> users_;   ///< the one used last is first
    std::unordered_map<AccountId, std::list<User>::iterator> by_account_;
    std::unordered_map<AccountId, unsigned> shares_;  ///< of today
    std::int64_t shares_day_ = 0;
    std::mutex sorting_;  ///< one message at a time
};

}  // namespace postrider::filter
