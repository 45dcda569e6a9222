#include "container/identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <system_error>

#include "container/disk.h"
#include "container/header.h"

namespace postrider::container {
namespace {

constexpr std::string_view first_word = "postrider-storage ";
constexpr std::string_view id_word = "id ";
constexpr std::string_view relation_word = "relation ";
constexpr std::string_view checksum_word = "checksum ";
constexpr std::size_t max_size = 2 * max_relation + 4096;

std::unexpected<Failure> damaged(std::string_view reason) {
    return std::unexpected(Failure{ContainerError::corrupt, fmt::format("hsf.dat: {}", reason)});
}

std::unexpected<Failure> refused(const std::filesystem::path& file, int error) {
    return std::unexpected(
        Failure{error == ENOSPC || error == EDQUOT ? ContainerError::full : ContainerError::io,
                fmt::format("{}: {}", file.native(), std::generic_category().message(error))});
}

/// The line at the start of `rest`, taken off it, if it begins with `word`.
std::optional<std::string_view> take_line(std::string_view& rest, std::string_view word) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || !rest.starts_with(word)) return std::nullopt;
    const std::string_view value = rest.substr(word.size(), end - word.size());
    rest.remove_prefix(end + 1);
    return value;
}

bool is_storage_id(std::string_view id) {
    return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string Identity::encode() const {
    std::string out = fmt::format("{}{}\n{}{}\n", first_word, storage_version, id_word, storage_id);
    std::string_view rest = relation;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        out += fmt::format("{}{}\n", relation_word, line);
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    out += fmt::format("{}{:016x}\n", checksum_word, checksum(out));
    return out;
}

Result<Identity> Identity::decode(std::string_view bytes) {
    std::string_view rest = bytes;
    const auto version_text = take_line(rest, first_word);
    if (!version_text) return damaged("it does not begin as such a file does");
    std::uint32_t version = 0;
    const auto number =
        std::from_chars(version_text->data(), version_text->data() + version_text->size(), version);
    if (number.ec != std::errc{} || number.ptr != version_text->data() + version_text->size() || version == 0)
        return damaged("its version is unreadable");
    // Before the checksum: a newer server may compute that differently.
    if (version > storage_version)
        return std::unexpected(
            Failure{ContainerError::newer,
                    fmt::format("hsf.dat: written by a newer server: version {}, this server knows up "
                                "to {}",
                                version, storage_version)});
    Identity identity;
    const auto id = take_line(rest, id_word);
    if (!id || !is_storage_id(*id)) return damaged("its storage id is unreadable");
    identity.storage_id = *id;
    bool first = true;
    while (const auto line = take_line(rest, relation_word)) {
        if (!first) identity.relation.push_back('\n');
        first = false;
        identity.relation.append(*line);
    }
    const std::string_view covered = bytes.substr(0, bytes.size() - rest.size());
    const auto sum = take_line(rest, checksum_word);
    if (!sum || !rest.empty() || *sum != fmt::format("{:016x}", checksum(covered)))
        return damaged("its checksum does not match");
    return identity;
}

Identity Identity::make() {
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random))
        throw std::system_error{errno, std::generic_category(), "getrandom"};
    Identity identity;
    for (unsigned char byte : random) identity.storage_id += fmt::format("{:02x}", byte);
    return identity;
}

Result<Identity> read_identity(const std::filesystem::path& file) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return std::unexpected(Failure{ContainerError::io, {}});
    if (fd < 0) return refused(file, errno);
    std::string bytes(max_size + 1, '\0');
    std::size_t used = 0;
    ssize_t got = 0;
    while (used < bytes.size() && (got = ::read(fd, bytes.data() + used, bytes.size() - used)) > 0)
        used += static_cast<std::size_t>(got);
    const int error = errno;
    close(fd);
    if (got < 0) return refused(file, error);
    bytes.resize(used);
    auto identity = Identity::decode(bytes);
    if (!identity)
        return std::unexpected(
            Failure{identity.error().kind,
                    fmt::format("{}: {}", file.parent_path().native(), identity.error().what)});
    return identity;
}

Result<> write_identity(const std::filesystem::path& file, const Identity& identity) {
    if (identity.relation.size() > max_relation)
        return std::unexpected(
            Failure{ContainerError::io, fmt::format("{}: the relation is too long", file.native())});
    auto fresh = file;
    fresh += ".new";
    const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return refused(fresh, errno);
    const std::string bytes = identity.encode();
    int error = Disk{}.write(fd, bytes, 0);
    if (error == 0 && fsync(fd) != 0) error = errno;
    close(fd);
    if (error == 0 && rename(fresh.c_str(), file.c_str()) != 0) error = errno;
    if (error == 0) error = sync_directory(file.parent_path().c_str());
    if (error != 0) {
        unlink(fresh.c_str());
        return refused(file, error);
    }
    return {};
}

}  // namespace postrider::container
