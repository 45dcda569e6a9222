#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sieve/rules.h"
#include "sieve/sieve.h"

using namespace postrider::sieve;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Bytes as choices.
class Source {
public:
    Source(const std::uint8_t* data, std::size_t size) : rest_{reinterpret_cast<const char*>(data), size} {}
    unsigned number(unsigned below) {
        if (rest_.empty()) return 0;
        unsigned value = static_cast<unsigned char>(rest_.front()) % below;
        rest_.remove_prefix(1);
        return value;
    }
    std::string text() {
        std::size_t size = std::min<std::size_t>(number(24), rest_.size());
        std::string text{rest_.substr(0, size)};
        rest_.remove_prefix(size);
        return text;
    }
    bool empty() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

RuleSet make(Source& in) {
    RuleSet set;
    if (in.number(3) == 0) {
        Absence absence;
        absence.enabled = in.number(2) == 0;
        if (in.number(2) == 0) absence.from = "2026-01-02";
        absence.days = in.number(50);
        if (in.number(2) == 0) absence.own_domains = {in.text()};
        if (in.number(2) == 0) absence.internal = Absence::Answer{in.text(), in.text()};
        if (in.number(2) == 0) absence.external = Absence::Answer{in.text(), in.text()};
        set.absence = absence;
    }
    for (unsigned i = 0; i < 5 && !in.empty(); ++i) {
        Rule rule;
        rule.name = in.text();
        rule.enabled = in.number(2) == 0;
        rule.all = in.number(2) == 0;
        rule.stop = in.number(2) == 0;
        for (unsigned n = in.number(4); n > 0; --n) {
            Condition condition;
            condition.of = static_cast<Condition::Of>(in.number(11));
            condition.op = static_cast<Condition::Operator>(in.number(14));
            if (condition.of == Condition::Of::header) condition.header = in.text();
            condition.value = in.number(3) == 0 ? std::to_string(in.number(256)) : in.text();
            rule.conditions.push_back(condition);
        }
        for (unsigned n = in.number(4); n > 0; --n) {
            RuleAction action;
            action.kind = static_cast<RuleAction::Kind>(in.number(10));
            action.value = in.number(4) == 0 ? "a@example.com" : in.text();
            if (action.kind == RuleAction::Kind::reply) action.subject = in.text();
            rule.actions.push_back(action);
        }
        set.rules.push_back(rule);
    }
    return set;
}

}  // namespace

/// Rules that pass the check make a script that compiles, and that reads back as rules which write the same
/// script. And no text whatever makes the reader see rules that it would not write.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text{reinterpret_cast<const char*>(data), size};
    if (auto rules = read_rules(text)) require(check_rules(*rules).empty());
    Source in{data, size};
    RuleSet rules = make(in);
    if (!check_rules(rules).empty()) return 0;
    std::string script = write_rules(rules);
    require(compile(script).has_value());
    auto back = read_rules(script);
    require(back.has_value());
    require(write_rules(*back) == script);
    require(back->rules.size() == rules.rules.size());
    for (std::size_t i = 0; i < rules.rules.size(); ++i) require(back->rules[i].name == rules.rules[i].name);
    return 0;
}
