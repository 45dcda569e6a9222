#include <memory>
#include <stdexcept>
#include <vector>

#include "imap_client.h"
#include "modes.h"

namespace postrider::bench {

namespace {

struct LoginRun {
    Clock::time_point end;
    std::uint64_t logins = 0;
    std::uint64_t errors = 0;
    std::string first_error;
    std::uint32_t next_user = 0;
    Latencies latency;
};

/// Connects, logs in, logs out, and begins again.
class LoginClient : public ImapClient {
public:
    LoginClient(Loop& loop, const ImapOptions& options, LoginRun& run)
        : ImapClient{loop, options, 0}, run_{run} {}

    void go() {
        if (loop().now() >= run_.end || run_.errors > 100) return;
        set_user(run_.next_user++ % options_.users);
        begun_ = loop().now();
        start();
    }

protected:
    void on_login() override {
        ++run_.logins;
        run_.latency.add(std::chrono::duration<double, std::micro>(loop().now() - begun_).count());
        command("LOGOUT");
    }
    void on_untagged(std::string_view) override {}
    void on_continuation(std::string_view) override {}
    void on_tagged(bool ok, std::string_view line) override {
        if (!ok) fail(line);
        close();
        go();
    }
    void on_lost(std::string_view why) override {
        fail(why);
        go();
    }

private:
    void fail(std::string_view what) {
        if (run_.errors++ == 0) run_.first_error = what;
    }

    LoginRun& run_;
    Clock::time_point begun_;
};

}  // namespace

void run_login(const Options& options, Result& result) {
    auto imap = ImapOptions::from(options);
    auto connections = options.number("connections", 20);
    auto seconds = options.real("seconds", 5);
    Phases phases{options.flag("phases")};
    options.reject_unused();

    Loop loop;
    LoginRun run;
    std::vector<std::unique_ptr<LoginClient>> clients;
    for (std::int64_t i = 0; i < connections; ++i)
        clients.push_back(std::make_unique<LoginClient>(loop, imap, run));

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

    if (run.logins == 0) throw std::runtime_error{"nobody could log in: " + run.first_error};
    result.add("operations", run.logins);
    result.add("seconds", took);
    result.add("per_s", static_cast<double>(run.logins) / took);
    run.latency.report(result, "login");
    result.add("errors", run.errors);
    if (run.errors) result.add("first_error", run.first_error);
    result.add("client_cpu_seconds", cpu);
}

}  // namespace postrider::bench
