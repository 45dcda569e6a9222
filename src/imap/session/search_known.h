#pragma once

#include <memory>
#include <optional>
#include <unordered_map>

#include "imap/session/search_node.h"
#include "index/reader.h"

namespace postrider::imap {

/// What the full-text index says about a program's texts in one folder. Of all messages that it does not
/// cover it says that they may match.
class SearchKnown {
public:
    using Node = SearchProgram::Node;

    /// Nothing is known: every message is looked at.
    SearchKnown() = default;
    /// @param candidates  what is asked about
    SearchKnown(std::shared_ptr<const index::Reader> reader, FolderId folder, const UidSet& candidates,
                const Node& root);

    /// Whether a message has the text of this key; nullopt when only the message itself can tell.
    std::optional<bool> answer(const Node& text, Uid uid) const;
    /// What the attachments of a message say beyond its text parts.
    std::string attachment_text(Uid uid) const {
        return reader_ ? reader_->attachment_text(folder_, uid) : std::string{};
    }

    struct Sets {
        UidSet yes;    ///< match
        UidSet maybe;  ///< are to be tested; all others do not match
    };
    /// Of the whole program.
    Sets evaluate(const Node& root, const UidSet& candidates) const;

    /// Whether a key of the program is about text.
    static bool has_text(const Node& node);

private:
    void ask(const Node& node, const UidSet& uncovered);

    std::shared_ptr<const index::Reader> reader_;
    FolderId folder_;
    std::unordered_map<const Node*, Sets> texts_;
};

}  // namespace postrider::imap
