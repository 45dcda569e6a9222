#pragma once

#include <cstdio>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "index/junctions.h"
#include "index/segment_format.h"

namespace postrider::index {

/// A message in a folder: what the index calls a document.
struct DocumentId {
    FolderId folder;
    Uid uid;
    friend auto operator<=>(const DocumentId&, const DocumentId&) = default;
};

/// Writes one segment file in a single pass. The file has its name once finish() succeeded, and is removed
/// otherwise. Errors are sentences for the log.
class SegmentWriter {
public:
    template <class T = void>
    using Result = std::expected<T, std::string>;

    /// @param documents  ascending; their places are the document numbers that postings name
    static Result<std::unique_ptr<SegmentWriter>> create(const std::filesystem::path& path,
                                                         const std::vector<DocumentId>& documents);
    ~SegmentWriter();
    SegmentWriter(const SegmentWriter&) = delete;
    SegmentWriter& operator=(const SegmentWriter&) = delete;

    /// What attachments say, compressed; documents in ascending order. Before the first filter.
    void text(std::uint32_t document, std::string_view compressed);
    /// Of the next document, each once in order, before the first term; or of none.
    void filter(JunctionFilter filter);
    /// Terms in ascending order of octets, without zeros, 1 to 64 octets.
    void term(std::string_view term, std::string_view postings);
    /// @param durable  the bytes are synced before the file has its name
    Result<> finish(bool durable);

    std::uint64_t bytes() const { return dictionary_.size() + postings_size_ + texts_size_; }

private:
    SegmentWriter(std::filesystem::path path, std::filesystem::path temporary);
    void put(std::string_view bytes);
    void align();
    void flush();

    std::filesystem::path path_, temporary_;
    int fd_ = -1;
    bool failed_ = false;
    std::string buffer_;
    std::uint64_t written_ = 0;
    void* hash_ = nullptr;  // XXH3_state_t

    SegmentHeader header_{};
    std::vector<SegmentFolder> folders_;
    std::vector<std::uint32_t> uids_;
    std::string dictionary_;
    std::vector<SegmentBlock> blocks_;
    std::vector<SegmentText> text_table_;
    std::vector<std::uint32_t> filter_places_;
    std::uint64_t postings_size_ = 0, texts_size_ = 0;
};

}  // namespace postrider::index
