#include "index/reader.h"

#include <algorithm>

#include "index/runs.h"
#include "mailstore/uid_set.h"
#include "text/fold.h"

namespace postrider::index {
namespace {

/// Documents of the folder in which every piece occurs.
DocumentSet with_all(const Segment& segment, const SegmentFolder& folder, Fields fields,
                     std::vector<std::string_view> pieces) {
    // Long pieces are in few documents.
    std::ranges::stable_sort(pieces, std::greater{}, [](std::string_view piece) { return piece.size(); });
    DocumentSet all{folder.documents};
    bool first = true;
    for (std::string_view piece : pieces) {
        DocumentSet found{folder.documents};
        segment.find(folder, fields, piece, found);
        if (first)
            all = std::move(found);
        else
            all.keep_only(found);
        first = false;
        if (all.count() == 0) break;
    }
    return all;
}

}  // namespace

mailstore::UidSet Reader::covered(FolderId folder) const {
    mailstore::UidSet all;
    for (const auto& segment : segments_)
        if (const SegmentFolder* here = segment->folder(folder)) all = unite(all, segment->uids(*here));
    return all;
}

Found Reader::find(FolderId folder, Fields fields, std::string_view folded) const {
    Found found;
    const Needle needle = analyse(folded);
    if (!needle.usable) {
        found.maybe = covered(folder);
        return found;
    }
    mailstore::UidSet& set = needle.exact ? found.yes : found.maybe;
    for (const auto& segment : segments_)
        if (const SegmentFolder* here = segment->folder(folder))
            set = unite(set, segment->uids(*here, with_all(*segment, *here, fields, needle.pieces)));
    return found;
}

Found Reader::find_header(FolderId folder, std::string_view name, std::string_view folded) const {
    const std::string folded_name = text::fold_unicode(name);
    Needle needle = analyse(folded_name);
    if (!needle.usable) return {{}, covered(folder)};
    const Needle value = analyse(folded);
    needle.pieces.insert(needle.pieces.end(), value.pieces.begin(), value.pieces.end());
    Found found;
    for (const auto& segment : segments_)
        if (const SegmentFolder* here = segment->folder(folder))
            found.maybe = unite(
                found.maybe, segment->uids(*here, with_all(*segment, *here, Field::header, needle.pieces)));
    return found;
}

std::string Reader::attachment_text(FolderId folder, Uid uid) const {
    for (const auto& segment : segments_) {
        const SegmentFolder* here = segment->folder(folder);
        if (!here || segment->texts().empty()) continue;
        std::uint32_t low = here->first_document, high = low + here->documents;
        while (low < high) {
            const std::uint32_t middle = low + (high - low) / 2;
            if (segment->uid(middle) < uid)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < here->first_document + here->documents && segment->uid(low) == uid)
            return segment->text(low);
    }
    return {};
}

}  // namespace postrider::index
