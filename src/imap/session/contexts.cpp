#include "imap/session/contexts.h"

#include <algorithm>

#include "imap/session/fetch_run.h"
#include "imap/session/found.h"
#include "imap/session/notify.h"
#include "imap/session/sorter.h"
#include "imap/wire/encode.h"

namespace postrider::imap {
namespace {

/// A run of results and where it is put or taken away.
struct Move {
    std::uint32_t position = 0;  ///< from 1; 0: mailbox order says where
    std::vector<Uid> uids;
};

std::vector<Uid> listed(const UidSet& set) {
    std::vector<Uid> uids;
    for (UidRun run : set)
        for (std::uint64_t uid = run.first.value(); uid <= run.last.value(); ++uid)
            uids.push_back(Uid{static_cast<std::uint32_t>(uid)});
    return uids;
}

/// Those in `order` that are in the set, as runs, each with its place in `order`.
std::vector<Move> runs_of(const std::vector<Uid>& order, const UidSet& set) {
    std::vector<Move> runs;
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (!contains(set, order[i])) continue;
        bool goes_on = !runs.empty() && runs.back().position + runs.back().uids.size() == i + 1;
        if (!goes_on) runs.push_back({static_cast<std::uint32_t>(i + 1), {}});
        runs.back().uids.push_back(order[i]);
    }
    return runs;
}

void say(Client& client, const Context& context, std::string_view word, const std::vector<Move>& moves) {
    if (moves.empty()) return;
    NumberOf number{client.selected->map};
    std::string& out = client.out;
    out += "* ESEARCH (TAG ";
    put_string(out, context.tag);
    out += ')';
    if (context.uid) out += " UID";
    out += ' ';
    out += word;
    char before = '(';
    out += ' ';
    for (const Move& move : moves) {
        out += before;
        before = ' ';
        put_number(out, move.position);
        out += ' ';
        put_ordered(out, move.uids, context.uid ? nullptr : &number);
    }
    out += ")\r\n";
}

void remove(Client& client, Context& context, const UidSet& gone) {
    if (gone.empty()) return;
    std::vector<Move> moves;
    if (context.keys.empty()) {
        moves.push_back({0, listed(gone)});
    } else {
        moves = runs_of(context.order, gone);
        std::reverse(moves.begin(), moves.end());  // from the end on, so that the places before stay
        std::erase_if(context.order, [&](Uid uid) { return contains(gone, uid); });
    }
    context.found = subtract(context.found, gone);
    say(client, context, "REMOVEFROM", moves);
}

void add(Client& client, Context& context, mailstore::FolderView& view, const UidSet& fresh) {
    if (fresh.empty()) return;
    context.found = unite(context.found, fresh);
    std::vector<Move> moves;
    if (context.keys.empty()) {
        moves.push_back({0, listed(fresh)});
    } else {
        Sorter sorter{context.keys, client.collation};
        std::vector<SortedItem> items;
        (void)view.each_item(context.found, [&](const mailstore::Item& item) {
            items.push_back({item.uid, item.size, item.internal_date, 0});
            return true;
        });
        (void)sorter.add(view, items);
        context.order = sorter.order();
        moves = runs_of(context.order, fresh);  // ascending: each finds those before it in place
    }
    say(client, context, "ADDTO", moves);
}

}  // namespace

void leave_contexts(Client& client, const UidSet& gone) {
    for (const auto& context : client.selected->contexts)
        remove(client, *context, intersect(context->found, gone));
}

namespace {

/// RFC 5465 §7: before the searches say that they have them. One reply for each message, with all that any of
/// the searches and NOTIFY ask for.
void fetch_found(Client& client, const UidSet& uids, FetchArgs wanted) {
    constexpr std::size_t most =
        4u << 20;  // octets; more new messages than that are fetched by who wants them
    Selected& selected = *client.selected;
    if (client.notify && client.notify->selected && client.notify->selected->fetch)
        add_items(wanted, *client.notify->selected->fetch);
    selected.to_fetch = subtract(selected.to_fetch, uids);
    for (FetchSection& section : wanted.sections) section.peek = true;
    for (UidRun run : uids) wanted.set.ranges.push_back({run.first.value(), run.last.value()});
    FetchRun run{client, std::move(wanted), true};
    if (!run.begin()) (void)run.more(client.out.size() + most);
}

}  // namespace

void update_contexts(Client& client, mailstore::FolderView& view, const UidSet& touched,
                     const UidSet& fresh) {
    const UidSet candidates = intersect(touched, client.selected->map.uids());
    if (candidates.empty()) return;
    auto& contexts = client.selected->contexts;
    std::vector<std::optional<UidSet>> found(contexts.size());
    UidSet shown;
    FetchArgs wanted;
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        contexts[i]->program.learn(view.info());
        UidSet matching;
        auto match = [&](const mailstore::Item& item, std::string_view) { append(matching, item.uid); };
        if (!contexts[i]->program.run(view, candidates, match)) continue;
        if (contexts[i]->fetch) {
            shown = unite(shown, intersect(matching, fresh));
            add_items(wanted, *contexts[i]->fetch);
        }
        found[i] = std::move(matching);
    }
    if (!shown.empty()) fetch_found(client, shown, std::move(wanted));
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        if (!found[i]) continue;
        remove(client, *contexts[i], intersect(contexts[i]->found, subtract(candidates, *found[i])));
        add(client, *contexts[i], view, subtract(*found[i], contexts[i]->found));
    }
}

}  // namespace postrider::imap
