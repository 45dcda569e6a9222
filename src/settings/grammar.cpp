#include "settings/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "settings/setting.h"

namespace postrider::settings {

namespace {

constexpr bool is_control(char c) {
    auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7f;
}

constexpr bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
           || c == '.';
}

constexpr bool ends_word(char c) {
    return c == ' ' || is_control(c) || c == '#' || c == '"' || c == '{' || c == '}' || c == '(' || c == ')';
}

/// Walks the text and remembers the line and the first failure; after a failure everything reads as empty.
class Parser {
public:
    Parser(std::string_view text, std::string_view file, const GrammarLimits& limits)
        : text_{text}, file_{file}, limits_{limits} {}

    std::expected<Object, Diagnostic> file() {
        if (text_.size() > limits_.file) {
            fail("", fmt::format("the file holds {} octets", text_.size()),
                 fmt::format("at most {}", limits_.file));
            return finish(Object{});
        }
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // the byte order mark of some editors
        skip();
        unsigned line = line_;
        std::string_view root = name();
        if (ok() && !same_name(root, "Server")) {
            fail_at(line, "", root.empty() ? found() : fmt::format("\"{}\" found", root), "Server { ... }");
        }
        skip();
        if (ok() && take('=')) skip();
        Object object = this->object(0);
        skip();
        if (ok() && !at_end()) fail("", found() + " after the end of Server", "nothing but comments");
        return finish(std::move(object));
    }

    std::expected<Value, Diagnostic> lone_value() {
        skip();
        Value value = this->value("", line_, 0);
        skip();
        if (ok() && !at_end()) fail("", found() + " after the value", "one value");
        return finish(std::move(value));
    }

private:
    bool ok() const { return !failure_; }
    bool at_end() const { return at_ >= text_.size(); }
    char peek() const { return at_end() || !ok() ? '\0' : text_[at_]; }
    bool take(char c) {
        if (!ok() || at_end() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    /// White space, comments and commas.
    void skip() {
        while (ok() && !at_end()) {
            char c = text_[at_];
            if (c == '\n') {
                ++line_;
                ++at_;
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || c == ',') {
                ++at_;
            } else if (c == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (text_.substr(at_).starts_with("/*")) {
                comment();
            } else {
                return;
            }
        }
    }

    void comment() {
        unsigned begin = line_;
        std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) {
            fail_at(begin, "", "a comment begins here and never ends", "/* ... */");
            return;
        }
        line_ += static_cast<unsigned>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                  text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
        at_ = end + 2;
    }

    std::string_view name() {
        std::size_t begin = at_;
        while (ok() && !at_end() && is_name(text_[at_])) ++at_;
        std::string_view name = ok() ? text_.substr(begin, at_ - begin) : std::string_view{};
        if (name.size() > limits_.name) {
            fail("", fmt::format("the name \"{}...\" has {} characters", name.substr(0, 20), name.size()),
                 fmt::format("at most {}", limits_.name));
        }
        return name;
    }

    Object object(std::size_t depth) {
        Object object;
        object.line = line_;
        unsigned begin = line_;
        if (!ok()) return object;
        if (!take('{')) {
            fail("", found(), "{");
            return object;
        }
        if (depth >= limits_.depth) {
            fail("", "objects are nested too deep", fmt::format("{} levels", limits_.depth));
            return object;
        }
        for (skip(); ok() && !take('}'); skip()) {
            if (at_end()) {
                fail("", fmt::format("the file ends within the object that begins in line {}", begin), "}");
                break;
            }
            object.attributes.push_back(attribute(depth));
        }
        return object;
    }

    Attribute attribute(std::size_t depth) {
        Attribute attribute;
        attribute.line = line_;
        std::string_view word = name();
        if (!ok()) return attribute;
        if (word.empty()) {
            fail("", found(), "the name of an attribute, or }");
            return attribute;
        }
        attribute.name = word;
        skip();
        if (!ok()) return attribute;
        if (!take('=')) {
            fail_at(attribute.line, attribute.name, "no = after the name", "name = value");
            return attribute;
        }
        unsigned line = line_;
        skip();
        attribute.value = value(attribute.name, line, depth);
        return attribute;
    }

    /// @param line  where the "=" stands
    Value value(std::string_view name, unsigned line, std::size_t depth) {
        Value value;
        if (!ok()) return value;
        if (peek() == '{') {
            value.shape = Value::Shape::object;
            value.objects.push_back(object(depth + 1));
        } else if (peek() == '(') {
            set(value, name, depth);
        } else if (line_ != line) {
            fail_at(line, name, "no value after =", "a value on the same line");
        } else {
            value.words.push_back(word(name));
        }
        return value;
    }

    void set(Value& value, std::string_view name, std::size_t depth) {
        unsigned begin = line_;
        take('(');
        value.shape = Value::Shape::words;
        for (skip(); ok() && !take(')'); skip()) {
            if (at_end()) {
                fail_at(begin, name, "the set that begins here never ends", ")");
            } else if (peek() == '{') {
                if (!value.words.empty()) fail(name, "an object among words", "one kind of thing in a set");
                value.shape = Value::Shape::objects;
                value.objects.push_back(object(depth + 1));
            } else {
                if (!value.objects.empty()) fail(name, "a word among objects", "one kind of thing in a set");
                value.words.push_back(word(name));
            }
        }
    }

    Word word(std::string_view name) {
        Word word;
        word.line = line_;
        if (peek() == '"') {
            quoted(word, name);
        } else {
            std::size_t begin = at_;
            while (ok() && !at_end() && !ends_word(text_[at_]) && !text_.substr(at_).starts_with("/*")) ++at_;
            std::string_view text = ok() ? text_.substr(begin, at_ - begin) : std::string_view{};
            while (text.ends_with(',')) text.remove_suffix(1);
            if (text.empty()) fail(name, found(), "a value");
            word.text = text;
        }
        if (word.text.size() > limits_.value) {
            fail_at(word.line, name, fmt::format("the value has {} octets", word.text.size()),
                    fmt::format("at most {}", limits_.value));
        }
        return word;
    }

    void quoted(Word& word, std::string_view name) {
        take('"');
        while (!take('"')) {
            if (at_end() || text_[at_] == '\n' || text_[at_] == '\r') {
                fail(name, "the quoted value does not end on its line", "a closing \"");
                return;
            }
            char c = text_[at_++];
            if (c == '\\' && (peek() == '"' || peek() == '\\')) c = text_[at_++];
            if (is_control(c) && c != '\t') {
                fail(name, fmt::format("control character {:#04x} in a value", static_cast<unsigned char>(c)),
                     "printable characters");
                return;
            }
            word.text.push_back(c);
        }
    }

    std::string found() const {
        if (at_end()) return "the text ends";
        char c = text_[at_];
        if (is_control(c)) {
            return fmt::format("control character {:#04x} found", static_cast<unsigned char>(c));
        }
        std::size_t size = 1;  // one whole character of UTF-8
        while (at_ + size < text_.size() && size < 4 && (text_[at_ + size] & 0xc0) == 0x80) ++size;
        return fmt::format("\"{}\" found", text_.substr(at_, size));
    }

    void fail(std::string_view key, std::string problem, std::string allowed) {
        fail_at(line_, key, std::move(problem), std::move(allowed));
    }
    void fail_at(unsigned line, std::string_view key, std::string problem, std::string allowed) {
        if (failure_) return;
        failure_ = Diagnostic{Severity::error,  std::string{file_}, line,
                              std::string{key}, std::move(problem), std::move(allowed)};
    }
    template <class T>
    std::expected<T, Diagnostic> finish(T value) {
        if (failure_) return std::unexpected(std::move(*failure_));
        return value;
    }

    std::string_view text_;
    std::string_view file_;
    const GrammarLimits& limits_;
    std::size_t at_ = 0;
    unsigned line_ = 1;
    std::optional<Diagnostic> failure_;
};

}  // namespace

std::string Diagnostic::text() const {
    std::string out = file;
    if (line != 0) out += fmt::format(":{}", line);
    if (!out.empty()) out += ": ";
    out += severity == Severity::error ? "error: " : "warning: ";
    if (!key.empty()) out += key + ": ";
    out += problem;
    if (!allowed.empty()) out += fmt::format(" (allowed: {})", allowed);
    return out;
}

bool operator==(const Word& a, const Word& b) {
    return a.text == b.text;
}
bool operator==(const Value& a, const Value& b) {
    return a.shape == b.shape && a.words == b.words && a.objects == b.objects;
}
bool operator==(const Attribute& a, const Attribute& b) {
    return a.name == b.name && a.value == b.value;
}
bool operator==(const Object& a, const Object& b) {
    return a.attributes == b.attributes;
}

std::expected<Object, Diagnostic> parse_file(std::string_view text, std::string_view file,
                                             const GrammarLimits& limits) {
    return Parser{text, file, limits}.file();
}

std::expected<Value, Diagnostic> parse_value(std::string_view text, const GrammarLimits& limits) {
    return Parser{text, "", limits}.lone_value();
}

}  // namespace postrider::settings
