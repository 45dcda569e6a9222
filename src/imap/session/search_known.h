#pragma once

#include <memory>
#include <optional>
#include <unordered_map>

#include "imap/session/search_node.h"
#include "index/reader.h"
#include "mailstore/columns.h"

namespace postrider::imap {

/// What the columns of a folder and the full-text index say about the keys of a program. Of messages that
/// they do not know they say that they may match.
class SearchKnown {
public:
    using Node = SearchProgram::Node;
    struct Sources {
        std::shared_ptr<const index::Reader> reader;          ///< null: not known
        std::shared_ptr<const mailstore::Columns> columns{};  ///< the same; goes before the index
    };

    /// Nothing is known: every message is looked at.
    SearchKnown() = default;
    /// @param candidates  what is asked about
    SearchKnown(Sources sources, FolderId folder, const UidSet& candidates, const Node& root);

    /// All candidates that are asked about fit this key.
    void settle(const Node& key, const UidSet& candidates) { keys_[&key] = {candidates, {}}; }

    /// Whether this key fits a message; nullopt when only the message itself can tell.
    std::optional<bool> answer(const Node& key, Uid uid) const;
    /// Whether answer() knows it for all keys that are about more than items, and all these messages.
    bool decides(const Node& node, const UidSet& uids) const;
    /// What the attachments of a message say beyond its text parts.
    std::string attachment_text(Uid uid) const {
        return from_.reader ? from_.reader->attachment_text(folder_, uid) : std::string{};
    }

    struct Sets {
        UidSet yes;    ///< match
        UidSet maybe;  ///< are to be tested; all others do not match
    };
    /// Of the whole program.
    Sets evaluate(const Node& root, const UidSet& candidates) const;

    /// Whether a key of the program is about text.
    static bool has_text(const Node& node);
    /// Whether a key of the program is about what the columns have.
    static bool has_column(const Node& node);

private:
    void ask(const Node& node, const UidSet& candidates, const UidSet& uncovered);
    std::optional<mailstore::Columns::Answer> ask_columns(const Node& node, const UidSet& candidates) const;

    Sources from_;
    FolderId folder_;
    std::unordered_map<const Node*, Sets> keys_;
};

}  // namespace postrider::imap
