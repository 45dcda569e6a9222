#include "mailstore/columns.h"

#include <algorithm>

#include "mailstore/uid_set.h"
#include "mime/envelope_fields.h"
#include "mime/message_id.h"
#include "text/fold.h"

namespace postrider::mailstore {
namespace {

constexpr std::size_t most_seen = 10'000;      // fields that are remembered while filling
constexpr std::size_t most_seen_octets = 300;  // of one of them

}  // namespace

Columns::Columns() : addresses_(1, Addresses{FoldedTexts::empty, FoldedTexts::empty, FoldedTexts::empty}) {
    numbers_.emplace(addresses_.front(), 0u);
}

std::uint32_t Columns::addresses_of(std::string_view part) {
    if (part.empty() || part == "NIL") return 0;
    if (auto known = seen_.find(part); known != seen_.end()) return known->second;
    std::string all;
    for (const std::string& one : mime::read_addresses(part)) {
        if (!all.empty()) all += '\0';
        all += text::fold_unicode(one);
    }
    const mime::FirstAddress first = mime::read_first_address(part);
    const std::string mailbox = text::fold_unicode(first.mailbox);
    const std::string display = text::fold_unicode(mime::display_of(first));
    std::lock_guard lock{mutex_};
    const Addresses made{texts_.add(all), texts_.add(mailbox), texts_.add(display)};
    const auto [at, fresh] = numbers_.try_emplace(made, static_cast<std::uint32_t>(addresses_.size()));
    if (fresh) {
        reserve_one_more(addresses_);
        addresses_.push_back(made);
    }
    if (seen_.size() < most_seen && part.size() <= most_seen_octets) seen_.emplace(part, at->second);
    return at->second;
}

void Columns::add(Uid uid, const mime::Summary& summary) {
    const mime::EnvelopeParts parts = mime::split_envelope(summary.envelope);
    Row row{};
    row.uid = uid;
    row.from = addresses_of(parts.from);
    row.to = addresses_of(parts.to);
    row.cc = addresses_of(parts.cc);
    const auto day = mime::read_sent_day(parts.date);
    row.day = day ? static_cast<std::int32_t>(*day) : no_day;
    row.sent = summary.sent;
    row.message_id = mime::reference_key(summary.message_id);
    row.reply = summary.reply;
    row.references_known = summary.references_known;
    row.references = static_cast<std::uint8_t>(summary.references());
    static_assert(mime::max_references <= UINT8_MAX);
    const std::string subject = text::fold_unicode(mime::read_subject(parts.subject).value_or(std::string{}));
    const std::string base = text::fold_unicode(summary.base_subject);
    std::lock_guard lock{mutex_};
    row.subject = texts_.add(subject);
    row.base_subject = texts_.add(base);
    row.first_reference = static_cast<std::uint32_t>(references_.size());
    reserve_one_more(references_, row.references);
    for (std::size_t i = 0; i < row.references; ++i) references_.push_back(summary.reference(i));
    reserve_one_more(rows_);
    rows_.push_back(row);
}

void Columns::filled(Uid upto) {
    seen_ = {};
    upto_.store(std::max(upto.value(), upto_.load(std::memory_order_relaxed)), std::memory_order_release);
}

void Columns::give_up(std::size_t messages) {
    seen_ = {};
    std::lock_guard lock{mutex_};
    rows_ = {};
    references_ = {};
    texts_ = {};
    numbers_ = {};
    too_many_.store(messages, std::memory_order_release);
}

std::size_t Columns::rows() const {
    std::shared_lock lock{mutex_};
    return rows_.size();
}

std::size_t Columns::memory() const {
    constexpr std::size_t node = 48;  // of numbers_, with what the allocator adds
    std::shared_lock lock{mutex_};
    return sizeof *this + rows_.capacity() * sizeof(Row) + references_.capacity() * sizeof references_[0]
           + texts_.memory() + addresses_.capacity() * sizeof(Addresses) + numbers_.size() * node;
}

template <class Fits>
Columns::Answer Columns::select(const UidSet& candidates, const Fits& fits) const {
    Answer answer;
    auto row = rows_.begin();
    for (const UidRun& run : candidates) {
        row = std::lower_bound(row, rows_.end(), run.first,
                               [](const Row& one, Uid uid) { return one.uid < uid; });
        std::uint64_t next = run.first.value();
        for (; row != rows_.end() && row->uid <= run.last; ++row) {
            if (row->uid.value() > next)
                answer.missing.push_back({Uid{static_cast<std::uint32_t>(next)}, Uid{row->uid.value() - 1}});
            next = row->uid.value() + std::uint64_t{1};
            if (fits(*row)) append(answer.yes, row->uid);
        }
        if (next <= run.last.value())
            answer.missing.push_back({Uid{static_cast<std::uint32_t>(next)}, run.last});
    }
    return answer;
}

Columns::Answer Columns::containing(Field field, std::string_view folded, const UidSet& candidates) const {
    std::shared_lock lock{mutex_};
    const std::vector<bool> texts = texts_.containing(folded);
    if (field == Field::subject)
        return select(candidates, [&](const Row& row) { return texts[row.subject]; });
    std::vector<bool> there(addresses_.size());
    for (std::size_t i = 0; i < addresses_.size(); ++i) there[i] = texts[addresses_[i].all];
    const auto number = field == Field::from ? &Row::from : field == Field::to ? &Row::to : &Row::cc;
    return select(candidates, [&](const Row& row) { return there[row.*number]; });
}

Columns::Answer Columns::sent(std::int64_t first_day, std::int64_t last_day, const UidSet& candidates) const {
    std::shared_lock lock{mutex_};
    return select(candidates, [&](const Row& row) {
        return row.day != no_day && row.day >= first_day && row.day <= last_day;
    });
}

Columns::Reading::Reading(Columns& columns, Ranks ranks) : columns_{columns}, lock_{columns.mutex_} {
    if (ranks == Ranks::no || columns.texts_.ranked()) return;
    lock_.unlock();
    {
        std::lock_guard lock{columns.mutex_};
        columns.texts_.rank();
    }
    lock_.lock();  // what was added in between has no rank yet: nobody who asks now knows of it
}

std::shared_ptr<Columns> columns_of(FolderView& view, Made how, std::uint64_t looks) {
    auto* const keeping = dynamic_cast<KeepsColumns*>(&view);
    return keeping ? keeping->columns(how, looks) : nullptr;
}

const Columns::Row* Columns::Reading::row(Uid uid) {
    const auto& rows = columns_.rows_;
    constexpr std::size_t near = 8;
    if (at_ < rows.size() && rows[at_].uid <= uid)
        for (std::size_t i = 0; i < near && at_ < rows.size() && rows[at_].uid < uid; ++i) ++at_;
    if (at_ >= rows.size() || rows[at_].uid != uid) {
        const auto found = std::ranges::lower_bound(rows, uid, {}, &Row::uid);
        at_ = static_cast<std::size_t>(found - rows.begin());
    }
    return at_ < rows.size() && rows[at_].uid == uid ? &rows[at_] : nullptr;
}

}  // namespace postrider::mailstore
