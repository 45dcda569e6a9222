#include <benchmark/benchmark.h>

#include "auth/auth.h"
#include "auth/credentials.h"
#include "auth/gsasl_client.h"
#include "directory/test_directory.h"

namespace postrider::auth {
namespace {

struct Logins {
    directory::TestDirectory t;
    observe::Metrics metrics;
    Authenticator auth{*t.directory, t.clock, metrics, {}};
    Context context;

    Logins() {
        context.peer_ip = "192.0.2.1";
        directory::NewAccount account;
        account.name = "alice";
        if (!auth.create_account(t.domain, account, "a password", Authenticator::Policy::ignore))
            throw std::runtime_error{"no account"};
    }
};

void login_from_cache(benchmark::State& state) {  // log-ins per second
    static Logins logins;
    for (auto _ : state)
        if (!logins.auth.authenticate_plain(logins.context, "alice@example.org", "a password").ok())
            state.SkipWithError("refused");
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(login_from_cache)->ThreadRange(1, 2);

void login_scram_sha_256_both_sides(benchmark::State& state) {  // the client's PBKDF2 is most of it
    static Logins logins;
    GsaslClient client;
    client.user = "alice@example.org";
    client.password = "a password";
    for (auto _ : state) {
        auto session = logins.auth.start(logins.context, Mechanism::scram_sha_256);
        if (client.run(*session, "SCRAM-SHA-256", true).kind != SaslSession::Step::done)
            state.SkipWithError("refused");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(login_scram_sha_256_both_sides);

void argon2_check(benchmark::State& state) {
    Argon2 argon2 = make_argon2("a password");
    for (auto _ : state) benchmark::DoNotOptimize(check(argon2, "a password"));
}
BENCHMARK(argon2_check)->Unit(benchmark::kMillisecond);

void all_verifiers(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(make_verifiers("a password", {}));
}
BENCHMARK(all_verifiers)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace postrider::auth
