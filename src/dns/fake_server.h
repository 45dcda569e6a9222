#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dns/names.h"
#include "dns/rdata.h"
#include "dns/resolver.h"
#include "net/unique_fd.h"

/// A name server for tests, which says whatever it is told to.
namespace postrider::dns {

struct FakeQuery {
    std::string message;  ///< as it came
    std::string name;     ///< canonical
    Type type{};
    bool tcp = false;
};

/// A reply in the making.
class FakeReply {
public:
    explicit FakeReply(const FakeQuery& query) {
        octets_ = query.message.substr(0, 12);
        octets_[2] = static_cast<char>(0x84);  // a response, authoritative
        octets_[3] = static_cast<char>(0x80);  // recursion is available
        for (std::size_t i = 4; i < 12; ++i) octets_[i] = 0;
        octets_[5] = 1;
        const std::size_t end = query.message.find('\0', 12) + 5;
        octets_ += query.message.substr(12, end - 12);
    }
    FakeReply& answer(std::string_view owner, Type type, std::string_view rdata, std::uint32_t ttl = 300) {
        count(6);
        return record(name_rdata(owner), static_cast<std::uint16_t>(type), ttl, rdata);
    }
    /// What absence needs, so that it may be remembered (RFC 2308 §3).
    FakeReply& soa(std::string_view zone, std::uint32_t minimum = 60) {
        count(8);
        std::string rdata = name_rdata(zone) + name_rdata(zone);
        for (const std::uint32_t number : {1U, 3600U, 600U, 86400U, minimum}) rdata += quad(number);
        return record(name_rdata(zone), 6, minimum, rdata);
    }
    FakeReply& rcode(int code) {
        octets_[3] = static_cast<char>((octets_[3] & 0xf0) | code);
        return *this;
    }
    FakeReply& truncated() {
        octets_[2] = static_cast<char>(octets_[2] | 2);
        return *this;
    }
    /// Octets as they are, counted as one answer.
    FakeReply& raw_answer(std::string_view octets) {
        count(6);
        octets_ += octets;
        return *this;
    }
    std::string octets() const { return octets_; }

private:
    static std::string quad(std::uint32_t n) {
        return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                static_cast<char>(n)};
    }
    void count(std::size_t at) {
        const unsigned n =
            static_cast<unsigned char>(octets_[at]) * 256U + static_cast<unsigned char>(octets_[at + 1]) + 1;
        octets_[at] = static_cast<char>(n >> 8);
        octets_[at + 1] = static_cast<char>(n);
    }
    FakeReply& record(std::string_view owner, std::uint16_t type, std::uint32_t ttl, std::string_view rdata) {
        octets_ += owner;
        octets_ += {static_cast<char>(type >> 8), static_cast<char>(type), 0, 1};
        octets_ += quad(ttl);
        octets_ += {static_cast<char>(rdata.size() >> 8), static_cast<char>(rdata.size())};
        octets_ += rdata;
        return *this;
    }
    std::string octets_;
};

/// UDP and TCP on one port of 127.0.0.1, one thread, one question per TCP connection.
class FakeServer {
public:
    /// The reply's octets, or nothing to say nothing. Called on the server's thread.
    using Handler = std::function<std::optional<std::string>(const FakeQuery&)>;

    explicit FakeServer(Handler handler) : handler_{std::move(handler)} {
        for (int tries = 0; tries < 100 && !bind_both(); ++tries) {
        }
        if (port_ == 0) throw std::runtime_error{"no port for a name server"};
        thread_ = std::thread{[this] { run(); }};
    }
    ~FakeServer() {
        stopping_ = true;
        thread_.join();
    }
    std::uint16_t port() const { return port_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// Questions that came, with repetitions.
    unsigned count(std::string_view name) const {
        std::lock_guard lock{mutex_};
        return static_cast<unsigned>(std::count(asked_.begin(), asked_.end(), name));
    }
    void pretend_dead(bool dead) { dead_ = dead; }

private:
    bool bind_both() {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        udp_ = net::UniqueFd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        tcp_ = net::UniqueFd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (::bind(udp_.get(), reinterpret_cast<sockaddr*>(&at), size) != 0) return false;
        ::getsockname(udp_.get(), reinterpret_cast<sockaddr*>(&at), &size);
        if (::bind(tcp_.get(), reinterpret_cast<sockaddr*>(&at), size) != 0) return false;
        if (::listen(tcp_.get(), 16) != 0) return false;
        port_ = ntohs(at.sin_port);
        return true;
    }
    void run() {
        while (!stopping_) {
            pollfd wait[2] = {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
            if (::poll(wait, 2, 20) <= 0) continue;
            if (wait[0].revents != 0) datagram();
            if (wait[1].revents != 0) connection();
        }
    }
    void datagram() {
        char buffer[4096];
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const auto got =
            ::recvfrom(udp_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got < 17) return;
        if (auto reply = reply_to({buffer, static_cast<std::size_t>(got)}, false))
            (void)!::sendto(udp_.get(), reply->data(), reply->size(), 0, reinterpret_cast<sockaddr*>(&from),
                            size);
    }
    void connection() {
        net::UniqueFd peer{::accept(tcp_.get(), nullptr, nullptr)};
        timeval limit{60, 0};
        ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        unsigned char head[2];
        if (::recv(peer.get(), head, 2, MSG_WAITALL) != 2) return;
        std::string message(head[0] * 256U + head[1], '\0');
        if (::recv(peer.get(), message.data(), message.size(), MSG_WAITALL) < 17) return;
        auto reply = reply_to(message, true);
        if (!reply) return;
        reply->insert(0, {static_cast<char>(reply->size() >> 8), static_cast<char>(reply->size())});
        (void)!::send(peer.get(), reply->data(), reply->size(), MSG_NOSIGNAL);
    }
    std::optional<std::string> reply_to(std::string message, bool tcp) {
        FakeQuery query;
        query.tcp = tcp;
        std::size_t at = 12;
        while (at < message.size() && message[at] != 0) {
            const auto length = static_cast<std::size_t>(message[at]);
            query.name += message.substr(at + 1, length) + ".";
            at += length + 1;
        }
        if (at + 5 > message.size()) return std::nullopt;
        query.name = canonical_name(query.name).value_or("");
        query.type = static_cast<Type>(static_cast<unsigned char>(message[at + 1]) * 256
                                       + static_cast<unsigned char>(message[at + 2]));
        query.message = std::move(message);
        {
            std::lock_guard lock{mutex_};
            asked_.push_back(query.name);
        }
        if (dead_) return std::nullopt;
        return handler_(query);
    }

    Handler handler_;
    net::UniqueFd udp_, tcp_;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false, dead_ = false;
    mutable std::mutex mutex_;
    std::vector<std::string> asked_;
    std::thread thread_;
};

}  // namespace postrider::dns
