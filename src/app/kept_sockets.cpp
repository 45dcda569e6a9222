#include "app/kept_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "net/listener.h"
#include "settings/address.h"

namespace postrider::app {
namespace {

/// "127.0.0.1:25"; "" for what is no TCP socket that listens.
std::string bound_address(int descriptor) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) return {};
    sockaddr_storage address{};
    size = sizeof address;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    char text[INET6_ADDRSTRLEN] = {};
    net::Endpoint made;
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        made.port = ntohs(v4.sin_port);
    } else if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        made.port = ntohs(v6.sin6_port);
    } else {
        return {};
    }
    made.ip = text;
    return made.text();
}

int number(const char* text) {
    int value = -1;
    if (text) std::from_chars(text, text + std::strlen(text), value);
    return value;
}

}  // namespace

void KeptSockets::take(int descriptor, std::string asked) {
    Descriptor socket{descriptor};
    std::string bound = bound_address(descriptor);
    if (bound.empty() || sockets_.size() >= max_sockets) return;
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    if (asked.empty()) asked = bound;
    sockets_.push_back({std::move(asked), std::move(bound), std::move(socket), false});
}

void KeptSockets::take_from_service_manager() {
    constexpr int first = 3;
    const int count = number(std::getenv("LISTEN_PID")) == ::getpid() ? number(std::getenv("LISTEN_FDS")) : 0;
    for (int i = 0; i < std::min<int>(count, max_sockets); ++i) take(first + i, {});
    ::unsetenv("LISTEN_PID");
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_FDNAMES");
}

std::string KeptSockets::hand_over() {
    std::string text;
    for (const Socket& one : sockets_) {
        ::fcntl(one.descriptor.get(), F_SETFD, 0);
        text += fmt::format("{}{}@{}", text.empty() ? "" : ",", one.descriptor.get(), one.asked);
    }
    return text;
}

void KeptSockets::close_on_exec() {
    for (const Socket& one : sockets_) ::fcntl(one.descriptor.get(), F_SETFD, FD_CLOEXEC);
}

void KeptSockets::take_over(std::string_view text) {
    while (!text.empty()) {
        std::string_view one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        int descriptor = -1;
        auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), descriptor);
        if (error != std::errc{} || end == one.data() + one.size() || *end != '@') continue;
        take(descriptor, std::string{one.substr(static_cast<std::size_t>(end - one.data()) + 1)});
    }
}

std::expected<int, std::string> KeptSockets::listen(std::string_view address) {
    auto known = std::ranges::find_if(
        sockets_, [&](const Socket& one) { return one.asked == address && !one.claimed; });
    if (known != sockets_.end()) {
        known->claimed = true;
        return known->descriptor.get();
    }
    if (sockets_.size() >= max_sockets) return std::unexpected("There are too many listeners");
    auto at = settings::parse_ip_port(address);
    if (!at) return std::unexpected(fmt::format("\"{}\" is no address to listen on", address));
    auto made = net::listening_socket({settings::to_string(at->ip), at->port});
    if (!made) return std::unexpected(made.error());
    sockets_.push_back({std::string{address}, bound_address(*made), Descriptor{*made}, true});
    return *made;
}

void KeptSockets::give_up(std::string_view bound) {
    std::erase_if(sockets_, [&](const Socket& one) { return one.bound == bound; });
}

void KeptSockets::new_server() {
    for (Socket& one : sockets_) one.claimed = false;
}

void KeptSockets::close_unclaimed() {
    std::erase_if(sockets_, [](const Socket& one) { return !one.claimed; });
}

}  // namespace postrider::app
