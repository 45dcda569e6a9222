#pragma once

#include <optional>
#include <string>
#include <vector>

#include "imap/session/search_known.h"
#include "imap/session/search_node.h"
#include "mailstore/mailstore.h"
#include "mime/description.h"
#include "mime/envelope_fields.h"

namespace postrider::imap {

/// One message under test; reads no more of it than is asked for, once.
class Candidate {
public:
    Candidate(mailstore::FolderView& view, const mailstore::Item& item, std::string_view description,
              const SearchKnown& known)
        : view_{view}, item_{item}, record_{description}, known_{known} {}

    const SearchKnown& known() const { return known_; }

    const mailstore::Item& item() const { return item_; }

    const mime::StoredEnvelope& envelope();
    /// Of the Date field as it is written, counted from 1970-01-01; nothing when there is none.
    std::optional<std::int64_t> day_sent() const;
    std::uint64_t thread_key() const;

    /// Whether the envelope as it is stored, in US-ASCII and without escapes or encoded words, has the octets
    /// of a folded key anywhere. Most messages of a folder are ruled out by this, unread.
    bool may_contain(const std::string& folded);
    const std::string& message();
    std::string_view head();
    const std::vector<mime::Part>& parts();

private:
    /// Most messages are decided by their items alone, and never need it.
    struct Read {
        std::optional<mime::StoredEnvelope> envelope;
        std::optional<std::string> raw;
        bool written_otherwise = false;
        std::optional<std::string> head;
        std::optional<std::string> message;
        std::optional<std::vector<mime::Part>> parts;
    };
    Read& read() { return read_ ? *read_ : read_.emplace(); }

    mailstore::FolderView& view_;
    const mailstore::Item& item_;
    std::string_view record_;
    const SearchKnown& known_;
    std::optional<Read> read_;
};

/// Whether the message fits the key and its children.
bool fits(Candidate& message, const SearchProgram::Node& node);
/// How well a message that fits answers the fuzzy keys, 1 to 100; 0 where there are none. Several count
/// alike.
unsigned relevancy(Candidate& message, const SearchProgram::Node& node);

}  // namespace postrider::imap
