#include "index/merge.h"

#include <algorithm>

#include "index/postings.h"

namespace postrider::index {
namespace {

constexpr std::uint32_t dropped = 0xffffffff;

struct Place {
    DocumentId document;
    std::uint32_t segment, number;
};

struct Source {
    const Segment* segment;
    Segment::Terms terms;
    std::vector<std::uint32_t> now;  ///< number in the new segment, or `dropped`
};

struct Posting {
    std::uint32_t document;
    Fields fields;
};

}  // namespace

SegmentWriter::Result<std::size_t> merge(const std::vector<std::shared_ptr<const Segment>>& segments,
                                         const std::filesystem::path& path,
                                         const std::function<bool(DocumentId)>& lives,
                                         const std::function<bool()>& carry_on) {
    std::vector<Source> sources;
    std::vector<Place> places;
    for (const auto& segment : segments) {
        const auto index = static_cast<std::uint32_t>(sources.size());
        sources.push_back({segment.get(), Segment::Terms{*segment},
                           std::vector<std::uint32_t>(segment->documents(), dropped)});
        for (const SegmentFolder& folder : segment->folders()) {
            for (std::uint32_t i = 0; i < folder.documents; ++i) {
                const std::uint32_t number = folder.first_document + i;
                const DocumentId document{FolderId{folder.folder}, segment->uid(number)};
                if (lives(document)) places.push_back({document, index, number});
            }
        }
    }
    std::ranges::sort(places, {}, &Place::document);
    std::vector<DocumentId> documents;
    std::vector<Place> kept;
    for (const Place& place : places) {
        if (!documents.empty() && documents.back() == place.document)
            continue;  // in two of them after a crash
        sources[place.segment].now[place.number] = static_cast<std::uint32_t>(documents.size());
        documents.push_back(place.document);
        kept.push_back(place);
    }
    if (documents.empty()) return 0;
    auto writer = SegmentWriter::create(path, documents);
    if (!writer) return std::unexpected(writer.error());
    SegmentWriter& out = **writer;

    for (const Place& place : kept) {
        const Segment& segment = *sources[place.segment].segment;
        auto at = std::ranges::lower_bound(segment.texts(), place.number, {}, &SegmentText::document);
        if (at != segment.texts().end() && at->document == place.number)
            out.text(sources[place.segment].now[place.number], segment.compressed(*at));
    }

    for (const Place& place : kept) out.filter(sources[place.segment].segment->filter(place.number));

    std::vector<Posting> postings;
    std::string list;
    for (std::size_t round = 1;; ++round) {
        if (round % 4096 == 0 && !carry_on()) return std::unexpected(std::string{"stopped"});
        const Source* least = nullptr;
        for (const Source& source : sources)
            if (source.terms.valid() && (!least || source.terms.term() < least->terms.term()))
                least = &source;
        if (!least) break;
        const std::string_view term = least->terms.term();
        postings.clear();
        bool sorted = true;
        for (Source& source : sources) {
            if (!source.terms.valid() || source.terms.term() != term) continue;
            each_posting(source.terms.postings(), [&](std::uint32_t document, Fields fields) {
                if (document >= source.now.size()) return false;
                const std::uint32_t now = source.now[document];
                if (now == dropped) return true;
                sorted = sorted && (postings.empty() || postings.back().document < now);
                postings.push_back({now, fields});
                return true;
            });
            source.terms.next();
        }
        if (postings.empty()) continue;
        if (!sorted) std::ranges::sort(postings, {}, &Posting::document);
        list.clear();
        std::uint32_t next = 0;
        for (const Posting& posting : postings) put_posting(list, next, posting.document, posting.fields);
        out.term(term, list);
    }
    if (auto done = out.finish(true); !done) return std::unexpected(done.error());
    return documents.size();
}

}  // namespace postrider::index
