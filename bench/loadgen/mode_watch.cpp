#include <fmt/core.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "corpus.h"
#include "imap_client.h"
#include "modes.h"
#include "smtp_client.h"

namespace postrider::bench {

namespace {

/// Brings the times of "250" and of "* n EXISTS" together. The k-th mail accepted for a user is the k-th
/// that each session on their INBOX is told about; being told before the 250 arrived counts as 0.
class Matcher {
public:
    explicit Matcher(std::uint32_t users) : accepted_(users) {}

    void accepted(std::uint32_t user, Clock::time_point when) { accepted_[user].push_back(when); }
    std::uint64_t accepted_for(std::uint32_t user) const { return accepted_[user].size(); }

    void told(std::uint32_t user, std::uint64_t& matched, std::uint64_t arrived, Clock::time_point when) {
        for (; matched < arrived; ++matched) {
            double wait = 0;
            if (matched < accepted_[user].size())
                wait = std::chrono::duration<double, std::micro>(when - accepted_[user][matched]).count();
            else
                ++early_;
            latency_.add(wait);
        }
    }

    void report(Result& result) {
        latency_.report(result, "visible");
        result.add("told_before_250", early_);
    }

private:
    std::vector<std::vector<Clock::time_point>> accepted_;
    Latencies latency_;
    std::uint64_t early_ = 0;
};

/// A session in IDLE (RFC 2177) on an INBOX.
class Watcher : public ImapClient {
public:
    Watcher(Loop& loop, const ImapOptions& options, std::uint32_t user, Matcher& matcher)
        : ImapClient{loop, options, user}, matcher_{matcher} {}

    bool ready() const { return ready_; }
    const std::string& problem() const { return problem_; }
    std::uint64_t missing() const {
        return matcher_.accepted_for(user()) - std::min(matched_, matcher_.accepted_for(user()));
    }

protected:
    void on_login() override { command("SELECT INBOX"); }
    void on_untagged(std::string_view line) override {
        if (!line.ends_with(" EXISTS")) return;
        auto count = std::strtoull(line.data() + 2, nullptr, 10);
        if (ready_)
            matcher_.told(user(), matched_, count - base_, loop().now());
        else
            base_ = count;
    }
    void on_continuation(std::string_view) override { ready_ = true; }
    void on_tagged(bool ok, std::string_view line) override {
        if (!ok) return fail(line);
        command("IDLE");
    }
    void on_lost(std::string_view why) override { fail(why); }

private:
    void fail(std::string_view why) {
        if (problem_.empty()) problem_ = fmt::format("watcher {}: {}", user(), why);
        close();
    }

    Matcher& matcher_;
    bool ready_ = false;
    std::uint64_t base_ = 0;
    std::uint64_t matched_ = 0;
    std::string problem_;
};

/// Sends mails at a steady rate, whether the server keeps up or not.
class Metronome : public SmtpDriver {
public:
    Metronome(const Options& options, std::uint32_t users, Loop& loop, Matcher& matcher)
        : loop_{loop},
          users_{users},
          rate_{options.real("rate", 100)},
          messages_{static_cast<std::uint64_t>(options.real("seconds", 5) * rate_)},
          fixed_{static_cast<std::size_t>(options.number("size", 4096)),
                 static_cast<std::uint64_t>(options.number("seed", 1))},
          matcher_{matcher} {}

    void begin() { begun_ = Clock::now(); }

    /// Wakes connections for what is due; says when the next mail is.
    Clock::time_point tick(Clock::time_point now, const std::vector<std::unique_ptr<SmtpClient>>& clients) {
        due_ =
            std::min(messages_,
                     static_cast<std::uint64_t>(std::chrono::duration<double>(now - begun_).count() * rate_));
        for (const auto& client : clients) {
            if (given_ >= due_ && given_ < messages_) break;
            if (client->waiting()) client->kick();
        }
        if (given_ < due_) late_ = std::max(late_, due_ - given_);
        return begun_
               + std::chrono::duration_cast<Clock::duration>(
                   std::chrono::duration<double>(static_cast<double>(due_ + 1) / rate_));
    }

    Next next_mail(Mail& mail, std::uint64_t) override {
        if (given_ >= messages_) return Next::quit;
        if (given_ >= due_) return Next::wait;
        mail.number = given_++;
        mail.first_user = static_cast<std::uint32_t>(mail.number % users_);
        mail.recipients = 1;
        return Next::mail;
    }
    void render(Mail& mail) override {
        mail.header = fixed_.header(mail.number);
        mail.body = fixed_.body(mail.number);
    }
    void accepted(const Mail& mail, std::uint32_t deliveries) override {
        if (deliveries == 0) return;
        ++accepted_;
        matcher_.accepted(mail.first_user, loop_.now());
        answer_.add(std::chrono::duration<double, std::micro>(loop_.now() - mail.begun).count());
    }
    bool reopen() override { return false; }
    void failed(std::string_view what) override {
        if (errors_++ == 0) first_error_ = what;
    }

    std::uint64_t accepted_count() const { return accepted_; }
    const std::string& first_error() const { return first_error_; }

    void report(Result& result) {
        result.add("messages", accepted_);
        result.add("rate", rate_);
        result.add("backlog_max", late_);
        answer_.report(result, "accept");
        result.add("errors", errors_);
        if (errors_) result.add("first_error", first_error_);
    }

private:
    Loop& loop_;
    std::uint32_t users_;
    double rate_;
    std::uint64_t messages_;
    FixedMessages fixed_;
    Matcher& matcher_;
    Clock::time_point begun_;
    std::uint64_t due_ = 0;
    std::uint64_t given_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint64_t late_ = 0;
    std::uint64_t errors_ = 0;
    std::string first_error_;
    Latencies answer_;
};

/// Opens the sessions with a few log-ins in flight at a time.
void open_all(Loop& loop, std::vector<std::unique_ptr<Watcher>>& watchers, std::size_t at_once) {
    std::size_t started = 0;
    std::size_t ready = 0;
    std::vector<Watcher*> opening;
    auto limit = Clock::now() + std::chrono::seconds{300};
    loop.run([&] { return ready == watchers.size(); },
             [&](Clock::time_point now) -> std::optional<Clock::time_point> {
                 if (now > limit)
                     throw std::runtime_error{
                         fmt::format("only {} of {} sessions opened", ready, watchers.size())};
                 for (std::size_t i = 0; i < opening.size();) {
                     if (!opening[i]->problem().empty()) throw std::runtime_error{opening[i]->problem()};
                     if (opening[i]->ready()) {
                         ++ready;
                         opening[i] = opening.back();
                         opening.pop_back();
                     } else {
                         ++i;
                     }
                 }
                 while (opening.size() < at_once && started < watchers.size()) {
                     watchers[started]->start();
                     opening.push_back(watchers[started++].get());
                 }
                 return std::nullopt;
             });
}

}  // namespace

void run_watch(const Options& options, Result& result) {
    auto imap = ImapOptions::from(options);
    auto smtp = SmtpOptions::from(options);
    auto count = options.number("watchers", options.mode() == "idle" ? 5000 : 50);
    // Mails go only to users that somebody watches.
    auto watched = std::min<std::uint32_t>(smtp.users, static_cast<std::uint32_t>(count));
    imap.users = smtp.users = watched;
    auto connections = options.number("connections", 20);
    auto at_once = static_cast<std::size_t>(options.number("at-once", 20));
    Phases phases{options.flag("phases")};

    Loop loop;
    Matcher matcher{watched};
    Metronome metronome{options, watched, loop, matcher};
    options.reject_unused();

    std::vector<std::unique_ptr<Watcher>> watchers;
    for (std::int64_t i = 0; i < count; ++i)
        watchers.push_back(
            std::make_unique<Watcher>(loop, imap, static_cast<std::uint32_t>(i) % watched, matcher));
    phases.mark("empty");
    auto opening = Clock::now();
    open_all(loop, watchers, at_once);
    result.add("sessions", static_cast<std::uint64_t>(count));
    result.add("open_seconds", std::chrono::duration<double>(Clock::now() - opening).count());
    phases.mark("connected");  // the runner reads the server's memory here

    std::vector<std::unique_ptr<SmtpClient>> clients;
    for (std::int64_t i = 0; i < connections; ++i)
        clients.push_back(std::make_unique<SmtpClient>(loop, smtp, metronome));
    phases.mark("begin");
    metronome.begin();
    for (auto& client : clients) client->start();
    auto sent = [&clients] {
        for (const auto& client : clients)
            if (!client->finished()) return false;
        return true;
    };
    loop.run(sent, [&](Clock::time_point now) { return std::optional{metronome.tick(now, clients)}; });
    if (metronome.accepted_count() == 0)
        throw std::runtime_error{fmt::format("nothing was accepted: {}", metronome.first_error())};
    auto limit = Clock::now() + std::chrono::seconds{30};
    std::uint64_t missing = 0;
    loop.run([&] { return missing == 0 || loop.now() > limit; },
             [&](Clock::time_point now) {
                 missing = 0;
                 for (const auto& watcher : watchers) missing += watcher->missing();
                 return std::optional{now + std::chrono::milliseconds{50}};
             });
    phases.mark("end");

    metronome.report(result);
    matcher.report(result);
    result.add("never_told", missing);
    std::uint64_t lost = 0;
    for (const auto& watcher : watchers)
        if (!watcher->problem().empty() && lost++ == 0) result.add("first_loss", watcher->problem());
    result.add("sessions_lost", lost);
}

}  // namespace postrider::bench
