#include <fmt/format.h>

#include <charconv>

#include "mime/binary.h"
#include "mime/edit.h"
#include "mime/header.h"
#include "net/suspend.h"
#include "smtp/session/session.h"
#include "smtp/wire/data_receiver.h"
#include "text/ascii.h"

/// DATA and BDAT: the message itself, and the moment at which it becomes ours (RFC 5321 §4.2.5).
namespace postrider::smtp {
namespace {

constexpr std::size_t piece = 64 * 1024;
/// Compressing and describing more than this on an I/O thread would keep other sessions waiting.
constexpr std::size_t small_message = 128 * 1024;

/// Chunk sizes are counted on, so a bad one cannot be skipped (RFC 3030 §2).
struct Chunk {
    std::uint64_t size = 0;
    bool last = false;
};
std::optional<Chunk> parse_chunk(std::string_view arguments) {
    Chunk chunk;
    auto [end, error] = std::from_chars(arguments.data(), arguments.data() + arguments.size(), chunk.size);
    if (arguments.empty() || error != std::errc{}) return std::nullopt;
    std::string_view rest = arguments.substr(static_cast<std::size_t>(end - arguments.data()));
    if (text::equal_ci(rest, " LAST"))
        chunk.last = true;
    else if (!rest.empty())
        return std::nullopt;
    return chunk;
}

bool begins_with_header(std::string_view message) {
    mime::Field first;
    return message.empty() || message.starts_with("\r\n")
           || (mime::HeaderReader{message}.next(first) && !first.name.empty());
}

/// What filters say may have several lines; a reply's text has one, not too long (RFC 5321 §4.5.3.1.5).
std::string one_line(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, 400))
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
            out.push_back(c);
        else if (!out.empty() && out.back() != ' ')
            out.push_back(' ');
    return out.empty() ? "Refused by a filter" : out;
}

}  // namespace

/// The trace header (RFC 5321 §4.4), at the place where the message will lie.
void Session::begin_payload() {
    Transaction& t = *transaction_;
    mime::Trace trace;
    trace.helo = helo_;
    trace.client = peer_.peer().ip;
    trace.by = s_.host;
    // RFC 3848, RFC 6531 §4.3: what was spoken.
    std::string_view base = lmtp() ? "LMTP" : extended_ ? "ESMTP" : "SMTP";
    if (t.envelope.smtputf8) base = lmtp() ? "UTF8LMTP" : "UTF8SMTP";
    trace.with = base;
    if (extended_ && peer_.secure()) trace.with += 'S';
    if (extended_ && account_) trace.with += 'A';
    trace.id = fmt::format("{:08X}", id_.value());
    if (auto* tls = peer_.tls()) trace.tls = fmt::format("{} cipher {}", tls->version, tls->cipher);
    // One recipient may be named, several would tell each about the others (RFC 5321 §7.2).
    if (t.envelope.recipients.size() == 1) trace.recipient = t.envelope.recipients[0].address.text();
    if (t.priority_said) trace.priority = t.envelope.priority;
    trace.when = mime::in_zone(s_.clock.now());
    t.payload = mime::received_line(trace);
    t.trace_size = t.payload.size();
    t.payload.reserve(t.trace_size + std::min<std::uint64_t>(t.declared_size, 1u << 20) + 256);
}

net::Task<> Session::data(std::string_view arguments) {
    Transaction& t = *transaction_;
    if (!arguments.empty()) {
        fault(501, "5.5.4", "DATA has no parameters");
        co_return;
    }
    if (t.chunking) {
        fault(503, "5.5.1", "BDAT has begun");  // RFC 3030 §2
        co_return;
    }
    if (t.envelope.body == queue::BodyType::binary) {
        fault(503, "5.5.1", "BINARYMIME needs BDAT");  // RFC 3030 §3
        co_return;
    }
    reply(354, "", "Ready to receive data; remember <CRLF>.<CRLF>");
    co_await peer_.flush();

    begin_payload();
    DataReceiver receiver{t.payload, t.size_limit};
    bool memory = true;
    while (!receiver.done()) {
        if (peer_.buffered().empty()) co_await peer_.fill(piece);
        std::size_t taken = receiver.take(peer_.buffered());
        peer_.consume(taken);
        if (memory && !t.memory.reach(t.payload.size())) {
            memory = false;
            receiver.discard();
        }
    }
    s_.log.protocol(id_, "<< {} bytes and final dot read", receiver.received());
    if (!memory) {
        answer_all({452, "4.3.1", "Too many messages at once, try later"});
        co_return;
    }
    if (receiver.too_large()) {
        answer_all({552, "5.3.4", "Message is larger than this server takes"});
        co_return;
    }
    co_await finish_message(receiver.bare_newline());
}

net::Task<> Session::bdat(std::string_view arguments) {
    auto chunk = parse_chunk(arguments);
    if (!chunk || !allow_.allow_binary_data) {
        fault(501, "5.5.4", "Syntax: BDAT size [LAST]");
        // What follows cannot be told from commands.
        done_ = true;
        co_return;
    }
    Transaction& t = *transaction_;
    if (state_ != rcpt_given || t.refused) {
        co_await peer_.skip(chunk->size);
        reply(503, "5.5.1", state_ != rcpt_given ? "No valid recipients" : "The message was refused");
        if (chunk->last) reset();
        co_return;
    }
    if (!t.chunking) {
        begin_payload();
        t.chunking = true;
    }
    std::size_t so_far = t.payload.size() - t.trace_size;
    bool too_large = chunk->size > t.size_limit || so_far + chunk->size > t.size_limit;
    if (too_large || !t.memory.reach(t.payload.size() + chunk->size)) {
        co_await peer_.skip(chunk->size);
        t.refused = true;
        t.payload = {};
        Reply refusal = too_large ? Reply{552, "5.3.4", "Message is larger than this server takes"}
                                  : Reply{452, "4.3.1", "Too many messages at once, try later"};
        if (chunk->last)
            answer_all(refusal);
        else
            reply(refusal);
        co_return;
    }
    co_await peer_.read_exactly(t.payload, chunk->size);
    if (!chunk->last) {
        reply(250, "2.0.0", fmt::format("{} octets received", chunk->size));
        co_return;
    }
    bool bare = t.envelope.body != queue::BodyType::binary && normalize_newlines(t.payload, t.trace_size);
    co_await finish_message(bare);
}

/// LMTP answers once per recipient that was accepted (RFC 2033 §4.2), SMTP once.
void Session::answer_all(const Reply& answer) {
    std::size_t answers = lmtp() ? transaction_->envelope.recipients.size() : 1;
    for (std::size_t i = 0; i < answers; ++i) reply(answer);
    s_.rejected.add();
    reset();
}

std::optional<Reply> Session::check_message() {
    Transaction& t = *transaction_;
    std::string_view message = std::string_view{t.payload}.substr(t.trace_size);
    unsigned hops = 0;
    mime::HeaderReader header{message};
    for (mime::Field field; header.next(field);)
        if (text::equal_ci(field.name, "Received")) ++hops;
    if (hops > allow_.max_received_headers)
        return Reply{554, "5.4.6", "Too many Received headers: the message loops"};
    return account_ ? check_author(message) : std::nullopt;
}

void Session::complete() {
    Transaction& t = *transaction_;
    set_sender();
    mime::Repair repair;
    repair.now = mime::in_zone(s_.clock.now());
    auto moment =
        std::chrono::duration_cast<std::chrono::microseconds>(s_.clock.now().time_since_epoch()).count();
    repair.unique = fmt::format("{}.{:08X}", moment, id_.value());
    repair.domain = s_.host;
    repair.sender = t.envelope.reverse_path;
    std::string added = mime::repair(std::string_view{t.payload}.substr(t.trace_size), repair);
    t.payload.insert(t.trace_size, added);
    append_footer();
}

net::Task<> Session::finish_message(bool had_bare_newlines) {
    Transaction& t = *transaction_;
    if (had_bare_newlines && s_.settings.bare_newlines == BareNewlines::reject) {
        answer_all({550, "5.6.0", "Message has lines that do not end with CRLF"});
        co_return;
    }
    if (auto refusal = check_message()) {
        answer_all(*refusal);
        co_return;
    }
    const std::size_t size = t.payload.size() - t.trace_size;
    // A client's own message gets what it lacks (RFC 6409 §8), before anybody may sign it; other people's
    // mail is left as it is, and is judged as it came.
    if (account_) {
        make_text();
        complete();
    }
    bool go_on = true;
    if (visit_) go_on = co_await ask_message();
    if (!go_on) co_return;
    if (t.discard || t.envelope.recipients.empty()) {
        s_.log.info(id_, "Message of <{}> discarded: nobody gets it", t.envelope.reverse_path.text());
        reply(250, "2.0.0", "Mail queued for delivery");
        reset();
        co_return;
    }
    rules::SendQuota::Use charged;
    if (auto refusal = charge(size, charged)) {
        answer_all(*refusal);
        co_return;
    }
    if (!account_) {
        make_text();
        // Its first line would become part of our trace header: what has no header is all body.
        if (!begins_with_header(std::string_view{t.payload}.substr(t.trace_size)))
            t.payload.insert(t.trace_size, "\r\n");
    }
    if (t.delay != 0)
        t.envelope.release =
            std::max(t.envelope.release, queue::full_seconds(s_.clock.now()) + std::chrono::seconds{t.delay});
    co_await store(std::move(charged), size);
}

/// Neither IMAP nor POP3 nor most other servers can carry what is binary (RFC 3030 §3, RFC 3516 §6).
void Session::make_text() {
    Transaction& t = *transaction_;
    if (t.envelope.body != queue::BodyType::binary) return;
    std::string_view message = std::string_view{t.payload}.substr(t.trace_size);
    if (mime::needs_binary(message)) {
        std::string encoded = mime::encode_binary(message);
        t.payload.replace(t.trace_size, std::string::npos, encoded);
        message = std::string_view{t.payload}.substr(t.trace_size);
    }
    if (!mime::needs_binary(message)) t.envelope.body = queue::BodyType::eight_bit;
}

net::Task<> Session::store(rules::SendQuota::Use charged, std::size_t size) {
    Transaction& t = *transaction_;
    std::string_view stored = std::string_view{t.payload}.substr(t.trace_size);
    std::string message_id{text::trim(mime::find_field(stored, "Message-ID").value_or(""))};

    delivery::Incoming incoming;
    incoming.envelope = std::move(t.envelope);
    incoming.destinations = std::move(t.destinations);
    incoming.payload = std::move(t.payload);
    incoming.answers_each = lmtp();
    if (allow_.wait_processing_timeout != 0)
        incoming.answer_by =
            std::chrono::steady_clock::now() + std::chrono::seconds{allow_.wait_processing_timeout};
    std::string from = incoming.envelope.reverse_path.text();
    std::vector<std::string> recipients;
    for (const queue::Recipient& r : incoming.envelope.recipients) recipients.push_back(r.address.text());

    using Outcome = mailstore::Result<delivery::Accepted>;
    auto quota = lmtp() ? delivery::Intake::Quota::enforced : delivery::Intake::Quota::checked;
    bool small = incoming.payload.size() <= small_message;
    const bool waits = s_.scanning && s_.intake.waits(incoming);
    auto start = [&](std::function<void(Outcome)> done) {
        if (waits) {
            auto moved = std::make_shared<delivery::Incoming>(std::move(incoming));
            if (s_.scanning->post(
                    [this, moved, quota, done] { s_.intake.accept(std::move(*moved), quota, done); }))
                return;
            incoming = std::move(*moved);  // as many wait as may: the queue is to have it
        }
        incoming.answer_by.reset();
        if (small) {
            s_.intake.accept(std::move(incoming), quota, std::move(done));
            return;
        }
        auto moved = std::make_shared<delivery::Incoming>(std::move(incoming));
        bool taken =
            s_.workers.post([this, moved, quota, done] { s_.intake.accept(std::move(*moved), quota, done); });
        if (!taken)
            done(
                std::unexpected(mailstore::Failure{mailstore::MailError::full, "too many messages at once"}));
    };
    Outcome outcome = co_await net::suspend<Outcome>(std::move(start));

    if (!outcome) {
        if (charged.any()) s_.send_quota.refund(account_->id, charged);
        s_.log.error(id_, "Message could not be stored: {}", outcome.error().what);
        Reply refusal{outcome.error().kind == mailstore::MailError::full ? 452 : 451, "4.3.1",
                      "Cannot store the message now"};
        std::size_t answers = lmtp() ? recipients.size() : 1;
        for (std::size_t i = 0; i < answers; ++i) reply(refusal);
        s_.rejected.add();
        reset();
        co_return;
    }
    const bool stored_somewhere = outcome->id != QueueId{};
    const std::string queue_id = queue::to_string(outcome->id);
    std::optional<delivery::Refusal> any;
    for (const auto& refusal : outcome->refusals)
        if (refusal && (!any || refusal->temporary)) any = refusal;
    if (visit_) visit_->end_transaction(stored_somewhere || !any, size);
    for (const std::string& line : outcome->trace) s_.log.info(id_, "{}", line);
    if (stored_somewhere || !any) {
        s_.accepted.add();
        s_.log.info(
            id_, "New mail {} received from {} ({}) with envelope from <{}>, recipients={} ({}), size={}, {}",
            message_id, helo_, peer_.peer().ip, from, recipients.size(), fmt::join(recipients, ", "), size,
            stored_somewhere ? "enqueued with id " + queue_id : "discarded by a filter");
    } else {
        if (charged.any()) s_.send_quota.refund(account_->id, charged);
        s_.rejected.add();
        s_.log.info(id_, "Refused mail {} from {} ({}) with envelope from <{}>, recipients={} ({}): {}",
                    message_id, helo_, peer_.peer().ip, from, recipients.size(), fmt::join(recipients, ", "),
                    one_line(any->text));
    }
    const std::string taken = stored_somewhere ? ", id " + queue_id : "";
    if (lmtp())
        for (std::size_t i = 0; i < recipients.size(); ++i) {
            const auto& refusal = outcome->refusals[i];
            if (refusal)
                reply(refusal->temporary ? 452 : 550, refusal->status,
                      fmt::format("<{}> {}", recipients[i], one_line(refusal->text)));
            else
                reply(250, "2.1.5", fmt::format("<{}> Delivered{}", recipients[i], taken));
        }
    else if (any)
        reply(any->temporary ? 451 : 550, any->status, one_line(any->text));
    else
        reply(250, "2.0.0", fmt::format("Mail queued for delivery{}", taken));
    reset();
}

}  // namespace postrider::smtp
