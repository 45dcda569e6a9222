#include "imap/session/sorter.h"

#include <algorithm>
#include <limits>

#include "mailstore/uid_set.h"
#include "mime/description.h"
#include "mime/envelope_fields.h"

namespace postrider::imap {
namespace {

using Kind = SortKey::Kind;

bool of_item(Kind kind) {
    return kind == Kind::arrival || kind == Kind::size || kind == Kind::relevancy;
}

mime::AddressField field_of(Kind kind) {
    if (kind == Kind::cc) return mime::AddressField::cc;
    return kind == Kind::to || kind == Kind::display_to ? mime::AddressField::to : mime::AddressField::from;
}

}  // namespace

bool Sorter::needs_description() const {
    return !std::all_of(keys_.begin(), keys_.end(), [](SortKey key) { return of_item(key.kind); });
}

Sorter::Value Sorter::number(std::int64_t value) const {
    return {static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63), 0, 0};
}

/// "" comes before every other text; the rank holds the first eight octets.
Sorter::Value Sorter::folded(std::string_view text) {
    Value value;
    for (std::size_t i = 0; i < 8; ++i)
        value.rank = value.rank << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
    if (text.size() <= 8 && text.find('\0') == std::string_view::npos) return value;
    if (texts_.size() + text.size() > std::numeric_limits<std::uint32_t>::max()) return value;
    value.at = static_cast<std::uint32_t>(texts_.size());
    value.size = static_cast<std::uint32_t>(text.size());
    texts_ += text;
    return value;
}

void Sorter::add_one(mailstore::FolderView& view, const SortedItem& item, std::string_view description) {
    mime::Summary summary;
    std::optional<mime::Description> made;
    if (needs_description()) {
        if (auto read = mime::Summary::decode(description)) {
            summary = *read;
        } else if (auto again = view.description(item.uid); again && *again) {  // not given, or damaged
            made = std::move(*again);
            summary.envelope = made->envelope;
            summary.base_subject = made->base_subject;
            summary.sent = made->sent;
        }
    }
    struct Described {
        Sorter& sorter;
        const mime::Summary& summary;
        std::int64_t sent() const { return summary.sent; }
        Value base_subject() const { return sorter.text(summary.base_subject); }
        Value mailbox(mime::AddressField field) const {
            return sorter.text(mime::first_address(summary.envelope, field).mailbox);
        }
        Value display(mime::AddressField field) const {
            return sorter.text(mime::display_of(mime::first_address(summary.envelope, field)));
        }
    };
    put(item, Described{*this, summary});
}

template <class Message>
void Sorter::put(const SortedItem& item, const Message& message) {
    uids_.push_back(item.uid);
    for (SortKey key : keys_) {
        switch (key.kind) {
            case Kind::arrival: values_.push_back(number(item.internal_date)); break;
            case Kind::relevancy: values_.push_back(number(-std::int64_t{item.relevancy})); break;
            case Kind::size: values_.push_back(number(item.size)); break;
            case Kind::date: values_.push_back(number(sent_date(item.internal_date, message.sent()))); break;
            case Kind::subject: values_.push_back(message.base_subject()); break;
            case Kind::cc:
            case Kind::from:
            case Kind::to: values_.push_back(message.mailbox(field_of(key.kind))); break;
            case Kind::display_from:
            case Kind::display_to: values_.push_back(message.display(field_of(key.kind))); break;
        }
    }
}

mailstore::Result<> Sorter::add(mailstore::FolderView& view, std::span<const SortedItem> items) {
    uids_.reserve(items.size());
    values_.reserve(items.size() * keys_.size());
    if (!needs_description()) {
        for (const SortedItem& item : items) add_one(view, item, {});
        return {};
    }
    if (collation_ == Collation::unicode_casemap) {
        using mailstore::Made;
        const bool most = items.size() * 4 > view.info().messages;
        if (auto columns = mailstore::columns_of(view, most ? Made::now : Made::if_there)) {
            add_from(*columns, view, items);
            return {};
        }
    }
    mailstore::UidSet uids;
    for (const SortedItem& item : items) mailstore::append(uids, item.uid);
    auto item = items.begin();
    return view.each_described(uids, [&](const mailstore::Item& now, std::string_view description) {
        for (; item->uid < now.uid; ++item) add_one(view, *item, {});
        add_one(view, *item++, description);
        return true;
    });
}

void Sorter::add_from(mailstore::Columns& columns, mailstore::FolderView& view,
                      std::span<const SortedItem> items) {
    using Reading = mailstore::Columns::Reading;
    using Row = mailstore::Columns::Row;
    const bool texts = std::any_of(keys_.begin(), keys_.end(),
                                   [](SortKey key) { return !of_item(key.kind) && key.kind != Kind::date; });
    Reading reading{columns, texts ? Reading::Ranks::yes : Reading::Ranks::no};
    std::vector<const Row*> rows;
    rows.reserve(items.size());
    for (const SortedItem& item : items) rows.push_back(reading.row(item.uid));
    // A rank compares with ranks alone: what has no row makes all others texts.
    const bool ranks = std::find(rows.begin(), rows.end(), nullptr) == rows.end();
    struct Known {
        Sorter& sorter;
        const Reading& reading;
        const Row& row;
        bool ranks;
        Value value(mailstore::Columns::Text id) const {
            return ranks ? Value{reading.rank_of(id), 0, 0} : sorter.folded(reading.text(id));
        }
        const mailstore::Columns::Addresses& addresses(mime::AddressField field) const {
            return reading.addresses(field == mime::AddressField::cc   ? row.cc
                                     : field == mime::AddressField::to ? row.to
                                                                       : row.from);
        }
        std::int64_t sent() const { return row.sent; }
        Value base_subject() const { return value(row.base_subject); }
        Value mailbox(mime::AddressField field) const { return value(addresses(field).mailbox); }
        Value display(mime::AddressField field) const { return value(addresses(field).display); }
    };
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (const Row* const row = rows[i])
            put(items[i], Known{*this, reading, *row, ranks});
        else
            add_one(view, items[i], {});
    }
}

std::vector<Uid> Sorter::order() {
    struct Place {
        std::uint64_t rank;  ///< by the first key, as far as a number tells
        std::uint32_t at;
    };
    const std::size_t width = keys_.size();
    std::vector<Place> places(uids_.size());
    for (std::uint32_t at = 0; at < places.size(); ++at)
        places[at] = {keys_[0].reverse ? ~values_[at * width].rank : values_[at * width].rank, at};
    auto whole = [&](const Value& value) { return std::string_view{texts_}.substr(value.at, value.size); };
    auto before = [&](const Place& x, const Place& y) {
        if (x.rank != y.rank) return x.rank < y.rank;
        for (std::size_t i = 0; i < width; ++i) {
            const Value& a = values_[x.at * width + i];
            const Value& b = values_[y.at * width + i];
            int less = a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0;
            if (less == 0 && (a.size != 0 || b.size != 0)) less = whole(a).compare(whole(b));
            if (less != 0) return keys_[i].reverse ? less > 0 : less < 0;
        }
        return x.at < y.at;
    };
    std::sort(places.begin(), places.end(), before);
    std::vector<Uid> sorted;
    sorted.reserve(places.size());
    for (const Place& place : places) sorted.push_back(uids_[place.at]);
    return sorted;
}

}  // namespace postrider::imap
