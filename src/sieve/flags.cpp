#include "sieve/flags.h"

#include <algorithm>

#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// setflag, addflag, removeflag, hasflag. RFC 5232.
namespace postrider::sieve {
namespace {

constexpr std::size_t max_flags = 100;

/// flag-keyword = atom, or one of the system flags that clients may set (RFC 9051 §2.3.2, §9).
bool is_flag(std::string_view word) {
    if (word.size() > 100) return false;
    bool system = word.front() == '\\';
    std::string_view atom = system ? word.substr(1) : word;
    if (atom.empty()) return false;
    for (char c : atom)
        if (c <= ' ' || c >= 127 || std::string_view{"(){%*\"\\]"}.find(c) != std::string_view::npos) return false;
    return !text::equal_ci(word, "\\Recent");
}

template <class Visit>
void each_word(std::string_view words, Visit visit) {
    while (!words.empty()) {
        std::size_t end = std::min(words.find(' '), words.size());
        if (end > 0) visit(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
}

auto find_flag(Flags& flags, std::string_view word) {
    return std::find_if(flags.begin(), flags.end(), [&](const std::string& f) { return text::equal_ci(f, word); });
}

class ChangeFlags final : public CommandNode {
public:
    enum class How : std::uint8_t { set, add, remove };
    void run(Machine& machine) const override {
        Flags own;
        Flags* flags = &machine.flags();
        if (variable) {
            flags = &own;
            add_flags(own, variable->global ? machine.global(variable->index) : machine.local(variable->index));
        } else {
            machine.change_flags();
        }
        if (how == How::set) flags->clear();
        std::string scratch;
        for (const TextTemplate& words : list) {
            if (how == How::remove)
                remove_flags(*flags, words.value(machine, scratch));
            else
                add_flags(*flags, words.value(machine, scratch));
        }
        if (!variable) return;
        if (variable->global)
            machine.set_global(variable->index, join_flags(own));
        else
            machine.set_local(variable->index, join_flags(own));
    }
    How how = How::set;
    std::optional<Binder::Variable> variable;
    TextList list;
};

class HasFlag final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::size_t count = 0;
        if (names.empty()) return one(machine, join_flags(machine.flags()), count) || counted(machine, count);
        for (const Binder::Variable& name : names) {
            std::string_view value = name.global ? machine.global(name.index) : machine.local(name.index);
            if (one(machine, value, count)) return true;
        }
        return counted(machine, count);
    }
    std::vector<Binder::Variable> names;
    Matcher matcher;
    TextList keys;  ///< not constant

private:
    bool counted(Machine& machine, std::size_t count) const {
        return matcher.counts() && matcher.count(machine, count);
    }
    bool one(Machine& machine, std::string_view value, std::size_t& count) const {
        Flags flags;
        add_flags(flags, value);
        if (matcher.counts()) {
            count += flags.size();
            return false;
        }
        Matcher now = matcher;
        if (!keys.empty()) {
            // What the words are is known only now.
            TextList words;
            for (const std::string& flag : read_flags(machine, keys)) words.emplace_back(flag);
            now.prepare(std::move(words));
        }
        for (const std::string& flag : flags)
            if (now.value(machine, flag, nullptr)) return true;
        return false;
    }
};

/// A name of a variable, when two arguments are given.
std::optional<Binder::Variable> take_variable(Args& args, const TextTemplate& name) {
    if (!args.binder().has(Extension::variables))
        args.wrong("the name of a variable needs: require \"variables\"");
    if (!name.constant()) args.wrong("the name of a variable must be constant");
    return args.binder().variable(name.source(), args.last_at());
}

CommandPtr change(Args& args, ChangeFlags::How how) {
    auto made = std::make_unique<ChangeFlags>();
    made->how = how;
    TextList first = args.list();
    if (args.more()) {
        if (first.size() != 1) args.wrong("only one variable can be named");
        made->variable = take_variable(args, first.front());
        first = args.list();
    }
    made->list = std::move(first);
    args.done();
    return made;
}

}  // namespace

void add_flags(Flags& flags, std::string_view words) {
    each_word(words, [&](std::string_view word) {
        if (flags.size() < max_flags && is_flag(word) && find_flag(flags, word) == flags.end())
            flags.emplace_back(word);
    });
}

void remove_flags(Flags& flags, std::string_view words) {
    each_word(words, [&](std::string_view word) {
        auto at = find_flag(flags, word);
        if (at != flags.end()) flags.erase(at);
    });
}

std::string join_flags(const Flags& flags) {
    std::string joined;
    for (const std::string& flag : flags) {
        if (!joined.empty()) joined += ' ';
        joined += flag;
    }
    return joined;
}

Flags read_flags(const Machine& machine, const TextList& list) {
    Flags flags;
    std::string scratch;
    for (const TextTemplate& words : list) add_flags(flags, words.value(machine, scratch));
    return flags;
}

CommandPtr build_setflag(Args& args) {
    return change(args, ChangeFlags::How::set);
}
CommandPtr build_addflag(Args& args) {
    return change(args, ChangeFlags::How::add);
}
CommandPtr build_removeflag(Args& args) {
    return change(args, ChangeFlags::How::remove);
}

TestPtr build_hasflag(Args& args) {
    auto made = std::make_unique<HasFlag>();
    made->matcher = args.matcher();
    TextList first = args.list();
    if (args.more()) {
        for (const TextTemplate& name : first) made->names.push_back(*take_variable(args, name));
        first = args.list();
    }
    bool constant = std::all_of(first.begin(), first.end(), [](const TextTemplate& t) { return t.constant(); });
    if (made->matcher.counts()) {
        args.keys(made->matcher, std::move(first));
    } else if (constant) {
        TextList words;
        for (const TextTemplate& text : first)
            each_word(text.source(), [&](std::string_view word) { words.emplace_back(std::string{word}); });
        args.keys(made->matcher, std::move(words));
    } else {
        made->keys = std::move(first);
    }
    args.done();
    return made;
}

}  // namespace postrider::sieve
