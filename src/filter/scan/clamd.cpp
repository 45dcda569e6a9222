#include "filter/scan/clamd.h"

#include <algorithm>

#include "base/codec.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

using namespace std::string_view_literals;
using Sent = Socket::Sent;

constexpr std::size_t chunk_size = 1 << 20;
constexpr std::size_t longest_reply = 8192;

}  // namespace

Maybe<Finding> parse_clamd_reply(std::string_view reply) {
    std::string_view rest = text::trim(reply);
    std::size_t digits = 0;
    while (digits < rest.size() && text::is_digit(rest[digits])) ++digits;
    if (digits > 0 && rest.substr(digits).starts_with(": ")) rest.remove_prefix(digits + 2);
    if (rest.ends_with(" ERROR") || rest.starts_with("UNKNOWN COMMAND"))
        return std::unexpected(Trouble{Trouble::Kind::nonsense, one_line(rest)});
    if (!rest.starts_with("stream: "))
        return std::unexpected(
            Trouble{Trouble::Kind::nonsense, "not an answer of clamd: " + one_line(rest, 80)});
    const std::string_view said = text::trim(rest.substr(8));
    Finding finding;
    finding.text = one_line(rest);
    if (said == "OK") {
        finding.kind = Finding::Kind::pass;
        finding.virus_level = 1;
        return finding;
    }
    if (said.ends_with(" FOUND") && said.size() > 6) {
        finding.kind = Finding::Kind::match;
        finding.virus_level = 5;
        return finding;
    }
    return std::unexpected(Trouble{Trouble::Kind::nonsense, "not an answer of clamd: " + one_line(rest, 80)});
}

Maybe<Finding> ClamdConnector::stream(ConnectionPool::Lease& lease, const Subject& subject,
                                      const Patience& patience) {
    Socket& socket = lease.socket();
    std::string_view command = lease.used_before() ? "zINSTREAM\0"sv : "zIDSESSION\0zINSTREAM\0"sv;
    options_.log.sent(subject.id, "INSTREAM");
    // <length><octets> ... <0>, lengths in four octets, big-endian.
    std::string_view message = subject.message;
    Sent state = Sent::all;
    for (bool last = false; !last && state == Sent::all; command = {}) {
        const std::string_view chunk = message.substr(0, chunk_size);
        message.remove_prefix(chunk.size());
        last = message.empty();
        std::string length;
        if (!chunk.empty()) put_be(length, static_cast<std::uint32_t>(chunk.size()));
        auto sent = socket.send({command, length, chunk, last ? "\0\0\0\0"sv : ""sv}, patience);
        if (!sent) return std::unexpected(std::move(sent.error()));
        state = *sent;  // cut: it has had enough, "INSTREAM size limit exceeded. ERROR"
    }
    auto reply = socket.receive_until('\0', longest_reply, patience);
    if (!reply) return std::unexpected(std::move(reply.error()));
    options_.log.received(subject.id, one_line(*reply));
    return unless_cut(parse_clamd_reply(*reply), state);
}

Maybe<Finding> ClamdConnector::ask(const Subject& subject) {
    const Patience patience = options_.patience(subject);
    for (bool again = false;; again = true) {
        auto lease = pool_.take(patience, again);
        if (!lease) return std::unexpected(std::move(lease.error()));
        auto finding = stream(*lease, subject, patience);
        // An old connection that clamd has closed meanwhile says nothing about clamd.
        if (!finding && lease->used_before() && finding.error().kind == Trouble::Kind::closed) continue;
        if (finding) lease->keep();
        return finding;
    }
}

Maybe<> ClamdConnector::ping() {
    const Patience patience = options_.short_patience();
    auto socket = Socket::connect(pool_.address(), patience);
    if (!socket) return std::unexpected(std::move(socket.error()));
    if (auto sent = socket->send({"zPING\0"sv}, patience); !sent)
        return std::unexpected(std::move(sent.error()));
    auto reply = socket->receive_until('\0', longest_reply, patience);
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (*reply != "PONG")
        return std::unexpected(Trouble{Trouble::Kind::nonsense, "PING: " + one_line(*reply, 80)});
    return {};
}

}  // namespace postrider::filter
