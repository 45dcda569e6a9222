#include "imap/session/found.h"

#include <algorithm>
#include <utility>

#include "imap/wire/encode.h"

namespace postrider::imap {
namespace {

/// RFC 7162 §3.1.10: of the messages that the reply names.
ModSeq modseq_of(const Found& found, std::uint16_t returns) {
    if (returns & (SearchArgs::all | SearchArgs::count | SearchArgs::partially)) return found.highest;
    ModSeq modseq;
    if (returns & SearchArgs::min) modseq = found.of_first;
    if (returns & SearchArgs::max) modseq = std::max(modseq, found.of_last);
    return modseq;
}

void put_range(std::string& out, PartialRange range) {
    std::string_view sign = range.from_end ? "-" : "";
    out += sign;
    put_number(out, range.first);
    out += ':';
    out += sign;
    put_number(out, range.last);
}

std::vector<Uid> part_of_order(const std::vector<Uid>& order, PartialRange range) {
    auto [begin, end] = range.of(static_cast<std::uint32_t>(order.size()));
    return {order.begin() + begin, order.begin() + end};
}

UidSet to_set(std::vector<Uid> uids) {
    std::sort(uids.begin(), uids.end());
    UidSet set;
    for (Uid uid : uids) append(set, uid);
    return set;
}

void put_partial(std::string& out, const Found& found, PartialRange range, const UidMap& map, bool uid) {
    out += " PARTIAL (";
    put_range(out, range);
    out += ' ';
    std::size_t before = out.size();
    if (found.sorted) {
        NumberOf number{map};
        put_ordered(out, part_of_order(found.order, range), uid ? nullptr : &number);
    } else {
        UidSet part = part_of(found.uids, range);
        put_set(out, uid ? part : numbers_of(map, part));
    }
    if (out.size() == before) out += "NIL";
    out += ')';
}

/// RFC 6203 §4: the scores of the messages that the reply names, in its order.
void put_relevancy(std::string& out, const Found& found, const SearchArgs& args) {
    out += " RELEVANCY (";
    bool first = true;
    auto put = [&](Uid uid) {
        auto at = std::lower_bound(found.scores.begin(), found.scores.end(), uid,
                                   [](const auto& one, Uid wanted) { return one.first < wanted; });
        if (!std::exchange(first, false)) out += ' ';
        put_number(out, at != found.scores.end() && at->first == uid ? std::uint32_t{at->second} : 1u);
    };
    const bool part = args.returns & SearchArgs::partially;
    if (found.sorted) {
        for (Uid uid : part ? part_of_order(found.order, args.partial) : found.order) put(uid);
    } else {
        const UidSet shown = part ? part_of(found.uids, args.partial) : found.uids;
        for (UidRun run : shown)
            for (std::uint64_t uid = run.first.value(); uid <= run.last.value(); ++uid)
                put(Uid{static_cast<std::uint32_t>(uid)});
    }
    out += ')';
}

}  // namespace

void Found::add(const mailstore::Item& item) {
    if (count++ == 0) {
        first = item.uid;
        of_first = item.modseq;
    }
    last = item.uid;
    of_last = item.modseq;
    highest = std::max(highest, item.modseq);
    append(uids, item.uid);
}

void Found::add(const UidSet& all) {
    if (all.empty()) return;
    uids = all;
    count = static_cast<std::uint32_t>(mailstore::count(all));
    first = all.front().first;
    last = all.back().last;
}

void Found::sort_as(std::vector<Uid> wanted) {
    sorted = true;
    order = std::move(wanted);
    if (order.empty()) return;
    first = order.front();
    last = order.back();
    of_first = of_last = highest;
}

NumberOf::NumberOf(const UidMap& map) {
    std::uint32_t number = 1;
    runs_.reserve(map.uids().size());
    for (UidRun run : map.uids()) {
        runs_.push_back({run.first, run.last, number});
        number += run.last.value() - run.first.value() + 1;
    }
}

std::uint32_t NumberOf::operator()(Uid uid) const {
    auto run = std::lower_bound(runs_.begin(), runs_.end(), uid,
                                [](const Run& one, Uid wanted) { return one.last < wanted; });
    if (run == runs_.end() || uid < run->first) return 0;
    return run->number + (uid.value() - run->first.value());
}

void put_ordered(std::string& out, const std::vector<Uid>& uids, const NumberOf* number) {
    for (std::size_t at = 0; at < uids.size();) {
        auto shown = [&](std::size_t i) { return number ? (*number)(uids[i]) : uids[i].value(); };
        std::uint32_t first = shown(at), last = first;
        std::size_t next = at + 1;
        while (next < uids.size() && shown(next) == last + 1) {
            ++last;
            ++next;
        }
        if (at > 0) out += ',';
        put_number(out, first);
        if (last != first) {
            out += ':';
            put_number(out, last);
        }
        at = next;
    }
}

void put_plain(Client& client, std::string_view word, const Found& found, bool uid, bool modseq) {
    std::string& out = client.out;
    out += "* ";
    out += word;
    if (found.sorted) {
        NumberOf number{client.selected->map};
        for (Uid one : found.order) {
            out += ' ';
            put_number(out, uid ? one.value() : number(one));
        }
    } else {
        UidSet shown = uid ? found.uids : numbers_of(client.selected->map, found.uids);
        for (UidRun run : shown) {
            for (std::uint64_t number = run.first.value(); number <= run.last.value(); ++number) {
                out += ' ';
                put_number(out, number);
            }
        }
    }
    if (modseq && found.count > 0) {
        out += " (MODSEQ ";
        put_number(out, found.highest.value());
        out += ')';
    }
    out += "\r\n";
}

void put_extended(Client& client, Correlator search, const Found& found, const SearchArgs& args,
                  bool modseq) {
    const UidMap none;
    const UidMap& map = client.selected ? client.selected->map : none;
    const std::uint16_t returns = args.returns;
    std::string& out = client.out;
    auto put = [&](std::string_view word, std::uint64_t value) {
        out += ' ';
        out += word;
        out += ' ';
        put_number(out, value);
    };
    auto shown = [&](Uid one) -> std::uint64_t {
        return search.uid ? one.value() : map.number_of(one).value_or(0);
    };
    out += "* ESEARCH (TAG ";
    put_string(out, search.tag);
    if (!search.mailbox.empty()) {
        out += " MAILBOX ";
        put_mailbox(out, search.mailbox, client.utf8);
        out += " UIDVALIDITY ";
        put_number(out, search.uid_validity);
    }
    out += ')';
    if (search.uid) out += " UID";
    if (found.count > 0) {
        if (returns & SearchArgs::min) put("MIN", shown(found.first));
        if (returns & SearchArgs::max) put("MAX", shown(found.last));
        if (returns & SearchArgs::all) {
            out += " ALL ";
            if (found.sorted) {
                NumberOf number{map};
                put_ordered(out, found.order, search.uid ? nullptr : &number);
            } else {
                put_set(out, search.uid ? found.uids : numbers_of(map, found.uids));
            }
        }
    }
    if (returns & SearchArgs::partially) put_partial(out, found, args.partial, map, search.uid);
    if (returns & SearchArgs::count) put("COUNT", found.count);
    if (returns & SearchArgs::relevancy) put_relevancy(out, found, args);
    if (modseq && found.count > 0 && modseq_of(found, returns).value() != 0)
        put("MODSEQ", modseq_of(found, returns).value());
    out += "\r\n";
}

UidSet saved_of(const Found& found, const SearchArgs& args) {
    const std::uint16_t returns = args.returns;
    constexpr std::uint16_t some = SearchArgs::min | SearchArgs::max | SearchArgs::partially;
    if (found.count == 0 || (returns & (SearchArgs::all | SearchArgs::count)) || !(returns & some))
        return found.uids;
    UidSet saved;
    if (returns & SearchArgs::partially)
        saved = found.sorted ? to_set(part_of_order(found.order, args.partial))
                             : part_of(found.uids, args.partial);
    if (returns & SearchArgs::min) saved = unite(saved, UidSet{{found.first, found.first}});
    if (returns & SearchArgs::max) saved = unite(saved, UidSet{{found.last, found.last}});
    return saved;
}

}  // namespace postrider::imap
