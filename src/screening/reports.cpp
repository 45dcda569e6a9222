#include "screening/reports.h"

#include "text/ascii.h"

namespace postrider::screening {
namespace {

using policy::Event;
using policy::Var;

/// There is nothing to ask here: methods that would are passed over.
void run(policy::State& state, Event event) {
    policy::Execution execution{state, event};
    while (execution.next()) {
    }
}

void take(const policy::State& state, Var var, std::string& into) {
    if (!state.get(var).empty()) into = state.get(var);
}

std::optional<bool> yes_or_no(const policy::State& state, Var var) {
    if (text::equal_ci(state.get(var), "yes")) return true;
    if (text::equal_ci(state.get(var), "no")) return false;
    return std::nullopt;
}

void take_attachment(const policy::State& state, queue::Attach& into) {
    const std::string_view said = state.get(Var::ndrAttachSource);
    if (text::equal_ci(said, "none")) into = queue::Attach::none;
    if (text::equal_ci(said, "header")) into = queue::Attach::header;
    if (text::equal_ci(said, "full") || text::equal_ci(said, "body")) into = queue::Attach::full;
}

}  // namespace

void adjust_notice(const std::shared_ptr<const policy::Program>& policy, queue::Action action,
                   const queue::Entry& entry, const std::vector<const queue::Recipient*>& about,
                   std::uint32_t remaining, queue::Notice& notice) {
    const Event event = action == queue::Action::failed    ? Event::delivery_failure
                        : action == queue::Action::delayed ? Event::temporary_delivery_failure
                                                           : Event::delivery_success;
    if (!policy || !policy->handles(event) || about.empty()) return;
    policy::State state{policy};
    state.begin(event);
    state.provide(Var::mailFrom, entry.envelope.reverse_path.text());
    state.provide(Var::mailFromDomain, entry.envelope.reverse_path.domain);
    state.provide_number(Var::mailSize, entry.size);
    state.provide_number(Var::ndrRetryCount, about.front()->attempts);
    if (action == queue::Action::delayed) state.provide_number(Var::ndrRemainingRetryCount, remaining);
    state.provide(Var::ndrRcptAddress, about.front()->address.text());
    state.provide(Var::ndrRcptFailInfo, about.front()->diagnostic);
    state.provide(Var::dsnRcptAddress, about.front()->address.text());
    state.provide(Var::dsnRcptStatus, about.front()->status);
    run(state, event);
    if (event == Event::delivery_success) {
        take(state, Var::dsnSender, notice.sender);
        take(state, Var::dsnSubject, notice.subject);
        take(state, Var::dsnMessage, notice.message);
        take(state, Var::dsnRcptMessage, notice.rcpt_message);
        take(state, Var::dsnMessageFooter, notice.footer);
        return;
    }
    take(state, Var::ndrSender, notice.sender);
    take(state, Var::ndrSubject, notice.subject);
    take(state, Var::ndrMessage, notice.message);
    take(state, Var::ndrRcptMessage, notice.rcpt_message);
    take(state, Var::ndrMessageFooter, notice.footer);
    take_attachment(state, notice.attach);
    if (auto send = yes_or_no(state, Var::sendNdr)) notice.send = *send;
}

std::optional<bool> tells_of_delay(const std::shared_ptr<const policy::Program>& policy,
                                   std::uint32_t attempts, std::uint32_t remaining) {
    constexpr Event event = Event::temporary_delivery_failure;
    if (!policy || !policy->sets(Var::sendNdr, event)) return std::nullopt;
    policy::State state{policy};
    state.begin(event);
    state.provide_number(Var::ndrRetryCount, attempts);
    state.provide_number(Var::ndrRemainingRetryCount, remaining);
    run(state, event);
    return state.yes(Var::sendNdr);
}

}  // namespace postrider::screening
