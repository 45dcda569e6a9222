#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "index/fields.h"
#include "index/segment_writer.h"

namespace postrider::index {

/// Collects the terms of messages in memory, then writes them as one segment.
class Builder {
public:
    Builder();

    /// Of the next message: above all that were added.
    void begin(DocumentId document);
    /// A text of the message begun last: UTF-8, not folded. A piece across two texts is not found.
    void add(Fields fields, std::string_view utf8);
    /// What its attachments say, kept to be read again; add() it too.
    void keep_text(std::string_view utf8);

    std::size_t memory() const;  ///< about the octets that are held
    std::size_t documents() const { return documents_.size(); }
    bool empty() const { return documents_.empty(); }

    /// Nothing is held afterwards, whether or not it succeeded.
    SegmentWriter::Result<> write(const std::filesystem::path& path, bool durable);

private:
    struct Term {
        std::string_view text;  ///< in `arena_`
        std::uint64_t hash = 0;
        std::uint32_t next = 0;      ///< for put_posting()
        std::uint32_t document = 0;  ///< the last that has it, not in `postings` yet
        Fields fields = 0;           ///< where; 0: none has it yet
        std::string postings;
    };
    void count(std::string_view term, Fields fields);
    Term& find(std::string_view term);
    void grow();
    std::string_view store(std::string_view term);
    void clear();

    std::vector<DocumentId> documents_;
    std::deque<Term> terms_;
    std::vector<std::uint32_t> table_;  ///< number of a term plus 1, by its hash
    std::deque<std::string> arena_;
    std::size_t arena_bytes_ = 0, postings_bytes_ = 0;
    std::vector<std::pair<std::uint32_t, std::string>> texts_;
    void end_filter();
    JunctionCollector junctions_;         ///< of the message begun last
    std::vector<std::uint64_t> filters_;  ///< of those before it
    std::vector<std::size_t> filter_ends_;
};

}  // namespace postrider::index
