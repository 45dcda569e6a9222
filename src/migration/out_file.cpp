#include "migration/out_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "migration/file.h"
#include "text/mutf7.h"

namespace postrider::migration {
namespace {

std::unexpected<std::string> failed(const std::filesystem::path& path) {
    return std::unexpected(path.string() + ": " + std::strerror(errno));
}

}  // namespace

std::expected<void, std::string> put_file_through(const std::filesystem::path& temporary,
                                                  const std::filesystem::path& path, std::string_view octets,
                                                  std::int64_t modified) {
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return failed(temporary);
    bool good = true;
    for (std::size_t at = 0; good && at < octets.size();) {
        const ssize_t n = ::write(fd, octets.data() + at, octets.size() - at);
        if (n < 0 && errno == EINTR) continue;
        good = n >= 0;
        if (good) at += static_cast<std::size_t>(n);
    }
    if (good && modified != 0) {
        const timespec times[2] = {{modified, 0}, {modified, 0}};
        good = ::futimens(fd, times) == 0;
    }
    const int why = errno;
    good = ::close(fd) == 0 && good;
    if (good) good = ::rename(temporary.c_str(), path.c_str()) == 0;
    if (good) return {};
    if (why != 0 && errno == 0) errno = why;
    auto failure = failed(path);
    ::unlink(temporary.c_str());
    return failure;
}

std::expected<void, std::string> put_file(const std::filesystem::path& path, std::string_view octets,
                                          std::int64_t modified) {
    return put_file_through(path.string() + ".new", path, octets, modified);
}

std::expected<void, std::string> sync_files(const std::filesystem::path& directory) {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed(directory);
    const bool good = ::syncfs(fd) == 0;
    ::close(fd);
    if (!good) return failed(directory);
    return {};
}

std::expected<std::uint64_t, std::string> remove_files(
    const std::filesystem::path& directory, const std::function<bool(const std::string& name)>& unwanted) {
    auto names = names_in(directory);
    if (!names) return std::unexpected(directory.string() + ": " + names.error());
    std::uint64_t removed = 0;
    for (const std::string& name : *names) {
        if (!unwanted(name)) continue;
        std::error_code error;
        std::filesystem::remove(directory / name, error);
        if (error) return std::unexpected((directory / name).string() + ": " + error.message());
        ++removed;
    }
    return removed;
}

std::string with_lf(std::string octets) {
    for (std::size_t at = octets.find('\n'); at != std::string::npos; at = octets.find('\n', at + 1))
        // What a reader would take for another text is left as it is.
        if (at == 0 || octets[at - 1] != '\r' || (at > 1 && octets[at - 2] == '\r')) return octets;
    std::string out;
    out.reserve(octets.size());
    for (std::size_t i = 0; i < octets.size(); ++i)
        if (octets[i] != '\r' || i + 1 == octets.size() || octets[i + 1] != '\n') out += octets[i];
    return out;
}

std::string name_on_disk(std::string_view path, char separator) {
    std::string out;
    while (true) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const auto part = text::encode_mutf7(path.substr(0, end));
        const std::size_t begin = out.size();
        out += part ? *part : std::string{path.substr(0, end)};
        if (separator == '/' && out.size() > begin && out[begin] == '.')
            out[begin] = '_';  // "..", hidden ones
        if (end == path.size()) return out;
        out += separator;
        path.remove_prefix(end + 1);
    }
}

}  // namespace postrider::migration
