#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "directory/entries.h"
#include "imap/session/account_limits.h"
#include "imap/session/collation.h"
#include "imap/session/language.h"
#include "imap/session/reply.h"
#include "imap/session/selected.h"
#include "imap/session/services.h"
#include "imap/wire/command.h"
#include "mailstore/mailstore.h"

namespace postrider::imap {

struct Notify;

/// A mailbox, and the account that it is in: the user's own, or one that somebody shares.
struct Mailbox : mailstore::FolderInfo {
    std::shared_ptr<mailstore::Account> account;
};

/// One client's dialogue, as commands see it. Used by one thread at a time: the connection's, or the worker
/// that runs a command while the connection waits for it.
struct Client {
    Client(const Services& s, SessionId session) : services{s}, settings{s.settings}, id{session} {}

    const Services& services;
    const std::shared_ptr<const ImapSettings> settings;  ///< those that it began with
    const SessionId id;
    std::string capability_words;  ///< what CAPABILITY says now
    std::string out;               ///< untagged replies of the command that runs

    std::shared_ptr<const directory::AccountEntry> who;
    std::shared_ptr<mailstore::Account> account;  ///< set when authenticated
    AccountLimits::Place place;

    bool secure = false;       ///< nobody listens: TLS
    bool rev2 = false;         ///< ENABLE IMAP4rev2: no \Recent, UTF-8 names, ESEARCH only
    bool utf8 = false;         ///< quoted strings and names may be UTF-8
    bool utf8_accept = false;  ///< RFC 6855: no CHARSET in SEARCH
    bool condstore = false;    ///< RFC 7162 §3.1: MODSEQ in every untagged FETCH
    bool uid_only = false;     ///< RFC 9586: no message numbers, neither way
    Collation collation = Collation::unicode_casemap;  ///< RFC 5255 §4.3
    Language language = Language::i_default;           ///< RFC 5255 §3
    bool qresync = false;                              ///< RFC 7162 §3.2.3: VANISHED for EXPUNGE
    std::optional<Selected> selected;
    struct Progress {
        std::atomic<std::uint64_t> done = 0;
        std::atomic<std::uint64_t> goal = 0;  ///< 0: not known
    };
    mutable Progress progress;       ///< of the command that runs; read while it does (RFC 9585)
    std::shared_ptr<Notify> notify;  ///< RFC 5465: what it hears without asking; nullptr: as ever

    /// All that a log-in and what followed it have set (RFC 8437 §4.1).
    void forget_user();

    /// A mailbox name as the client sent it, as the store knows it; nullopt when it is none.
    std::optional<std::string> folder_path(std::string_view name) const;
    /// The account that a path is in, which begins as the user sees it: "Other Users/bob/...". Cheap for
    /// one's own.
    mailstore::Result<std::shared_ptr<mailstore::Account>> account_at(std::string_view path) const;
    /// Known without the disk; does not block.
    bool surely_own(std::string_view path) const;
    /// The mailbox of that name.
    mailstore::Result<Mailbox> folder(std::string_view name) const;
    /// A name that only holds others, too.
    mailstore::Result<Mailbox> any_folder(std::string_view name) const;
    bool is_own(const mailstore::Account& one) const { return &one == account.get(); }
};

/// What of the mailbox's changes may be said behind a command (RFC 9051 §7.5.1, RFC 2180 §4).
enum class Updates {
    none,
    no_expunge,  ///< FETCH, STORE and SEARCH by message number
    all,
};

/// Appends untagged EXISTS, RECENT, EXPUNGE and FETCH for what happened in the selected mailbox since the
/// last time. Blocks on disk.
void announce(Client& client, Updates updates);
/// Whether announce() has something to look at; does not block.
bool may_have_news(const Client& client);

/// RFC 7162 §3.1: from now on every FETCH has MODSEQ; says HIGHESTMODSEQ when a mailbox is selected.
void enable_condstore(Client& client);

/// Notes which messages of a view that select() gave (for EXAMINE: view()) are \Recent to this session.
void claim_recent(Client& client, const mailstore::FolderView& view);

/// Whether the client may set the quotas of its domain's accounts (RFC 9208): it is the postmaster.
bool manages_quotas(const Client& client);

/// "* OK [PERMANENTFLAGS (...)]": the flags that the user may change in the selected mailbox (RFC 4314
/// §5.1.1).
void put_permanent_flags(Client& client, const std::vector<std::string>& keywords);

/// Tells of keywords that the client has not heard of (RFC 9051 §7.3.5).
void announce_keywords(Client& client, const mailstore::FolderInfo& folder);

/// The messages that a sequence or UID set of a command means, or why it means none.
std::expected<UidSet, Reply> resolve(const Client& client, const SequenceSet& set, bool uid);

/// "\Seen $Forwarded", in no parentheses.
void put_flags(std::string& out, const mailstore::Flags& flags, bool recent,
               const std::vector<std::string>& keywords);

/// "* 3 FETCH (UID 7 FLAGS (\Seen) MODSEQ (9))" CRLF
struct FlagReport {
    bool flags = true;
    bool modseq = false;
};
void put_flag_report(Client& client, std::uint32_t number, const mailstore::Item& item,
                     const std::vector<std::string>& keywords, FlagReport what);

}  // namespace postrider::imap
