#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/wire/words.h"

/// How a command is written, as HELP prints it, and whether a line is written so. Pure.
///
///     ADD Account [name] <name> [password <password>]
///
///     WORD          a keyword, in any case; WORD|OTHER: one of them
///     <what>        a value
///     <what>...     all values that follow, at least one
///     [WORD]        a keyword that may be there
///     [<what>]      a value that may be there
///     [WORD <what>] a keyword and a value that may be there
///
/// Optional parts that stand side by side may come in any order, each once.
namespace postrider::cli {

/// What a line gave for a Syntax.
class Matched {
public:
    bool has(std::string_view name) const { return values_.contains(name); }
    /// "" when it was not given.
    const std::string& text(std::string_view name) const;
    std::optional<std::string> maybe(std::string_view name) const;
    /// Elements of a set, or the one word; nothing when it was not given.
    std::vector<std::string> list(std::string_view name) const;
    const std::vector<Word>& rest() const { return rest_; }  ///< of <what>...

private:
    friend class Syntax;
    std::map<std::string, Word, std::less<>> values_;
    std::vector<Word> rest_;
};

class Syntax {
public:
    /// @param text  well-formed: it is the house's own
    explicit Syntax(std::string_view text);

    std::optional<Matched> match(std::span<const Word> words) const;
    /// How many of the keywords at the front of the syntax the line has: which usage to show.
    std::size_t same_front(std::span<const Word> words) const;
    const std::string& text() const { return text_; }

private:
    struct Part {
        std::vector<std::string> keywords;  ///< none: a value alone
        std::string value;                  ///< "": a keyword alone
        bool optional = false;
        bool rest = false;
    };
    bool match(std::size_t part, std::span<const Word> words, std::size_t used, Matched& matched) const;
    static bool is_keyword(const Part& part, const Word& word);

    std::string text_;
    std::vector<Part> parts_;
};

}  // namespace postrider::cli
