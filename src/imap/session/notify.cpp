#include "imap/session/notify.h"

#include <algorithm>

#include "imap/session/fetch_run.h"
#include "imap/session/mailbox_match.h"
#include "imap/session/mailboxes.h"
#include "imap/session/search_folders.h"
#include "imap/session/status_reply.h"
#include "imap/wire/status.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

using mailstore::Change;
using mailstore::FolderInfo;

constexpr std::uint8_t of_names = NotifyArgs::mailbox_name | NotifyArgs::subscription_change
                                  | NotifyArgs::mailbox_metadata | NotifyArgs::server_metadata;
constexpr std::size_t piece = 256 * 1024;  ///< octets of FETCH replies between two looks at the client

/// What has happened to the messages of one mailbox.
struct Touched {
    bool added = false, expunged = false, flags = false;
};

bool is_selected(const Client& client, const mailstore::Account& account, FolderId folder) {
    return client.selected && client.selected->folder == folder
           && client.selected->account->id() == account.id();
}

bool is_mail(const FolderInfo& folder) {
    return folder.selectable && mailstore::shows_mail(folder.kind);
}

/// RFC 5465 §3.1: what a STATUS at the beginning says for these events.
std::uint16_t items_at_first(std::uint8_t events) {
    std::uint16_t items = 0;
    if (events & NotifyArgs::message_new) items |= status_messages | status_uid_next | status_uid_validity;
    if (events & NotifyArgs::message_expunge) items |= status_messages;
    if (events & NotifyArgs::flag_change) items |= status_uid_validity | status_highest_modseq;
    return items;
}

/// §5.1 to §5.3: what a STATUS says of what happened.
std::uint16_t items_of(const Client& client, std::uint8_t events, const Touched& touched) {
    std::uint16_t items = 0;
    if (touched.added && (events & NotifyArgs::message_new)) {
        items |= status_uid_next | status_messages;
        if (client.condstore) items |= status_highest_modseq;
    }
    if (touched.expunged && (events & NotifyArgs::message_expunge)) {
        items |= status_uid_next | status_messages;
        if (client.qresync) items |= status_highest_modseq;
    }
    if (touched.flags && (events & NotifyArgs::flag_change)) {
        items |= status_uid_validity | status_unseen;
        if (client.condstore) items |= status_highest_modseq;
    }
    return items;
}

/// Search folders in which something may be found that the client wants to hear of.
std::vector<FolderId> wanted_searches(const Client& client, const std::vector<FolderInfo>& folders) {
    std::vector<FolderId> searches;
    for (const FolderInfo& folder : folders)
        if (folder.kind == mailstore::FolderKind::search && folder.selectable
            && (wanted_events(client, folder, Whose::own) & NotifyArgs::of_messages))
            searches.push_back(folder.id);
    return searches;
}

/// What of a change others made.
UidSet without_own(const Notify& notify, const mailstore::Account& account, const Change& change) {
    UidSet uids = change.uids;
    for (const auto& own : notify.own.messages)
        if (own.folder == change.folder && own.account == account.id()) uids = subtract(uids, own.uids);
    return uids;
}

/// Whether a group may mean folders below that root of somebody else's.
bool concerns(const Client& client, const MailboxFilter& filter, const std::string& root,
              const std::vector<std::string>& subscriptions) {
    using Kind = MailboxFilter::Kind;
    auto below = [](std::string_view path, std::string_view parent) {
        return path == parent || (path.starts_with(parent) && path.substr(parent.size()).starts_with('/'));
    };
    auto inside = [&](const std::string& path) { return below(path, root); };
    if (filter.kind == Kind::subscribed)
        return std::any_of(subscriptions.begin(), subscriptions.end(), inside);
    if (filter.kind != Kind::subtree && filter.kind != Kind::subtree_one && filter.kind != Kind::mailboxes)
        return false;
    return std::any_of(filter.names.begin(), filter.names.end(), [&](const std::string& name) {
        auto path = client.folder_path(name);
        return path && (inside(*path) || (filter.kind != Kind::mailboxes && below(root, *path)));
    });
}

/// Those who share something that the groups name.
mailstore::Result<std::vector<Notify::Source>> other_sources(Client& client) {
    std::vector<Notify::Source> sources;
    auto subscriptions = client.account->subscriptions();
    if (!subscriptions) return std::unexpected(subscriptions.error());
    auto wanted = [&](std::string_view root) {
        return std::any_of(client.notify->groups.begin(), client.notify->groups.end(),
                           [&](const auto& group) {
                               return concerns(client, group.filter, std::string{root}, *subscriptions);
                           });
    };
    auto folders = shared_mailboxes(client, wanted);
    if (!folders) return std::unexpected(folders.error());
    for (Mailbox& folder : *folders) {
        auto known = std::any_of(sources.begin(), sources.end(),
                                 [&](const auto& one) { return one.account == folder.account; });
        if (known) continue;
        if (sources.size() == max_notified_accounts)
            return std::unexpected(
                mailstore::Failure{mailstore::MailError::too_much, "too many people to be told of"});
        const ModSeq now = folder.account->highest_modseq();
        sources.push_back({std::move(folder.account), now, {}, nullptr});
    }
    return sources;
}

/// A folder of that account as filters see it; nullopt when it is gone, or the user may not read it.
std::optional<FolderInfo> readable(const Client& client, mailstore::Account& account, FolderId id) {
    auto folder = account.folder(id);
    if (!folder || !is_mail(*folder)) return std::nullopt;
    if (client.is_own(account)) return std::move(*folder);
    auto may = rights::rights_in(account, id);
    if (!may || !may->has(rights::Right::read)) return std::nullopt;
    if (auto subscriptions = client.account->subscriptions())
        folder->subscribed =
            std::find(subscriptions->begin(), subscriptions->end(), folder->path) != subscriptions->end();
    return std::move(*folder);
}

Whose whose(const Client& client, const mailstore::Account& account) {
    return client.is_own(account) ? Whose::own : Whose::others;
}

/// RFC 5465 §3.1: STATUS of all that is wanted. @return how many folders there are
mailstore::Result<std::size_t> put_all_status(Client& client, Notify::Source& source, bool status) {
    auto folders = source.account->folders();
    if (!folders) return std::unexpected(folders.error());
    for (const FolderInfo& listed : *folders) {
        if (!status || !is_mail(listed) || is_selected(client, *source.account, listed.id)) continue;
        auto folder = readable(client, *source.account, listed.id);
        if (!folder) continue;
        const std::uint16_t items =
            items_at_first(wanted_events(client, *folder, whose(client, *source.account)));
        if (items == 0) continue;
        if (auto done = put_status(client, *source.account, *folder, items); !done)
            return std::unexpected(done.error());
    }
    return folders->size();
}

/// And what the names are.
mailstore::Result<std::size_t> begin_with(Client& client, Notify::Source& source, bool status) {
    if (client.notify->asked & of_names) {
        auto names = read_names(client, source, {});
        if (!names) return std::unexpected(names.error());
        source.names = std::move(*names);
    }
    return put_all_status(client, source, status);
}

/// Whether a group may mean folders of others (RFC 5465 §6).
bool names_others(const NotifyArgs::Group& group) {
    using Kind = MailboxFilter::Kind;
    const Kind kind = group.filter.kind;
    return kind == Kind::subscribed || kind == Kind::subtree || kind == Kind::subtree_one
           || kind == Kind::mailboxes;
}

std::vector<AccountId> groups_of(Client& client) {
    auto who = client.services.sharing->who(*client.who);
    return who ? (*who)->groups : std::vector<AccountId>{};
}

/// From before the others are looked at, so that no change is missed.
void watch_entries(Client& client) {
    Notify& notify = *client.notify;
    rights::Sharing* sharing = client.services.sharing;
    notify.names_others = std::any_of(notify.groups.begin(), notify.groups.end(), names_others);
    if (!notify.names_others || sharing == nullptr) return;
    notify.membership = sharing->people_version();
    notify.member_of = groups_of(client);
    notify.shared_anew = std::make_shared<std::atomic<bool>>(false);
    notify.watch_of_entries = sharing->watch(*client.who, [anew = notify.shared_anew] { anew->store(true); });
}

bool sharing_may_have_changed(const Client& client) {
    const Notify& notify = *client.notify;
    return notify.shared_anew
           && (notify.shared_anew->load() || client.services.sharing->people_version() != notify.membership);
}

bool sharing_has_changed(Client& client) {
    Notify& notify = *client.notify;
    if (!sharing_may_have_changed(client)) return false;
    notify.membership = client.services.sharing->people_version();
    std::vector<AccountId> groups = groups_of(client);
    const bool moved = groups != notify.member_of;
    notify.member_of = std::move(groups);
    return notify.shared_anew->exchange(false) || moved;
}

/// RFC 5465 §5.9: who is given rights after NOTIFY hears of what he may see from then on. Why nothing more
/// can be told, when that is so.
std::optional<std::string_view> look_who_shares(Client& client) {
    Notify& notify = *client.notify;
    if (!sharing_has_changed(client)) return std::nullopt;
    auto now = other_sources(client);
    if (!now) return "Too many people share something";
    const std::size_t known = notify.others.size();
    for (Notify::Source& source : *now)
        if (std::none_of(notify.others.begin(), notify.others.end(),
                         [&](const auto& one) { return one.account->id() == source.account->id(); }))
            notify.others.push_back(std::move(source));
    if (notify.others.size() > max_notified_accounts) return "Too many people share something";
    std::size_t folders = notify.own_account.names.folders.size();
    for (std::size_t i = 0; i < notify.others.size(); ++i) {
        Notify::Source& source = notify.others[i];
        if ((notify.asked & of_names) && !announce_names(client, source, {}))
            return "The mailboxes cannot be listed now";
        folders += source.names.folders.size();
        if (i >= known && !put_all_status(client, source, notify.status))
            return "The mailboxes cannot be read now";
    }
    if (folders > max_known_names) return "There are too many mailboxes to be told of";
    return std::nullopt;
}

}  // namespace

mailstore::Result<> begin_notify(Client& client, NotifyArgs args) {
    auto notify = std::make_shared<Notify>();
    for (NotifyArgs::Group& group : args.groups) {
        using Kind = MailboxFilter::Kind;
        const bool delayed = group.filter.kind == Kind::selected_delayed;
        if (delayed || group.filter.kind == Kind::selected) {
            notify->delayed = delayed;
            if (group.events == 0) continue;
            if (group.fetch)
                for (FetchSection& section : group.fetch->sections)
                    section.peek = true;  // nobody has read what is only shown
            notify->selected = std::move(group);
        } else if (group.events != 0) {
            notify->asked |= group.events;
            notify->groups.push_back(std::move(group));
        }
    }
    notify->own_account = {client.account, client.account->highest_modseq(), {}, nullptr};
    auto before = std::move(client.notify);
    client.notify = std::move(notify);
    auto refuse = [&](mailstore::Failure failure) {
        client.notify = std::move(before);
        return std::unexpected(std::move(failure));
    };
    if (client.notify->groups.empty()) return {};
    client.notify->status = args.status;
    watch_entries(client);
    auto folders = client.account->folders();
    if (!folders) return refuse(folders.error());
    std::size_t names = folders->size();
    auto others = other_sources(client);
    if (!others) return refuse(others.error());
    client.notify->others = std::move(*others);
    client.notify->searches = wanted_searches(client, *folders);
    if (names <= max_known_names) {
        auto begun = begin_with(client, client.notify->own_account, args.status);
        if (!begun) return refuse(begun.error());
    }
    for (Notify::Source& source : client.notify->others) {
        auto begun = begin_with(client, source, args.status);
        if (!begun) return refuse(begun.error());
        names += *begun;
    }
    if (names > max_known_names)
        return refuse({mailstore::MailError::too_much, "too many folders to be told of"});
    return {};
}

void end_notify(Client& client, std::string_view reason) {
    client.notify = std::make_shared<Notify>();
    if (client.selected) client.selected->to_fetch = {};
    if (reason.empty()) return;
    client.out += "* OK [NOTIFICATIONOVERFLOW] ";
    client.out += reason;
    client.out += "\r\n";
}

bool has_news_to_push(const Client& client) {
    const Notify& notify = *client.notify;
    auto has_news = [](const Notify::Source& source) {
        return source.account->highest_modseq() != source.known;
    };
    if (!notify.groups.empty()
        && (has_news(notify.own_account) || sharing_may_have_changed(client)
            || std::any_of(notify.others.begin(), notify.others.end(), has_news)))
        return true;
    if (!client.selected || !notify.selected) return false;
    return client.selected->account->highest_modseq() != client.selected->known
           || !client.selected->to_fetch.empty() || (!client.selected->gone.empty() && !notify.delayed);
}

std::uint8_t wanted_events(const Client& client, const FolderInfo& folder, Whose whose) {
    using Kind = MailboxFilter::Kind;
    std::uint8_t events = 0;
    for (const NotifyArgs::Group& group : client.notify->groups) {
        const Kind kind = group.filter.kind;
        if (whose == Whose::others && (kind == Kind::inboxes || kind == Kind::personal)) continue;
        if ((group.events & ~events) != 0 && matches(client, group.filter, folder)) events |= group.events;
    }
    return events;
}

namespace {

/// What happened in one account. Why nothing more can be told, when that is so.
std::optional<std::string_view> announce_of(Client& client, Notify::Source& source) {
    Notify& notify = *client.notify;
    mailstore::Account& account = *source.account;
    if (account.highest_modseq() == source.known) return std::nullopt;
    auto changes = account.changes(source.known);
    if (!changes || !changes->complete) return "Too much has changed to be told";
    std::map<std::uint32_t, Touched> touched;
    std::set<FolderId> names;
    for (const Change& change : changes->changes) {
        if (change.kind == Change::Kind::folder) {
            names.insert(change.folder);
        } else if (!is_selected(client, account, change.folder)
                   && !without_own(notify, account, change).empty()) {
            Touched& one = touched[change.folder.value()];
            one.added |= change.kind == Change::Kind::added;
            one.expunged |= change.kind == Change::Kind::expunged;
            one.flags |= change.kind == Change::Kind::flags;
        }
    }
    if (touched.size() > max_told_at_once) return "Too many mailboxes have changed";
    source.known = changes->upto;
    if (!names.empty() && (notify.asked & of_names))
        if (auto done = announce_names(client, source, names); !done)
            return "The mailboxes cannot be listed now";
    if (!names.empty() && client.is_own(account))
        if (auto folders = account.folders()) notify.searches = wanted_searches(client, *folders);
    for (const auto& [id, one] : touched) {
        auto folder = readable(client, account, FolderId{id});
        if (!folder) continue;
        std::uint16_t items = items_of(client, wanted_events(client, *folder, whose(client, account)), one);
        if (items != 0) (void)put_status(client, account, *folder, items);
    }
    return std::nullopt;
}

}  // namespace

void announce_elsewhere(Client& client) {
    Notify& notify = *client.notify;
    if (!notify.groups.empty()) {
        if (client.account->highest_modseq() != notify.own_account.known)
            for (FolderId search : notify.searches)
                if (auto folder = client.account->folder(search);
                    folder && !is_selected(client, *client.account, search))
                    (void)refresh_search_folder(client, *folder);
        if (auto reason = announce_of(client, notify.own_account)) return end_notify(client, *reason);
        for (Notify::Source& source : notify.others)
            if (auto reason = announce_of(client, source)) return end_notify(client, *reason);
        if (auto reason = look_who_shares(client)) return end_notify(client, *reason);
    }
    notify.own = {};
}

void fetch_new(Client& client) {
    if (!client.selected || client.selected->to_fetch.empty()) return;
    Selected& selected = *client.selected;
    UidSet uids = std::move(selected.to_fetch);
    selected.to_fetch = {};
    if (!client.notify || !client.notify->selected || !client.notify->selected->fetch) return;
    FetchArgs args = *client.notify->selected->fetch;
    for (UidRun run : uids) args.set.ranges.push_back({run.first.value(), run.last.value()});
    FetchRun run{client, std::move(args), true};
    if (run.begin()) return;  // the mailbox went
    if (run.more(client.out.size() + piece)) selected.to_fetch = run.rest();
}

void note_own(Client& client, const mailstore::Account& account, FolderId folder, UidSet uids) {
    if (client.notify && client.notify->listens())
        client.notify->own.messages.push_back({account.id(), folder, std::move(uids)});
}

void note_own(Client& client, std::string path) {
    if (client.notify && client.notify->listens()) client.notify->own.paths.push_back(std::move(path));
}

}  // namespace postrider::imap
