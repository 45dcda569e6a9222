#include "index/reader.h"

#include <algorithm>

#include "index/runs.h"
#include "mailstore/uid_set.h"
#include "text/fold.h"

namespace postrider::index {
namespace {

/// Documents of the folder in which every piece occurs, not necessarily in the same field.
DocumentSet with_all(const Segment& segment, const SegmentFolder& folder, Fields fields,
                     std::vector<Piece> pieces) {
    // Long pieces are in few documents.
    std::ranges::stable_sort(pieces, std::greater{}, [](const Piece& piece) { return piece.text.size(); });
    DocumentSet all{folder.documents};
    bool first = true;
    for (const Piece& piece : pieces) {
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

/// Documents with one field that may have what is sought.
DocumentSet candidates(const Segment& segment, const SegmentFolder& folder, Fields fields,
                       const Needle& needle) {
    // What is in several pieces is whole in one field. Of the body it is known what stands side by side.
    const auto others = static_cast<Fields>(fields & ~Field::body);
    if (needle.exact || needle.junctions.empty() || others == fields)
        return with_all(segment, folder, fields, needle.pieces);
    DocumentSet found = with_all(segment, folder, Field::body, needle.pieces);
    found.keep_if([&](std::uint32_t number) {
        const JunctionFilter filter = segment.filter(folder.first_document + number);
        return std::ranges::all_of(needle.junctions, [&](Junction one) { return may_have(filter, one); });
    });
    if (others != 0) found.join(with_all(segment, folder, others, needle.pieces));
    return found;
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
            set = unite(set, segment->uids(*here, candidates(*segment, *here, fields, needle)));
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
