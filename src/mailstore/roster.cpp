#include "mailstore/roster.h"

#include <algorithm>

#include "mailstore/uid_set.h"

namespace postrider::mailstore {
namespace {

constexpr auto before_uid = [](const auto& row, Uid uid) { return row.uid < uid; };

}  // namespace

void Roster::add(Piece& piece, const Item& item) {
    const bool keywords = item.flags.keywords != decltype(item.flags.keywords){};
    const bool rest = keywords || !item.prefix.empty();
    piece.rows.push_back({item.uid, item.size, item.modseq, item.blob, item.internal_date, item.save_date,
                          item.email_id, item.flags.system, rest});
    if (rest) piece.rest.push_back({item.uid, item.flags, std::string{item.prefix}});
    piece.flags |= item.flags.system;
    piece.all &= item.flags.system;
}

/// Many at once: the flags of the piece are not brought up.
void Roster::add(Piece& piece, const Piece& from, Rows first, Rows last) {
    if (first == last) return;
    piece.rows.insert(piece.rows.end(), first, last);
    if (from.rest.empty()) return;
    auto rest = std::ranges::lower_bound(from.rest, first->uid, {}, &Rest::uid);
    for (const Uid end = std::prev(last)->uid; rest != from.rest.end() && rest->uid <= end; ++rest)
        piece.rest.push_back(*rest);
}

Item Roster::item_of(const Piece& piece, const Row& row) {
    Item item;
    item.uid = row.uid;
    item.modseq = row.modseq;
    item.flags.system = row.system;
    item.size = row.size;
    item.blob = row.blob;
    item.internal_date = row.internal_date;
    item.save_date = row.save_date;
    item.email_id = row.email_id;
    if (row.has_rest) {
        const auto rest = std::ranges::lower_bound(piece.rest, row.uid, {}, &Rest::uid);
        item.flags = rest->flags;
        item.prefix = rest->prefix;
    }
    return item;
}

void Roster::put(std::shared_ptr<const Piece> piece) {
    if (piece->rows.empty()) return;
    size_ += piece->rows.size();
    pieces_.push_back(std::move(piece));
}

void Roster::append(const Item& item) {
    if (!growing_ || growing_->rows.size() >= full) {
        growing_ = std::make_shared<Piece>();
        growing_->rows.reserve(full);
        pieces_.push_back(growing_);
    }
    add(*growing_, item);
    ++size_;
}

std::shared_ptr<Roster> Roster::with(const UidSet& touched, std::span<const Item> now, ModSeq folder_modseq,
                                     ModSeq account_modseq) const {
    auto made = std::make_shared<Roster>(folder_modseq, account_modseq);
    made->pieces_.reserve(pieces_.size() + 1);
    auto run = touched.begin();
    auto fresh = now.begin();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const auto& piece = pieces_[i];
        const bool last = i + 1 == pieces_.size();
        const Uid end = last ? highest_uid : Uid{pieces_[i + 1]->rows.front().uid.value() - 1};
        while (run != touched.end() && run->last < piece->rows.front().uid) ++run;
        // What came since lies behind the last row: it does not belong to this piece when that is full.
        const bool beyond = last && piece->rows.size() >= full
                            && (run == touched.end() || run->first > piece->rows.back().uid);
        const bool same = run == touched.end() || run->first > end || beyond;
        if (same) {
            made->put(piece);
            continue;
        }
        auto changed = std::make_shared<Piece>();
        changed->rows.reserve(piece->rows.size() + 1);
        auto row = piece->rows.begin();
        for (auto at = run; at != touched.end() && at->first <= piece->rows.back().uid; ++at) {
            const auto behind = std::lower_bound(row, piece->rows.end(), at->first, before_uid);
            add(*changed, *piece, row, behind);
            for (; fresh != now.end() && fresh->uid <= std::min(at->last, piece->rows.back().uid); ++fresh)
                add(*changed, *fresh);
            row = behind;
            while (row != piece->rows.end() && row->uid <= at->last) ++row;
        }
        add(*changed, *piece, row, piece->rows.end());
        for (; fresh != now.end() && fresh->uid <= end && changed->rows.size() < 2 * full; ++fresh)
            add(*changed, *fresh);
        for (const Row& one : changed->rows) changed->flags |= one.system, changed->all &= one.system;
        made->put(std::move(changed));
    }
    for (; fresh != now.end(); ++fresh) made->append(*fresh);
    made->finish();
    return made;
}

void Roster::finish() {
    if (growing_ && growing_->rows.size() < full / 2) growing_->rows.shrink_to_fit();
    growing_.reset();
}

template <class Visit, class Skip>
void Roster::each_row(const UidSet& uids, const Visit& visit, const Skip& skip) const {
    auto piece = pieces_.begin();
    for (const UidRun& run : uids) {
        piece = std::lower_bound(piece, pieces_.end(), run.first,
                                 [](const auto& one, Uid uid) { return one->rows.back().uid < uid; });
        for (auto at = piece; at != pieces_.end() && (*at)->rows.front().uid <= run.last; ++at) {
            if (skip(**at)) continue;
            const auto& rows = (*at)->rows;
            for (auto row = std::ranges::lower_bound(rows, run.first, {}, &Row::uid);
                 row != rows.end() && row->uid <= run.last; ++row)
                if (!visit(**at, *row)) return;
        }
        if (piece == pieces_.end()) return;
    }
}

void Roster::each(const UidSet& uids, const std::function<bool(const Item&)>& visit) const {
    each_row(
        uids, [&](const Piece& piece, const Row& row) { return visit(item_of(piece, row)); },
        [](const Piece&) { return false; });
}

UidSet Roster::filtered(const ItemFilter& filter, const UidSet& uids) const {
    UidSet fitting;
    const auto none = [&](const Piece& piece) {
        return (piece.flags & filter.with) != filter.with || (piece.all & filter.without) != 0;
    };
    each_row(
        uids,
        [&](const Piece&, const Row& row) {
            if (filter.fits(row.system, row)) mailstore::append(fitting, row.uid);
            return true;
        },
        none);
    return fitting;
}

const UidSet& Roster::uids() const {
    std::call_once(uids_counted_, [this] {
        for (const auto& piece : pieces_)
            for (const Row& row : piece->rows) mailstore::append(uids_, row.uid);
    });
    return uids_;
}

}  // namespace postrider::mailstore
