#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>

/// Local stream sockets, blocking, as the control server and the commands use them.
namespace postrider::app {

/// A file descriptor that is closed when it goes.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_{fd} {}
    Descriptor(Descriptor&& other) noexcept : fd_{other.fd_} { other.fd_ = -1; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { reset(); }
    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    void reset();

private:
    int fd_;
};

/// The socket's address. A path that is too long for one goes through /proc/self/fd, so the directory stays
/// open.
class SocketAddress {
public:
    static std::expected<SocketAddress, std::string> of(const std::filesystem::path& path);
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
    socklen_t size() const { return sizeof address_; }

private:
    sockaddr_un address_{};
    Descriptor directory_;
};

bool send_all(int fd, std::string_view text);

/// Reads lines of at most `limit` octets.
class LineReader {
public:
    LineReader(int fd, std::size_t limit) : fd_{fd}, limit_{limit} {}
    enum class End { closed, too_long, timeout };
    /// Without its line feed. @param wait  for the whole line; nothing: as long as it takes
    std::expected<std::string, End> next(std::optional<std::chrono::milliseconds> wait = {});

    /// The next `count` octets, whatever they are; not bounded by `limit`.
    std::expected<std::string, End> octets(std::size_t count, std::chrono::milliseconds wait);

private:
    int fd_;
    std::size_t limit_;
    std::string buffer_;
};

}  // namespace postrider::app
