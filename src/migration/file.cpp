#include "migration/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "text/mutf7.h"
#include "text/utf8.h"

namespace postrider::migration {

std::expected<InFile, std::string> InFile::open(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return std::unexpected(std::string{std::strerror(errno)});
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(fd);
        return std::unexpected("not a file");
    }
    return InFile{fd, static_cast<std::uint64_t>(status.st_size), status.st_mtime};
}

InFile::InFile(InFile&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)}, size_{other.size_}, modified_{other.modified_} {}

InFile& InFile::operator=(InFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    size_ = other.size_;
    modified_ = other.modified_;
    return *this;
}

InFile::~InFile() {
    if (fd_ >= 0) ::close(fd_);
}

std::expected<std::string, std::string> InFile::read(std::uint64_t offset, std::size_t bytes) const {
    if (offset >= size_) return std::string{};
    std::string out(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, size_ - offset)), '\0');
    std::size_t got = 0;
    while (got < out.size()) {
        const ssize_t n = ::pread(fd_, out.data() + got, out.size() - got, static_cast<off_t>(offset + got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return std::unexpected(std::string{std::strerror(errno)});
        if (n == 0) break;  // it has become shorter
        got += static_cast<std::size_t>(n);
    }
    out.resize(got);
    return out;
}

std::expected<std::string, std::string> read_whole(const std::filesystem::path& path, std::uint64_t limit) {
    auto file = InFile::open(path);
    if (!file) return std::unexpected(file.error());
    if (file->size() > limit) return std::unexpected("too large");
    return file->read(0, static_cast<std::size_t>(file->size()));
}

std::expected<std::vector<std::string>, std::string> names_in(const std::filesystem::path& directory) {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator at{directory, error};
    for (; !error && at != std::filesystem::directory_iterator{}; at.increment(error)) {
        std::error_code unknown;
        const auto status = at->symlink_status(unknown);
        std::string name = at->path().filename().string();
        if (std::filesystem::is_directory(status))
            name += '/';
        else if (!std::filesystem::is_regular_file(status))
            continue;
        names.push_back(std::move(name));
    }
    if (error) return std::unexpected(error.message());
    std::sort(names.begin(), names.end());
    return names;
}

std::string with_crlf(std::string octets) {
    std::size_t bare = 0;
    for (std::size_t at = octets.find('\n'); at != std::string::npos; at = octets.find('\n', at + 1))
        bare += at == 0 || octets[at - 1] != '\r';
    if (bare == 0) return octets;
    std::string out;
    out.reserve(octets.size() + bare);
    std::size_t from = 0;
    for (std::size_t at = octets.find('\n'); at != std::string::npos; at = octets.find('\n', at + 1)) {
        const bool alone = at == 0 || octets[at - 1] != '\r';
        out.append(octets, from, at - from);
        out.append(alone ? "\r\n" : "\n");
        from = at + 1;
    }
    out.append(octets, from);
    return out;
}

std::string folder_name(std::string_view on_disk) {
    if (auto name = text::decode_mutf7(on_disk)) return *name;
    return text::repair_utf8(on_disk);
}

}  // namespace postrider::migration
