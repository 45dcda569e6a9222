#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imap/session/collation.h"
#include "imap/wire/sort.h"
#include "mailstore/columns.h"
#include "mailstore/mailstore.h"

namespace postrider::imap {

/// What a sort must know of an item.
struct SortedItem {
    Uid uid;
    std::uint32_t size = 0;
    std::int64_t internal_date = 0;
    unsigned relevancy = 0;  ///< of a fuzzy search, 1 to 100
};

/// Puts messages in the order of sort criteria (RFC 5256 §3, RFC 5957) from what is stored of them: no
/// message is read. Some 16 octets a message and criterion, and the texts.
class Sorter {
public:
    explicit Sorter(std::vector<SortKey> keys, Collation collation = Collation::unicode_casemap)
        : keys_{std::move(keys)}, collation_{collation} {}

    /// All that are to be sorted, in mailbox order, which decides between equals. What items do not say is
    /// asked of the folder's columns, or of descriptions where there are none or the messages are few.
    mailstore::Result<> add(mailstore::FolderView& view, std::span<const SortedItem> items);
    std::vector<Uid> order();

private:
    /// A number, or the first octets of a text, with which most comparisons are done, and where the text
    /// lies.
    struct Value {
        std::uint64_t rank = 0;
        std::uint32_t at = 0, size = 0;
    };
    Value number(std::int64_t value) const;
    Value text(std::string_view utf8) { return folded(fold(collation_, utf8)); }
    Value folded(std::string_view text);
    void add_from(mailstore::Columns& columns, mailstore::FolderView& view,
                  std::span<const SortedItem> items);
    void add_one(mailstore::FolderView& view, const SortedItem& item, std::string_view description);
    /// @param message  says what the item does not, from a description or from columns
    template <class Message>
    void put(const SortedItem& item, const Message& message);
    bool needs_description() const;

    std::vector<SortKey> keys_;
    Collation collation_;
    std::vector<Uid> uids_;
    std::vector<Value> values_;  ///< keys_.size() for each UID
    std::string texts_;          ///< folded
};

/// The sent date (RFC 5256 §2.2): seconds since 1970.
inline std::int64_t sent_date(std::int64_t internal_date, std::int64_t date_field) {
    return date_field == 0 ? internal_date : date_field;
}

}  // namespace postrider::imap
