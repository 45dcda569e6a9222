#include "sieve/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/utf8.h"

namespace postrider::sieve {

Machine::Machine(const Script& script, Message& message, Environment& environment, const RunLimits& limits)
    : script_{script}, message_{&message}, environment_{environment}, limits_{limits} {
    result_.versions.emplace_back();
    globals_.resize(script.globals.size());
    if (script.required.test(bit(Extension::imapsieve))) flags_ = environment.flags();
}

void Machine::run(const Block& block) {
    for (const CommandPtr& command : block) {
        if (++result_.steps > limits_.max_steps) fail("the script takes too many steps");
        line_ = command->script_line;
        command->run(*this);
        if (flow_ != Flow::go) return;
    }
}

void Machine::run_unit(const Unit& unit) {
    frames_.emplace_back(unit.locals);
    run(unit.commands);
    frames_.pop_back();
    if (flow_ == Flow::leave_unit) flow_ = Flow::go;
}

bool Machine::holds(const TestNode& test) {
    if (++result_.steps > limits_.max_steps) fail("the script takes too many steps");
    bool held = test.holds(*this);
    if (limits_.trace_tests && held && result_.trace.size() < limits_.max_trace)
        result_.trace.push_back({test.script_line, fmt::format("{}: holds", test.word)});
    return held;
}

void Machine::work(std::uint64_t octets) const {
    work_ += octets;
    if (work_ > limits_.max_work) fail("the script takes too much time");
}

void Machine::trace(std::string text) {
    if (result_.trace.size() < limits_.max_trace) result_.trace.push_back({line_, std::move(text)});
}

void Machine::warn(std::string text) {
    if (result_.warnings.size() < 20)
        result_.warnings.push_back({ProblemKind::warning, line_, 0, std::move(text)});
}

std::string_view Machine::local(std::uint32_t index) const {
    const auto& frame = frames_.back();
    return index < frame.size() ? std::string_view{frame[index]} : std::string_view{};
}

std::string_view Machine::match_value(std::uint32_t index) const {
    return index < match_values_.size() ? std::string_view{match_values_[index]} : std::string_view{};
}

void Machine::cut(std::string& value) const {
    if (value.size() > limits_.max_variable)
        value.resize(text::truncate_utf8(value, limits_.max_variable).size());
}

void Machine::set_local(std::uint32_t index, std::string value) {
    cut(value);
    auto& frame = frames_.back();
    if (index >= frame.size()) frame.resize(index + 1);
    frame[index] = std::move(value);
}

void Machine::set_global(std::uint32_t index, std::string value) {
    cut(value);
    globals_[index] = std::move(value);
}

std::optional<std::size_t> Machine::part() const {
    if (loops_.empty()) return std::nullopt;
    return loops_.back().part;
}

bool Machine::in_list(std::string_view list, std::string_view value) {
    if (!environment_.list_exists(list)) fail(fmt::format("there is no list \"{}\"", list));
    return environment_.list_contains(list, value);
}

const std::vector<std::string>& Machine::own_addresses() {
    if (!own_addresses_) own_addresses_ = environment_.own_addresses();
    return *own_addresses_;
}

const std::string& Machine::delimiters() {
    if (!delimiters_) delimiters_ = environment_.delimiters();
    return *delimiters_;
}

bool Machine::once(const void* what) {
    if (std::find(done_.begin(), done_.end(), what) != done_.end()) return false;
    done_.push_back(what);
    return true;
}

void Machine::mark(std::string key, std::chrono::seconds lifetime) {
    for (const Mark& known : result_.marks)
        if (known.key == key) return;
    if (result_.marks.size() < 100) result_.marks.push_back({std::move(key), lifetime});
}

namespace {

bool delivers(const Action::What& what) {
    return std::holds_alternative<Keep>(what) || std::holds_alternative<FileInto>(what)
           || std::holds_alternative<Redirect>(what);
}

bool is_inbox(std::string_view name) {
    return name.size() == 5 && (name[0] | 32) == 'i' && (name[1] | 32) == 'n' && (name[2] | 32) == 'b'
           && (name[3] | 32) == 'o' && (name[4] | 32) == 'x';
}

bool same_folder(const Action::What& a, const Action::What& b) {
    const FileInto* x = std::get_if<FileInto>(&a);
    const FileInto* y = std::get_if<FileInto>(&b);
    if (x == nullptr && y == nullptr)
        return std::holds_alternative<Keep>(a) && std::holds_alternative<Keep>(b);
    if (x != nullptr && y != nullptr)
        return (x->mailbox == y->mailbox || (is_inbox(x->mailbox) && is_inbox(y->mailbox)))
               && x->mailbox_id == y->mailbox_id && x->special_use == y->special_use;
    const FileInto* file = x != nullptr ? x : y;
    if (file->mailbox_id || file->special_use || !is_inbox(file->mailbox)) return false;
    return std::holds_alternative<Keep>(x != nullptr ? b : a);
}

bool same_redirect(const Action::What& a, const Action::What& b) {
    const Redirect* x = std::get_if<Redirect>(&a);
    const Redirect* y = std::get_if<Redirect>(&b);
    return x != nullptr && y != nullptr && x->addresses == y->addresses && x->list == y->list;
}

Flags* flags_of(Action::What& what) {
    if (Keep* keep = std::get_if<Keep>(&what)) return &keep->flags;
    if (FileInto* file = std::get_if<FileInto>(&what)) return &file->flags;
    return nullptr;
}

}  // namespace

/// Notes an action, unless it stands there already; says which go together (RFC 5228 §2.10, RFC 5429 §2.4,
/// RFC 5230 §4.7).
void Machine::act(Action::What what) {
    bool rejects = std::holds_alternative<Reject>(what);
    bool answers = std::holds_alternative<VacationReply>(what);
    std::size_t known_versions = result_.versions.size();
    std::uint32_t version = message_->version(result_.versions);
    if (result_.versions.size() > known_versions && result_.versions.back().whole)
        work(result_.versions.back().whole->size());  // a copy of the message each
    if (result_.versions.size() > limits_.max_versions)
        fail("the script makes too many forms of the message");
    for (Action& before : result_.actions) {
        bool rejected = std::holds_alternative<Reject>(before.what);
        if (rejected && rejects) fail("a message can be rejected only once");
        if ((rejected && delivers(what)) || (rejects && delivers(before.what)))
            fail("a message cannot be rejected and delivered as well");
        if ((rejected && answers) || (rejects && std::holds_alternative<VacationReply>(before.what)))
            fail("a message cannot be rejected and answered by vacation as well");
        if (before.version != version && !same_redirect(before.what, what)) continue;
        if (same_folder(before.what, what) || same_redirect(before.what, what)) {
            // Once is enough; the flags of the later one count (RFC 5232 §3).
            if (script_.compatible) warn(fmt::format("{} is done once only", describe(before)));
            Flags* old_flags = flags_of(before.what);
            Flags* new_flags = flags_of(what);
            if (old_flags != nullptr && new_flags != nullptr) *old_flags = std::move(*new_flags);
            return;
        }
        if (std::holds_alternative<Discard>(before.what) && std::holds_alternative<Discard>(what)) return;
    }
    if (std::holds_alternative<Redirect>(what) && ++redirects_ > limits_.max_redirects)
        fail(fmt::format("more than {} redirects", limits_.max_redirects));
    if (std::holds_alternative<Notification>(what) && ++notifies_ > limits_.max_notifies)
        fail(fmt::format("more than {} notifications", limits_.max_notifies));
    if (result_.actions.size() >= limits_.max_actions)
        fail(fmt::format("more than {} actions", limits_.max_actions));
    Action action{std::move(what), version, line_};
    trace(describe(action));
    result_.actions.push_back(std::move(action));
}

Result Machine::finish() {
    message_->settle();
    if (script_.required.test(bit(Extension::imapsieve))) {
        // RFC 6785 §3.3: the message lies where it lies; only its flags may have changed.
        if (flags_changed_) act(SetFlags{flags_});
    }
    if (result_.implicit_keep) {
        Action keep{Keep{flags_, true}, message_->version(result_.versions), 0};
        line_ = 0;
        bool kept = std::any_of(result_.actions.begin(), result_.actions.end(),
                                [&](const Action& a) { return same_folder(a.what, keep.what); });
        if (!kept) {
            trace(describe(keep));
            result_.actions.push_back(std::move(keep));
        }
    }
    return std::move(result_);
}

Result Machine::finish_with(std::string error) {
    result_.error = Problem{ProblemKind::runtime, line_, 0, std::move(error)};
    trace(result_.error->shown());
    message_->revert();
    result_.actions.clear();
    result_.versions.assign(1, {});
    result_.marks.clear();
    result_.implicit_keep = true;
    result_.actions.push_back({Keep{{}, true}, 0, 0});
    trace(describe(result_.actions.back()));
    return std::move(result_);
}

}  // namespace postrider::sieve
