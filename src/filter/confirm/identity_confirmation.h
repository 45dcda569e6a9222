#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/server_name.h"
#include "directory/directory.h"
#include "filter/confirm/collected.h"
#include "filter/confirm/settings.h"
#include "kv/kv.h"
#include "mailstore/mailstore.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace postrider::filter {

inline constexpr std::string_view unconfirmed_folder = "Unconfirmed Messages";

/// Challenge and response: mail of senders that an account does not know waits in a folder until they confirm
/// that they are there. What is asked, and what is done with an answer, happens on a thread of its own;
/// deciding reads the store at most twice. Thread-safe. Records: docs/formats/trust.md.
///
/// Backscatter is what this must not make (RFC 3834 §2): nobody is asked on behalf of mail that failed
/// authentication, of bulk, lists, programs and bounces, nobody more often than the limits say, and questions
/// come from nobody.
class IdentityConfirmation {
public:
    /// Hands in a message of the server's own; false when that failed.
    using Send = std::function<bool(const mime::AddrSpec& to, std::string message)>;
    static constexpr std::size_t max_tasks = 10'000;   ///< that wait for the thread; more are left out
    static constexpr std::size_t max_parked = 20'000;  ///< messages of the folder that a release looks at

    struct Parts {
        kv::Store& store;
        mailstore::MailStore& mail;
        const directory::Directory& directory;
        const Clock& clock;
        observe::Metrics& metrics;
        observe::Logger log;
        ServerName host;
        Send send;
    };
    static std::expected<std::unique_ptr<IdentityConfirmation>, std::string> open(
        Parts parts, const ConfirmSettings& settings);
    ~IdentityConfirmation();  ///< stop()
    void reconfigure(const ConfirmSettings& settings);
    void start();
    void stop();  ///< what waits is left out

    struct Arrival {
        AccountId account;
        mime::AddrSpec reverse_path;
        std::string_view message;            ///< header and body
        std::string authenticated;           ///< account that sent it through us; ""
        bool authentication_failed = false;  ///< SPF, DKIM or DMARC say that it is not from whom it claims
        bool whitelisted = false;            ///< the account's or server's lists know the sender
        bool is_spam = false;                ///< it is on its way to Junk anyway
        bool ask_unwanted = false;           ///< ... and its sender is asked for that very reason
    };
    struct Decision {
        enum class Kind : std::uint8_t {
            deliver,    ///< as it was going to be
            park,       ///< into unconfirmed_folder
            confirmed,  ///< the answer to a challenge, with the right code: call confirm() and deliver it
        };
        Kind kind = Kind::deliver;
        bool challenge = false;  ///< of park: call challenge() once the message is in its folder
        mime::AddrSpec sender;   ///< who is (to be) known
        std::string why;         ///< for the log
    };
    /// What is to become of a message. Changes nothing. Cheap when the account does not use it: one look at
    /// its settings.
    Decision decide(const Arrival& arrival);

    /// Asks the sender, unless a limit says no. Does not block. @return false: not asked
    bool challenge(AccountId account, const mime::AddrSpec& sender, std::string_view header);
    /// The sender is known from now on, and what is parked of his goes to INBOX, soon. Does not block on
    /// mail.
    bool confirm(AccountId account, const mime::AddrSpec& sender);
    /// The account has written to these people.
    void written_to(AccountId account, const std::vector<mime::AddrSpec>& recipients);

    CollectedAddresses& collected() { return collected_; }
    /// The code of a sender, for tests and for administrators who help.
    std::optional<std::string> code(AccountId account, const mime::AddrSpec& sender) const;
    /// Moves what is parked of a sender to INBOX, on the caller's thread. @return how many
    mailstore::Result<std::size_t> release(AccountId account, const mime::AddrSpec& sender);
    void sweep();  ///< forgets challenges that are too old to matter; about once an hour
    /// All that is kept about an account goes.
    static void erase(AccountId account, kv::Batch& batch);
    void wait_idle();  ///< until nothing waits; for tests

private:
    struct Task {
        AccountId account;
        mime::AddrSpec sender;
        std::string subject;  ///< of a challenge
        bool release = false;
    };
    struct Window {
        std::uint64_t period = 0;
        unsigned many = 0;
        bool take(std::uint64_t now, unsigned limit);
    };

    IdentityConfirmation(Parts parts, const ConfirmSettings& settings);
    std::expected<void, std::string> load_secret();
    std::shared_ptr<const settings::AccountSettings> wanted_by(AccountId account) const;
    bool may_challenge(AccountId account, const mime::AddrSpec& sender, unsigned skip_days);
    bool has_folder(AccountId account) const;
    bool add(Task task);
    void run();
    void ask(const Task& task);

    Parts parts_;
    CollectedAddresses collected_;
    observe::Counter &parked_, &asked_, &confirmed_;
    std::string secret_;
    std::mutex mutex_;
    std::condition_variable wake_, idle_;
    ConfirmSettings settings_;
    Window server_;
    std::unordered_map<AccountId, Window> accounts_;
    std::unordered_map<std::string, Window> senders_;
    std::deque<Task> tasks_;
    bool busy_ = false, stopping_ = true;
    std::thread thread_;
};

}  // namespace postrider::filter
