#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "filter/scan/address.h"
#include "filter/scan/scanner.h"
#include "net/unique_fd.h"

namespace postrider::filter {

/// The scanner's end of one connection, in tests. Waits at most a minute for anything.
class ScannerEnd {
public:
    explicit ScannerEnd(int fd) : fd_{fd} {}
    std::string hear(std::size_t count) {
        std::string heard;
        while (heard.size() < count) {
            pollfd waiting{fd_.get(), POLLIN, 0};
            if (::poll(&waiting, 1, 60'000) <= 0) break;
            char chunk[65536];
            const ssize_t got = ::recv(fd_.get(), chunk, std::min(sizeof chunk, count - heard.size()), 0);
            if (got <= 0) break;
            heard.append(chunk, static_cast<std::size_t>(got));
        }
        return heard;
    }
    /// All up to and with `end`; what comes to the end of the connection, if it does not come.
    std::string hear_until(std::string_view end) {
        std::string heard;
        while (!heard.ends_with(end)) {
            const std::string more = hear(1);
            if (more.empty()) break;
            heard += more;
        }
        return heard;
    }
    std::string hear_all() { return hear(1U << 30); }
    /// False when the other side is gone.
    bool say(std::string_view octets) {
        return ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL) >= 0;
    }
    void say_each(std::string_view octets) {
        for (char c : octets) {
            say({&c, 1});
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }

private:
    net::UniqueFd fd_;
};

/// A scanner that does what a test says, a thread for each connection.
class ScriptedScanner {
public:
    using Handler = std::function<void(ScannerEnd&, int number)>;  ///< number: of the connection, from 0
    enum class Begins { at_once, later };
    /// One that begins later has its address already, where nobody listens until begin().
    explicit ScriptedScanner(Handler handler, Begins begins = Begins::at_once)
        : handler_{std::move(handler)} {
        listener_ = net::UniqueFd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const int on = 1;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
        socklen_t size = sizeof address;
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        address_ = {"127.0.0.1", ntohs(address.sin_port), ""};
        if (begins == Begins::at_once) begin();
    }
    void begin() {
        ::listen(listener_.get(), 128);
        accepting_ = std::thread{[this] { accept(); }};
    }
    ~ScriptedScanner() {
        stopping_ = true;
        ::shutdown(listener_.get(), SHUT_RDWR);
        if (accepting_.joinable()) accepting_.join();
        {
            std::lock_guard lock{mutex_};
            for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
        }
        for (std::thread& one : serving_) one.join();
    }
    const ScannerAddress& address() const { return address_; }
    std::string url() const { return "inet://" + address_.text(); }
    int connections() const { return connections_; }

private:
    void accept() {
        while (!stopping_) {
            const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            const int number = connections_++;
            {
                std::lock_guard lock{mutex_};
                open_.insert(fd);
            }
            serving_.emplace_back([this, fd, number] {
                ScannerEnd end{fd};
                handler_(end, number);
                std::lock_guard lock{mutex_};
                open_.erase(fd);
            });
        }
    }
    Handler handler_;
    net::UniqueFd listener_;
    ScannerAddress address_;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> connections_ = 0;
    std::mutex mutex_;
    std::set<int> open_;  ///< connections that a handler still works on
    std::vector<std::thread> serving_;
    std::thread accepting_;
};

inline Subject test_subject(std::string_view message) {
    Subject subject;
    subject.id = QueueId{0x20d2fb};
    subject.message = message;
    subject.sender = "alice@example.org";
    subject.recipients = {"bob@example.com", "carol@example.com"};
    subject.client = "192.0.2.7";
    subject.helo = "client.example.org";
    return subject;
}

}  // namespace postrider::filter
