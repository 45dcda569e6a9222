#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "index/segment.h"

namespace postrider::index {

/// What the index says about a text in one folder, of the messages that it covers.
struct Found {
    mailstore::UidSet yes;    ///< have it
    mailstore::UidSet maybe;  ///< may have it: to be looked at. All others have not
};

/// An account's index at one moment: consistent, and good for as long as it is held. Messages never change,
/// so that it is right about every message it covers; some of those may have been expunged since. Any thread.
class Reader {
public:
    explicit Reader(std::vector<std::shared_ptr<const Segment>> segments) : segments_{std::move(segments)} {}

    /// The messages of a folder that the index knows. All others are to be looked at.
    mailstore::UidSet covered(FolderId folder) const;

    /// Messages with a text that contains `folded` (text::fold_unicode) in one of the fields.
    Found find(FolderId folder, Fields fields, std::string_view folded) const;
    /// Messages that may have a header field of that name (in any case) containing `folded`; never certain.
    Found find_header(FolderId folder, std::string_view name, std::string_view folded) const;

    /// What the attachments of a covered message say; "" when nothing.
    std::string attachment_text(FolderId folder, Uid uid) const;

    const std::vector<std::shared_ptr<const Segment>>& segments() const { return segments_; }

private:
    std::vector<std::shared_ptr<const Segment>> segments_;
};

}  // namespace postrider::index
