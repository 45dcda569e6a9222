#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "delivery/intake.h"
#include "filter/chain/chain.h"
#include "filter/scripts/script_store.h"

namespace postrider::delivery {

/// Runs Sieve scripts on what people do to their mail by IMAP: APPEND, COPY and MOVE, changes of flags
/// (RFC 6785). The annotation /shared/imapsieve/script of a folder, or else of the account, names the script
/// among those of the account. It runs after the command, on a thread of this class's own, so that no client
/// waits; what it does to mail makes no further event.
///
///     keep        with flags: these; else as it is. An edited message takes the place of the one that lies
///     there fileinto    into that folder; without a keep it is moved discard     \Deleted, no more: what
///     somebody has put there is not destroyed redirect notify      by mail; with :fcc a copy of that into
///     the folder named (RFC 8580) reject, vacation: not done (RFC 6785 §3.8, §3.9)
class ImapEvents {
public:
    static constexpr std::string_view annotation = "/shared/imapsieve/script";
    static constexpr std::size_t max_waiting = 10'000;  ///< events; more are left out, and the log says so
    static constexpr std::size_t max_quiet = 10'000;    ///< folders known to name no script
    static constexpr std::size_t max_of_event = 1'000;  ///< messages of one that are looked at

    enum class Cause : std::uint8_t { append, copy, flag };
    struct Event {
        AccountId account;
        std::string user;  ///< address of who did it
        FolderId folder;
        std::vector<Uid> uids;
        Cause cause = Cause::append;
        std::vector<std::string> flags{};
        std::uint64_t shape = 0;  ///< Account::shape(); 0: not known
    };

    /// All must live longer.
    ImapEvents(const filter::ChainParts& parts, const filter::ScriptStore& scripts, Intake& intake,
               observe::Logger log)
        : parts_{parts}, scripts_{scripts}, intake_{intake}, log_{log} {}
    ~ImapEvents() { stop(); }
    void start();
    void stop();  ///< what waits is left out

    void happened(Event event);  ///< does not block; any thread
    void wait_idle();            ///< for tests

private:
    struct Script;
    void run();
    void look_at(const Event& event);
    void run_on(const Event& event, const Script& script, mailstore::Account& account,
                const mailstore::FolderInfo& folder);

    const filter::ChainParts& parts_;
    const filter::ScriptStore& scripts_;
    Intake& intake_;
    observe::Logger log_;
    std::mutex mutex_;
    std::condition_variable wake_, idle_;
    std::deque<Event> waiting_;
    /// Folders that name no script, as long as their account has that shape: nothing is waked for them.
    std::map<std::pair<AccountId, FolderId>, std::uint64_t> quiet_;
    bool busy_ = false, stopping_ = true, told_ = false;
    std::thread thread_;
};

}  // namespace postrider::delivery
