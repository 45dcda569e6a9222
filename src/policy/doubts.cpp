#include <algorithm>
#include <set>
#include <unordered_map>

#include "policy/program.h"
#include "text/ascii.h"

namespace postrider::policy {
namespace {

/// Looks through a script as it would run: a block is looked at for all events that reach it.
class Doubter {
public:
    explicit Doubter(const Script& script) : script_{script} {
        for (std::size_t i = 0; i < script.blocks.size(); ++i) {
            const Block& block = script.blocks[i];
            if (!block.is_event) methods_.emplace(text::to_lower(block.name), i);
            gather(block.body);
        }
        reached_.assign(script.blocks.size(), 0);
        for (std::size_t i = 0; i < script.blocks.size(); ++i)
            if (script.blocks[i].is_event)
                if (auto event = find_event(script.blocks[i].name)) reach(i, bit(*event));
    }

    std::vector<Problem> run() {
        for (std::size_t i = 0; i < script_.blocks.size(); ++i) {
            const Block& block = script_.blocks[i];
            events_ = reached_[i];
            if (events_ == 0)
                doubt(block.line, "the method '" + block.name + "' is called from no event");
            else
                statements(block.body);
        }
        std::ranges::stable_sort(doubts_, {}, &Problem::line);
        return std::move(doubts_);
    }

private:
    void gather(const std::vector<Statement>& body) {
        for (const Statement& s : body) {
            if (s.kind == Statement::Kind::set) set_somewhere_.insert(text::to_lower(s.name));
            gather(s.then);
            gather(s.otherwise);
        }
    }

    void reach(std::size_t block, EventSet event) {
        if ((reached_[block] & event) != 0) return;
        reached_[block] = static_cast<EventSet>(reached_[block] | event);
        reach_calls(script_.blocks[block].body, event);
    }
    void reach_calls(const std::vector<Statement>& body, EventSet event) {
        for (const Statement& s : body) {
            if (s.kind == Statement::Kind::call)
                if (auto own = methods_.find(text::to_lower(s.name)); own != methods_.end())
                    reach(own->second, event);
            reach_calls(s.then, event);
            reach_calls(s.otherwise, event);
        }
    }

    void doubt(std::uint32_t line, std::string what) {
        if (doubts_.size() < 1000) doubts_.push_back({line, std::move(what)});
    }

    std::string here() const {
        std::string names;
        for (std::size_t i = 0; i < event_count; ++i)
            if (has(events_, static_cast<Event>(i)))
                names.append(names.empty() ? "" : ", ").append(event_names[i].name);
        return names;
    }

    void read(std::string_view name, std::uint32_t line) {
        if (const Variable* known = find_variable(name)) {
            if (((known->known | known->settable) & events_) == 0 && !known->placeholder
                && !set_somewhere_.contains(text::to_lower(name)))
                doubt(line, "the variable '" + std::string{name} + "' is not known in " + here());
        } else if (!header_field(name).empty()) {
            if ((events_ & (from(Event::headers_received) | bit(Event::processing))) == 0)
                doubt(line, "header fields are not known in " + here());
        } else if (!set_somewhere_.contains(text::to_lower(name))) {
            doubt(line, "nothing sets the variable '" + std::string{name} + "'");
        }
    }

    void condition(const Condition& c) {
        for (const Condition& part : c.parts) condition(part);
        if (c.kind == Condition::Kind::compare) {
            read(c.variable, c.line);
            if (c.comparator == Comparator::is || c.comparator == Comparator::is_case)
                choice(find_variable(c.variable), c.value, c.line);
        }
    }

    void choice(const Variable* known, std::string_view value, std::uint32_t line) {
        if (!known || known->type != Type::choice || value.find('%') != std::string_view::npos
            || value.empty())
            return;
        std::string_view words = known->values;
        while (!words.empty()) {
            const auto end = std::min(words.find(' '), words.size());
            if (text::equal_ci(words.substr(0, end), value)) return;
            words.remove_prefix(std::min(end + 1, words.size()));
        }
        doubt(line, "'" + std::string{value} + "' is none of the values of '" + std::string{known->name}
                        + "' (" + std::string{known->values} + ")");
    }

    void statements(const std::vector<Statement>& body) {
        for (const Statement& s : body) {
            switch (s.kind) {
                case Statement::Kind::branch:
                    condition(s.condition);
                    statements(s.then);
                    statements(s.otherwise);
                    break;
                case Statement::Kind::call:
                    if (const MethodRow* native = find_method(s.name);
                        native && (native->events & events_) == 0)
                        doubt(s.line, "'" + s.name + "' does nothing in " + here());
                    break;
                case Statement::Kind::set:
                    if (const Variable* known = find_variable(s.name)) {
                        if (known->settable == 0)
                            doubt(s.line, "the variable '" + s.name + "' cannot be set");
                        else if ((known->settable & events_) == 0)
                            doubt(s.line, "setting '" + s.name + "' has no effect in " + here());
                        choice(known, s.value, s.line);
                    }
                    break;
            }
        }
    }

    const Script& script_;
    std::unordered_map<std::string, std::size_t> methods_;
    std::set<std::string> set_somewhere_;
    std::vector<EventSet> reached_;
    EventSet events_ = 0;
    std::vector<Problem> doubts_;
};

}  // namespace

std::vector<Problem> doubts(const Script& script) {
    return Doubter{script}.run();
}

}  // namespace postrider::policy
