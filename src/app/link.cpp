#include "app/link.h"

#include <fcntl.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postrider::app {

bool send_message(int link, std::string_view text, int descriptor) {
    iovec piece{const_cast<char*>(text.data()), text.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    while (true) {
        if (::sendmsg(link, &message, MSG_NOSIGNAL) >= 0) return true;
        if (errno != EINTR) return false;
    }
}

std::optional<LinkMessage> receive_message(int link) {
    LinkMessage got;
    got.text.resize(max_link_message);
    iovec piece{got.text.data(), got.text.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t size = 0;
    do size = ::recvmsg(link, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size <= 0) return std::nullopt;
    got.text.resize(static_cast<std::size_t>(size));
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(one), sizeof descriptor);
        got.descriptor = Descriptor{descriptor};
    }
    return got;
}

void Link::say(std::string_view text) {
    std::lock_guard lock{mutex_};
    send_message(end_.get(), text);  // without a supervisor we are ended soon: see PR_SET_PDEATHSIG
}

std::expected<LinkMessage, std::string> Link::ask(const std::string& text) {
    std::lock_guard lock{mutex_};
    std::optional<LinkMessage> answer;
    if (send_message(end_.get(), text)) answer = receive_message(end_.get());
    if (!answer) return std::unexpected("The supervisor is gone");
    if (answer->text != "ok") return std::unexpected(answer->text.substr(answer->text.find(' ') + 1));
    return std::move(*answer);
}

std::expected<int, std::string> Link::listen(const net::Endpoint& address) {
    auto answer = ask("listen " + address.text());
    if (!answer) return std::unexpected(answer.error());
    const int socket = ::fcntl(answer->descriptor.get(), F_DUPFD_CLOEXEC, 0);
    if (socket < 0)
        return std::unexpected(std::string{"No descriptor for a listener: "} + std::strerror(errno));
    return socket;
}

std::expected<void, std::string> Link::upgrade() {
    auto answer = ask("upgrade");
    if (!answer) return std::unexpected(answer.error());
    return {};
}

}  // namespace postrider::app
