#include <algorithm>
#include <utility>

#include "imap/session/client.h"
#include "imap/session/contexts.h"
#include "imap/session/notify.h"
#include "imap/session/search_folders.h"
#include "imap/wire/encode.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

using mailstore::Change;
using mailstore::FolderView;
using mailstore::Item;

/// What happened since the client last heard of the mailbox.
struct News {
    UidSet fresh;    ///< new messages
    UidSet changed;  ///< messages of the map whose flags another session changed
    UidSet touched;  ///< all whose flags changed, by us or by others
};

/// The log no longer reaches back to what the client knows (RFC 7162 §5): compare with what is there now.
void compare_all(Client& client, FolderView& view, News& news) {
    Selected& selected = *client.selected;
    auto there = view.uids();
    if (!there) return;
    Uid last = selected.map.last();
    selected.gone = subtract(selected.map.uids(), *there);
    if (last.value() != UINT32_MAX)
        news.fresh = intersect(*there, UidSet{{Uid{last.value() + 1}, Uid{UINT32_MAX}}});
    (void)view.each_item(selected.map.uids(), [&](const Item& item) {
        if (item.modseq > selected.known) append(news.changed, item.uid);
        return true;
    });
}

/// In one step for each kind, however many changes there are: no UID that was expunged comes back.
void collect(Selected& selected, const std::vector<Change>& changes, News& news) {
    std::vector<UidRun> added, touched, changed, expunged;
    auto take = [](std::vector<UidRun>& into, const UidSet& uids) {
        into.insert(into.end(), uids.begin(), uids.end());
    };
    for (const Change& change : changes) {
        switch (change.kind) {
            case Change::Kind::added: take(added, change.uids); break;
            case Change::Kind::flags:
                if (!selected.contexts.empty()) take(touched, change.uids);
                if (std::find(selected.own.begin(), selected.own.end(), change.modseq) == selected.own.end())
                    take(changed, change.uids);
                break;
            case Change::Kind::expunged:
                if (selected.gone.empty() && expunged.empty()) selected.gone_since = change.modseq;
                take(expunged, change.uids);
                break;
            case Change::Kind::folder: break;
        }
    }
    const UidSet gone = joined(std::move(expunged));
    news.fresh = subtract(unite(news.fresh, joined(std::move(added))), gone);
    news.touched = unite(news.touched, joined(std::move(touched)));
    news.changed = unite(news.changed, joined(std::move(changed)));
    selected.gone = unite(selected.gone, intersect(gone, selected.map.uids()));
    // What is new to the log may be old to us: SELECT saw it already.
    Uid last = selected.map.last();
    if (last.value() != 0) news.fresh = subtract(news.fresh, UidSet{{Uid{1}, last}});
}

void put_expunges_by_number(Client& client) {
    const Selected& selected = *client.selected;
    // RFC 9051 §7.5.1: each report renumbers those behind it, so going downwards the numbers stay as they
    // are.
    UidSet numbers = numbers_of(selected.map, selected.gone);
    for (auto run = numbers.rbegin(); run != numbers.rend(); ++run) {
        for (std::uint32_t number = run->last.value(); number >= run->first.value(); --number) {
            client.out += "* ";
            put_number(client.out, number);
            client.out += " EXPUNGE\r\n";
        }
    }
}

void put_expunges(Client& client) {
    Selected& selected = *client.selected;
    leave_contexts(client, selected.gone);
    if (client.qresync || client.uid_only) {  // RFC 7162 §3.2.10.2
        client.out += "* VANISHED ";
        put_set(client.out, selected.gone);
        client.out += "\r\n";
    } else {
        put_expunges_by_number(client);
    }
    selected.map.remove(selected.gone);
    selected.recent = subtract(selected.recent, selected.gone);
    selected.saved = subtract(selected.saved, selected.gone);
    selected.to_fetch = subtract(selected.to_fetch, selected.gone);
    selected.gone = {};
}

void put_exists(Client& client, FolderView& view, const UidSet& fresh) {
    Selected& selected = *client.selected;
    selected.map.append(fresh);
    client.out += "* ";
    put_number(client.out, selected.map.size());
    client.out += " EXISTS\r\n";
    if (client.rev2) return;
    claim_recent(client, view);
    client.out += "* ";
    put_number(client.out, count(intersect(selected.recent, selected.map.uids())));
    client.out += " RECENT\r\n";
}

void put_changed(Client& client, FolderView& view, const UidSet& uids) {
    Selected& selected = *client.selected;
    UidMap::Walk walk{selected.map};
    (void)view.each_item(uids, [&](const Item& item) {
        std::uint32_t number = walk.number_of(item.uid);
        if (number != 0)
            put_flag_report(client, number, item, view.info().keywords, {.modseq = client.condstore});
        return true;
    });
}

}  // namespace

void claim_recent(Client& client, const FolderView& view) {
    Selected& selected = *client.selected;
    const mailstore::FolderInfo& info = view.info();
    Uid first = selected.read_only ? info.recent_from : view.first_recent();
    if (client.rev2 || first >= info.uid_next) return;
    // All that the store now holds for ours, also what the client has not heard of yet.
    selected.recent = unite(selected.recent, UidSet{{first, Uid{info.uid_next.value() - 1}}});
}

namespace {

/// Of new messages, expunges and flags, what the client wants to hear of its mailbox: without NOTIFY all.
std::uint8_t wanted_of_selected(const Client& client) {
    if (!client.notify) return NotifyArgs::of_messages;
    return client.notify->selected ? client.notify->selected->events : 0;
}

/// SELECTED NONE (RFC 5465 §3.1): the client keeps its view of the mailbox. What a command of its own has
/// expunged it must hear; the rest waits in the change log until it wants to know.
void announce_own_expunges(Client& client) {
    Selected& selected = *client.selected;
    constexpr std::size_t most_own = 1000;
    if (selected.own.size() > most_own) selected.own.clear();
    if (!std::exchange(selected.expunged_here, false)) return;
    auto changes = selected.account->changes(selected.known, selected.folder);
    News news;
    if (changes && changes->complete) {
        collect(selected, changes->changes, news);
    } else if (auto view = selected.account->view(selected.folder)) {
        compare_all(client, **view, news);
    }
    if (!selected.gone.empty()) put_expunges(client);
}

/// New messages that this client has not put there itself.
UidSet from_others(const Client& client, UidSet fresh) {
    if (!client.notify) return fresh;
    for (const auto& own : client.notify->own.messages)
        if (own.folder == client.selected->folder && own.account == client.selected->account->id())
            fresh = subtract(fresh, own.uids);
    return fresh;
}

void announce_selected(Client& client, Updates updates);

/// RFC 4314 §5.1.1: what may be changed now, when that is something else than before.
void tell_of_rights(Client& client) {
    Selected& selected = *client.selected;
    if (client.is_own(*selected.account)) return;
    auto now = rights::rights_in(*selected.account, selected.folder);
    if (!now || *now == selected.rights) return;
    selected.rights = *now;
    auto info = selected.account->folder(selected.folder);
    if (info && now->has(rights::Right::read)) put_permanent_flags(client, info->keywords);
}

}  // namespace

bool may_have_news(const Client& client) {
    if (client.notify && has_news_to_push(client)) return true;
    if (!client.selected || wanted_of_selected(client) == 0) return false;
    return !client.selected->gone.empty()
           || client.selected->account->highest_modseq() != client.selected->known;
}

void announce(Client& client, Updates updates) {
    if (updates == Updates::none) return;
    if (client.selected) {
        if (wanted_of_selected(client) == 0)
            announce_own_expunges(client);
        else
            announce_selected(client, updates);
        client.selected->expunged_here = false;
    }
    if (!client.notify) return;
    announce_elsewhere(client);
    fetch_new(client);
}

namespace {

void announce_selected(Client& client, Updates updates) {
    Selected& selected = *client.selected;
    const std::uint8_t wanted = wanted_of_selected(client);
    if (selected.search && client.account->highest_modseq() != selected.known)
        if (auto folder = client.account->folder(selected.folder))
            if (auto fresh = refresh_search_folder(client, *folder); !fresh)
                client.services.log.warning(client.id, "The search folder '{}' is not up to date: {}",
                                            folder->path, fresh.error().what);
    News news;
    std::unique_ptr<FolderView> view;
    ModSeq now = selected.account->highest_modseq();
    if (now != selected.known) {
        auto changes = selected.account->changes(selected.known, selected.folder);
        bool complete = changes && changes->complete;
        if (complete) collect(selected, changes->changes, news);
        if (!complete || !news.fresh.empty() || !news.changed.empty() || !news.touched.empty()) {
            // A session that may change the mailbox takes what is new as recent, so that no other one does.
            bool claim = !selected.read_only && !client.rev2;
            auto opened =
                claim ? selected.account->select(selected.folder) : selected.account->view(selected.folder);
            if (opened)
                view = std::move(*opened);
            else if (opened.error().kind == mailstore::MailError::no_such_folder
                     || opened.error().kind == mailstore::MailError::no_permission)
                selected.gone =
                    selected.map.uids();  // deleted by another session (RFC 2180 §3.3), or withdrawn
        }
        if (!complete && view) {
            compare_all(client, *view, news);
            news.touched = selected.map.uids();
        }
        selected.known = std::max(now, complete ? changes->upto : now);
        selected.own.clear();
        tell_of_rights(client);
    }
    if (!(wanted & NotifyArgs::flag_change)) news.changed = {};
    if (updates == Updates::all && !selected.gone.empty()) put_expunges(client);
    // RFC 7162 §3.2: who is told of later changes before these expunges must be able to ask for them again.
    if (client.qresync && !selected.gone.empty() && selected.gone_since.value() > 0) {
        client.out += "* OK [HIGHESTMODSEQ ";
        put_number(client.out, selected.gone_since.value() - 1);
        client.out += "] Expunges are to come\r\n";
    }
    if (!view) return;
    if (!news.fresh.empty()) put_exists(client, *view, news.fresh);
    UidSet changed = subtract(intersect(news.changed, selected.map.uids()), selected.gone);
    announce_keywords(client, view->info());
    if (!changed.empty()) put_changed(client, *view, changed);
    const UidSet shown = from_others(client, news.fresh);
    if (client.notify && client.notify->selected && client.notify->selected->fetch)
        selected.to_fetch = unite(selected.to_fetch, shown);
    if (!selected.contexts.empty()) update_contexts(client, *view, unite(news.touched, news.fresh), shown);
}

}  // namespace

void put_permanent_flags(Client& client, const std::vector<std::string>& keywords) {
    using rights::Right;
    const Selected& selected = *client.selected;
    std::string& out = client.out;
    out += "* OK [PERMANENTFLAGS (";
    if (selected.read_only) {
        out += ")] No flags can be changed\r\n";
        return;
    }
    const bool others = selected.rights.has(Right::write_flags);
    if (others) out += "\\Answered \\Flagged ";
    if (selected.rights.has(Right::mark_deleted)) out += "\\Deleted ";
    out += "\\Seen";  // who may read keeps what he has read, for all or for himself
    if (others) {
        out += " \\Draft";
        for (const std::string& keyword : keywords) {
            out += ' ';
            out += keyword;
        }
        out += " \\*";
    }
    out += ")] Flags that are kept\r\n";
}

void announce_keywords(Client& client, const mailstore::FolderInfo& folder) {
    Selected& selected = *client.selected;
    if (folder.keywords.size() <= selected.keywords) return;
    selected.keywords = folder.keywords.size();
    constexpr std::string_view system = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
    std::string names{system};
    for (const std::string& keyword : folder.keywords) {
        names += ' ';
        names += keyword;
    }
    client.out += "* FLAGS (" + names + ")\r\n";
    if (!selected.read_only) put_permanent_flags(client, folder.keywords);
}

}  // namespace postrider::imap
