#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "index/document_set.h"
#include "index/fields.h"
#include "index/runs.h"
#include "index/segment_format.h"
#include "mailstore/types.h"

namespace postrider::index {

/// One file of an account's index, mapped into memory; never changes. Any thread may read it. A file that was
/// removed can be read until the last Segment of it is gone.
class Segment {
public:
    /// Checks the whole file. The error is a sentence for the log.
    static std::expected<std::shared_ptr<const Segment>, std::string> open(const std::filesystem::path& path);
    ~Segment();
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::uint64_t bytes() const { return size_; }
    std::uint32_t documents() const { return header_.documents; }
    std::span<const SegmentFolder> folders() const { return folders_; }
    const SegmentFolder* folder(FolderId folder) const;  ///< nullptr: has no message of it
    Uid uid(std::uint32_t document) const { return Uid{uids_[document]}; }

    /// Adds the documents of one folder, counted from its first, with a term that has `piece` in one of
    /// the fields. `found` is as large as the folder.
    void find(const SegmentFolder& folder, Fields fields, const Piece& piece, DocumentSet& found) const;
    /// Of the junctions in a document's body.
    JunctionFilter filter(std::uint32_t document) const;
    /// The UIDs of documents counted from the folder's first.
    mailstore::UidSet uids(const SegmentFolder& folder, const DocumentSet& documents) const;
    mailstore::UidSet uids(const SegmentFolder& folder) const;

    /// What attachments of a message say; "" when they say nothing.
    std::string text(std::uint32_t document) const;
    std::span<const SegmentText> texts() const { return texts_; }
    std::string_view compressed(const SegmentText& text) const;

    /// Walks the terms in order.
    class Terms {
    public:
        explicit Terms(const Segment& segment);
        bool valid() const { return !rest_.empty(); }
        std::string_view term() const { return term_; }
        std::string_view postings() const { return postings_; }
        void next();

    private:
        void read();
        std::string_view rest_, lists_, term_, postings_;
    };

    /// Visits the terms that have `piece`, until `visit` gives false.
    void each_with(const Piece& piece,
                   const std::function<bool(std::string_view term, std::string_view postings)>& visit) const;

private:
    Segment() = default;
    bool read_tables();
    std::string_view term_at(const SegmentBlock& block) const;  ///< the first of a block
    bool read_filters();
    template <class T>
    bool table(std::span<const T>& out, std::uint64_t at, std::uint64_t count) const;

    std::filesystem::path path_;
    const char* data_ = nullptr;
    std::uint64_t size_ = 0;
    SegmentHeader header_{};
    std::span<const SegmentFolder> folders_;
    std::span<const std::uint32_t> uids_;
    std::span<const SegmentBlock> blocks_;
    std::span<const SegmentText> texts_;
    std::span<const std::uint32_t> filter_places_;
    JunctionFilter filters_;
    std::string_view dictionary_, postings_;
};

}  // namespace postrider::index
