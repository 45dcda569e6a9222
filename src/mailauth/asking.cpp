#include "mailauth/asking.h"

#include "dns/names.h"

namespace postrider::mailauth {
namespace {

dns::Answer absent() {
    dns::Answer answer;
    answer.outcome = dns::Outcome::no_name;
    return answer;
}

const dns::Answer not_a_name = absent();
const dns::Answer not_yet;

}  // namespace

const dns::Answer& Asking::ask(std::string_view name, dns::Type type) {
    auto known_name = dns::canonical_name(name);
    if (!known_name || known_name->empty()) return not_a_name;
    Question question{std::move(*known_name), type};
    if (const dns::Answer* answer = known_.find(question)) return *answer;
    if (missing_.size() < max_missing
        && std::find(missing_.begin(), missing_.end(), question) == missing_.end())
        missing_.push_back(std::move(question));
    return not_yet;
}

}  // namespace postrider::mailauth
