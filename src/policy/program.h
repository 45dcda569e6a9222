#pragma once

#include <array>
#include <bitset>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "policy/methods.h"
#include "policy/script.h"
#include "settings/address.h"

namespace postrider::policy {

/// Where a variable lies: predefined ones first (as Var), then header fields, then those that scripts make.
using Slot = std::uint32_t;

/// A value as a script writes it; `%name%` stands for what the variable holds, `%%` for a percent sign.
struct Value {
    struct Piece {
        std::string literal;
        std::optional<Slot> slot;
    };
    std::string literal;        ///< when there are no pieces
    std::vector<Piece> pieces;  ///< when variables have a part in it
};

/// One comparison, with what can be known beforehand.
struct Test {
    Comparator comparator;
    Slot slot;
    Value value;
    std::optional<std::int64_t> number;  ///< of the value
    std::string folded;                  ///< the value in lower case
    std::vector<settings::IpSet> sets;
};

struct Instruction {
    enum class Op : std::uint8_t {
        set,         ///< a: slot, b: value
        test,        ///< a: test; gives the flag
        negate,      ///< the flag
        jump,        ///< a: where to
        jump_true,   ///< likewise, if the flag holds
        jump_false,  ///< likewise, if not
        call,        ///< a: block
        native,      ///< a: Method
        leave,
    };
    Op op;
    std::uint32_t a = 0, b = 0, line = 0;
};

/// A policy ready to run: shared by all sessions, never changed.
class Program {
public:
    struct Block {
        std::string name;
        bool is_event = false;
        std::uint32_t line = 0;
        std::size_t begin = 0;  ///< first instruction
    };

    bool handles(Event event) const { return !entries_[static_cast<std::size_t>(event)].empty(); }
    /// Whether some script line looks at it; what nobody looks at need not be provided.
    bool reads(Var var) const { return reads_[static_cast<std::size_t>(var)]; }
    bool sets(Var var) const { return sets_[static_cast<std::size_t>(var)]; }
    /// Whether some line that the event can come to sets it.
    bool sets(Var var, Event event) const {
        return sets_in_[static_cast<std::size_t>(event)][static_cast<std::size_t>(var)];
    }
    bool calls(Method method) const { return calls_[static_cast<std::size_t>(method)]; }
    /// Header fields that are read ("Reply-To"); their slots begin at var_count.
    const std::vector<std::string>& headers() const { return headers_; }
    std::size_t slots() const { return var_count + headers_.size() + user_names_.size(); }
    std::string slot_name(Slot slot) const;
    const std::vector<Block>& blocks() const { return blocks_; }
    std::size_t size() const { return code_.size(); }

private:
    friend class Compiler;
    friend class Execution;
    std::vector<Instruction> code_;
    std::vector<Value> values_;
    std::vector<Test> tests_;
    std::vector<Block> blocks_;
    std::array<std::vector<std::uint32_t>, event_count> entries_;  ///< blocks, in the order of the script
    std::vector<std::string> headers_, user_names_;
    std::bitset<var_count> reads_, sets_;
    std::array<std::bitset<var_count>, event_count> sets_in_;
    std::bitset<method_count> calls_;
};

/// All that is wrong: unknown events and methods, methods that call one another in a circle, malformed IP
/// sets, numbers that are none.
std::expected<Program, std::vector<Problem>> compile(const Script& script);

/// parse() and compile(); the problems in the order of their lines.
std::expected<Program, std::vector<Problem>> build(std::string_view text);

/// What is legal and hardly meant: variables nobody gives a value, settings without effect, values that a
/// choice does not have. For a script that compiles.
std::vector<Problem> doubts(const Script& script);

/// A whole number with blanks around it; beyond 64 bits the nearest that there is.
std::optional<std::int64_t> to_number(std::string_view text);

/// "10.0.0.0/8 192.0.2.1, 2001:db8::/32": sets with blanks, commas or semicolons between them.
std::optional<std::vector<settings::IpSet>> to_ip_sets(std::string_view text);

}  // namespace postrider::policy
