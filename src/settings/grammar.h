#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "settings/diagnostic.h"

/// The configuration file as text and as a tree. Knows no setting's name but "Server".
///
///     file      = "Server" ["="] object
///     object    = "{" *attribute "}"
///     attribute = name "=" value
///     value     = word / "(" *word ")" / object / "(" *object ")"
///     word      = 1*(any octet but space, control, # " { } ( )) / quoted
///     quoted    = DQUOTE *(any octet but control, DQUOTE and \; \" and \\ stand for " and \) DQUOTE
///     comment   = "#" to the end of the line / "/*" to "*/"
///
/// White space and comments may stand between all of these, but a word begins on the line of its "=" and ends
/// on the line where it began: so a forgotten value is found where it is missing. Commas after a value are
/// read as white space. A backslash before another octet than " and \ stands for itself.
namespace postrider::settings {

struct GrammarLimits {
    std::size_t file = 16 << 20;  ///< octets
    std::size_t name = 64;        ///< octets of an attribute's name
    std::size_t value = 8192;     ///< octets of one word
    std::size_t depth = 16;       ///< objects in objects
};

struct Word {
    std::string text;
    unsigned line = 0;
};

struct Attribute;

/// Attributes between braces. Equal when the same attributes stand in the same order; lines do not count.
struct Object {
    unsigned line = 0;
    std::vector<Attribute> attributes;
};

struct Value {
    enum class Shape { word, words, object, objects };  ///< "()" is words, and stands for no objects as well
    Shape shape = Shape::word;
    std::vector<Word> words;      ///< one for Shape::word
    std::vector<Object> objects;  ///< one for Shape::object
};

struct Attribute {
    std::string name;
    unsigned line = 0;
    Value value;
    std::string comment{};  ///< printed above it, one "#" line per line; not read and not compared
};

bool operator==(const Word& a, const Word& b);
bool operator==(const Value& a, const Value& b);
bool operator==(const Attribute& a, const Attribute& b);
bool operator==(const Object& a, const Object& b);

/// The object of a whole file. An error names the line and what was expected there; its file is `file`.
std::expected<Object, Diagnostic> parse_file(std::string_view text, std::string_view file,
                                             const GrammarLimits& limits = {});

/// One value alone, as an administrator types it: "30", "(imap pop3)", "\"two words\"".
std::expected<Value, Diagnostic> parse_value(std::string_view text, const GrammarLimits& limits = {});

/// The file of an object: parse_file(print(object)) == object.
std::string print(const Object& object, std::string_view root = "Server");

/// The word as it stands in a file: quoted where it must be, or where it is not a plain name or number.
std::string print_word(std::string_view text);

/// One value, on one line.
std::string print_value(const Value& value);

}  // namespace postrider::settings
