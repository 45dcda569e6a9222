#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "mailstore/mailstore.h"

namespace postrider::pop3 {

/// Which accounts have POP3 sessions: the exclusive lock of RFC 1939 §8 and the limit per account.
class Occupancy {
public:
    /// Held while a session has its maildrop open.
    using Lease = std::shared_ptr<void>;
    enum class Refusal { in_use, too_many };

    /// @param limit  sessions of one account; 0 = none
    std::expected<Lease, Refusal> enter(AccountId account, bool exclusive, unsigned limit);

private:
    std::mutex mutex_;
    std::unordered_map<AccountId, unsigned> sessions_;
};

/// The maildrop as it was at log-in: message numbers never change during a session (RFC 1939 §3). All that
/// blocks must run on a worker.
class Maildrop {
public:
    struct Message {
        Uid uid;
        std::uint32_t size = 0;  ///< octets, as RETR gives them before dot-stuffing
        bool seen = false;
        bool deleted = false;
        bool retrieved = false;  ///< by RETR of this session
    };

    static mailstore::Result<Maildrop> open(std::shared_ptr<mailstore::Account> account,
                                            std::string_view folder);

    const std::vector<Message>& messages() const { return messages_; }
    std::vector<Message>& messages() { return messages_; }
    std::size_t count() const;  ///< without the deleted ones
    std::uint64_t octets() const;
    std::string unique_id(
        const Message& message) const;  ///< RFC 1939 §7, UIDL: at most 70 printable characters

    mailstore::Result<std::string> text(const Message& message) const;
    /// The header and at least the first `lines` lines of the body, if there are that many.
    mailstore::Result<std::string> top(const Message& message, std::uint64_t lines) const;

    /// Marks what RETR gave as \Seen. Called at the end of every session, whatever ended it.
    mailstore::Result<> mark_seen();
    /// The UPDATE state (RFC 1939 §6): what was marked goes, durably.
    mailstore::Result<> remove_deleted();

private:
    mailstore::Result<mailstore::Item> item(mailstore::FolderView& view, const Message& message) const;

    std::shared_ptr<mailstore::Account> account_;
    FolderId folder_;
    std::uint32_t uid_validity_ = 0;
    std::vector<Message> messages_;
};

/// Cuts a message after its header and `lines` lines of its body (RFC 1939 §7, TOP); `complete` is false when
/// more of the text is needed to tell.
struct Cut {
    std::size_t size = 0;
    bool complete = false;
};
Cut cut_top(std::string_view text, std::uint64_t lines);

/// The lines of a message as POP3 sends them: dots stuffed, ended by CRLF, then "." CRLF (RFC 1939 §3).
std::string multiline(std::string_view text);

}  // namespace postrider::pop3
