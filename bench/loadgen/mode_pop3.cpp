#include <fmt/core.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "corpus.h"
#include "imap_blocking.h"
#include "imap_client.h"
#include "modes.h"

namespace postrider::bench {

namespace {

struct Pop3Run {
    std::uint16_t port = 0;
    Clock::time_point end;
    std::uint64_t retrieved = 0;
    std::uint64_t octets = 0;
    std::uint64_t logins = 0;
    std::uint64_t errors = 0;
    std::string first_error;
    Latencies latency;
};

/// Logs in, takes every message of the maildrop one by one, quits, and begins again.
class Pop3Client : public Connection {
public:
    Pop3Client(Loop& loop, const ImapOptions& users, std::uint32_t user, Pop3Run& run)
        : Connection{loop}, users_{users}, user_{user}, run_{run} {}

    void go() {
        if (loop().now() >= run_.end || run_.errors > 100) return;
        state_ = State::greeting;
        open(run_.port, false);
    }

protected:
    std::size_t on_data(std::string_view input) override {
        auto size = input.size();
        if (state_ == State::content) {
            content(input);
            return size;
        }
        while (auto line = take_line(input)) {
            reply(*line);
            if (!is_open() || state_ == State::greeting) break;
            if (state_ == State::content) {
                content(input);
                return size;
            }
        }
        return size - input.size();
    }

    void on_lost(std::string_view why) override {
        fail(why);
        go();
    }

private:
    enum class State { greeting, user, pass, stat, retr, content, quit };

    void fail(std::string_view what) {
        if (run_.errors++ == 0) run_.first_error = what;
    }

    void reply(std::string_view line) {
        if (!line.starts_with("+OK")) {
            fail(line);
            close();
            return go();
        }
        switch (state_) {
            case State::greeting:
                state_ = State::user;
                return send(fmt::format("USER {}\r\n", users_.address(user_)));
            case State::user: state_ = State::pass; return send(fmt::format("PASS {}\r\n", users_.password));
            case State::pass:
                ++run_.logins;
                state_ = State::stat;
                return send("STAT\r\n");
            case State::stat:
                count_ = std::strtoull(line.data() + 4, nullptr, 10);
                number_ = 0;
                return next();
            case State::retr:
                state_ = State::content;
                tail_ = "\r\n";  // the reply's own line end counts for an empty message
                return;
            case State::content: return;
            case State::quit: close(); return go();
        }
    }

    /// One RETR is in flight at a time, so its end is the end of what has arrived (RFC 1939 §3).
    void content(std::string_view input) {
        run_.octets += input.size();
        if (input.size() >= 5)
            tail_ = input.substr(input.size() - 5);
        else
            tail_.append(input);
        if (!tail_.ends_with("\r\n.\r\n")) {
            if (tail_.size() > 64) tail_.erase(0, tail_.size() - 5);
            return;
        }
        ++run_.retrieved;
        run_.latency.add(std::chrono::duration<double, std::micro>(loop().now() - begun_).count());
        next();
    }

    void next() {
        if (number_ == count_ || loop().now() >= run_.end) {
            state_ = State::quit;
            return send("QUIT\r\n");
        }
        state_ = State::retr;
        begun_ = loop().now();
        send(fmt::format("RETR {}\r\n", ++number_));
    }

    const ImapOptions& users_;
    std::uint32_t user_;
    Pop3Run& run_;
    State state_ = State::greeting;
    std::uint64_t count_ = 0;
    std::uint64_t number_ = 0;
    std::string tail_;
    Clock::time_point begun_;
};

}  // namespace

void run_pop3(const Options& options, Result& result) {
    auto imap = ImapOptions::from(options);
    Pop3Run run;
    run.port = options.port("pop3-port");
    auto connections = static_cast<std::uint32_t>(options.number("connections", 20));
    auto fill = static_cast<std::uint64_t>(options.number("fill", 1000));
    auto seconds = options.real("seconds", 5);
    FixedMessages source{static_cast<std::size_t>(options.number("size", 4096)), 1};
    Phases phases{options.flag("phases")};
    options.reject_unused();

    std::uint64_t number = 0;
    for (std::uint32_t user = 0; user < connections; ++user) {
        BlockingImap session{imap.port, imap.address(user), imap.quoted_password()};
        std::vector<std::string> messages;
        for (auto there = session.messages("INBOX"); there < fill; ++there, ++number) {
            messages.emplace_back(source.header(number));
            messages.back() += source.body(number);
            messages.back().resize(messages.back().size() - 3);
        }
        if (!messages.empty()) session.append("INBOX", messages);
    }

    Loop loop;
    std::vector<std::unique_ptr<Pop3Client>> clients;
    for (std::uint32_t user = 0; user < connections; ++user)
        clients.push_back(std::make_unique<Pop3Client>(loop, imap, user, run));
    phases.mark("begin");
    auto cpu = own_cpu_seconds();
    auto begun = Clock::now();
    run.end = begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    loop.run([] { return true; });  // reads the clock
    for (auto& client : clients) client->go();
    loop.run([&clients] {
        for (const auto& client : clients)
            if (client->is_open()) return false;
        return true;
    });
    auto took = std::chrono::duration<double>(Clock::now() - begun).count();
    cpu = own_cpu_seconds() - cpu;
    phases.mark("end");

    if (run.retrieved == 0) throw std::runtime_error{"nothing was retrieved: " + run.first_error};
    result.add("operations", run.retrieved);
    result.add("octets", run.octets);
    result.add("logins", run.logins);
    result.add("seconds", took);
    result.add("per_s", static_cast<double>(run.retrieved) / took);
    run.latency.report(result, "retr");
    result.add("errors", run.errors);
    if (run.errors) result.add("first_error", run.first_error);
    result.add("client_cpu_seconds", cpu);
}

}  // namespace postrider::bench
