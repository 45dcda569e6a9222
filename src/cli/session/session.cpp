#include "cli/session/session.h"

#include "net/pause.h"
#include "text/ascii.h"

namespace postrider::cli {
namespace {

constexpr std::size_t max_unsent = 64 * 1024;
constexpr std::size_t max_unsent_to_strangers = 4096;

}  // namespace

std::string loggable(std::string_view line) {
    auto words = parse_words(line);
    if (!words) return "(not readable)";
    std::string out;
    bool hide = false;
    for (const Word& word : *words) {
        if (!out.empty()) out.push_back(' ');
        out += hide ? "***" : print(word);
        // "password", "postmasterPassword", "admin-password", "oldPassword", "postmasterPasswd" ...
        std::string lower = word.quoted ? "" : text::to_lower(word.text);
        hide = !hide && (lower.ends_with("password") || lower.ends_with("passwd") || lower.ends_with("pass"))
               && lower != "mustchangepass";
    }
    return out;
}

net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, SessionId id) {
    const observe::Logger log = services.backend.log;
    log.info(id, "[{}] connection accepted from [{}]", peer->local().text(), peer->peer().text());
    Shell shell{services.backend, peer->peer().ip, peer->secure(), id};
    peer->deadline_after(services.login_time);
    Shell::Output output = shell.greeting();
    bool was_logged_in = false;
    while (true) {
        peer->send(output.text);
        co_await peer->flush_if_large(shell.logged_in() ? max_unsent : max_unsent_to_strangers);
        if (output.close) break;
        if (shell.logged_in() && !was_logged_in) {
            was_logged_in = true;
            peer->deadline_after(std::chrono::seconds{0});
            log.info(id, "[{}] {} has logged in", peer->peer().ip, shell.user());
        }
        if (output.again.count() > 0) {
            co_await peer->flush();
            co_await net::pause(output.again);
            output = shell.more();
            continue;
        }
        if (peer->buffered().find('\n') == std::string_view::npos) co_await peer->flush();
        net::Line line = co_await peer->read_line(max_line);
        bool too_long = line.kind == net::Line::Kind::too_long;
        std::string text{too_long ? std::string_view{} : line.text};
        if (!shell.secret_next() && !shell.in_text())
            log.protocol(id, "<< {}", too_long ? "(too long)" : loggable(text));
        auto job = [&shell, &text, too_long] { return too_long ? shell.line_too_long() : shell.line(text); };
        bool overloaded = false;
        try {
            output = co_await services.workers.run(std::move(job));
        } catch (const net::WorkerPool::Overloaded&) {
            overloaded = true;
        }
        if (overloaded) {
            output = {};
            output.text = "-ERR: too busy now, try later\r\n";
            output.close = true;
        }
        if (output.delay.count() > 0) co_await net::pause(output.delay);
    }
    if (!output.end_reason.empty())
        log.warning(id, "[{}] session closed: {}", peer->peer().ip, output.end_reason);
    co_await peer->flush();
    co_await peer->close();
    log.info(id, "Connection closed");
}

}  // namespace postrider::cli
