#include "index/segment_writer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>

#include "base/codec.h"

namespace postrider::index {
namespace {

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

constexpr std::size_t buffer_size = 256 * 1024;

}  // namespace

SegmentWriter::SegmentWriter(std::filesystem::path path, std::filesystem::path temporary)
    : path_{std::move(path)}, temporary_{std::move(temporary)}, hash_{XXH3_createState()} {
    XXH3_64bits_reset(static_cast<XXH3_state_t*>(hash_));
}

SegmentWriter::~SegmentWriter() {
    XXH3_freeState(static_cast<XXH3_state_t*>(hash_));
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_.c_str());
}

auto SegmentWriter::create(const std::filesystem::path& path, const std::vector<DocumentId>& documents)
    -> Result<std::unique_ptr<SegmentWriter>> {
    std::filesystem::path temporary = path;
    temporary += ".new";
    std::unique_ptr<SegmentWriter> writer{new SegmentWriter{path, temporary}};
    writer->fd_ = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (writer->fd_ < 0)
        return std::unexpected(fmt::format("{}: {}", temporary.string(), std::strerror(errno)));
    writer->uids_.reserve(documents.size());
    for (const DocumentId& document : documents) {
        auto& folders = writer->folders_;
        if (folders.empty() || folders.back().folder != document.folder.value())
            folders.push_back({document.folder.value(), static_cast<std::uint32_t>(writer->uids_.size()), 0});
        ++folders.back().documents;
        writer->uids_.push_back(document.uid.value());
    }
    writer->dictionary_.push_back('\0');
    // Postings are written as they come; the header's place is filled at the end, and hashed last.
    writer->written_ = sizeof(SegmentHeader);
    if (::lseek(writer->fd_, sizeof(SegmentHeader), SEEK_SET) < 0) writer->failed_ = true;
    return writer;
}

void SegmentWriter::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty() && !failed_) {
        const ssize_t count = ::write(fd_, rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            failed_ = true;
        else
            rest.remove_prefix(static_cast<std::size_t>(count));
    }
    buffer_.clear();
}

void SegmentWriter::put(std::string_view bytes) {
    XXH3_64bits_update(static_cast<XXH3_state_t*>(hash_), bytes.data(), bytes.size());
    written_ += bytes.size();
    buffer_.append(bytes);
    if (buffer_.size() >= buffer_size) flush();
}

void SegmentWriter::align() {
    constexpr char zeros[8] = {};
    put({zeros, (8 - written_ % 8) % 8});
}

void SegmentWriter::filter(JunctionFilter filter) {
    if (filter_places_.empty()) {
        align();
        header_.filters_at = written_;
        filter_places_.reserve(uids_.size() + 1);
        filter_places_.push_back(0);
    }
    put({reinterpret_cast<const char*>(filter.data()), filter.size_bytes()});
    filter_places_.push_back(filter_places_.back() + static_cast<std::uint32_t>(filter.size()));
}

void SegmentWriter::term(std::string_view term, std::string_view postings) {
    if (header_.terms == 0) header_.postings_at = written_;
    if (header_.terms % terms_per_block == 0)
        blocks_.push_back({postings_size_, static_cast<std::uint32_t>(dictionary_.size()), 0});
    ++header_.terms;
    dictionary_.append(term);
    dictionary_.push_back('\0');
    std::string size;
    put_varint(size, postings.size());
    put(size);
    put(postings);
    postings_size_ += size.size() + postings.size();
}

void SegmentWriter::text(std::uint32_t document, std::string_view compressed) {
    text_table_.push_back({texts_size_, document, static_cast<std::uint32_t>(compressed.size())});
    put(compressed);
    texts_size_ += compressed.size();
}

SegmentWriter::Result<> SegmentWriter::finish(bool durable) {
    auto refused = [&](const char* what) {
        return std::unexpected(fmt::format("{}: {}: {}", temporary_.string(), what, std::strerror(errno)));
    };
    std::memcpy(header_.magic, segment_magic, sizeof segment_magic);
    header_.documents = static_cast<std::uint32_t>(uids_.size());
    header_.blocks = static_cast<std::uint32_t>(blocks_.size());
    header_.folders = static_cast<std::uint32_t>(folders_.size());
    header_.texts = static_cast<std::uint32_t>(text_table_.size());
    header_.text_bytes_at = sizeof(SegmentHeader);
    if (header_.terms == 0) header_.postings_at = written_;
    header_.postings_size = postings_size_;
    auto section = [&](std::uint64_t& at, std::string_view bytes) {
        align();
        at = written_;
        put(bytes);
    };
    section(header_.folders_at, bytes_of(folders_));
    section(header_.uids_at, bytes_of(uids_));
    section(header_.dictionary_at, dictionary_);
    header_.dictionary_size = dictionary_.size();
    section(header_.blocks_at, bytes_of(blocks_));
    section(header_.texts_at, bytes_of(text_table_));
    if (!filter_places_.empty()) section(header_.filter_places_at, bytes_of(filter_places_));
    header_.file_size = written_ + 8;
    // The checksum is over what follows the header, then the header.
    auto* const hash = static_cast<XXH3_state_t*>(hash_);
    XXH3_64bits_update(hash, &header_, sizeof header_);
    const std::uint64_t sum = XXH3_64bits_digest(hash);
    buffer_.append(reinterpret_cast<const char*>(&sum), sizeof sum);
    flush();
    if (failed_) return refused("write");
    if (::pwrite(fd_, &header_, sizeof header_, 0) != static_cast<ssize_t>(sizeof header_))
        return refused("write");
    if (durable && ::fdatasync(fd_) != 0) return refused("sync");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return refused("rename");
    ::close(fd_);
    fd_ = -1;
    return {};
}

}  // namespace postrider::index
