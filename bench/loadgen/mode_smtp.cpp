#include <fmt/core.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "corpus.h"
#include "imap_blocking.h"
#include "imap_client.h"
#include "modes.h"
#include "smtp_client.h"

namespace postrider::bench {

namespace {

/// Sends as fast as the connections allow, or at a rate, until a number of messages or a time is reached.
class Flood : public SmtpDriver {
public:
    Flood(const Options& options, const SmtpOptions& smtp, Loop& loop)
        : loop_{loop},
          users_{smtp.users},
          recipients_{static_cast<std::uint32_t>(options.number("recipients", 1))},
          per_connection_{static_cast<std::uint64_t>(options.number("per-connection", 0))},
          messages_{static_cast<std::uint64_t>(options.number("messages", 0))},
          seconds_{options.real("seconds", 0)},
          rate_{options.real("rate", 0)},
          largest_{static_cast<std::size_t>(options.number("largest", 2'000'000))},
          expected_(smtp.users, 0) {
        if (messages_ == 0 && seconds_ <= 0) throw std::runtime_error{"--messages or --seconds is needed"};
        if (recipients_ == 0 || recipients_ > users_)
            throw std::runtime_error{"--recipients is out of range"};
        auto seed = static_cast<std::uint64_t>(options.number("seed", 1));
        auto size = static_cast<std::size_t>(options.number("size", 4096));
        auto corpus = options.text("corpus", "fixed");
        if (corpus == "mixed")
            mixed_.emplace(seed);
        else if (corpus == "fixed")
            fixed_.emplace(size, seed);
        else
            recorded_.emplace(corpus);
    }

    void begin() { begun_ = Clock::now(); }

    Next next_mail(Mail& mail, std::uint64_t on_connection) override {
        if (over() || (per_connection_ && on_connection == per_connection_)) return Next::quit;
        if (rate_ > 0 && loop_.now() < due(given_)) return Next::wait;
        mail.number = given_++;
        mail.first_user = static_cast<std::uint32_t>(mail.number * recipients_ % users_);
        mail.recipients = recipients_;
        return Next::mail;
    }

    /// Wakes connections for what is due; says when the next mail is.
    std::optional<Clock::time_point> tick(Clock::time_point now,
                                          const std::vector<std::unique_ptr<SmtpClient>>& clients) {
        if (rate_ <= 0) return std::nullopt;
        for (const auto& client : clients) {
            if (now < due(given_) && !over()) break;
            if (client->waiting()) client->kick();
        }
        return due(given_);
    }

    void render(Mail& mail) override {
        if (fixed_) {
            mail.header = fixed_->header(mail.number);
            mail.body = fixed_->body(mail.number);
        } else if (recorded_) {
            mail.header = recorded_->header(mail.number);
            mail.body = recorded_->body(mail.number);
        } else {
            message_ = mixed_->next(largest_);
            message_ += ".\r\n";
            mail.header = message_;
            mail.body = {};
        }
        octets_ += mail.header.size() + mail.body.size() - 3;
    }

    void accepted(const Mail& mail, std::uint32_t deliveries) override {
        if (deliveries == 0) return;
        ++accepted_;
        deliveries_ += deliveries;
        for (std::uint32_t i = 0; i < mail.recipients; ++i) ++expected_[(mail.first_user + i) % users_];
        answer_.add(std::chrono::duration<double, std::micro>(loop_.now() - mail.begun).count());
        last_ = loop_.now();
    }

    bool reopen() override { return !over() && errors_ < 100; }

    void failed(std::string_view what) override {
        if (errors_++ == 0) first_error_ = what;
    }

    double accepted_seconds() const { return std::chrono::duration<double>(last_ - begun_).count(); }
    Clock::time_point begun() const { return begun_; }
    const std::vector<std::uint64_t>& expected() const { return expected_; }
    std::uint64_t accepted_count() const { return accepted_; }
    std::uint64_t deliveries() const { return deliveries_; }
    const std::string& first_error() const { return first_error_; }

    void report(Result& result) {
        result.add("messages", accepted_);
        result.add("deliveries", deliveries_);
        result.add("octets", octets_);
        result.add("accepted_seconds", accepted_seconds());
        result.add("accepted_per_s", static_cast<double>(accepted_) / accepted_seconds());
        answer_.report(result, "accept");
        result.add("errors", errors_);
        if (errors_) result.add("first_error", first_error_);
    }

private:
    Clock::time_point due(std::uint64_t number) const {
        const std::chrono::duration<double> after{static_cast<double>(number) / rate_};
        return begun_ + std::chrono::duration_cast<Clock::duration>(after);
    }
    bool over() const {
        if (messages_ && given_ >= messages_) return true;
        return seconds_ > 0 && std::chrono::duration<double>(loop_.now() - begun_).count() >= seconds_;
    }

    Loop& loop_;
    std::uint32_t users_;
    std::uint32_t recipients_;
    std::uint64_t per_connection_;
    std::uint64_t messages_;
    double seconds_;
    double rate_;  ///< messages a second; 0: as fast as they are taken
    std::size_t largest_;
    std::optional<FixedMessages> fixed_;
    std::optional<MixedMessages> mixed_;
    std::optional<RecordedMessages> recorded_;
    std::string message_;
    std::vector<std::uint64_t> expected_;  // by user: how many messages must become visible
    std::uint64_t given_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint64_t deliveries_ = 0;
    std::uint64_t octets_ = 0;
    std::uint64_t errors_ = 0;
    std::string first_error_;
    Latencies answer_;
    Clock::time_point begun_;
    Clock::time_point last_;
};

/// Sees in IMAP that everything accepted has arrived.
class Arrivals {
public:
    explicit Arrivals(const ImapOptions& imap) {
        for (std::uint32_t user = 0; user < imap.users; ++user) {
            sessions_.emplace_back(imap.port, imap.address(user), imap.quoted_password());
            before_.push_back(sessions_.back().messages("INBOX"));
        }
    }

    /// Asks one user at a time and, if something is missing still, again after 10 ms: the polling costs the
    /// server next to nothing, and the end is known to 10 ms.
    void wait(const std::vector<std::uint64_t>& expected, double limit_seconds) {
        auto limit =
            Clock::now()
            + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limit_seconds));
        for (std::size_t user = 0; user < sessions_.size(); ++user) {
            while (true) {
                auto count = sessions_[user].messages("INBOX") - before_[user];
                if (count == expected[user]) break;
                if (count > expected[user])
                    throw std::runtime_error{fmt::format(
                        "user {} has {} messages of {}: something came twice", user, count, expected[user])};
                if (Clock::now() > limit)
                    throw std::runtime_error{fmt::format("user {} has {} messages of {} after {} s", user,
                                                         count, expected[user], limit_seconds)};
                std::this_thread::sleep_for(std::chrono::milliseconds{10});
            }
        }
    }

private:
    std::vector<BlockingImap> sessions_;
    std::vector<std::uint64_t> before_;
};

}  // namespace

void run_smtp(const Options& options, Result& result) {
    auto smtp = SmtpOptions::from(options);
    auto connections = static_cast<std::size_t>(options.number("connections", 20));
    bool wait = options.flag("wait-visible");
    auto imap = wait ? ImapOptions::from(options) : ImapOptions{};
    auto limit = options.real("visible-limit", 300);
    Phases phases{options.flag("phases")};

    Loop loop;
    Flood flood{options, smtp, loop};
    options.reject_unused();

    std::optional<Arrivals> arrivals;
    if (wait) arrivals.emplace(imap);

    std::vector<std::unique_ptr<SmtpClient>> clients;
    for (std::size_t i = 0; i < connections; ++i)
        clients.push_back(std::make_unique<SmtpClient>(loop, smtp, flood));

    phases.mark("begin");
    auto cpu = own_cpu_seconds();
    flood.begin();
    for (auto& client : clients) client->start();
    auto sent = [&clients] {
        for (const auto& client : clients)
            if (!client->finished()) return false;
        return true;
    };
    loop.run(sent, [&](Clock::time_point now) { return flood.tick(now, clients); });
    if (flood.accepted_count() == 0)
        throw std::runtime_error{fmt::format("nothing was accepted: {}", flood.first_error())};
    if (arrivals) arrivals->wait(flood.expected(), limit);
    auto visible = std::chrono::duration<double>(Clock::now() - flood.begun()).count();
    cpu = own_cpu_seconds() - cpu;
    phases.mark("end");

    flood.report(result);
    if (arrivals) {
        result.add("visible_seconds", visible);
        result.add("visible_per_s", static_cast<double>(flood.accepted_count()) / visible);
        result.add("deliveries_per_s", static_cast<double>(flood.deliveries()) / visible);
    }
    result.add("client_cpu_seconds", cpu);
}

}  // namespace postrider::bench
