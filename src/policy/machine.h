#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/program.h"

namespace postrider::policy {

/// What the variables hold during one connection, or while one message is worked on.
///
/// What a script sets holds as long as its Lifetime says; what it sets between MAIL and the end of the
/// message (its own variables too) is taken back when the transaction ends, so that nothing of one message
/// tells on the next.
class State {
public:
    explicit State(std::shared_ptr<const Program> program);

    const Program& program() const { return *program_; }

    /// What the server knows. No script line looking at it: nothing happens.
    void provide(Var var, std::string_view value);
    void provide_number(Var var, std::uint64_t value);
    void provide_flag(Var var, bool value) { provide(var, value ? "yes" : "no"); }
    /// Of program().headers()[index].
    void provide_header(std::size_t index, std::string_view value);
    /// As if a script had set it, whether one looks at it or not: results of methods.
    void assign(Var var, std::string_view value);

    std::string_view get(Var var) const { return values_[static_cast<std::size_t>(var)]; }
    std::optional<std::int64_t> number(Var var) const { return to_number(get(var)); }
    bool yes(Var var) const;  ///< "yes", in any case

    /// Forgets what does not hold any more: before an event's values are provided, and its Execution is made.
    void begin(Event event);
    /// The message is taken, refused or forgotten (RSET).
    void end_transaction();

    /// The line that set smtpAction to what it is, and its method or event; line 0: none did.
    struct Origin {
        std::uint32_t line = 0, block = 0;
    };
    Origin decided() const { return decided_; }

    static constexpr std::size_t max_value = 65'536;  ///< octets; what is longer is cut

private:
    friend class Execution;
    void set(Slot slot, std::string_view value, Event event);
    using Log = std::vector<std::pair<Slot, std::string>>;
    void unwind(Log& log);

    std::shared_ptr<const Program> program_;
    std::vector<std::string> values_;
    Log of_transaction_, of_recipient_;
    std::vector<bool> logged_;  ///< slots that of_transaction_ has: their oldest value is what counts
    Origin decided_;
};

/// A change that a script asked for, to be made by the caller when the run has ended, in their order.
struct Effect {
    Method method;
    std::string name, value;  ///< header field, or address, or key path and selector
};

/// What one line did, for `policy trace` and for logs.
struct Step {
    enum class Kind : std::uint8_t { set, ignored, called, stopped };
    Kind kind;
    std::uint32_t line = 0, block = 0;
    std::string name, value;
};

/// One event. Pure: for what takes asking, it stops and says what.
///
///     state.begin(Event::mail_from);  state.provide(Var::mailFrom, ...);  ...
///     Execution run{state, Event::mail_from};
///     while (auto method = run.next()) { ... do it, state.assign(results) ... }
class Execution {
public:
    explicit Execution(State& state, Event event, std::vector<Step>* trace = nullptr);

    /// Goes on to the next method that has to be done outside; nothing: the event is over.
    std::optional<Method> next();
    /// It did not end within max_steps, and was stopped: nobody knows what the script would have said.
    bool exhausted() const { return exhausted_; }
    std::vector<Effect>& effects() { return effects_; }

    static constexpr std::size_t max_steps = 200'000;  ///< instructions; long values count for more
    static constexpr std::size_t max_effects = 1'000;
    static constexpr std::size_t max_asked = 100;  ///< methods done outside
    static constexpr std::size_t max_trace = 10'000;

private:
    bool holds(const Test& test);
    std::string_view text(const Value& value, std::string& scratch) const;
    bool native(Method method, std::uint32_t line);
    void note(Step::Kind kind, std::uint32_t line, std::string name, std::string_view value);
    void stop(std::uint32_t line, std::string_view why);

    struct Frame {
        std::size_t at;
        std::uint32_t block;
    };
    State& state_;
    const Program& program_;
    Event event_;
    std::vector<Step>* trace_;
    std::vector<Effect> effects_;
    std::vector<Frame> stack_;
    std::size_t entry_ = 0;  ///< of program_.entries_[event]
    std::size_t steps_ = 0, asked_ = 0;
    bool flag_ = false, running_ = false, exhausted_ = false;
    std::string scratch_, other_;
};

}  // namespace postrider::policy
