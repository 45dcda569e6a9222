#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/message.h"
#include "sieve/text_template.h"
#include "sieve/wildcard.h"

namespace re2 {
class RE2;
}

namespace postrider::sieve {

enum class Comparator : std::uint8_t { octet, ascii, numeric, unicode };
enum class MatchType : std::uint8_t { is, contains, matches, regex, count, value, list };
enum class Relation : std::uint8_t { eq, ne, gt, ge, lt, le };

/// A key as its match type needs it.
struct Key {
    std::string text;    ///< folded as the comparator folds
    std::string source;  ///< not folded
    std::optional<Wildcard> wildcard;
    std::shared_ptr<re2::RE2> regex;  ///< null when the expression is not one
};

/// Match type, comparator and keys of a test. Constant keys are prepared once.
class Matcher {
public:
    MatchType type = MatchType::is;
    Comparator comparator = Comparator::ascii;
    Relation relation = Relation::eq;
    bool first_key_only = false;  ///< compatibility: `:count` looks at the first one only
    std::uint32_t max_regex_memory = 1u << 20;
    bool sets_variables = false;  ///< variables are required: matches are remembered (RFC 5229 §3.2)

    /// Takes the keys; @return what is wrong with one of them, or "".
    std::string prepare(TextList keys);

    bool counts() const { return type == MatchType::count; }
    /// Does one of the keys match? `folded` is what is kept of `text`, or null.
    bool value(Machine& machine, std::string_view text, Folded* folded) const;
    bool count(Machine& machine, std::size_t count) const;

private:
    bool one(Machine& machine, const Key& key, std::string_view text, Folded* folded) const;
    bool wildcard(Machine& machine, const Key& key, std::string_view text, Folded* folded) const;
    bool regular(Machine& machine, const Key& key, std::string_view text) const;
    bool relate(std::string_view text, std::string_view folded, const Key& key) const;
    Key make(std::string text) const;

    TextList templates_;
    std::vector<Key> keys_;  ///< empty when a key is not constant
};

}  // namespace postrider::sieve
