#include "imap/session/message_limit.h"

#include <algorithm>

#include "imap/wire/encode.h"

namespace postrider::imap {
namespace {

std::string code(const Client& client, std::optional<Uid> lowest) {
    std::string text = "[MESSAGELIMIT ";
    put_number(text, client.settings->message_limit);
    if (lowest) {
        text += ' ';
        put_number(text, lowest->value());
    }
    text += "] ";
    return text;
}

}  // namespace

std::optional<Uid> keep_within_limit(const Client& client, UidSet& uids) {
    std::uint64_t room = client.settings->message_limit;
    if (room == 0 || count(uids) <= room) return std::nullopt;
    auto run = uids.end();
    for (;;) {
        --run;
        const std::uint64_t size = std::uint64_t{run->last.value()} - run->first.value() + 1;
        if (size >= room) {
            run->first = Uid{static_cast<std::uint32_t>(run->last.value() - room + 1)};
            break;
        }
        room -= size;
    }
    uids.erase(uids.begin(), run);
    return uids.front().first;
}

Reply over_limit(const Client& client, std::optional<Uid> lowest) {
    return no(code(client, lowest) + "These are too many messages for one command");
}

/// RFC 9738 §3.1: where another code stands in the tagged reply, this one goes before it.
Reply within_limit(Client& client, std::optional<Uid> lowest, Reply reply) {
    if (!lowest || reply.status == Reply::Status::bad) return reply;
    if (reply.status == Reply::Status::ok && !reply.text.starts_with('[')) {
        reply.text = code(client, lowest) + reply.text + " for the newest messages";
    } else {
        client.out += "* NO " + code(client, lowest) + "Only the newest messages were looked at\r\n";
    }
    return reply;
}

}  // namespace postrider::imap
