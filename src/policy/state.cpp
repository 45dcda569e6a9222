#include <fmt/format.h>

#include "policy/machine.h"
#include "text/ascii.h"

namespace postrider::policy {

State::State(std::shared_ptr<const Program> program)
    : program_{std::move(program)}, values_(program_->slots()), logged_(program_->slots()) {}

void State::provide(Var var, std::string_view value) {
    if (program_->reads(var)) assign(var, value);
}

void State::provide_number(Var var, std::uint64_t value) {
    if (!program_->reads(var)) return;
    const fmt::format_int digits{value};
    assign(var, {digits.data(), digits.size()});
}

void State::provide_header(std::size_t index, std::string_view value) {
    values_[var_count + index].assign(value.substr(0, max_value));
}

void State::assign(Var var, std::string_view value) {
    values_[static_cast<std::size_t>(var)].assign(value.substr(0, max_value));
}

bool State::yes(Var var) const {
    return text::equal_ci(get(var), "yes");
}

void State::set(Slot slot, std::string_view value, Event event) {
    value = value.substr(0, max_value);
    std::string& now = values_[slot];
    const bool predefined = slot < var_count;
    const Lifetime life = predefined ? variable(static_cast<Var>(slot)).lifetime : Lifetime::session;
    if (event == Event::rcpt_to && life == Lifetime::recipient) {
        of_recipient_.emplace_back(slot, now);
    } else if (event >= Event::mail_from && event <= Event::data_received && life != Lifetime::event) {
        if (!logged_[slot]) of_transaction_.emplace_back(slot, now);
        logged_[slot] = true;
    }
    now.assign(value);
}

void State::unwind(Log& log) {
    for (auto at = log.rbegin(); at != log.rend(); ++at) values_[at->first] = std::move(at->second);
    log.clear();
}

void State::begin(Event event) {
    unwind(of_recipient_);
    if (event == Event::mail_from) end_transaction();
    decided_ = {};
    for (const Variable& v : variables())
        if (v.lifetime == Lifetime::event || (v.lifetime == Lifetime::recipient && v.settable == 0))
            values_[static_cast<std::size_t>(v.id)].clear();
}

void State::end_transaction() {
    unwind(of_recipient_);
    for (const auto& [slot, before] : of_transaction_) logged_[slot] = false;
    unwind(of_transaction_);
    for (const Variable& v : variables())
        if (v.lifetime == Lifetime::transaction) values_[static_cast<std::size_t>(v.id)].clear();
    for (std::size_t i = 0; i < program_->headers().size(); ++i) values_[var_count + i].clear();
}

}  // namespace postrider::policy
