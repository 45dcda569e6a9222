#include "rpop/session/imap_fetch.h"

#include <fmt/core.h>

#include <ctime>

#include "auth/crypto.h"
#include "net/tls.h"
#include "rpop/session/errors.h"
#include "rpop/session/line.h"
#include "rpop/wire/imap_reply.h"
#include "rpop/wire/pop3_reply.h"
#include "text/ascii.h"
#include "text/base64.h"
#include "text/mutf7.h"

namespace postrider::rpop {
namespace {

constexpr std::size_t max_line = 1u << 20;  // a SEARCH answer is one line
constexpr std::size_t max_literals = 8;
constexpr std::size_t max_untagged = 200'000;  // responses to one command

/// A whole response with its literals.
struct Response {
    std::string line;
    std::vector<std::string> literals;
};

class Dialogue {
public:
    Dialogue(net::Stream& peer, Sink& sink, std::uint64_t max_literal)
        : peer_{peer}, sink_{sink}, max_literal_{max_literal} {}

    net::Task<Response> response() {
        Response got;
        while (true) {
            std::string line = co_await read_line(peer_, max_line);
            got.line.append(line);
            if (got.line.size() > 2 * max_line) throw Failed{"the server sends a response without an end"};
            auto size = literal_at_end(line);
            if (!size) co_return std::move(got);
            if (*size > max_literal_ || got.literals.size() >= max_literals)
                throw Failed{"the server sends more than it announced or may send"};
            got.literals.emplace_back();
            co_await peer_.read_exactly(got.literals.back(), static_cast<std::size_t>(*size));
        }
    }

    net::Task<> greeting() {
        Response got = co_await response();
        auto reply = parse_imap(got.line);
        if (!reply || reply->kind != ImapReply::Kind::untagged)
            throw Failed{"the server does not speak IMAP: " + quoted_for_people(got.line)};
        if (!text::equal_ci(reply->word, "OK") && !text::equal_ci(reply->word, "PREAUTH"))
            throw Failed{"the server refuses: " + quoted_for_people(reply->text)};
        preauth_ = text::equal_ci(reply->word, "PREAUTH");
    }

    /// Sends a command and takes what comes until it is answered; `each` sees untagged responses, `more` is
    /// what is sent when the server asks for it.
    template <class Each>
    net::Task<> command(std::string text, std::string what, Each each, std::string more = {}) {
        if (sink_.stopping()) throw Failed{"the service stops"};
        std::string tag = fmt::format("p{}", ++count_);
        std::string line = tag + " " + text + "\r\n";
        co_await peer_.write(line);
        for (std::size_t seen = 0; seen < max_untagged; ++seen) {
            Response got = co_await response();
            auto reply = parse_imap(got.line);
            if (!reply) continue;  // responses that we do not know may be anything
            if (reply->kind == ImapReply::Kind::continuation) {
                if (more.empty()) throw Failed{what + ": the server waits for more"};
                more += "\r\n";
                co_await peer_.write(more);
                auth::wipe(more);
                continue;
            }
            if (reply->kind == ImapReply::Kind::untagged) {
                if (text::equal_ci(reply->word, "BYE"))
                    throw Failed{"the server hangs up: " + quoted_for_people(reply->text)};
                each(*reply, got.literals);
                continue;
            }
            if (reply->tag != tag) continue;
            if (!text::equal_ci(reply->word, "OK"))
                throw Failed{what + ": " + quoted_for_people(reply->text)};
            each(*reply, got.literals);
            co_return;
        }
        throw Failed{what + ": the server does not come to an end"};
    }

    bool preauth() const { return preauth_; }

private:
    net::Stream& peer_;
    Sink& sink_;
    const std::uint64_t max_literal_;
    unsigned count_ = 0;
    bool preauth_ = false;
};

/// 2-Nov-2026, as SEARCH wants it (RFC 9051 §9, date).
std::string imap_date(Time time) {
    static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{}-{}-{}", parts.tm_mday, months[parts.tm_mon % 12], parts.tm_year + 1900);
}

struct Login {
    std::string capabilities;
    void note(const ImapReply& reply) {
        if (text::equal_ci(reply.word, "CAPABILITY")) capabilities = reply.text;
        if (text::starts_with_ci(reply.code, "CAPABILITY ")) capabilities = reply.code.substr(11);
    }
};

}  // namespace

net::Task<> fetch_imap(net::Stream& peer, const Connection& connection, std::string password,
                       std::shared_ptr<const net::TlsContext> tls, Sink& sink, Limits limits, Time now,
                       Tally& tally) {
    Dialogue server{peer, sink, limits.message + limits.message / 8 + 4096};
    auto ignore = [](const ImapReply&, std::vector<std::string>&) {};
    co_await server.greeting();
    if (connection.security == Security::starttls) {
        // RFC 9051 §6.2.1; one that is logged in already cannot be protected any more.
        if (server.preauth()) throw Failed{"the server logs us in before TLS has begun"};
        co_await server.command("STARTTLS", "the server offers no TLS", ignore);
        if (!peer.buffered().empty()) throw Failed{"the server talks before TLS has begun"};
        co_await peer.start_tls_client(tls, connection.host);
    }
    Login login;
    auto note = [&](const ImapReply& reply, std::vector<std::string>&) { login.note(reply); };
    co_await server.command("CAPABILITY", "the server does not say what it can", note);
    if (!server.preauth()) {
        auto user = quote(connection.user), secret = quote(password);
        if (has_word(login.capabilities, "AUTH=PLAIN")) {
            std::string plain;
            plain.append(1, '\0').append(connection.user).append(1, '\0').append(password);
            std::string encoded = text::encode_base64(plain);
            auth::wipe(plain);
            co_await server.command("AUTHENTICATE PLAIN", "the log-in failed", note, std::move(encoded));
        } else if (has_word(login.capabilities, "LOGINDISABLED")) {
            throw Failed{"the server takes no password without TLS"};
        } else if (!user || !secret) {
            throw Failed{"user or password have characters that this server cannot be told"};
        } else {
            std::string line = "LOGIN " + *user + " " + *secret;
            co_await server.command(std::move(line), "the log-in failed", note);
        }
        auth::wipe(password);
        co_await server.command("CAPABILITY", "the server does not say what it can", note);
    }

    Status& status = sink.status();
    std::uint32_t validity = 0;
    auto mailbox = text::encode_mutf7(connection.remote_folder);
    auto quoted = mailbox ? quote(*mailbox) : std::nullopt;
    if (!quoted) throw Failed{"the remote folder has no such name"};
    auto take_validity = [&](const ImapReply& reply, std::vector<std::string>&) {
        if (auto number = code_number(reply.code, "UIDVALIDITY")) validity = *number;
    };
    std::string select = (connection.keep && connection.days == 0 ? "EXAMINE " : "SELECT ") + *quoted;
    co_await server.command(std::move(select), "the remote folder cannot be opened", take_validity);
    if (validity == 0) throw Failed{"the server has no lasting UIDs"};
    if (status.uid_validity != validity) {
        status.uid_validity = validity;
        status.last_uid = 0;
        sink.progress();
    }

    std::vector<std::uint32_t> found;
    auto collect = [&](const ImapReply& reply, std::vector<std::string>&) {
        if (reply.kind == ImapReply::Kind::untagged && text::equal_ci(reply.word, "SEARCH"))
            found = parse_search(reply.text, limits.listed);
    };
    std::string search = fmt::format("UID SEARCH UID {}:* UNDELETED", std::uint64_t{status.last_uid} + 1);
    if (status.last_uid != UINT32_MAX)
        co_await server.command(std::move(search), "the messages cannot be listed", collect);
    std::vector<std::uint32_t> fresh;
    for (std::uint32_t uid : found)
        if (uid > status.last_uid) fresh.push_back(uid);  // "n:*" gives the last one in any case

    bool deleted = false;
    for (std::uint32_t uid : fresh) {
        if (tally.fetched >= limits.messages) break;
        std::optional<std::uint64_t> size;
        auto take_size = [&](const ImapReply& reply, std::vector<std::string>&) {
            if (!text::equal_ci(reply.word, "FETCH")) return;
            auto fetched = parse_fetch(reply.text);
            if (fetched && fetched->uid == uid && fetched->size) size = fetched->size;
        };
        std::string ask_size = fmt::format("UID FETCH {} (RFC822.SIZE)", uid);
        co_await server.command(std::move(ask_size), "a message cannot be fetched", take_size);
        if (!size || *size > limits.message) {  // removed meanwhile, or too large
            if (size) ++tally.skipped;
            status.last_uid = uid;
            sink.progress();
            continue;
        }
        std::optional<std::string> text;
        auto take_text = [&](const ImapReply& reply, std::vector<std::string>& literals) {
            if (!text::equal_ci(reply.word, "FETCH")) return;
            auto fetched = parse_fetch(reply.text);
            if (!fetched || fetched->uid != uid) return;
            if (fetched->literal && *fetched->literal < literals.size())
                text = std::move(literals[*fetched->literal]);
            else if (fetched->quoted)
                text = std::move(fetched->quoted);
        };
        std::string ask_text = fmt::format("UID FETCH {} (BODY.PEEK[])", uid);
        co_await server.command(std::move(ask_text), "a message cannot be fetched", take_text);
        if (text) {
            sink.deliver(std::move(*text));
            ++tally.fetched;
            ++status.fetched;
        }
        status.last_uid = uid;
        sink.progress();
        if (!text || connection.keep) continue;
        std::string store = fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", uid);
        co_await server.command(std::move(store), "a message cannot be deleted", ignore);
        deleted = true;
        ++tally.deleted;
    }

    if (connection.keep && connection.days != 0 && status.last_uid != 0) {
        found.clear();
        std::string ask = fmt::format("UID SEARCH UID 1:{} UNDELETED BEFORE {}", status.last_uid,
                                      imap_date(now - std::chrono::hours{24 * connection.days}));
        co_await server.command(std::move(ask), "the messages cannot be listed", collect);
        for (std::uint32_t uid : found) {
            if (uid > status.last_uid) continue;
            std::string store = fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", uid);
            co_await server.command(std::move(store), "a message cannot be deleted", ignore);
            deleted = true;
            ++tally.deleted;
        }
    }
    if (deleted) {
        // RFC 4315 §2.1: not what others have marked above. Without UIDPLUS there is only the blunt way.
        std::string expunge =
            has_word(login.capabilities, "UIDPLUS") || has_word(login.capabilities, "IMAP4rev2")
                ? fmt::format("UID EXPUNGE 1:{}", status.last_uid)
                : std::string{"EXPUNGE"};
        co_await server.command(std::move(expunge), "messages cannot be deleted", ignore);
    }
    std::string bye = "p999999 LOGOUT\r\n";
    co_await peer.write(bye);
    co_await peer.close();
}

}  // namespace postrider::rpop
