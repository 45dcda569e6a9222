#include "imap/session/sorter.h"

#include <algorithm>
#include <limits>
#include <numeric>

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

std::int64_t sent_date(const mailstore::Item& item, std::int64_t date_field) {
    return date_field == 0 ? item.internal_date : date_field;
}

bool Sorter::needs_description() const {
    return !std::all_of(keys_.begin(), keys_.end(), [](SortKey key) { return of_item(key.kind); });
}

Sorter::Value Sorter::number(std::int64_t value) const {
    return {static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63), 0, 0};
}

/// "" comes before every other text; the rank holds the first eight octets.
Sorter::Value Sorter::text(std::string_view utf8) {
    std::string folded = fold(collation_, utf8);
    Value value;
    for (std::size_t i = 0; i < 8; ++i)
        value.rank = value.rank << 8 | (i < folded.size() ? static_cast<unsigned char>(folded[i]) : 0u);
    if (folded.size() <= 8 && folded.find('\0') == std::string::npos) return value;
    if (texts_.size() + folded.size() > std::numeric_limits<std::uint32_t>::max()) return value;
    value.at = static_cast<std::uint32_t>(texts_.size());
    value.size = static_cast<std::uint32_t>(folded.size());
    texts_ += folded;
    return value;
}

void Sorter::add(mailstore::FolderView& view, const mailstore::Item& item, std::string_view description,
                 unsigned relevancy) {
    mime::Summary summary;
    std::optional<mime::Description> made;
    if (needs_description()) {
        if (auto read = mime::Summary::decode(description)) {
            summary = *read;
        } else if (auto again = view.description(item.uid); again && *again) {  // a damaged record
            made = std::move(*again);
            summary.envelope = made->envelope;
            summary.base_subject = made->base_subject;
            summary.sent = made->sent;
        }
    }
    uids_.push_back(item.uid);
    for (SortKey key : keys_) {
        switch (key.kind) {
            case Kind::arrival: values_.push_back(number(item.internal_date)); break;
            case Kind::relevancy: values_.push_back(number(-std::int64_t{relevancy})); break;
            case Kind::size: values_.push_back(number(item.size)); break;
            case Kind::date: values_.push_back(number(sent_date(item, summary.sent))); break;
            case Kind::subject: values_.push_back(text(summary.base_subject)); break;
            case Kind::cc:
            case Kind::from:
            case Kind::to:
                values_.push_back(text(mime::first_address(summary.envelope, field_of(key.kind)).mailbox));
                break;
            case Kind::display_from:
            case Kind::display_to:
                values_.push_back(
                    text(mime::display_of(mime::first_address(summary.envelope, field_of(key.kind)))));
                break;
        }
    }
}

std::vector<Uid> Sorter::order() {
    std::vector<std::uint32_t> places(uids_.size());
    std::iota(places.begin(), places.end(), 0u);
    const std::size_t width = keys_.size();
    auto whole = [&](const Value& value) { return std::string_view{texts_}.substr(value.at, value.size); };
    auto before = [&](std::uint32_t x, std::uint32_t y) {
        for (std::size_t i = 0; i < width; ++i) {
            const Value& a = values_[x * width + i];
            const Value& b = values_[y * width + i];
            int less = a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0;
            if (less == 0 && (a.size != 0 || b.size != 0)) less = whole(a).compare(whole(b));
            if (less != 0) return keys_[i].reverse ? less > 0 : less < 0;
        }
        return x < y;
    };
    std::sort(places.begin(), places.end(), before);
    std::vector<Uid> sorted;
    sorted.reserve(places.size());
    for (std::uint32_t place : places) sorted.push_back(uids_[place]);
    return sorted;
}

}  // namespace postrider::imap
