#include <algorithm>

#include "settings/grammar.h"

namespace postrider::settings {

namespace {

constexpr bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
           || c == '.' || c == ':';
}

void print_object(std::string& out, const Object& object, std::size_t depth);

void indent(std::string& out, std::size_t depth) {
    out.append(4 * depth, ' ');
}

void print_comment(std::string& out, std::string_view comment, std::size_t depth) {
    while (!comment.empty()) {
        std::size_t end = std::min(comment.find('\n'), comment.size());
        indent(out, depth);
        out += "# ";
        out += comment.substr(0, end);
        out += '\n';
        comment.remove_prefix(std::min(end + 1, comment.size()));
    }
}

void print_words(std::string& out, const std::vector<Word>& words) {
    out += '(';
    for (const Word& word : words) {
        if (&word != words.data()) out += ' ';
        out += print_word(word.text);
    }
    out += ')';
}

void print_value(std::string& out, const Value& value, std::size_t depth) {
    switch (value.shape) {
        case Value::Shape::word: out += print_word(value.words.at(0).text); return;
        case Value::Shape::words: print_words(out, value.words); return;
        case Value::Shape::object: print_object(out, value.objects.at(0), depth); return;
        case Value::Shape::objects: break;
    }
    out += "(\n";
    for (const Object& object : value.objects) {
        indent(out, depth + 1);
        print_object(out, object, depth + 1);
        out += '\n';
    }
    indent(out, depth);
    out += ')';
}

void print_object(std::string& out, const Object& object, std::size_t depth) {
    out += "{\n";
    for (const Attribute& attribute : object.attributes) {
        print_comment(out, attribute.comment, depth + 1);
        indent(out, depth + 1);
        out += attribute.name;
        out += " = ";
        print_value(out, attribute.value, depth + 1);
        out += '\n';
    }
    indent(out, depth);
    out += '}';
}

}  // namespace

std::string print_word(std::string_view text) {
    if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string{text};
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string print_value(const Value& value) {
    std::string out;
    print_value(out, value, 0);
    return out;
}

std::string print(const Object& object, std::string_view root) {
    std::string out{root};
    out += ' ';
    print_object(out, object, 0);
    return out + '\n';
}

}  // namespace postrider::settings
