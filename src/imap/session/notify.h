#pragma once

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "imap/session/client.h"
#include "imap/wire/notify.h"

/// What a client wants to hear without asking (RFC 5465).
namespace postrider::imap {

/// The names of an account, as this client has last heard of them.
struct KnownNames {
    struct Folder {
        std::string path;
        bool selectable = true;
        std::map<std::string, std::size_t> annotations;  ///< each with a hash of its value; when asked for
    };
    std::map<std::uint32_t, Folder> folders;  ///< by FolderId
    std::set<std::string> subscribed;
    std::map<std::string, std::size_t> annotations;  ///< of the account
};

/// NOTIFY's state; a client has one from its first NOTIFY on. Without groups it wants to hear nothing.
struct Notify {
    /// An account in which there is something to be told of.
    struct Source {
        std::shared_ptr<mailstore::Account> account;
        ModSeq known;                 ///< all changes up to here have been told
        KnownNames names;             ///< when `asked` has events of names
        std::shared_ptr<void> watch;  ///< wakes the connection
    };

    std::vector<NotifyArgs::Group> groups;      ///< of mailboxes that are not selected
    std::optional<NotifyArgs::Group> selected;  ///< nullopt: nothing of the selected mailbox
    bool delayed = false;                       ///< SELECTED-DELAYED
    std::uint8_t asked = 0;                     ///< all events of `groups`
    Source own_account;
    std::vector<Source> others;        ///< whose folders the groups name, and who share something
    bool names_others = false;         ///< whether the groups may mean folders of others
    bool status = false;               ///< STATUS was asked for, of those who begin to share too
    std::uint64_t membership = 0;      ///< of the directory, when `others` was made
    std::vector<AccountId> member_of;  ///< the user's groups then
    std::shared_ptr<std::atomic<bool>> shared_anew;  ///< entries have changed since then
    std::shared_ptr<void> watch_of_entries;          ///< sets it
    std::shared_ptr<void> wake_for_entries;          ///< wakes the connection, after that
    std::vector<FolderId> searches;                  ///< search folders: somebody must look at them
    std::shared_ptr<void> watch_of_selected;         ///< when that mailbox is somebody else's

    /// Changes that this client made itself, of which it is not told (§5). Forgotten with the next look.
    struct Own {
        struct Messages {
            AccountId account;
            FolderId folder;
            UidSet uids;
        };
        std::vector<Messages> messages;  ///< that it added, or expunged on CLOSE
        std::vector<std::string> paths;  ///< that it made, removed, subscribed to, annotated
    } own;

    bool listens() const { return selected || !groups.empty(); }
};

inline constexpr std::size_t max_known_names = 20'000;     ///< with more folders NOTIFY is refused
inline constexpr std::size_t max_told_at_once = 5'000;     ///< mailboxes; with more at once it is given up
inline constexpr std::size_t max_notified_accounts = 100;  ///< of others; with more NOTIFY is refused

/// Replaces what the client is told of; appends STATUS replies where they were asked for.
mailstore::Result<> begin_notify(Client& client, NotifyArgs args);
/// NOTIFY NONE, or too much to tell: with a reason the client hears that nothing more comes (§5.8).
void end_notify(Client& client, std::string_view reason);

/// Whether there is something to say between two commands. Does not block.
bool has_news_to_push(const Client& client);
/// Appends what happened outside the selected mailbox. Blocks on disk.
void announce_elsewhere(Client& client);
/// Appends FETCH replies for new messages of the selected mailbox, a piece of them. Blocks on disk.
void fetch_new(Client& client);

/// Notes what the running command itself does; nothing where NOTIFY is not used.
void note_own(Client& client, const mailstore::Account& account, FolderId folder, UidSet uids);
void note_own(Client& client, std::string path);

// notify_names.cpp

/// @param changed  what to read anew; the annotations of other folders are still those that were known
mailstore::Result<KnownNames> read_names(Client& client, const Notify::Source& source,
                                         const std::set<FolderId>& changed);
/// Appends LIST and METADATA replies for the difference between what was known and what is there.
mailstore::Result<> announce_names(Client& client, Notify::Source& source, const std::set<FolderId>& changed);
/// The events that are wanted of a folder, unless it is the selected one. Those of others are meant by who
/// names them (RFC 5465 §6).
enum class Whose { own, others };
std::uint8_t wanted_events(const Client& client, const mailstore::FolderInfo& folder, Whose whose);

}  // namespace postrider::imap
