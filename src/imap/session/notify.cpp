#include "imap/session/notify.h"

#include <algorithm>

#include "imap/session/fetch_run.h"
#include "imap/session/mailbox_match.h"
#include "imap/session/search_folders.h"
#include "imap/session/status_reply.h"
#include "imap/wire/status.h"

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

bool is_selected(const Client& client, FolderId folder) {
    return client.selected && client.selected->folder == folder && client.is_own(*client.selected->account);
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
            && (wanted_events(client, folder) & NotifyArgs::of_messages))
            searches.push_back(folder.id);
    return searches;
}

/// What of a change others made.
UidSet without_own(const Notify& notify, const Change& change) {
    UidSet uids = change.uids;
    for (const auto& [folder, own] : notify.own.uids)
        if (folder == change.folder) uids = subtract(uids, own);
    return uids;
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
    notify->known = client.account->highest_modseq();
    auto before = std::move(client.notify);
    client.notify = std::move(notify);
    auto refuse = [&](mailstore::Failure failure) {
        client.notify = std::move(before);
        return std::unexpected(std::move(failure));
    };
    if (client.notify->groups.empty()) return {};
    auto folders = client.account->folders();
    if (!folders) return refuse(folders.error());
    if (folders->size() > max_known_names)
        return refuse({mailstore::MailError::too_much, "too many folders to be told of"});
    if (client.notify->asked & of_names) {
        auto names = read_names(client, {});
        if (!names) return refuse(names.error());
        client.notify->names = std::move(*names);
    }
    client.notify->searches = wanted_searches(client, *folders);
    for (const FolderInfo& folder : *folders) {
        if (!args.status || !is_mail(folder) || is_selected(client, folder.id)) continue;
        std::uint16_t items = items_at_first(wanted_events(client, folder));
        if (items == 0) continue;
        if (auto done = put_status(client, *client.account, folder, items); !done)
            return refuse(done.error());
    }
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
    const ModSeq now = client.account->highest_modseq();
    if (!notify.groups.empty() && now != notify.known) return true;
    if (!client.selected || !notify.selected) return false;
    return client.selected->account->highest_modseq() != client.selected->known
           || !client.selected->to_fetch.empty() || (!client.selected->gone.empty() && !notify.delayed);
}

std::uint8_t wanted_events(const Client& client, const FolderInfo& folder) {
    std::uint8_t events = 0;
    for (const NotifyArgs::Group& group : client.notify->groups)
        if ((group.events & ~events) != 0 && matches(client, group.filter, folder)) events |= group.events;
    return events;
}

void announce_elsewhere(Client& client) {
    Notify& notify = *client.notify;
    const ModSeq now = client.account->highest_modseq();
    if (notify.groups.empty() || now == notify.known) {
        notify.own = {};
        return;
    }
    for (FolderId search : notify.searches)
        if (auto folder = client.account->folder(search); folder && !is_selected(client, search))
            (void)refresh_search_folder(client, *folder);
    auto changes = client.account->changes(notify.known);
    if (!changes || !changes->complete) return end_notify(client, "Too much has changed to be told");
    std::map<std::uint32_t, Touched> touched;
    std::set<FolderId> names;
    for (const Change& change : changes->changes) {
        if (change.kind == Change::Kind::folder) {
            names.insert(change.folder);
        } else if (!is_selected(client, change.folder) && !without_own(notify, change).empty()) {
            Touched& one = touched[change.folder.value()];
            one.added |= change.kind == Change::Kind::added;
            one.expunged |= change.kind == Change::Kind::expunged;
            one.flags |= change.kind == Change::Kind::flags;
        }
    }
    if (touched.size() > max_told_at_once) return end_notify(client, "Too many mailboxes have changed");
    notify.known = changes->upto;
    if (!names.empty() && (notify.asked & of_names))
        if (auto done = announce_names(client, names); !done)
            return end_notify(client, "The mailboxes cannot be listed now");
    if (!names.empty())
        if (auto folders = client.account->folders()) notify.searches = wanted_searches(client, *folders);
    notify.own = {};
    for (const auto& [id, one] : touched) {
        auto folder = client.account->folder(FolderId{id});
        if (!folder || !is_mail(*folder)) continue;
        std::uint16_t items = items_of(client, wanted_events(client, *folder), one);
        if (items != 0) (void)put_status(client, *client.account, *folder, items);
    }
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

void note_own(Client& client, FolderId folder, UidSet uids) {
    if (client.notify && client.notify->listens())
        client.notify->own.uids.emplace_back(folder, std::move(uids));
}

void note_own(Client& client, std::string path) {
    if (client.notify && client.notify->listens()) client.notify->own.paths.push_back(std::move(path));
}

}  // namespace postrider::imap
