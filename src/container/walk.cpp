#include "container/walk.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace postrider::container {
namespace {

constexpr std::size_t window_size = 128u << 10;

bool all_zero(std::string_view bytes) {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

/// A header's bytes, out of a window that is read ahead; shorter at the end of the file or when the disk
/// refuses.
std::string_view Walk::at(std::uint64_t offset) {
    if (offset < window_at_ || offset + header_size > window_at_ + window_.size()) {
        auto bytes =
            file_.read(offset, static_cast<std::size_t>(std::min<std::uint64_t>(window_size, to_ - offset)));
        disk_failed_ = !bytes;
        if (!bytes) {
            reason_ = bytes.error();
            return {};
        }
        window_ = std::move(*bytes);
        window_at_ = offset;
    }
    return std::string_view{window_}.substr(offset - window_at_, header_size);
}

/// Moves position_ to the next whole header. @return false if there is none before the end
bool Walk::search() {
    std::uint64_t data_until = 0;
    while (position_ + header_size <= to_) {
        if (position_ >= data_until) {  // jump over holes
            const off_t data = lseek(file_.fd, static_cast<off_t>(position_), SEEK_DATA);
            if (data < 0 && errno == ENXIO) return false;
            if (data > 0) position_ = align_up(static_cast<std::uint64_t>(data), record_alignment);
            data_until = position_ + window_size;
            continue;
        }
        const std::string_view bytes = at(position_);
        if (disk_failed_) {
            position_ = align_up(position_ + 1, page_size);
            continue;
        }
        if (starts_with_magic(bytes)) {
            auto header = read_header(bytes, {seed_, file_.number, position_});
            if (header && position_ + header->padded_size() <= to_) return true;
        }
        position_ += record_alignment;
    }
    return false;
}

Walk::Step Walk::next() {
    if (position_ + header_size > to_) return Step::end;
    std::string_view bytes = at(position_);
    offset_ = position_;
    auto header = read_header(bytes, {seed_, file_.number, position_});
    if (!header || position_ + header->padded_size() > to_) {
        const bool freed = !disk_failed_ && all_zero(bytes);
        if (!freed && !disk_failed_)
            reason_ =
                file_.failure(header ? ContainerError::corrupt : header.error().kind, position_,
                              header ? "a record reaches beyond the end of the file" : header.error().what);
        position_ += record_alignment;
        const bool more = search();
        if (!more) position_ = to_;
        if (!freed) return Step::damage;
        if (!more) return Step::end;
        offset_ = position_;
        header = read_header(at(position_), {seed_, file_.number, position_});
        if (!header) return Step::end;  // it was whole a moment ago: freed and punched meanwhile
    }
    header_ = *header;
    position_ = offset_ + header_.padded_size();
    return Step::record;
}

}  // namespace postrider::container
