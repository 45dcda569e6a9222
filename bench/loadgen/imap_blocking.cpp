#include "imap_blocking.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace postrider::bench {

BlockingImap::BlockingImap(std::uint16_t port, const std::string& user, const std::string& password) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error{fmt::format("cannot connect to the IMAP port {}", port)};
    int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    read_line();
    command(fmt::format("LOGIN {} {}", user, password));
    for (const auto& line : command("CAPABILITY")) {
        if (line.find(" LITERAL+") != std::string::npos) literal_plus_ = true;
        if (line.find(" MULTIAPPEND") != std::string::npos) multi_append_ = true;
    }
}

BlockingImap::BlockingImap(BlockingImap&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)},
      tags_{other.tags_},
      literal_plus_{other.literal_plus_},
      multi_append_{other.multi_append_},
      buffer_{std::move(other.buffer_)},
      begin_{other.begin_} {}

BlockingImap::~BlockingImap() {
    if (fd_ >= 0) ::close(fd_);
}

std::string BlockingImap::tag() {
    return fmt::format("b{}", ++tags_);
}

void BlockingImap::write_all(std::string_view octets) {
    while (!octets.empty()) {
        auto n = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (n <= 0) throw std::runtime_error{"IMAP connection lost while writing"};
        octets.remove_prefix(static_cast<std::size_t>(n));
    }
}

std::string BlockingImap::read_line() {
    while (true) {
        auto end = buffer_.find('\n', begin_);
        if (end != std::string::npos) {
            auto line = buffer_.substr(begin_, end - begin_);
            begin_ = end + 1;
            if (line.ends_with('\r')) line.pop_back();
            return line;
        }
        buffer_.erase(0, begin_);
        begin_ = 0;
        char chunk[16384];
        auto n = ::read(fd_, chunk, sizeof chunk);
        if (n <= 0)
            throw std::runtime_error{"the server closed an IMAP connection (a limit on connections?)"};
        buffer_.append(chunk, static_cast<std::size_t>(n));
    }
}

bool BlockingImap::finish(const std::string& tag, std::vector<std::string>& untagged, std::string& last) {
    while (true) {
        auto line = read_line();
        if (line.starts_with(tag + " ")) {
            last = line;
            return line.compare(tag.size() + 1, 2, "OK") == 0;
        }
        untagged.push_back(std::move(line));
    }
}

std::vector<std::string> BlockingImap::command(std::string_view words) {
    auto t = tag();
    write_all(fmt::format("{} {}\r\n", t, words));
    std::vector<std::string> untagged;
    std::string last;
    if (!finish(t, untagged, last)) throw std::runtime_error{fmt::format("IMAP: {}", last)};
    return untagged;
}

bool BlockingImap::try_command(std::string_view words) {
    auto t = tag();
    write_all(fmt::format("{} {}\r\n", t, words));
    std::vector<std::string> untagged;
    std::string last;
    return finish(t, untagged, last);
}

std::uint64_t BlockingImap::messages(std::string_view folder) {
    for (const auto& line : command(fmt::format("STATUS {} (MESSAGES)", folder))) {
        auto at = line.find("(MESSAGES ");
        if (at != std::string::npos) return std::strtoull(line.c_str() + at + 10, nullptr, 10);
    }
    throw std::runtime_error{"IMAP: STATUS without MESSAGES"};
}

void BlockingImap::wait_for_plus() {
    auto line = read_line();
    while (line.starts_with("* ")) line = read_line();
    if (!line.starts_with("+")) throw std::runtime_error{fmt::format("IMAP: {}", line)};
}

void BlockingImap::append(std::string_view folder, const std::vector<std::string>& messages) {
    std::string out;
    std::string t;
    std::vector<std::string> untagged;
    std::string last;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (i == 0 || !multi_append_) {
            t = tag();
            out += fmt::format("{} APPEND {}", t, folder);
        }
        out += fmt::format(" {{{}{}}}\r\n", messages[i].size(), literal_plus_ ? "+" : "");
        if (!literal_plus_) {
            write_all(out);
            out.clear();
            wait_for_plus();
        }
        out += messages[i];
        bool end = !multi_append_ || i + 1 == messages.size();
        if (end) out += "\r\n";
        if (end || out.size() > 60'000) {
            write_all(out);
            out.clear();
        }
        if (end && !finish(t, untagged, last)) throw std::runtime_error{fmt::format("IMAP: {}", last)};
    }
}

BlockingImap::Bulk BlockingImap::bulk(std::string_view words) {
    constexpr std::size_t size = 1 << 20;
    static thread_local std::string chunk(size, '\0');
    auto t = tag();
    auto begun = std::chrono::steady_clock::now();
    write_all(fmt::format("{} {}\r\n", t, words));
    Bulk result;
    std::string tail;  // the last octets seen: the tagged line is looked for at the very end only
    while (true) {
        auto n = ::read(fd_, chunk.data(), size);
        if (n <= 0) throw std::runtime_error{"IMAP connection lost while reading"};
        std::string_view fresh{chunk.data(), static_cast<std::size_t>(n)};
        result.octets += fresh.size();
        result.lines += static_cast<std::uint64_t>(std::count(fresh.begin(), fresh.end(), '\n'));
        tail.append(fresh.size() > 2000 ? fresh.substr(fresh.size() - 2000) : fresh);
        if (tail.size() > 4000) tail.erase(0, tail.size() - 2000);
        if (!tail.ends_with("\r\n")) continue;
        auto start = tail.rfind("\r\n", tail.size() - 3);
        auto last = start == std::string::npos ? tail : tail.substr(start + 2);
        if (!last.starts_with(t + " ")) continue;
        if (!last.starts_with(t + " OK")) throw std::runtime_error{fmt::format("IMAP: {}", last)};
        break;
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    --result.lines;
    return result;
}

}  // namespace postrider::bench
