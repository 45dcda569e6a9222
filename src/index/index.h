#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "index/reader.h"
#include "mailstore/mailstore.h"
#include "observe/metrics.h"

/// Full text over the messages of every account, made in the background from its change log.
///
/// It never has to be right about what is there: it says which messages it covers, and a search looks at all
/// others itself. So it may be behind, thrown away or rebuilt at any time, and neither delivery nor a client
/// waits for it.
namespace postrider::index {

struct Options {
    std::filesystem::path directory;  ///< may be removed while no server runs
    observe::Logger log;
    bool enabled = true;                     ///< false: nothing is indexed and reader() gives nothing
    std::chrono::milliseconds delay{5000};   ///< from an account's first change until it is looked at
    std::size_t builder_memory = 24u << 20;  ///< octets of terms before a segment is written
    std::size_t open_accounts = 500;         ///< whose files stay open
    /// What the attachments of a message say beyond its text parts; "" when nothing. Called in the
    /// background, may take long.
    std::function<std::string(std::string_view message, const mime::Description& description)> attachments;
    bool read_attachments = true;  ///< false: it is not called
};

struct Status {
    std::uint64_t waiting_accounts = 0;  ///< that have changed since they were indexed, as far as is known
    std::uint64_t waiting_messages = 0;  ///< of the account that is worked on just now
    std::uint64_t indexed = 0;           ///< messages since the start
};

struct AccountStatus {
    std::uint64_t messages = 0;  ///< in its folders
    std::uint64_t covered = 0;
    std::uint64_t files = 0, bytes = 0;
};

class Index {
public:
    static std::unique_ptr<Index> open(mailstore::MailStore& store, observe::Metrics& metrics,
                                       Options options);
    virtual ~Index() = default;  ///< stop()

    /// From here on accounts are caught up in the background; first all that have changed since the last
    /// time.
    virtual void start() = 0;
    /// Ends soon; what is half done will be done again.
    virtual void stop() = 0;

    /// Counts from now on; what is indexed already stays so. Waits for what is being indexed when that ends.
    virtual void configure(bool enabled, std::chrono::milliseconds delay, bool read_attachments) = 0;

    /// The account is deleted: so is its index.
    virtual void forget(AccountId account) = 0;

    /// nullptr when nothing is indexed. May read the account's files for the first time.
    virtual std::shared_ptr<const Reader> reader(AccountId account) = 0;

    /// Throws the account's index away and makes it again in the background.
    virtual void rebuild(AccountId account) = 0;
    /// Covers all that the account has now, on the caller's thread. False when it was stopped or the disk
    /// refused.
    virtual bool catch_up(AccountId account) = 0;

    virtual Status status() const = 0;
    virtual mailstore::Result<AccountStatus> status(AccountId account) = 0;
};

}  // namespace postrider::index
