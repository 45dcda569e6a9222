#include "imap/session/contexts.h"

#include <algorithm>

#include "imap/session/found.h"
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
        (void)view.each_described(context.found,
                                  [&](const mailstore::Item& item, std::string_view description) {
                                      sorter.add(view, item, description);
                                      return true;
                                  });
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

void update_contexts(Client& client, mailstore::FolderView& view, const UidSet& touched) {
    const UidSet candidates = intersect(touched, client.selected->map.uids());
    if (candidates.empty()) return;
    for (const auto& context : client.selected->contexts) {
        context->program.learn(view.info());
        UidSet matching;
        auto match = [&](const mailstore::Item& item, std::string_view) { append(matching, item.uid); };
        if (!context->program.run(view, candidates, match)) continue;
        remove(client, *context, intersect(context->found, subtract(candidates, matching)));
        add(client, *context, view, subtract(matching, context->found));
    }
}

}  // namespace postrider::imap
