#include "app/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace postrider::app {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

void Descriptor::reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

std::expected<SocketAddress, std::string> SocketAddress::of(const std::filesystem::path& path) {
    SocketAddress made;
    made.address_.sun_family = AF_UNIX;
    std::string name = path.string();
    if (name.size() >= sizeof made.address_.sun_path) {
        made.directory_ = Descriptor{::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (!made.directory_.is_open())
            return std::unexpected(path.parent_path().string() + ": " + std::strerror(errno));
        name = "/proc/self/fd/" + std::to_string(made.directory_.get()) + "/" + path.filename().string();
        if (name.size() >= sizeof made.address_.sun_path)
            return std::unexpected(path.string() + ": the name is too long");
    }
    std::memcpy(made.address_.sun_path, name.c_str(), name.size() + 1);
    return made;
}

bool send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::expected<std::string, LineReader::End> LineReader::next(std::optional<std::chrono::milliseconds> wait) {
    using Steady = std::chrono::steady_clock;
    auto deadline = Steady::now() + wait.value_or(std::chrono::milliseconds{0});
    std::size_t searched = 0;
    while (true) {
        std::size_t end = buffer_.find('\n', searched);
        if (end != buffer_.npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        searched = buffer_.size();
        if (buffer_.size() >= limit_) return std::unexpected(End::too_long);
        if (wait) {
            auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
            pollfd ready{fd_, POLLIN, 0};
            int count = left.count() <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left.count()));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return std::unexpected(End::timeout);
        }
        char bytes[16 << 10];
        ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::unexpected(End::closed);
        buffer_.append(bytes, static_cast<std::size_t>(got));
    }
}

std::expected<std::string, LineReader::End> LineReader::octets(std::size_t count,
                                                               std::chrono::milliseconds wait) {
    auto deadline = std::chrono::steady_clock::now() + wait;
    while (buffer_.size() < count) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd ready{fd_, POLLIN, 0};
        int found = left.count() <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left.count()));
        if (found < 0 && errno == EINTR) continue;
        if (found <= 0) return std::unexpected(End::timeout);
        char bytes[64 << 10];
        ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::unexpected(End::closed);
        buffer_.append(bytes, static_cast<std::size_t>(got));
    }
    std::string out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
}

}  // namespace postrider::app
