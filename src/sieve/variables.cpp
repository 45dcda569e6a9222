#include "sieve/variables.h"

#include <fmt/format.h>

#include "sieve/machine.h"
#include "sieve/url_encoding.h"
#include "sieve/words.h"
#include "text/ascii.h"
#include "text/utf8.h"

/// set. RFC 5229 §4; :encodeurl of RFC 5435 §6, :quoteregex of draft-ietf-sieve-regex.
namespace postrider::sieve {
namespace {

class Set final : public CommandNode {
public:
    void run(Machine& machine) const override {
        store(machine, variable, modifiers.apply(machine, value.value(machine)));
    }
    Binder::Variable variable;
    TextTemplate value;
    Modifiers modifiers;
};

std::string escape(std::string_view text, std::string_view special) {
    std::string out;
    for (char c : text) {
        if (special.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text::take_code_point(text);
    return count;
}

/// Like Machine::cut(), but a value that percent encoding has made is not cut inside "%20" (RFC 5435 §6).
void cut_encoded(const Machine& machine, std::string& value) {
    std::size_t most = machine.limits().max_variable;
    if (value.size() <= most) return;
    for (std::size_t back = 1; back <= 2 && back <= most; ++back) {
        if (value[most - back] != '%') continue;
        value.resize(most - back);
        return;
    }
    value.resize(most);
}

}  // namespace

void Modifiers::tags(Args& args) {
    struct Row {
        std::string_view tag;
        Kind kind;
        int precedence;
        Extension need;
    };
    constexpr Row rows[] = {
        {"lower", Kind::lower, 40, Extension::none},
        {"upper", Kind::upper, 40, Extension::none},
        {"lowerfirst", Kind::lower_first, 30, Extension::none},
        {"upperfirst", Kind::upper_first, 30, Extension::none},
        {"quotewildcard", Kind::quote_wildcard, 20, Extension::none},
        {"quoteregex", Kind::quote_regex, 20, Extension::regex},
        {"encodeurl", Kind::encode_url, 15, Extension::enotify},
        {"length", Kind::length, 10, Extension::none},
    };
    int last = 0;
    for (const Row& row : rows) {
        if (!args.flag(row.tag, row.need)) continue;
        if (row.precedence == last) args.wrong("two modifiers of the same rank exclude each other");
        last = row.precedence;
        kinds.push_back(row.kind);
    }
}

std::string Modifiers::apply(const Machine& machine, std::string value) const {
    machine.cut(value);
    for (Kind kind : kinds) {
        machine.work(value.size());
        switch (kind) {
        case Kind::lower: value = text::to_lower(value); break;
        case Kind::upper: value = text::to_upper(value); break;
        case Kind::lower_first:
            if (!value.empty()) value.front() = text::lower(value.front());
            break;
        case Kind::upper_first:
            if (!value.empty()) value.front() = text::upper(value.front());
            break;
        case Kind::quote_wildcard: value = escape(value, "*?\\"); break;
        case Kind::quote_regex: value = escape(value, "\\.[](){}*+?|^$"); break;
        case Kind::encode_url:
            value = encode_url(value);
            cut_encoded(machine, value);
            break;
        case Kind::length: value = std::to_string(characters(value)); break;
        }
    }
    return value;
}

Binder::Variable take_variable_name(Args& args) {
    std::string name = args.constant();
    return args.binder().variable(name, args.last_at());
}

void store(Machine& machine, Binder::Variable variable, std::string value) {
    if (variable.global)
        machine.set_global(variable.index, std::move(value));
    else
        machine.set_local(variable.index, std::move(value));
}

CommandPtr build_set(Args& args) {
    auto made = std::make_unique<Set>();
    made->modifiers.tags(args);
    made->variable = take_variable_name(args);
    made->value = args.text();
    args.done();
    return made;
}

}  // namespace postrider::sieve
