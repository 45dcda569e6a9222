#include "index/segment.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/codec.h"
#include "index/postings.h"
#include "mailstore/uid_set.h"
#include "text/find_bytes.h"

namespace postrider::index {
namespace {

constexpr std::size_t most_text = 16u << 20;  // decompressed

std::uint64_t take_varint(std::string_view& bytes) {
    Decoder in{bytes};
    const std::uint64_t value = in.varint();
    bytes = in.ok() ? in.rest() : std::string_view{};
    return value;
}

std::string_view take_list(std::string_view& lists) {
    const std::uint64_t size = take_varint(lists);
    std::string_view list = lists.substr(0, size);
    lists.remove_prefix(list.size());
    return list;
}

}  // namespace

Segment::~Segment() {
    if (data_) ::munmap(const_cast<char*>(data_), size_);
}

template <class T>
bool Segment::table(std::span<const T>& out, std::uint64_t at, std::uint64_t count) const {
    if (at % alignof(T) != 0 || at > size_ || count > (size_ - at) / sizeof(T)) return false;
    out = {reinterpret_cast<const T*>(data_ + at), count};
    return true;
}

bool Segment::read_tables() {
    const SegmentHeader& h = header_;
    std::span<const char> dictionary, lists;
    if (!table(folders_, h.folders_at, h.folders) || !table(uids_, h.uids_at, h.documents)
        || !table(blocks_, h.blocks_at, h.blocks) || !table(texts_, h.texts_at, h.texts)
        || !table(dictionary, h.dictionary_at, h.dictionary_size)
        || !table(lists, h.postings_at, h.postings_size) || h.text_bytes_at > size_)
        return false;
    dictionary_ = {dictionary.data(), dictionary.size()};
    postings_ = {lists.data(), lists.size()};
    if (dictionary_.empty() || dictionary_.front() != '\0' || dictionary_.back() != '\0') return false;
    if ((h.terms + terms_per_block - 1) / terms_per_block != h.blocks) return false;
    std::uint32_t next = 0;
    for (const SegmentFolder& one : folders_) {
        if (one.first_document != next || one.documents > h.documents - next) return false;
        next += one.documents;
    }
    std::uint64_t place = 0, list = 0;
    for (const SegmentBlock& block : blocks_) {
        if (block.dictionary <= place || block.dictionary >= dictionary_.size() || block.postings < list
            || block.postings > postings_.size())
            return false;
        place = block.dictionary;
        list = block.postings;
    }
    return next == h.documents && read_filters();
}

bool Segment::read_filters() {
    const SegmentHeader& h = header_;
    if (h.filter_places_at == 0) return true;
    if (!table(filter_places_, h.filter_places_at, std::uint64_t{h.documents} + 1)) return false;
    return std::ranges::is_sorted(filter_places_) && table(filters_, h.filters_at, filter_places_.back());
}

JunctionFilter Segment::filter(std::uint32_t document) const {
    if (filter_places_.empty()) return {};
    const std::uint32_t begin = filter_places_[document];
    return filters_.subspan(begin, filter_places_[document + 1] - begin);
}

std::expected<std::shared_ptr<const Segment>, std::string> Segment::open(const std::filesystem::path& path) {
    auto bad = [&](std::string_view why) {
        return std::unexpected(fmt::format("{}: {}", path.string(), why));
    };
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bad(std::strerror(errno));
    struct stat status {};
    const bool known = ::fstat(fd, &status) == 0;
    const auto size = static_cast<std::uint64_t>(known ? status.st_size : 0);
    void* data = MAP_FAILED;
    if (size >= header_size_1 + 8) data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (data == MAP_FAILED) return bad("is too short or cannot be mapped");
    std::shared_ptr<Segment> segment{new Segment};
    segment->path_ = path;
    segment->data_ = static_cast<const char*>(data);
    segment->size_ = size;
    const bool first_version = std::memcmp(data, segment_magic_1, sizeof segment_magic_1) == 0;
    if (!first_version && std::memcmp(data, segment_magic, sizeof segment_magic) != 0)
        return bad("is no index of this version");
    const std::size_t header_size = first_version ? header_size_1 : sizeof(SegmentHeader);
    if (size < header_size + 8) return bad("is too short");
    std::memcpy(&segment->header_, data, header_size);
    if (segment->header_.file_size != size) return bad("is cut short");
    std::uint64_t sum;
    std::memcpy(&sum, segment->data_ + size - 8, 8);
    XXH3_state_t* const hash = XXH3_createState();
    XXH3_64bits_reset(hash);
    XXH3_64bits_update(hash, segment->data_ + header_size, size - 8 - header_size);
    XXH3_64bits_update(hash, segment->data_, header_size);
    const bool same = XXH3_64bits_digest(hash) == sum;
    XXH3_freeState(hash);
    if (!same || !segment->read_tables()) return bad("is damaged");
    return segment;
}

const SegmentFolder* Segment::folder(FolderId folder) const {
    auto at = std::ranges::lower_bound(folders_, folder.value(), {}, &SegmentFolder::folder);
    return at != folders_.end() && at->folder == folder.value() ? &*at : nullptr;
}

std::string_view Segment::term_at(const SegmentBlock& block) const {
    const std::string_view rest = dictionary_.substr(block.dictionary);
    return rest.substr(0, rest.find('\0'));
}

void Segment::each_with(
    const Piece& piece,
    const std::function<bool(std::string_view term, std::string_view postings)>& visit) const {
    if (blocks_.empty()) return;
    // Between the zeros that stand around terms a piece is a piece of the dictionary, wherever it must lie.
    std::string sought;
    if (piece.begins) sought.push_back('\0');
    sought.append(piece.text);
    if (piece.ends) sought.push_back('\0');
    std::size_t block = 0;  // the term below is in this one
    std::string_view dictionary = dictionary_;
    if (piece.begins) {
        // Such terms lie side by side.
        auto less = [&](const SegmentBlock& b) { return term_at(b) < piece.text; };
        auto within = [&](const SegmentBlock& b) { return term_at(b).starts_with(piece.text); };
        const auto first = std::ranges::partition_point(blocks_, less);
        const auto behind = std::partition_point(first, blocks_.end(), within);
        if (first != blocks_.begin()) block = static_cast<std::size_t>(first - blocks_.begin()) - 1;
        if (behind != blocks_.end()) dictionary = dictionary_.substr(0, behind->dictionary);
    }
    std::size_t at = blocks_[block].dictionary;                          // begin of a term
    std::string_view lists = postings_.substr(blocks_[block].postings);  // its postings and what follows
    const std::size_t ahead = piece.begins ? 1 : 0;
    while (true) {
        std::size_t hit = text::find_bytes(dictionary, sought, at - ahead);
        if (hit == std::string_view::npos) return;
        hit += ahead;
        if (block + 1 < blocks_.size() && blocks_[block + 1].dictionary <= hit) {
            auto behind = std::upper_bound(
                blocks_.begin() + static_cast<std::ptrdiff_t>(block) + 1, blocks_.end(), hit,
                [](std::size_t place, const SegmentBlock& b) { return place < b.dictionary; });
            block = static_cast<std::size_t>(behind - blocks_.begin()) - 1;
            at = blocks_[block].dictionary;
            lists = postings_.substr(blocks_[block].postings);
        }
        std::size_t end = dictionary_.find('\0', at);
        while (end < hit) {  // npos is never reached: the dictionary ends with a zero
            at = end + 1;
            end = dictionary_.find('\0', at);
            take_list(lists);
        }
        const std::string_view term = dictionary_.substr(at, end - at);
        if (!visit(term, take_list(lists))) return;
        at = end + 1;
        if (at >= dictionary.size()) return;
    }
}

void Segment::find(const SegmentFolder& folder, Fields fields, const Piece& piece, DocumentSet& found) const {
    const std::uint32_t first = folder.first_document, end = first + folder.documents;
    each_with(piece, [&](std::string_view, std::string_view postings) {
        each_posting(postings, [&](std::uint32_t document, Fields where) {
            if (document >= end) return false;
            if ((where & fields) && document >= first) found.add(document - first);
            return true;
        });
        return !found.full();
    });
}

mailstore::UidSet Segment::uids(const SegmentFolder& folder, const DocumentSet& documents) const {
    mailstore::UidSet set;
    documents.each(
        [&](std::uint32_t number) { mailstore::append(set, uid(folder.first_document + number)); });
    return set;
}

mailstore::UidSet Segment::uids(const SegmentFolder& folder) const {
    mailstore::UidSet set;
    for (std::uint32_t i = 0; i < folder.documents; ++i)
        mailstore::append(set, uid(folder.first_document + i));
    return set;
}

std::string_view Segment::compressed(const SegmentText& text) const {
    const std::uint64_t begin = header_.text_bytes_at;
    if (text.at > size_ - begin || text.size > size_ - begin - text.at) return {};
    return {data_ + begin + text.at, text.size};
}

std::string Segment::text(std::uint32_t document) const {
    auto at = std::ranges::lower_bound(texts_, document, {}, &SegmentText::document);
    if (at == texts_.end() || at->document != document) return {};
    const std::string_view packed = compressed(*at);
    const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
    if (size > most_text) return {};  // also what is unknown or an error
    std::string text(size, '\0');
    const std::size_t got = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
    if (ZSTD_isError(got)) return {};
    text.resize(got);
    return text;
}

Segment::Terms::Terms(const Segment& segment)
    : rest_{segment.dictionary_.substr(1)}, lists_{segment.postings_} {
    read();
}

void Segment::Terms::read() {
    if (rest_.empty()) return;
    term_ = rest_.substr(0, rest_.find('\0'));
    postings_ = take_list(lists_);
}

void Segment::Terms::next() {
    rest_.remove_prefix(std::min(term_.size() + 1, rest_.size()));
    read();
}

}  // namespace postrider::index
