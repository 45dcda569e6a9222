#include <fmt/format.h>

#include <algorithm>

#include "relay/session/client.h"
#include "relay/wire/dots.h"

/// One message: MAIL, RCPT, DATA or BDAT (RFC 5321 §3.3), in as few round trips as the server allows.
namespace postrider::relay {
namespace {

using delivery::Fate;
using net::SessionEnd;

/// RCPT commands in one group: their answers fit into any socket's buffer while we still write (RFC 2920
/// §3.1).
constexpr std::size_t group_size = 200;
/// A message up to this size is copied into the output buffer: one system call for all of it. With BDAT it
/// goes out together with the envelope.
constexpr std::size_t small = 64 * 1024;
/// Slower than this for a whole message and the connection is given up.
constexpr std::size_t least_octets_per_second = 1024;

}  // namespace

struct Client::Transaction {
    explicit Transaction(const queue::Envelope& of) : envelope{of} {}

    const queue::Envelope& envelope;
    Draft draft;
    std::string group;                 ///< commands that go out together
    std::vector<std::size_t> taken;    ///< indices into draft.recipients that the server has accepted
    std::vector<std::size_t> no_room;  ///< answered 452: for a further transaction
    Reply no_room_reply;
    Result result;
    bool asked = false;  ///< DATA, or BDAT with the message, has gone out with the envelope
    bool out = false;    ///< all of the message has gone: from here on the server may have taken it
    bool ended = false;  ///< every recipient that is left to be decided has its fate
    std::string_view stage = "sending MAIL";

    /// A server may keep its answers to a group until it has worked off all of it (RFC 2920 §3.2), so once
    /// the message has gone each of them may take as long as the answer to the message: whoever gives up
    /// sooner sends it twice.
    seconds patience(const Patience& of) const { return out ? std::max(of.command, of.end) : of.command; }
    void now(std::string_view doing) {
        if (!out) stage = doing;
    }
    void message_is_out() {
        out = true;
        stage = "waiting for the answer to the message (it may have been taken)";
    }

    void fate(std::size_t to, Fate::Kind kind, std::string status, std::string diagnostic,
              const std::string& host) {
        Fate one;
        one.recipient = draft.recipients[to].recipient;
        one.kind = kind;
        one.status = std::move(status);
        one.diagnostic = std::move(diagnostic);
        one.remote_host = host;
        result.fates.push_back(std::move(one));
    }
    void fate(std::size_t to, const Reply& reply, const std::string& host) {
        const Fate::Kind kind = reply.permanent()  ? Fate::Kind::permanent
                                : reply.code < 300 ? Fate::Kind::sent
                                                   : Fate::Kind::temporary;
        fate(to, kind, reply.code >= 300 && reply.code < 400 ? "4.5.0" : reply.status_or("0.0"), reply.line(),
             host);
    }
    /// The same for all whom the server has accepted so far.
    void fate_of_taken(const Reply& reply, const std::string& host, bool dsn) {
        for (const std::size_t to : taken) {
            fate(to, reply, host);
            result.fates.back().reports_dsn = dsn;
            result.fates.back().keeps_time = !draft.parameters.by.empty();
        }
        taken.clear();
        ended = true;
    }
};

seconds Client::writing_time(std::size_t size) const {
    return options_.patience.block + seconds{size / least_octets_per_second};
}

/// Replies to the RCPT commands of [from, to).
net::Task<> Client::read_recipients(Transaction& t, std::size_t from, std::size_t to) {
    t.now("sending RCPT");
    const seconds limit = t.patience(options_.patience);
    for (std::size_t i = from; i < to; ++i) {
        const Reply said = co_await reply(limit);
        if (said.code >= 200 && said.code < 300) {
            t.taken.push_back(i);
        } else if (said.code == 452 || (said.code == 552 && !said.status.starts_with("5.2."))) {
            // RFC 5321 §4.5.3.1.10: no room in this transaction
            t.no_room.push_back(i);
            t.no_room_reply = said;
            if (said.code == 552) t.no_room_reply.code = 452;
            if (said.code == 552) t.no_room_reply.status = "4.5.3";
        } else {
            t.fate(i, said, options_.host);
        }
    }
}

/// MAIL and RCPT. With PIPELINING also what follows, when it can go along: DATA, or a small message by BDAT.
net::Task<> Client::envelope_stage(Transaction& t) {
    const bool piped = offers_.pipelining;
    const std::size_t count = t.draft.recipients.size();
    const bool reset = std::exchange(reset_first_, false);
    if (reset) t.group.append("RSET\r\n");
    append_mail(t.group, t.draft.sender, t.draft.parameters);
    std::size_t sent = 0;
    Reply mail;
    bool mail_read = false;
    do {
        const std::size_t from = sent;
        if (piped || mail_read)
            for (; sent < count && sent - from < (piped ? group_size : 1); ++sent)
                append_rcpt(t.group, t.draft.recipients[sent].path,
                            t.envelope.recipients[t.draft.recipients[sent].recipient], t.draft.parameters);
        const bool last = piped && sent == count;
        if (last && !t.draft.chunked) {
            t.group.append("DATA\r\n");
            t.asked = true;
        }
        queue_command(t.group);
        t.group.clear();
        if (last && t.draft.chunked && t.draft.octets->size() <= small) {
            t.asked = true;
            queue_command(fmt::format("BDAT {} LAST\r\n", t.draft.octets->size()));
            stream_->send(*t.draft.octets);
        }
        stream_->deadline_after(options_.patience.command);
        co_await stream_->flush();
        if (t.asked && t.draft.chunked) t.message_is_out();
        const seconds limit = t.patience(options_.patience);
        if (!mail_read) {
            if (reset) {
                const Reply said = co_await reply(limit);
                if (!said.positive()) mail = said;
            }
            const Reply said = co_await reply(limit);
            if (mail.code == 0) mail = said;
            mail_read = true;
            t.result.answered = mail.code != 421;  // which says nothing about the message
        }
        if (mail.code >= 200 && mail.code < 300) {
            co_await read_recipients(t, from, sent);
            if (!usable_) co_return;
            continue;
        }
        for (std::size_t i = from; i < sent; ++i) co_await reply(limit);
        for (std::size_t i = 0; i < count; ++i) t.fate(i, mail, options_.host);
        t.ended = true;
        co_return;
    } while (sent < count);
}

net::Task<> Client::write_plain(std::string_view message) {
    stream_->deadline_after(writing_time(message.size()));
    stream_->idle_timeout(options_.patience.block);
    co_await stream_->write(message);
    stream_->idle_timeout(seconds{0});
}

net::Task<> Client::write_stuffed(std::string_view message) {
    stream_->deadline_after(writing_time(message.size()));
    DotStuffer pieces{message};
    if (message.size() <= small) {
        for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next())
            stream_->send(piece);
    } else {
        stream_->idle_timeout(options_.patience.block);
        for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
            if (piece.size() < 8192) {
                stream_->send(piece);
                co_await stream_->flush_if_large();
                continue;
            }
            co_await stream_->write(piece);
        }
    }
    stream_->send(DotStuffer::end(message));
    co_await stream_->flush();
    stream_->idle_timeout(seconds{0});
}

/// The message by DATA. With PIPELINING the command has gone out with the envelope.
net::Task<> Client::data_stage(Transaction& t) {
    const bool wanted = !t.ended && !t.taken.empty();
    if (!t.asked) {
        reset_first_ = true;
        if (!wanted) co_return;
        queue_command("DATA\r\n");
        co_await stream_->flush();
    }
    t.stage = "sending DATA";
    Reply said = co_await reply(options_.patience.data);
    if (said.code != 354) {
        if (wanted) {
            // RFC 5321 §4.2: a positive answer that is not 354 makes no sense.
            if (said.positive()) said = Reply{451, "4.5.0", "unexpected answer to DATA: " + said.line()};
            t.fate_of_taken(said, options_.host, offers_.dsn);
        }
        reset_first_ = true;
        co_return;
    }
    if (!wanted) {  // RFC 2920 §3.1: the server waits for a message that nobody gets
        queue_command(".\r\n");
        co_await stream_->flush();
        co_await reply(options_.patience.end);
        reset_first_ = true;
        co_return;
    }
    t.stage = "sending the message";
    co_await write_stuffed(*t.draft.octets);
    if (options_.log.on(observe::Level::protocol))
        options_.log.protocol(options_.id, ">> {} bytes and final dot sent", t.draft.octets->size());
    t.message_is_out();
    said = co_await reply(options_.patience.end);
    t.fate_of_taken(said, options_.host, offers_.dsn);
    reset_first_ = said.code >= 300;
}

/// The message by BDAT (RFC 3030 §2). A small one has gone out with a pipelined envelope.
net::Task<> Client::chunk_stage(Transaction& t) {
    const bool wanted = !t.ended && !t.taken.empty();
    if (!t.asked) {
        reset_first_ = true;
        if (!wanted) co_return;
        queue_command(fmt::format("BDAT {} LAST\r\n", t.draft.octets->size()));
        t.stage = "sending the message";
        co_await write_plain(*t.draft.octets);
    }
    t.message_is_out();
    const Reply said = co_await reply(options_.patience.end);
    if (wanted) t.fate_of_taken(said, options_.host, offers_.dsn);
    reset_first_ = said.code >= 300 || !wanted;
}

net::Task<Client::Result> Client::send(QueueId id, const queue::Envelope& envelope, Draft draft) {
    Transaction t{envelope};
    t.draft = std::move(draft);
    t.result.fates = std::move(t.draft.fates);
    if (t.draft.recipients.empty()) co_return std::move(t.result);
    ++messages_;
    options_.log.info(options_.id, "Relaying mail {} to {} [{}]", id.value() ? queue::to_string(id) : "",
                      options_.host, stream_->peer().ip);
    try {
        co_await envelope_stage(t);
        if (usable_) {
            if (t.draft.chunked)
                co_await chunk_stage(t);
            else
                co_await data_stage(t);
        }
        if (!usable_)
            t.result.trouble = Trouble{.status = "4.3.2",
                                       .text = fmt::format("{} [{}] closes the connection (421)",
                                                           options_.host, stream_->peer().ip)};
    } catch (const SessionEnd& end) {
        t.result.trouble = broken(end, t.stage);
        // Silence after the message: it is not offered to another connection at once, for it may be there.
        if (t.out && end.reason() == SessionEnd::Reason::timeout) t.result.answered = true;
    }
    // Whoever has no fate by now: the dialogue ended early, or the server had room for others only.
    std::vector<bool> decided(t.envelope.recipients.size());
    bool some_sent = false;
    for (const Fate& one : t.result.fates) {
        decided[one.recipient] = true;
        some_sent |= one.kind == Fate::Kind::sent;
    }
    for (const std::size_t to : t.no_room) {
        decided[t.draft.recipients[to].recipient] = true;
        if (!some_sent) t.fate(to, t.no_room_reply, options_.host);
    }
    for (std::size_t i = 0; i < t.draft.recipients.size(); ++i)
        if (!decided[t.draft.recipients[i].recipient])
            t.fate(i, Fate::Kind::temporary, t.result.trouble ? t.result.trouble->status : "4.4.0",
                   t.result.trouble ? t.result.trouble->text : "no answer", options_.host);
    for (const Fate& one : t.result.fates)
        options_.log.info(options_.id, "Mail {} to <{}>: {} {}", queue::to_string(id),
                          envelope.recipients[one.recipient].address.text(),
                          one.kind == Fate::Kind::sent        ? "sent,"
                          : one.kind == Fate::Kind::permanent ? "refused,"
                                                              : "deferred,",
                          one.diagnostic);
    co_return std::move(t.result);
}

}  // namespace postrider::relay
