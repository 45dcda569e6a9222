#include "migration/mdbox_storage.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include "migration/dbox_place.h"
#include "migration/dovecot_log.h"
#include "migration/file.h"
#include "migration/out_file.h"

namespace postrider::migration {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t file_full = 10u << 20;  ///< Dovecot's own mdbox_rotate_size
constexpr std::size_t piece = 1u << 20;

std::unexpected<std::string> failed(const fs::path& path) {
    return std::unexpected(path.string() + ": " + std::strerror(errno));
}

void put_le(std::string& out, std::uint32_t value, int octets = 4) {
    for (int i = 0; i < octets; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

/// Of "m.12"; 0 for every other name.
std::uint32_t number_of(std::string_view name) {
    std::uint32_t number = 0;
    if (!name.starts_with("m.")) return 0;
    auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), number);
    return error == std::errc{} && end == name.data() + name.size() ? number : 0;
}

}  // namespace

MdboxStorage::~MdboxStorage() {
    if (fd_ >= 0) ::close(fd_);
}

fs::path MdboxStorage::file(std::uint32_t number) const {
    return root_ / ("m." + std::to_string(number));
}

MdboxStorage::Done MdboxStorage::open() {
    std::error_code error;
    fs::create_directories(root_, error);
    if (error) return std::unexpected(root_.string() + ": " + error.message());
    const DovecotIndex map = dovecot_index_at(root_ / "dovecot.map.index", "map", [](const Problem&) {});
    validity_ = map.uid_validity;
    if (validity_ == 0)
        validity_ = static_cast<std::uint32_t>(
            std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
    next_number_ = std::max<std::uint32_t>(1, map.uid_next);
    std::vector<std::uint64_t> ends;  // of each file, as far as the map knows it
    for (const auto& [number, message] : map.messages) {
        if (message.extension.size() < 12) continue;
        const Place place{number, u32_at(message.extension, 0), u32_at(message.extension, 4),
                          u32_at(message.extension, 8)};
        if (place.file == 0 || place.file > 10'000'000) continue;
        if (ends.size() <= place.file) ends.resize(place.file + 1);
        ends[place.file] = std::max(ends[place.file], std::uint64_t{place.offset} + place.size);
        places_.push_back(place);
    }
    auto names = names_in(root_);
    if (!names) return std::unexpected(root_.string() + ": " + names.error());
    std::vector<std::uint64_t> sizes(ends.size());
    for (const std::string& name : *names) {
        const std::uint32_t number = number_of(name);
        if (number == 0) continue;
        const std::uint64_t end = number < ends.size() ? ends[number] : 0;
        const std::uint64_t size = fs::file_size(root_ / name, error);
        if (end == 0)
            fs::remove(root_ / name, error);
        else if (size > end)
            fs::resize_file(root_ / name, end, error);
        if (error) return std::unexpected((root_ / name).string() + ": " + error.message());
        if (number < sizes.size()) sizes[number] = std::min(size, end);
    }
    std::erase_if(places_, [&](const Place& place) {
        return std::uint64_t{place.offset} + place.size > sizes[place.file];
    });
    for (const Place& place : places_) file_number_ = std::max(file_number_, place.file);
    return {};
}

bool MdboxStorage::has(std::uint32_t number) const {
    auto at = std::ranges::lower_bound(places_, number, {}, &Place::number);
    return at != places_.end() && at->number == number;
}

MdboxStorage::Done MdboxStorage::next_file() {
    if (fd_ >= 0) {
        if (auto ok = sync(); !ok) return ok;
        ::close(fd_);
    }
    const fs::path path = file(++file_number_);
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) return failed(path);
    buffer_ = fmt::format("2 M1e C{:x}\n", validity_);
    written_ = 0;
    return {};
}

MdboxStorage::Done MdboxStorage::write_out() {
    for (std::size_t at = 0; at < buffer_.size();) {
        const ssize_t n = ::write(fd_, buffer_.data() + at, buffer_.size() - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(file(file_number_));
        at += static_cast<std::size_t>(n);
    }
    written_ += static_cast<std::uint32_t>(buffer_.size());
    buffer_.clear();
    return {};
}

/// What the map is to name must be on disk before it does.
MdboxStorage::Done MdboxStorage::sync() {
    if (auto ok = write_out(); !ok) return ok;
    if (::fdatasync(fd_) != 0) return failed(file(file_number_));
    return {};
}

std::expected<std::uint32_t, std::string> MdboxStorage::add(std::string_view dbox) {
    if (fd_ < 0 || written_ + buffer_.size() >= file_full)
        if (auto ok = next_file(); !ok) return std::unexpected(ok.error());
    const std::uint32_t number = next_number_++;
    places_.push_back({number, file_number_, static_cast<std::uint32_t>(written_ + buffer_.size()),
                       static_cast<std::uint32_t>(dbox.size())});
    ++fresh_;
    buffer_ += dbox;
    if (buffer_.size() >= piece)
        if (auto ok = write_out(); !ok) return std::unexpected(ok.error());
    return number;
}

void MdboxStorage::later(fs::path index, std::string log) {
    logs_.emplace_back(std::move(index), std::move(log));
}

MdboxStorage::Done MdboxStorage::flush() {
    if (fd_ >= 0)
        if (auto ok = sync(); !ok) return ok;
    DovecotLog map{validity_};
    map.header(DovecotLog::uid_validity_at, validity_);
    std::string highest;
    put_le(highest, file_number_);
    put_le(highest, 0);
    std::vector<std::pair<std::uint32_t, std::uint8_t>> numbers;
    std::vector<std::pair<std::uint32_t, std::string>> places, references;
    for (const Place& place : places_) {
        numbers.emplace_back(place.number, std::uint8_t{0});
        std::string where, one;
        for (std::uint32_t value : {place.file, place.offset, place.size}) put_le(where, value);
        put_le(one, 1, 2);
        places.emplace_back(place.number, std::move(where));
        references.emplace_back(place.number, std::move(one));
    }
    map.extension({"map", highest, 12, 4, 1});
    map.append(numbers);
    map.records(places);
    map.extension({"ref", {}, 2, 2, 1});
    map.records(references);
    map.header(DovecotLog::next_uid_at, next_number_);
    map.settle();
    if (auto ok = put_dovecot_log(root_ / "dovecot.map.index", map.text()); !ok) return ok;
    for (const auto& [index, log] : logs_)
        if (auto ok = put_dovecot_log(index, log); !ok) return ok;
    logs_.clear();
    fresh_ = 0;
    return sync_files(root_);
}

}  // namespace postrider::migration
