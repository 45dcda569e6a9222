#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "imap/session/collation.h"
#include "imap/wire/sort.h"
#include "mailstore/mailstore.h"

namespace postrider::imap {

/// Puts messages in the order of sort criteria (RFC 5256 §3, RFC 5957) from what is stored of them: no
/// message is read. Some 16 octets a message and criterion, and the texts.
class Sorter {
public:
    explicit Sorter(std::vector<SortKey> keys, Collation collation = Collation::unicode_casemap)
        : keys_{std::move(keys)}, collation_{collation} {}

    bool needs_description() const;
    /// Messages come in mailbox order, which decides between equals.
    /// @param relevancy  of a fuzzy search, 1 to 100
    void add(mailstore::FolderView& view, const mailstore::Item& item, std::string_view description,
             unsigned relevancy = 0);
    std::vector<Uid> order();

private:
    /// A number, or the first octets of a text, with which most comparisons are done, and where the text
    /// lies.
    struct Value {
        std::uint64_t rank = 0;
        std::uint32_t at = 0, size = 0;
    };
    Value number(std::int64_t value) const;
    Value text(std::string_view utf8);

    std::vector<SortKey> keys_;
    Collation collation_;
    std::vector<Uid> uids_;
    std::vector<Value> values_;  ///< keys_.size() for each UID
    std::string texts_;          ///< folded
};

/// The sent date (RFC 5256 §2.2): seconds since 1970.
std::int64_t sent_date(const mailstore::Item& item, std::int64_t date_field);

}  // namespace postrider::imap
