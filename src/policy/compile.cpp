#include <algorithm>
#include <map>
#include <unordered_map>

#include "policy/program.h"
#include "text/ascii.h"

namespace postrider::policy {

using Op = Instruction::Op;

/// Turns the tree into instructions; collects what is wrong on the way.
class Compiler {
public:
    std::expected<Program, std::vector<Problem>> run(const Script& script) {
        declare(script);
        for (std::size_t i = 0; i < script.blocks.size(); ++i) {
            calls_of_.emplace_back();
            sets_of_.emplace_back();
            program_.blocks_[i].begin = program_.code_.size();
            statements(script.blocks[i].body);
            emit({Op::leave, 0, 0, script.blocks[i].line});
        }
        find_circles();
        find_reach();
        if (!problems_.empty()) {
            std::ranges::stable_sort(problems_, {}, &Problem::line);
            return std::unexpected(std::move(problems_));
        }
        return std::move(program_);
    }

private:
    void declare(const Script& script) {
        for (std::size_t i = 0; i < script.blocks.size(); ++i) {
            const Block& block = script.blocks[i];
            const auto index = static_cast<std::uint32_t>(i);
            program_.blocks_.push_back({block.name, block.is_event, block.line, 0});
            if (block.is_event) {
                if (auto event = find_event(block.name))
                    program_.entries_[static_cast<std::size_t>(*event)].push_back(index);
                else
                    blame(block.line, "there is no event '" + block.name + "'");
            } else if (find_method(block.name)) {
                blame(block.line, "the method '" + block.name + "' is predefined");
            } else if (!methods_.emplace(text::to_lower(block.name), index).second) {
                blame(block.line, "there are two methods '" + block.name + "'");
            }
        }
    }

    void blame(std::uint32_t line, std::string what) {
        if (problems_.size() < 100) problems_.push_back({line, std::move(what)});
    }

    std::size_t emit(Instruction instruction) {
        program_.code_.push_back(instruction);
        return program_.code_.size() - 1;
    }
    void jump_here(std::size_t from) {
        program_.code_[from].a = static_cast<std::uint32_t>(program_.code_.size());
    }

    Slot slot(std::string_view name) {
        if (const Variable* known = find_variable(name)) return static_cast<Slot>(known->id);
        std::string key = text::to_lower(name);
        if (auto there = slots_.find(key); there != slots_.end()) return there->second;
        // Header fields come before the variables that scripts make: these are numbered at the end.
        const bool header = !header_field(name).empty();
        auto& list = header ? program_.headers_ : program_.user_names_;
        const Slot made = static_cast<Slot>(list.size()) | (header ? header_mark : user_mark);
        list.push_back(header ? header_field(name) : std::string{name});
        slots_.emplace(std::move(key), made);
        return made;
    }

    Slot reading(std::string_view name, std::uint32_t line) {
        const Slot found = slot(name);
        if (found < var_count) {
            program_.reads_.set(found);
            const auto var = static_cast<Var>(found);
            if (var == Var::isGeoIPBanned
                || var == Var::GeoIPResult) {  // the one lazy check: in memory, cheap
                emit({Op::native, static_cast<std::uint32_t>(Method::checkGeoIP), 0, line});
                program_.calls_.set(static_cast<std::size_t>(Method::checkGeoIP));
            }
        }
        return found;
    }

    /// `placeholders`: the variables that reports fill in later stay as they are written.
    Value value(std::string_view text, std::uint32_t line, bool placeholders) {
        Value result;
        std::string literal;
        while (!text.empty()) {
            const auto percent = text.find('%');
            literal.append(text.substr(0, percent));
            if (percent == std::string_view::npos) break;
            text.remove_prefix(percent + 1);
            const auto end = text.find('%');
            std::string_view name = text.substr(0, end);
            const bool is_name =
                end != std::string_view::npos && name.size() <= Limits::name
                && std::ranges::all_of(name, [](char c) {
                       return text::is_alpha(c) || text::is_digit(c) || c == '_' || c == '-' || c == '.';
                   });
            if (!is_name) {
                literal.push_back('%');
                continue;
            }
            text.remove_prefix(end + 1);
            const Variable* known = find_variable(name);
            if (name.empty()) {
                literal.push_back('%');
            } else if (placeholders && known && known->placeholder) {
                literal.append("%").append(known->name).append("%");
            } else {
                result.pieces.push_back({std::move(literal), reading(name, line)});
                literal.clear();
            }
        }
        if (result.pieces.empty())
            result.literal = std::move(literal);
        else if (!literal.empty())
            result.pieces.push_back({std::move(literal), std::nullopt});
        return result;
    }

    void test(const Condition& c) {
        Test made;
        made.comparator = c.comparator;
        made.slot = reading(c.variable, c.line);
        made.value = value(c.value, c.line, false);
        if (made.value.pieces.empty()) {
            const std::string& fixed = made.value.literal;
            made.number = to_number(fixed);
            made.folded = text::to_lower(fixed);
            if (c.comparator == Comparator::ip_range) {
                if (auto sets = to_ip_sets(fixed); sets && !sets->empty())
                    made.sets = std::move(*sets);
                else
                    blame(c.line, "'" + fixed + "' is no set of addresses (a.b.c.d, a-b, a/mask, a/length)");
            } else if ((c.comparator == Comparator::greater_than || c.comparator == Comparator::less_than)
                       && !made.number) {
                blame(c.line, "'" + fixed + "' is no number");
            }
        }
        emit({Op::test, static_cast<std::uint32_t>(program_.tests_.size()), 0, c.line});
        program_.tests_.push_back(std::move(made));
    }

    void condition(const Condition& c) {
        using Kind = Condition::Kind;
        switch (c.kind) {
            case Kind::compare: test(c); return;
            case Kind::negated:
                condition(c.parts.front());
                emit({Op::negate, 0, 0, c.line});
                return;
            case Kind::any:
            case Kind::all: break;
        }
        std::vector<std::size_t> decided;
        for (std::size_t i = 0; i < c.parts.size(); ++i) {
            condition(c.parts[i]);
            if (i + 1 < c.parts.size())
                decided.push_back(emit({c.kind == Kind::any ? Op::jump_true : Op::jump_false, 0, 0, c.line}));
        }
        for (std::size_t from : decided) jump_here(from);
    }

    void call(const Statement& s) {
        if (const MethodRow* native = find_method(s.name)) {
            program_.calls_.set(static_cast<std::size_t>(native->id));
            for (Var input : native->inputs) program_.reads_.set(static_cast<std::size_t>(input));
            emit({Op::native, static_cast<std::uint32_t>(native->id), 0, s.line});
        } else if (auto own = methods_.find(text::to_lower(s.name)); own != methods_.end()) {
            calls_of_.back().push_back({own->second, s.line});
            emit({Op::call, own->second, 0, s.line});
        } else {
            blame(s.line, "there is no method '" + s.name + "'");
        }
    }

    void statements(const std::vector<Statement>& body) {
        for (const Statement& s : body) {
            switch (s.kind) {
                case Statement::Kind::call: call(s); break;
                case Statement::Kind::set: {
                    const Slot to = slot(s.name);
                    if (to < var_count) {
                        program_.sets_.set(to);
                        sets_of_.back().set(to);
                    }
                    Value made = value(s.value, s.line, true);
                    emit({Op::set, to, static_cast<std::uint32_t>(program_.values_.size()), s.line});
                    program_.values_.push_back(std::move(made));
                    break;
                }
                case Statement::Kind::branch: {
                    condition(s.condition);
                    const auto no = emit({Op::jump_false, 0, 0, s.line});
                    statements(s.then);
                    if (s.otherwise.empty()) {
                        jump_here(no);
                        break;
                    }
                    const auto past = emit({Op::jump, 0, 0, s.line});
                    jump_here(no);
                    statements(s.otherwise);
                    jump_here(past);
                    break;
                }
            }
        }
    }

    /// Nobody may call himself, and calls go at most 64 deep: so every run ends, and its stack is small.
    void find_circles() {
        enum : std::uint8_t { fresh, open, closed };
        std::vector<std::uint8_t> state(calls_of_.size(), fresh);
        std::vector<unsigned> height(calls_of_.size(), 1);
        struct Visit {
            std::uint32_t block;
            std::size_t next = 0;
        };
        for (std::uint32_t start = 0; start < calls_of_.size(); ++start) {
            if (state[start] != fresh) continue;
            std::vector<Visit> path{{start}};
            state[start] = open;
            while (!path.empty()) {
                Visit& at = path.back();
                const auto& calls = calls_of_[at.block];
                if (at.next == calls.size()) {
                    for (const Call& made : calls)
                        height[at.block] = std::max(height[at.block], height[made.block] + 1);
                    state[at.block] = closed;
                    path.pop_back();
                    continue;
                }
                const Call& made = calls[at.next++];
                if (state[made.block] == open) {
                    blame(made.line, "the method '" + program_.blocks_[made.block].name
                                         + "' would call itself, which never ends");
                    height[made.block] = 1;
                } else if (state[made.block] == fresh) {
                    state[made.block] = open;
                    path.push_back({made.block});
                }
            }
            if (height[start] > max_calls)
                blame(program_.blocks_[start].line, "methods call one another more than 64 deep");
        }
    }

    void find_reach() {
        for (std::size_t event = 0; event < event_count; ++event) {
            std::vector<bool> seen(calls_of_.size());
            std::vector<std::uint32_t> open = program_.entries_[event];
            while (!open.empty()) {
                const std::uint32_t block = open.back();
                open.pop_back();
                if (seen[block]) continue;
                seen[block] = true;
                program_.sets_in_[event] |= sets_of_[block];
                for (const Call& made : calls_of_[block]) open.push_back(made.block);
            }
        }
    }

public:
    static constexpr Slot header_mark = 1u << 30, user_mark = 1u << 31;
    static constexpr unsigned max_calls = 64;

    /// Marked slots become numbers: only now it is known how many header fields there are.
    static void number_slots(Program& program) {
        auto settle = [&](Slot& slot) {
            if (slot & header_mark)
                slot = static_cast<Slot>(var_count + (slot & ~header_mark));
            else if (slot & user_mark)
                slot = static_cast<Slot>(var_count + program.headers_.size() + (slot & ~user_mark));
        };
        auto settle_value = [&](Value& value) {
            for (Value::Piece& piece : value.pieces)
                if (piece.slot) settle(*piece.slot);
        };
        for (Instruction& i : program.code_)
            if (i.op == Op::set) settle(i.a);
        for (Value& value : program.values_) settle_value(value);
        for (Test& test : program.tests_) {
            settle(test.slot);
            settle_value(test.value);
        }
    }

private:
    struct Call {
        std::uint32_t block, line;
    };
    Program program_;
    std::vector<Problem> problems_;
    std::unordered_map<std::string, std::uint32_t> methods_;  ///< lower case -> block
    std::unordered_map<std::string, Slot> slots_;             ///< lower case
    std::vector<std::vector<Call>> calls_of_;
    std::vector<std::bitset<var_count>> sets_of_;
};

std::string Program::slot_name(Slot slot) const {
    if (slot < var_count) return std::string{variable(static_cast<Var>(slot)).name};
    slot -= static_cast<Slot>(var_count);
    if (slot < headers_.size()) return std::string{header_prefix} + headers_[slot];
    return user_names_[slot - headers_.size()];
}

std::expected<Program, std::vector<Problem>> compile(const Script& script) {
    auto program = Compiler{}.run(script);
    if (program) Compiler::number_slots(*program);
    return program;
}

std::expected<Program, std::vector<Problem>> build(std::string_view text) {
    auto script = parse(text);
    if (!script) return std::unexpected(std::vector<Problem>{script.error()});
    return compile(*script);
}

}  // namespace postrider::policy
