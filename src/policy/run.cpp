#include <algorithm>

#include "policy/machine.h"
#include "text/ascii.h"
#include "text/wildcard.h"

namespace postrider::policy {
namespace {

bool contains_ci(std::string_view text, std::string_view folded) {
    if (folded.empty()) return true;
    for (std::size_t at = 0; at + folded.size() <= text.size(); ++at) {
        if (text::lower(text[at]) != folded.front()) continue;
        std::size_t i = 1;
        while (i < folded.size() && text::lower(text[at + i]) == folded[i]) ++i;
        if (i == folded.size()) return true;
    }
    return false;
}

bool in_sets(std::string_view text, const std::vector<settings::IpSet>& sets) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    const auto ip = settings::parse_ip(text);
    return ip && std::ranges::any_of(sets, [&](const settings::IpSet& set) { return set.has(*ip); });
}

}  // namespace

using Op = Instruction::Op;

Execution::Execution(State& state, Event event, std::vector<Step>* trace)
    : state_{state}, program_{state.program()}, event_{event}, trace_{trace} {}

std::string_view Execution::text(const Value& value, std::string& scratch) const {
    if (value.pieces.empty()) return value.literal;
    scratch.clear();
    for (const Value::Piece& piece : value.pieces) {
        scratch.append(piece.literal);
        if (piece.slot) scratch.append(state_.values_[*piece.slot]);
        if (scratch.size() > State::max_value) break;  // variables that double themselves
    }
    return std::string_view{scratch}.substr(0, State::max_value);
}

bool Execution::holds(const Test& test) {
    const std::string_view left = state_.values_[test.slot];
    const bool fixed = test.value.pieces.empty();
    const std::string_view right = text(test.value, scratch_);
    auto folded = [&]() -> std::string_view {
        if (fixed) return test.folded;
        other_ = text::to_lower(right);
        return other_;
    };
    auto number = [&] { return fixed ? test.number : to_number(right); };
    switch (test.comparator) {
        case Comparator::is: {
            if (text::equal_ci(left, right)) return true;
            const auto n = number();
            return n && to_number(left) == n;
        }
        case Comparator::is_case: return left == right;
        case Comparator::greater_than:
        case Comparator::less_than: {
            const auto a = to_number(left), b = number();
            if (!a || !b) return false;
            return test.comparator == Comparator::greater_than ? *a > *b : *a < *b;
        }
        case Comparator::ip_range: {
            if (fixed) return in_sets(left, test.sets);
            const auto sets = to_ip_sets(right);
            return sets && in_sets(left, *sets);
        }
        case Comparator::contains: return contains_ci(left, folded());
        case Comparator::contains_case: return left.find(right) != std::string_view::npos;
        case Comparator::matches: return text::matches_wildcard(right, left);
        case Comparator::matches_case: return text::matches_wildcard(right, left, text::Case::kept);
        case Comparator::begins_with: return text::starts_with_ci(left, right);
        case Comparator::ends_with:
            return left.size() >= right.size()
                   && text::equal_ci(left.substr(left.size() - right.size()), right);
    }
    return false;
}

void Execution::note(Step::Kind kind, std::uint32_t line, std::string name, std::string_view value) {
    if (!trace_ || trace_->size() >= max_trace) return;
    trace_->push_back(
        {kind, line, stack_.empty() ? 0 : stack_.back().block, std::move(name), std::string{value}});
}

void Execution::stop(std::uint32_t line, std::string_view why) {
    if (trace_ && trace_->size() >= max_trace) trace_->pop_back();
    note(Step::Kind::stopped, line, {}, why);
    exhausted_ = true;
}

/// True: the caller has to do it.
bool Execution::native(Method method, std::uint32_t line) {
    const MethodRow& known = row(method);
    if (!has(known.events, event_)) {
        if (trace_) note(Step::Kind::ignored, line, std::string{known.name}, "");
        return false;
    }
    if (trace_) note(Step::Kind::called, line, std::string{known.name}, "");
    if (known.asks) {
        if (++asked_ <= max_asked) return true;
        stop(line, "more than 100 checks in one event");
        return false;
    }
    if (effects_.size() == max_effects) {
        stop(line, "more than 1000 changes in one event");
        return false;
    }
    Effect effect{method, std::string{state_.get(known.inputs[0])}, {}};
    if (known.inputs.size() > 1) effect.value = state_.get(known.inputs[1]);
    effects_.push_back(std::move(effect));
    return false;
}

std::optional<Method> Execution::next() {
    const auto& entries = program_.entries_[static_cast<std::size_t>(event_)];
    while (!exhausted_) {
        if (!running_) {
            if (entry_ == entries.size()) return std::nullopt;
            const std::uint32_t block = entries[entry_++];
            stack_.push_back({program_.blocks_[block].begin, block});
            running_ = true;
        }
        const Instruction& now = program_.code_[stack_.back().at++];
        if (++steps_ > max_steps) {
            stop(now.line, "more than 200000 steps in one event");
            break;
        }
        switch (now.op) {
            case Op::set: {
                const bool predefined = now.a < var_count;
                if (predefined && !has(variable(static_cast<Var>(now.a)).settable, event_)) {
                    if (trace_)
                        note(Step::Kind::ignored, now.line, program_.slot_name(now.a),
                             text(program_.values_[now.b], scratch_));
                    break;
                }
                const std::string_view value = text(program_.values_[now.b], scratch_);
                steps_ += value.size() / 32;
                state_.set(now.a, value, event_);
                if (now.a == static_cast<Slot>(Var::smtpAction))
                    state_.decided_ = {now.line, stack_.back().block};
                if (trace_) note(Step::Kind::set, now.line, program_.slot_name(now.a), value);
                break;
            }
            case Op::test: {
                const Test& test = program_.tests_[now.a];
                steps_ += state_.values_[test.slot].size() / 256;
                flag_ = holds(test);
                break;
            }
            case Op::negate: flag_ = !flag_; break;
            case Op::jump: stack_.back().at = now.a; break;
            case Op::jump_true:
                if (flag_) stack_.back().at = now.a;
                break;
            case Op::jump_false:
                if (!flag_) stack_.back().at = now.a;
                break;
            case Op::call: stack_.push_back({program_.blocks_[now.a].begin, now.a}); break;
            case Op::native:
                if (native(static_cast<Method>(now.a), now.line)) return static_cast<Method>(now.a);
                break;
            case Op::leave:
                stack_.pop_back();
                running_ = !stack_.empty();
                break;
        }
    }
    return std::nullopt;
}

}  // namespace postrider::policy
