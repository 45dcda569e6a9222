#include "settings/value.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <vector>

#include "settings/address.h"

namespace postrider::settings {

namespace {

using Result = std::expected<std::string, ValueError>;

Result wrong(const Row& row, std::string problem) {
    return std::unexpected(ValueError{std::move(problem), allowed_text(row)});
}

std::string quote(std::string_view text) {
    constexpr std::size_t shown = 60;
    return text.size() <= shown ? fmt::format("\"{}\"", text)
                                : fmt::format("\"{}...\"", text.substr(0, shown));
}

// Words that old files and other programs use for yes and no; we write the first pair.
constexpr std::string_view yes_words[] = {"yes", "true", "on", "1"};
constexpr std::string_view no_words[] = {"no", "false", "off", "0"};

Result set_boolean(const Row& row, void* object, std::string_view text) {
    for (std::size_t i = 0; i < std::size(yes_words); ++i) {
        bool yes = same_name(text, yes_words[i]);
        if (yes || same_name(text, no_words[i])) {
            row.field.set_number(object, yes ? 1 : 0);
            return "";
        }
    }
    return wrong(row, fmt::format("{} is neither yes nor no", quote(text)));
}

Result set_number(const Row& row, void* object, std::string_view text) {
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return wrong(row, fmt::format("{} is out of range", text));
    if (error != std::errc{} || end != text.data() + text.size()) {
        return wrong(row, fmt::format("{} is not a number", quote(text)));
    }
    bool inside = value >= row.field.lowest && value <= row.field.highest
                  && (row.range.any() || (value >= row.range.min && value <= row.range.max));
    if (!inside && !(row.zero_too && value == 0)) return wrong(row, fmt::format("{} is out of range", value));
    row.field.set_number(object, value);
    return "";
}

const Choice* find_choice(const Row& row, std::string_view word) {
    for (const Choice& choice : row.field.choices) {
        if (same_name(choice.word, word)) return &choice;
    }
    return nullptr;
}

Result set_choice(const Row& row, void* object, std::string_view text) {
    const Choice* choice = find_choice(row, text);
    if (choice == nullptr) return wrong(row, fmt::format("{} is not one of the words", quote(text)));
    if (!choice->in_this_build) return std::string{choice->word};
    row.field.set_number(object, choice->value);
    return "";
}

Result set_choices(const Row& row, void* object, const std::vector<Word>& words) {
    std::uint64_t bits = 0;
    std::string left_out;
    for (const Word& word : words) {
        const Choice* choice = find_choice(row, word.text);
        if (choice == nullptr) return wrong(row, fmt::format("{} is not one of the words", quote(word.text)));
        bits |= choice->bits;
        if (!choice->in_this_build)
            left_out += fmt::format("{}{}", left_out.empty() ? "" : " ", choice->word);
    }
    row.field.set_number(object, static_cast<std::int64_t>(bits));
    return left_out;
}

bool is_host_name(std::string_view text) {
    for (char c : text) {
        // Octets above 0x7f are U-labels (RFC 5890), '_' occurs in the wild.
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
                  || c == '.' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
        if (!ok) return false;
    }
    return text.size() <= 255 && !text.starts_with('.') && !text.ends_with('.')
           && text.find("..") == std::string_view::npos;
}

/// What is wrong with one text, or "".
std::string text_problem(const Row& row, std::string_view text) {
    // An empty value is how a file says "not set"; the range says where that is not enough.
    if (text.empty()) return "";
    switch (row.format) {
        case Format::any:
        case Format::path: return "";
        case Format::host_name: return is_host_name(text) ? "" : quote(text) + " is not a host name";
        case Format::ip: return parse_ip(text) ? "" : quote(text) + " is not an IP address";
        case Format::ip_port: return parse_ip_port(text) ? "" : quote(text) + " is not an IP:port";
        case Format::ip_maybe_port:
            return parse_ip(text) || parse_ip_port(text) ? ""
                                                         : quote(text) + " is not an IP address or IP:port";
        case Format::ip_set: return parse_ip_set(text) ? "" : quote(text) + " is not a set of IP addresses";
    }
    return "";
}

bool printable(std::string_view text) {
    for (char c : text) {
        auto octet = static_cast<unsigned char>(c);
        if ((octet < 0x20 && c != '\t') || octet == 0x7f) return false;
    }
    return true;
}

Result set_text(const Row& row, void* object, std::string_view text) {
    auto size = static_cast<std::int64_t>(text.size());
    bool needs_text = row.required || row.format == Format::ip_port || row.format == Format::ip_set;
    if (size == 0 && (needs_text || row.range.min > 0)) return wrong(row, "the value is empty");
    if (!row.range.any() && (size < row.range.min || size > row.range.max)) {
        return wrong(row, fmt::format("the value has {} characters", size));
    }
    if (!printable(text)) return wrong(row, "the value holds a control character");
    if (std::string problem = text_problem(row, text); !problem.empty()) return wrong(row, problem);
    *static_cast<std::string*>(row.field.member(object)) = text;
    return "";
}

Result set_texts(const Row& row, void* object, const std::vector<Word>& words) {
    auto count = static_cast<std::int64_t>(words.size());
    if (!row.range.any() && (count < row.range.min || count > row.range.max)) {
        return wrong(row, fmt::format("the set has {} values", count));
    }
    std::vector<std::string> texts;
    for (const Word& word : words) {
        if (word.text.empty()) return wrong(row, "the set holds an empty value");
        if (!printable(word.text)) return wrong(row, "the value holds a control character");
        if (std::string problem = text_problem(row, word.text); !problem.empty()) return wrong(row, problem);
        texts.push_back(word.text);
    }
    *static_cast<std::vector<std::string>*>(row.field.member(object)) = std::move(texts);
    return "";
}

std::string lone_word(const Row& row, const void* object) {
    std::int64_t number = row.field.number(object);
    if (row.field.kind == Kind::boolean) return number != 0 ? "yes" : "no";
    if (row.field.kind == Kind::number) return fmt::format("{}", number);
    for (const Choice& choice : row.field.choices) {
        if (choice.in_this_build && choice.value == number) return std::string{choice.word};
    }
    return "";
}

/// Single words first; then, for what no single word stands for, words for several values of the set
/// ("scram-sha-1"), while one for more than is left ("all") only reads.
Value chosen_words(const Row& row, const void* object) {
    auto bits = static_cast<std::uint64_t>(row.field.number(object));
    Value value{Value::Shape::words, {}, {}};
    for (const Choice& choice : row.field.choices) {
        bool single = choice.bits != 0 && (choice.bits & (choice.bits - 1)) == 0;
        if (!single || (choice.bits & bits) == 0) continue;
        value.words.push_back({std::string{choice.word}, 0});
        bits &= ~choice.bits;  // a second word for the same value is not written
    }
    for (const Choice& choice : row.field.choices) {
        if (choice.bits == 0 || (choice.bits & ~bits) != 0) continue;
        value.words.push_back({std::string{choice.word}, 0});
        bits &= ~choice.bits;
    }
    return value;
}

}  // namespace

Result set_value(const Row& row, void* object, const Value& value) {
    bool wants_set = row.field.kind == Kind::choice_set || row.field.kind == Kind::text_list;
    // One word stands for a set of one, as old files have it.
    bool shape_ok = value.shape == Value::Shape::word || (wants_set && value.shape == Value::Shape::words);
    if (!shape_ok)
        return wrong(row, wants_set ? "an object where a set of values belongs"
                                    : "a set or object where one value belongs");
    switch (row.field.kind) {
        case Kind::boolean: return set_boolean(row, object, value.words.at(0).text);
        case Kind::number: return set_number(row, object, value.words.at(0).text);
        case Kind::choice: return set_choice(row, object, value.words.at(0).text);
        case Kind::choice_set: return set_choices(row, object, value.words);
        case Kind::text: return set_text(row, object, value.words.at(0).text);
        case Kind::text_list: return set_texts(row, object, value.words);
        case Kind::object:
        case Kind::object_set:
        case Kind::inlined:
        case Kind::absent: break;
    }
    return wrong(row, "not a simple value");
}

Result set_value(const Row& row, void* object, std::string_view text) {
    // Of a single value the whole text is meant, so that an administrator need not quote for our sake.
    bool wants_set = row.field.kind == Kind::choice_set || row.field.kind == Kind::text_list;
    if (!wants_set && !text.starts_with('"')) {
        return set_value(row, object, Value{Value::Shape::word, {{std::string{text}, 1}}, {}});
    }
    auto value = parse_value(text);
    if (!value) return wrong(row, value.error().problem);
    return set_value(row, object, *value);
}

Value get_value(const Row& row, const void* object) {
    auto* changeable = const_cast<void*>(object);  // NOLINT: member() only gives the address
    switch (row.field.kind) {
        case Kind::boolean:
        case Kind::number:
        case Kind::choice: return {Value::Shape::word, {{lone_word(row, object), 0}}, {}};
        case Kind::choice_set: return chosen_words(row, object);
        case Kind::text:
            return {Value::Shape::word, {{*static_cast<std::string*>(row.field.member(changeable)), 0}}, {}};
        case Kind::text_list: {
            Value value{Value::Shape::words, {}, {}};
            for (const auto& text : *static_cast<std::vector<std::string>*>(row.field.member(changeable))) {
                value.words.push_back({text, 0});
            }
            return value;
        }
        case Kind::object:
        case Kind::object_set:
        case Kind::inlined:
        case Kind::absent: break;
    }
    return {Value::Shape::words, {}, {}};
}

}  // namespace postrider::settings
