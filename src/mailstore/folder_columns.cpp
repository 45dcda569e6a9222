#include "mailstore/columns.h"
#include "mailstore/folder_view.h"

/// The columns of a folder: kept while there is room, and filled up by whoever asks.
namespace postrider::mailstore {
namespace {

mime::Summary summary_of(const mime::Description& description, std::string& references) {
    mime::Summary summary;
    summary.envelope = description.envelope;
    summary.message_id = description.message_id;
    summary.base_subject = description.base_subject;
    summary.sent = description.sent;
    summary.references_known = description.references_known;
    summary.reply = description.reply;
    for (std::uint64_t key : description.references)
        for (int shift = 56; shift >= 0; shift -= 8) references += static_cast<char>(key >> shift & 0xff);
    summary.reference_keys = references;
    return summary;
}

}  // namespace

std::shared_ptr<Columns> FolderViewImpl::columns(Made how, std::uint64_t looks) {
    if (columns_ || info_.messages < core_.options.columns_least) return columns_;
    const AccountId account = account_->account_id;
    // Rows of what was expunged are dropped with all the others, when they are the greater part.
    auto outgrown = [&](const Columns& one) {
        constexpr std::size_t some = 1'000;
        return one.rows() > std::size_t{info_.messages} * 2 + some
               || (one.too_many() != 0 && info_.messages < one.too_many() / 10 * 9);
    };
    auto kept = core_.columns.find(account, info_.id);
    if (!kept || outgrown(*kept)) {
        if (how == Made::if_there) return nullptr;
        auto empty = std::make_shared<Columns>();
        const std::size_t weight = empty->memory();
        core_.columns.put(account, info_.id, std::move(empty), weight, outgrown);
        kept = core_.columns.find(account, info_.id);
    }
    // To make a row takes about as long as one look. Who asks a folder twice will ask again, as one does
    // while typing: so many times that what they read is worth a thirtieth of that already.
    constexpr std::uint64_t again = 32;
    if (kept && kept->upto() == Uid{} && how != Made::now) {
        if (how == Made::if_there) return nullptr;
        const std::uint64_t before = kept->note_looks(looks);
        if (before == 0 || (before + looks) * again < info_.messages) return nullptr;
    }
    if (!kept || kept->too_many() != 0 || !fill(*kept, Uid{info_.uid_next.value() - 1})) return nullptr;
    return columns_ = std::move(kept);
}

/// Reads what came since they were last filled, if anything.
bool FolderViewImpl::fill(Columns& columns, Uid last) {
    if (columns.upto() >= last) return true;
    std::unique_lock lock{columns.filling};
    if (columns.upto() >= last) return true;
    if (columns.too_many() != 0) return false;
    constexpr std::size_t look_every = 4'096;
    const std::size_t most = core_.columns.most();
    const UidSet fresh{{Uid{columns.upto().value() + 1}, last}};
    std::size_t added = 0;
    Uid upto = columns.upto();
    bool fits = true;
    auto ok = each_described(fresh, [&](const Item& item, std::string_view record) {
        if (auto summary = mime::Summary::decode(record)) {
            columns.add(item.uid, *summary);
        } else if (auto made = description(item.uid); made && *made) {  // the record is damaged
            std::string references;
            columns.add(item.uid, summary_of(**made, references));
        }
        upto = item.uid;
        return fits = ++added % look_every != 0 || columns.memory() <= most;
    });
    if (!fits || columns.memory() > most) {
        columns.give_up(info_.messages);
        return false;
    }
    columns.filled(ok ? last : upto);
    lock.unlock();
    if (!ok) return false;
    auto self = core_.columns.find(account_->account_id, info_.id);
    if (self.get() == &columns)
        core_.columns.put(account_->account_id, info_.id, std::move(self), columns.memory(),
                          [&](const Columns& there) { return &there == &columns; });
    return true;
}

}  // namespace postrider::mailstore
