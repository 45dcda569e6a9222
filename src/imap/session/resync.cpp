#include "imap/session/resync.h"

#include <algorithm>

#include "imap/session/found.h"
#include "imap/wire/encode.h"

namespace postrider::imap {
namespace {

using mailstore::Change;

/// The highest UID up to which the client's sample of message numbers agrees with the mailbox: nothing is
/// missing below it (RFC 7162 §3.2.5.2).
Uid agreed_upto(const QresyncArgs& args, const UidMap& map) {
    NumberOf number{map};
    Uid agreed{0};
    std::size_t run = 0;  // of matching_uids
    std::uint64_t before = 0;
    std::uint64_t passed = 0;  // places of the sample in the ranges of numbers before this one
    const auto& uids = args.matching_uids.ranges;
    for (auto numbers : args.matching_numbers.ranges) {
        if (numbers.first > map.size()) break;
        std::uint64_t last = std::min<std::uint64_t>(numbers.last, map.size());
        for (std::uint64_t n = numbers.first; n <= last; ++n) {
            std::uint64_t place = passed + (n - numbers.first);
            while (run < uids.size()
                   && place >= before + (uids[run].last - uids[run].first + std::uint64_t{1})) {
                before += uids[run].last - uids[run].first + std::uint64_t{1};
                ++run;
            }
            if (run == uids.size()) return agreed;
            Uid uid{static_cast<std::uint32_t>(uids[run].first + (place - before))};
            if (number(uid) == n) agreed = std::max(agreed, uid);
        }
        passed += numbers.last - numbers.first + std::uint64_t{1};
    }
    return agreed;
}

}  // namespace

mailstore::Result<Missed> missed_since(mailstore::Account& account, FolderId folder, ModSeq since) {
    auto changes = account.changes(since, folder);
    if (!changes) return std::unexpected(changes.error());
    Missed missed;
    missed.complete = changes->complete;
    if (!missed.complete) return missed;
    UidSet touched, expunged;
    for (const Change& change : changes->changes) {
        if (change.kind == Change::Kind::folder) continue;
        UidSet& into = change.kind == Change::Kind::expunged ? expunged : touched;
        into.insert(into.end(), change.uids.begin(), change.uids.end());
    }
    missed.touched = joined(std::move(touched));
    missed.expunged = joined(std::move(expunged));
    return missed;
}

void put_vanished_earlier(Client& client, const Missed& missed, const UidSet& asked) {
    UidSet gone = missed.complete ? intersect(missed.expunged, asked) : asked;
    // What the client has been told is there will be said to go in its turn.
    gone = subtract(gone, client.selected->map.uids());
    if (gone.empty()) return;
    client.out += "* VANISHED (EARLIER) ";
    put_set(client.out, gone);
    client.out += "\r\n";
}

mailstore::Result<> resync(Client& client, mailstore::FolderView& view, const QresyncArgs& args) {
    Selected& selected = *client.selected;
    const mailstore::FolderInfo& info = view.info();
    if (args.uid_validity != info.uid_validity || info.uid_next.value() <= 1) return {};
    const UidSet all{{Uid{1}, Uid{info.uid_next.value() - 1}}};
    UidSet known = args.known_uids ? intersect(to_uids(args.known_uids->resolve(UINT32_MAX)), all) : all;
    const ModSeq since{args.modseq};
    auto missed = missed_since(*selected.account, selected.folder, since);
    if (!missed) return std::unexpected(missed.error());
    UidSet asked = known;
    if (!missed->complete)
        if (Uid agreed = agreed_upto(args, selected.map); agreed.value() != 0)
            asked = subtract(asked, UidSet{{Uid{1}, agreed}});
    put_vanished_earlier(client, *missed, asked);
    UidSet wanted = intersect(known, selected.map.uids());
    if (missed->complete) wanted = intersect(wanted, missed->touched);
    UidMap::Walk walk{selected.map};
    return view.each_item(wanted, [&](const mailstore::Item& item) {
        if (item.modseq > since)
            put_flag_report(client, walk.number_of(item.uid), item, info.keywords, {.modseq = true});
        return true;
    });
}

}  // namespace postrider::imap
