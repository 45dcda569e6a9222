#include "rpop/session/pop3_fetch.h"

#include <fmt/core.h>

#include <map>

#include "auth/crypto.h"
#include "net/tls.h"
#include "rpop/session/errors.h"
#include "rpop/session/line.h"
#include "rpop/wire/multiline.h"
#include "rpop/wire/pop3_reply.h"
#include "text/hex.h"

namespace postrider::rpop {
namespace {

constexpr std::size_t max_line = 8192;
constexpr std::size_t max_listing = 32u << 20;
constexpr std::size_t piece = 64 * 1024;

class Dialogue {
public:
    Dialogue(net::Stream& peer, Sink& sink) : peer_{peer}, sink_{sink} {}

    net::Task<Pop3Status> status() {
        line_ = co_await read_line(peer_, max_line);
        auto status = parse_status(line_);
        if (!status) throw Failed{"the server does not speak POP3: " + quoted_for_people(line_)};
        co_return *status;
    }

    /// The command is not logged: it may be a password.
    net::Task<Pop3Status> command(std::string text) {
        if (sink_.stopping()) throw Failed{"the service stops"};
        text += "\r\n";
        co_await peer_.write(text);
        Pop3Status answer = co_await status();
        co_return answer;
    }

    net::Task<> must(std::string text, std::string what) {
        Pop3Status answer = co_await command(std::move(text));
        if (!answer.ok) throw Failed{what + ": " + quoted_for_people(answer.text)};
    }

    net::Task<std::string> lines(std::size_t limit) {
        Multiline receiver{limit};
        while (!receiver.done()) {
            if (peer_.buffered().empty()) co_await peer_.fill(piece);
            peer_.consume(receiver.take(peer_.buffered()));
            if (receiver.too_large()) throw Failed{"the server sends more than it announced or may send"};
        }
        co_return std::move(receiver.text());
    }

private:
    net::Stream& peer_;
    Sink& sink_;
    std::string line_;
};

std::uint64_t seconds(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace

net::Task<> fetch_pop3(net::Stream& peer, const Connection& connection, std::string password,
                       std::shared_ptr<const net::TlsContext> tls, Sink& sink, Limits limits, Time now,
                       Tally& tally) {
    Dialogue server{peer, sink};
    Pop3Status greeting = co_await server.status();
    if (!greeting.ok) throw Failed{"the server refuses: " + quoted_for_people(greeting.text)};
    std::string stamp{apop_stamp(greeting.text)};
    if (connection.security == Security::starttls) {
        co_await server.must("STLS", "the server offers no TLS");  // RFC 2595 §4
        // What came in plain text before the handshake is not the server's (RFC 3207 §6 says why).
        if (!peer.buffered().empty()) throw Failed{"the server talks before TLS has begun"};
        co_await peer.start_tls_client(tls, connection.host);
    }
    // RFC 1939 §7: without TLS the password does not travel where APOP is offered.
    if (connection.security == Security::none && !stamp.empty()) {
        std::string digest = text::to_hex(auth::md5(stamp + password));
        co_await server.must("APOP " + connection.user + " " + digest, "the log-in failed");
    } else {
        co_await server.must("USER " + connection.user, "the log-in failed");
        co_await server.must("PASS " + password, "the log-in failed");
    }
    auth::wipe(password);

    co_await server.must("LIST", "the list of messages was refused");
    std::string listing = co_await server.lines(max_listing);
    std::vector<Listed> messages = parse_sizes(listing, limits.listed);
    Pop3Status knows_uids = co_await server.command("UIDL");
    const bool with_uids = knows_uids.ok;
    std::map<std::uint32_t, std::string> uids;
    if (with_uids) {
        listing = co_await server.lines(max_listing);
        for (Listed& one : parse_uids(listing, limits.listed)) uids.emplace(one.number, std::move(one.uid));
    } else if (connection.keep && !messages.empty()) {
        throw Failed{
            "the server has no UIDL, so mail cannot be kept there without fetching it again each time"};
    }

    Connections::Seen seen = sink.seen();
    std::vector<std::string> gone;  // what the server no longer has need not be remembered
    {
        std::unordered_map<std::string_view, bool> there;
        for (const auto& [number, uid] : uids) there.emplace(uid, true);
        if (with_uids)
            for (const auto& [uid, when] : seen)
                if (!there.contains(uid)) gone.push_back(uid);
    }
    sink.forget_seen(gone);

    const std::uint64_t old =
        seconds(now) - std::min<std::uint64_t>(seconds(now), std::uint64_t{connection.days} * 86'400);
    for (const Listed& message : messages) {
        if (tally.fetched >= limits.messages) break;
        auto uid = uids.find(message.number);
        if (with_uids && uid == uids.end()) continue;  // without a name it would be fetched again and again
        auto had = with_uids ? seen.find(uid->second) : seen.end();
        if (had != seen.end()) {
            bool delete_now = !connection.keep || (connection.days != 0 && had->second <= old);
            if (!delete_now) continue;
            Pop3Status deleted = co_await server.command(fmt::format("DELE {}", message.number));
            tally.deleted += deleted.ok ? 1 : 0;
            continue;
        }
        if (message.size > limits.message) {
            ++tally.skipped;
            continue;
        }
        Pop3Status sent = co_await server.command(fmt::format("RETR {}", message.number));
        if (!sent.ok) {  // RFC 1939 §8: another client may have removed it
            ++tally.skipped;
            continue;
        }
        std::string text = co_await server.lines(limits.message + limits.message / 8 + 4096);
        sink.deliver(std::move(text));
        ++tally.fetched;
        if (with_uids) sink.mark_seen(uid->second);
        if (connection.keep) continue;
        Pop3Status deleted = co_await server.command(fmt::format("DELE {}", message.number));
        tally.deleted += deleted.ok ? 1 : 0;
    }
    co_await server.must("QUIT", "the server did not delete what was fetched");  // RFC 1939 §6
    co_await peer.close();
}

}  // namespace postrider::rpop
