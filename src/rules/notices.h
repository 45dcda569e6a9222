#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "base/server_name.h"
#include "directory/directory.h"
#include "mailstore/mailstore.h"
#include "observe/log.h"
#include "rules/send_quota.h"

namespace postrider::rules {

struct NoticeOptions {
    ServerName host;                  ///< ours, for Message-IDs
    std::filesystem::path directory;  ///< relative file names of texts are relative to it
};

/// Messages that the server writes to people by itself: that a mailbox is nearly full, that somebody sends
/// more than allowed, that a new account is there. A thread of its own looks and writes, so that whoever
/// delivers never waits; what is too much to look at is left out until the next occasion.
class Notices {
public:
    /// Hands a message (from nobody) in for an address, whatever its quota; false when that failed.
    using Send = std::function<bool(const mime::AddrSpec& to, std::string message)>;

    /// All must live longer.
    Notices(const directory::Directory& directory, mailstore::MailStore& store, const Clock& clock,
            observe::Logger log, NoticeOptions options, Send send);
    ~Notices();

    void start();
    void stop();  ///< what has been asked for is finished first, within a second or so

    // ---- occasions: cheap, callable from any thread, never block on the disk

    void mail_arrived(AccountId account);  ///< of an account with a quota
    void sent_too_much(AccountId account, const SendQuota::Use& use);
    void account_created(AccountId account);

    /// Looks at the account now, on the caller's thread. @return whether a notice was sent
    bool look_at_quota(AccountId account);

private:
    struct Person;
    enum class Kind : std::uint8_t { sending, welcome };
    struct Task {
        Kind kind;
        AccountId account;
        SendQuota::Use use;
    };
    static constexpr std::size_t max_tasks = 10'000;
    static constexpr std::size_t max_text = 256 * 1024;

    void run();
    void tell_sender_limit(const Task& task);
    void welcome(AccountId account);
    std::string text_of(const std::string& file, std::string_view otherwise) const;
    bool send(const Person& person, const mime::AddrSpec& to, std::string_view kind, std::string_view subject,
              std::string_view text, std::vector<std::pair<std::string_view, std::string>> values);

    const directory::Directory& directory_;
    mailstore::MailStore& store_;
    const Clock& clock_;
    observe::Logger log_;
    NoticeOptions options_;
    Send send_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::unordered_set<AccountId> grown_;
    std::deque<Task> tasks_;
    std::thread thread_;
};

}  // namespace postrider::rules
