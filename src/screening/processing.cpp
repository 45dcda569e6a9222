#include "screening/processing.h"

#include <algorithm>

#include "mime/header.h"
#include "screening/header_edits.h"

namespace postrider::screening {
namespace {

using policy::Event;
using policy::Var;

constexpr std::int64_t longest_delay = 2'592'000;

void provide(policy::State& state, const queue::Envelope& envelope, std::string_view payload) {
    state.provide(Var::mailFrom, envelope.reverse_path.text());
    state.provide(Var::mailFromDomain, envelope.reverse_path.domain);
    state.provide(Var::authUser, envelope.authenticated);
    state.provide(Var::remoteSmtpIp, envelope.client);
    state.provide(Var::ehloHost, envelope.helo);
    state.provide_number(Var::mailSize, payload.size());
    state.provide_number(Var::rcptCount, envelope.recipients.size());
    if (!envelope.recipients.empty()) {
        state.provide(Var::rcpt, envelope.recipients.front().address.text());
        state.provide(Var::rcptDomain, envelope.recipients.front().address.domain);
    }
    const auto& fields = state.program().headers();
    const std::string_view header = payload.substr(0, fields.empty() ? 0 : mime::header_size(payload));
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (auto value = mime::find_field(header, fields[i])) state.provide_header(i, mime::unfold(*value));
}

}  // namespace

std::optional<Wishes> processing_wishes(const std::shared_ptr<const policy::Program>& policy,
                                        const queue::Envelope& envelope, std::string_view payload) {
    if (!policy || !policy->handles(Event::processing)) return std::nullopt;
    policy::State state{policy};
    state.begin(Event::processing);
    provide(state, envelope, payload);
    policy::Execution execution{state, Event::processing};
    while (execution.next()) {  // what takes asking has no place here
    }
    Wishes wishes;
    if (const auto delay = state.number(Var::deliveryDelay); delay && *delay > 0)
        wishes.delay = static_cast<std::uint32_t>(std::min(*delay, longest_delay));
    bool edits = false;
    for (policy::Effect& effect : execution.effects()) {
        if (is_header_edit(effect.method)) edits = true;
        if (effect.name.empty()) continue;
        if (effect.method == policy::Method::addRcpt) wishes.add.push_back(effect.name);
        if (effect.method == policy::Method::discardRcpt) wishes.drop.push_back(effect.name);
    }
    if (edits) wishes.message = edit_header(payload, execution.effects());
    if (wishes.delay == 0 && wishes.add.empty() && wishes.drop.empty() && !wishes.message)
        return std::nullopt;
    return wishes;
}

}  // namespace postrider::screening
