#pragma once

#include <cstddef>
#include <cstdint>

/// One file of an account's index, by the byte: docs/formats/index.md. Numbers are little-endian.
namespace postrider::index {

inline constexpr char segment_magic[8] = {'P', 'R', 'i', 'n', 'd', 'e', 'x', '2'};
/// Of files from before 2026-11-21, which have no junctions; they are read and merged, no more written.
inline constexpr char segment_magic_1[8] = {'P', 'R', 'i', 'n', 'd', 'e', 'x', '1'};
inline constexpr std::size_t header_size_1 = 112;
inline constexpr std::uint32_t terms_per_block = 32;
inline constexpr std::size_t max_term = 64;

struct SegmentHeader {
    char magic[8];
    std::uint32_t documents;
    std::uint32_t terms;
    std::uint32_t blocks;
    std::uint32_t folders;
    std::uint32_t texts;
    std::uint32_t reserved;
    std::uint64_t folders_at;     ///< SegmentFolder[folders], ascending
    std::uint64_t uids_at;        ///< u32[documents]: ascending within a folder
    std::uint64_t dictionary_at;  ///< a zero octet, then every term with a zero behind it, ascending
    std::uint64_t dictionary_size;
    std::uint64_t blocks_at;  ///< SegmentBlock[blocks]
    std::uint64_t postings_at;
    std::uint64_t postings_size;
    std::uint64_t texts_at;  ///< SegmentText[texts], ascending by document
    std::uint64_t text_bytes_at;
    std::uint64_t file_size;  ///< with the checksum, the last 8 octets

    std::uint64_t filters_at;  ///< u64[]: one document's after the other's
    /// u32[documents + 1]: where each begins, counted in u64, and where the last ends. One that has none says
    /// nothing. 0: no document has one.
    std::uint64_t filter_places_at;
};
static_assert(sizeof(SegmentHeader) == 128);

struct SegmentFolder {
    std::uint32_t folder, first_document, documents;
};
struct SegmentBlock {
    std::uint64_t postings;    ///< from postings_at
    std::uint32_t dictionary;  ///< from dictionary_at: its first term
    std::uint32_t reserved;
};
/// What was read out of a message's attachments: zstd of UTF-8.
struct SegmentText {
    std::uint64_t at;  ///< from text_bytes_at
    std::uint32_t document, size;
};

}  // namespace postrider::index
