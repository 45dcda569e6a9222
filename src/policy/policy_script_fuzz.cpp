#include <cstdint>
#include <cstdlib>

#include "policy/machine.h"

using namespace postrider::policy;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void run_all(const std::shared_ptr<const Program>& program) {
    State state{program};
    for (std::size_t i = 0; i < event_count; ++i) {
        const auto event = static_cast<Event>(i);
        state.begin(event);
        require(state.get(Var::smtpAction).empty());  // nothing of one event tells on the next
        state.provide(Var::remoteSmtpIp, "192.0.2.1");
        state.provide(Var::mailFrom, "%a%@example.org");
        std::vector<Step> trace;
        Execution run{state, event, &trace};
        std::size_t asked = 0;
        while (auto method = run.next()) {
            require(row(*method).asks && has(row(*method).events, event));
            for (Var result : row(*method).results) state.assign(result, "fail");
            ++asked;
        }
        require(asked <= Execution::max_asked && run.effects().size() <= Execution::max_effects);
        for (const Variable& v : variables()) {
            require(state.get(v.id).size() <= State::max_value);
            if (v.id == Var::remoteSmtpIp && program->reads(v.id)) require(state.get(v.id) == "192.0.2.1");
        }
        if (state.get(Var::smtpAction).empty()) continue;
        require(has(reception, event) && state.decided().line != 0);
    }
}

}  // namespace

/// A script that parses means the same when it is written again; one that compiles runs to an end in every
/// event, sets only what may be set, and leaves nothing behind that it must not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    auto script = parse(text);
    if (!script) {
        require(script.error().line >= 1 && !script.error().text.empty());
        return 0;
    }
    auto again = parse(write(*script));
    require(again && *again == *script);
    auto program = compile(*script);
    if (!program) {
        require(!program.error().empty());
        return 0;
    }
    for (const Problem& doubt : doubts(*script)) require(doubt.line >= 1);
    run_all(std::make_shared<const Program>(std::move(*program)));
    return 0;
}
