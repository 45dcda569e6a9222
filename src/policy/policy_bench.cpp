#include <benchmark/benchmark.h>

#include <stdexcept>

#include "policy/machine.h"

namespace {

using namespace postrider::policy;

/// As an administrator's rules are: addresses, names, wildcards, an explanation with variables.
std::string fifty_rules() {
    std::string calls, methods;
    for (int i = 0; i < 50; ++i) {
        const std::string n = std::to_string(i);
        calls += "call (Rule_" + n + ");\n";
        methods += "method Rule_" + n + " { if (allOf (ipRange (remoteSmtpIp, \"10." + n + ".0.0/16 192.168." + n
                   + ".0/24\"), not (is (authUser, \"\")), matches (mailFrom, \"*@*.host" + n
                   + ".example\"))) { set (smtpAction, \"reject\"); set (smtpExplanation, \"no <%mailFrom%>\"); } "
                     "if (anyOf (contains (mailFrom, \"bulk"
                   + n + "\"), endsWith (mailFromDomain, \".zone" + n
                   + "\"), greaterThan (mailCount, \"1" + n + "\"))) { set (hits_0, \"%hits_0%1\"); } }\n";
    }
    return "event onMailFrom {" + calls + "}\n" + methods;
}

/// One event of a policy of 50 rules with six comparisons each.
void run_50_rules(benchmark::State& bench) {
    auto built = build(fifty_rules());
    if (!built) throw std::runtime_error(built.error().front().sentence());
    State state{std::make_shared<const Program>(std::move(*built))};
    for (auto _ : bench) {
        state.begin(Event::mail_from);
        state.provide(Var::remoteSmtpIp, "10.77.1.2");
        state.provide(Var::mailFrom, "someone.with.a.name@mail.example.org");
        state.provide(Var::mailFromDomain, "mail.example.org");
        state.provide_number(Var::mailCount, 3);
        Execution run{state, Event::mail_from};
        benchmark::DoNotOptimize(run.next());
    }
}
BENCHMARK(run_50_rules);

void compile_50_rules(benchmark::State& bench) {
    const std::string text = fifty_rules();
    for (auto _ : bench) benchmark::DoNotOptimize(build(text));
}
BENCHMARK(compile_50_rules);

}  // namespace
