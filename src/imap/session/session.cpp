#include <algorithm>

#include "auth/auth.h"
#include "imap/service.h"
#include "imap/session/capability.h"
#include "imap/session/connection.h"
#include "imap/session/notify.h"

namespace postrider::imap {
namespace {

/// RFC 2971's ID, the longest command that anybody sends before LOGIN, has 32 KB. Together with the stream's
/// buffer this is what a stranger can make us hold.
ReceiverLimits stranger_limits() {
    ReceiverLimits limits;
    limits.line = 31'900;
    limits.literals = 800;
    limits.literal_count = 10;
    limits.skip = 64 * 1024;
    return limits;
}

constexpr std::size_t stranger_buffer = 8 * 1024;
constexpr std::size_t send_at = 64 * 1024;  ///< pipelined answers wait for each other up to here
/// Who pipelines and never reads must not make us hold more.
constexpr std::size_t send_to_stranger_at = 4096;
constexpr std::size_t worth_keeping = 1024;  ///< of output memory, while waiting

/// RFC 9586 §3: what a client that enabled UIDONLY may not send.
bool speaks_of_numbers(std::string_view verb) {
    constexpr std::string_view verbs[] = {"COPY",   "FETCH", "MOVE",  "REPLACE",
                                          "SEARCH", "SORT",  "STORE", "THREAD"};
    return std::find(std::begin(verbs), std::end(verbs), verb) != std::end(verbs);
}

}  // namespace

Connection::Connection(net::Stream& stream, const Services& services, Door door, SessionId id)
    : stream_{&stream},
      plain_{&stream},
      door_{std::move(door)},
      client_{services, id},
      receiver_{stranger_limits()} {}

net::Task<> Connection::run() {
    stream_->idle_timeout(client_.settings->login_timeout);
    stream_->deadline_after(2 * client_.settings->login_timeout);
    update_capabilities();
    greet();
    while (!done_) {
        if (pending_) {
            const Receiver::Step step = *pending_;
            pending_.reset();
            co_await handle(step);
            continue;
        }
        std::string_view octets = stream_->buffered();
        if (octets.empty()) {
            co_await wait_for_input();
            continue;
        }
        Receiver::Fed fed = receiver_.feed(octets);
        stream_->consume(fed.used);
        co_await handle(fed.step);
    }
}

net::Task<> Connection::close() {
    co_await stream_->close();
}

void Connection::greet() {
    client_.out +=
        "* OK [CAPABILITY " + client_.capability_words + "] " + client_.settings->greeting + "\r\n";
    flush_out();
}

void Connection::update_capabilities() {
    const ImapSettings& settings = *client_.settings;
    auth::LoginRules rules = settings.login.rules();
    client_.secure = stream_->secure();
    CapabilityState state;
    state.sieve_url = client_.services.sieve_url;
    state.authenticated = client_.account != nullptr;
    state.start_tls = settings.login.allow_start_tls && door_.tls && !stream_->secure();
    state.login = auth::login_command_allowed(rules, stream_->secure());
    state.id = settings.id_enabled;
    state.sets_quotas = state.authenticated && manages_quotas(client_);
    state.compressed = compressed_ != nullptr;
    state.append_limit = append_limit(settings);
    state.message_limit = settings.message_limit;
    state.mechanisms = auth::offered(rules, stream_->secure(), client_.services.auth.available());
    client_.capability_words = capabilities(state);
}

/// All that was pipelined has been answered: send it, give memory back, wait.
net::Task<> Connection::wait_for_input() {
    if (client_.notify && !receiver_.begun()) co_await push_news();
    co_await stream_->flush();
    if (client_.out.capacity() > worth_keeping) std::string{}.swap(client_.out);
    std::size_t limit = client_.account ? 64 * 1024 : stranger_buffer;
    co_await stream_->fill(limit);
}

net::Task<> Connection::handle(Receiver::Step step) {
    switch (step) {
        case Receiver::Step::more: co_return;
        case Receiver::Step::go_ahead:
            stream_->send("+ OK\r\n");
            co_await stream_->flush();
            co_return;
        case Receiver::Step::command:
            if (answer_at_once(receiver_.command())) break;
            if (begins_series(receiver_.command())) {
                co_await run_series();
                co_await stream_->flush_if_large(send_at);
                co_return;
            }
            co_await handle_command();
            break;
        case Receiver::Step::too_long:
            answer(tag_of(receiver_.command()), bad("The command line is too long"));
            break;
        case Receiver::Step::too_big:
            answer(tag_of(receiver_.command()),
                   client_.account ? no("[TOOBIG] The literal is too large") : bad("Too large"));
            if (client_.account) count_error();
            break;
        case Receiver::Step::nul:
            answer(tag_of(receiver_.command()), bad("A literal may not have NUL octets"));
            break;
        case Receiver::Step::hopeless: bye("[TOOBIG] The literal is far too large"); break;
    }
    receiver_.next();
    co_await stream_->flush_if_large(client_.account ? send_at : send_to_stranger_at);
}

/// What memory answers needs no worker: the way there and back costs more than the command.
bool Connection::answer_at_once(std::string_view text) {
    const auto command = parse_command(text);
    const Row* row = command ? find_command(command->verb) : nullptr;
    if (row == nullptr || row->at_once == nullptr || refusal(row, command->verb) || may_have_news(client_))
        return false;
    auto reply = row->at_once(client_, *command);
    if (!reply) return false;
    log_received(text);
    flush_out();
    answer(command->tag, *reply);
    return true;
}

net::Task<> Connection::handle_command() {
    std::string text = receiver_.take();
    log_received(text);
    auto command = parse_command(text);
    if (!command) {
        answer(tag_of(text), bad("That is not a command"));
        co_return;
    }
    const Row* row = find_command(command->verb);
    if (auto refused = refusal(row, command->verb)) {
        answer(command->tag, *refused);
    } else {
        Reply reply = co_await dispatch(*row, *command);
        flush_out();
        answer(command->tag, reply);
    }
}

/// Why the command cannot be run now.
std::optional<Reply> Connection::refusal(const Row* row, std::string_view verb) const {
    if (row == nullptr) return bad("There is no such command");
    const std::uint8_t state = !client_.account   ? not_authenticated
                               : client_.selected ? in_mailbox
                                                  : authenticated;
    if (!(row->states & state))
        return bad(state == not_authenticated         ? "Please log in first"
                   : row->states == not_authenticated ? "You are logged in already"
                                                      : "Select a mailbox first");
    if (client_.uid_only && speaks_of_numbers(verb))
        return bad("[UIDREQUIRED] Only the command's UID form can be used");
    return std::nullopt;
}

net::Task<Reply> Connection::dispatch(const Row& row, const Command& command) {
    std::string failure;
    try {
        bool here = row.runs == Runs::here && !(row.updates != Updates::none && may_have_news(client_));
        if (here) co_return row.handler(client_, command);
        Reply reply;
        if (row.runs == Runs::connection)
            reply = co_await run_connection_command(row, command);
        else
            reply = co_await run_on_worker(row, command);
        co_return reply;
    } catch (const net::WorkerPool::Overloaded&) {
        co_return no("[UNAVAILABLE] The server is too busy now");
    } catch (const net::SessionEnd&) {
        throw;
    } catch (const std::exception& error) {
        failure = error.what();
    }
    co_return broken(command.verb, failure);
}

Reply Connection::broken(std::string_view verb, std::string_view why) {
    client_.services.log.error(client_.id, "{} failed: {}", verb, why);
    return no("[SERVERBUG] The command failed; the administrator finds the reason in the log");
}

net::Task<Reply> Connection::run_on_worker(const Row& row, const Command& command) {
    auto job = [this, &row, &command]() -> Reply {
        Reply reply = row.handler(client_, command);
        announce(client_, row.updates);
        return reply;
    };
    client_.progress.done = client_.progress.goal = 0;
    if (may_take_long(row.verb)) begin_telling([&command] { return std::string_view{command.tag}; });
    std::exception_ptr failure;
    Reply reply;
    try {
        reply = co_await client_.services.workers.run(std::move(job));
    } catch (...) {
        failure = std::current_exception();
    }
    co_await end_telling();
    if (failure) std::rethrow_exception(failure);
    co_return reply;
}

net::Task<Reply> Connection::run_connection_command(const Row& row, const Command& command) {
    Reply reply;
    if (row.verb == "IDLE")
        reply = co_await idle(command);
    else if (row.verb == "LOGIN")
        reply = co_await login(command);
    else if (row.verb == "AUTHENTICATE")
        reply = co_await authenticate(command);
    else if (row.verb == "STARTTLS")
        reply = co_await start_tls(command);
    else if (row.verb == "UNAUTHENTICATE")
        reply = co_await unauthenticate(command);
    else if (row.verb == "COMPRESS")
        reply = co_await compress(command);
    else
        reply = logout(command);
    co_return reply;
}

/// RFC 8437 §3: as before the log-in, but for TLS and ID. Compression ends, of the client's words behind this
/// command, of ours behind the answer.
net::Task<Reply> Connection::unauthenticate(const Command& command) {
    if (!command.args.empty()) co_return bad("UNAUTHENTICATE takes no arguments");
    if (compressed_ && !compressed_->buffered().empty())
        co_return bad("Nothing may be compressed behind UNAUTHENTICATE");
    client_.forget_user();
    receiver_.limits(stranger_limits());
    stream_->idle_timeout(client_.settings->login_timeout);
    stream_->deadline_after(2 * client_.settings->login_timeout);
    update_capabilities();
    Reply reply = ok("[CAPABILITY " + client_.capability_words + "] You are nobody again");
    if (!compressed_) co_return reply;
    const std::string tag{command.tag};
    flush_out();
    answer(tag, reply);
    co_await leave_compression();
    Reply said{Reply::Status::said, {}};
    co_return said;
}

Reply Connection::logout(const Command& command) {
    if (!command.args.empty()) return bad("LOGOUT takes no arguments");
    client_.out += "* BYE Logging out\r\n";
    done_ = true;
    why_ended_ = "logged out";
    return ok("LOGOUT completed");
}

void Connection::put_answer(std::string& out, std::string_view tag, const Reply& reply) const {
    if (client_.language == Language::i_default) return put_reply(out, tag, reply);
    Reply spoken{reply.status, translated(client_.language, reply.text)};
    put_reply(out, tag, spoken);
}

void Connection::answer(std::string_view tag, const Reply& reply) {
    std::string line;
    put_answer(line, tag, reply);
    log_sent(line);
    stream_->send(line);
    if (reply.status == Reply::Status::bad) count_error();
}

void Connection::count_error() {
    unsigned most = client_.settings->service.max_errors;
    if (++errors_ >= most && most != 0 && !done_) bye("Too many errors");
}

void Connection::bye(std::string_view text) {
    std::string line = "* BYE ";
    line += text;
    line += "\r\n";
    log_sent(line);
    stream_->send(line);
    done_ = true;
    why_ended_ = text;
}

void Connection::flush_out() {
    if (client_.out.empty()) return;
    log_sent(client_.out);
    stream_->send(client_.out);
    client_.out.clear();
}

net::Task<> serve(std::unique_ptr<net::Stream> stream, const Services& services, Door door, SessionId id) {
    const observe::Logger& log = services.log;
    Connection connection{*stream, services, std::move(door), id};
    log.info(id, "[{}] connection accepted from [{}]", stream->local().text(), stream->peer().text());
    std::string why;
    try {
        co_await connection.run();
        why = connection.why_ended();
    } catch (const net::SessionEnd& end) {
        why = end.what();
    } catch (const std::exception& error) {
        why = "internal error";
        log.error(id, "The session failed: {}", error.what());
    }
    co_await connection.close();
    log.info(id, "Connection closed: {}", why);
}

std::shared_ptr<const net::Farewell> farewell() {
    return std::make_shared<const net::Farewell>(
        net::Farewell{"* BYE Silent for too long\r\n", "* BYE [UNAVAILABLE] The server is stopping\r\n"});
}

std::string refusal() {
    return "* BYE [UNAVAILABLE] Too many connections\r\n";
}

}  // namespace postrider::imap
