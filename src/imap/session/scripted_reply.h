#pragma once

#include <cctype>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text/ascii.h"

/// For tests: replies and expectations of the imaptest script format as trees, and how they are compared
/// (tests/data/imap-scripted/FORMAT.md).
namespace postrider::imap::scripted {

struct Node {
    bool list = false;
    std::string text;            ///< of a word or string
    std::vector<Node> children;  ///< of (...) and [...]
    bool lax = false;            ///< ~{{{: a piece of text that may be cut inside a CRLF
};

class Reader {
public:
    explicit Reader(std::string_view text) : text_{text} {}
    std::vector<Node> all(char until = '\0') {
        std::vector<Node> nodes;
        for (;;) {
            while (at_ < text_.size() && text_[at_] == ' ') ++at_;
            if (at_ >= text_.size()) return nodes;
            if (text_[at_] == until) {
                ++at_;
                return nodes;
            }
            nodes.push_back(one());
        }
    }

private:
    Node one() {
        char c = text_[at_];
        if (c == '(' || c == '[') {
            ++at_;
            return {true, {}, all(c == '(' ? ')' : ']')};
        }
        if (c == '"') return {false, quoted(), {}};
        if (c == '~' && text_.substr(at_ + 1).starts_with('{')) c = text_[++at_];
        bool lax = at_ > 0 && text_[at_ - 1] == '~';
        if (c == '{') return {false, literal(), {}, lax};
        std::string word;
        while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != ')' && text_[at_] != ']') {
            if (text_[at_] == '(') break;
            if (text_[at_] == '[') {  // BODY[HEADER.FIELDS (A B)] is one word
                std::size_t end = std::min(text_.find(']', at_), text_.size() - 1);
                word += text_.substr(at_, end - at_ + 1);
                at_ = end + 1;
            } else if (text_[at_] == '"') {
                word += quoted();
            } else {
                word += text_[at_++];
            }
        }
        if (word.empty()) word += text_[at_++];
        return {false, word, {}};
    }
    std::string quoted() {
        std::string out;
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
            if (at_ < text_.size()) out += text_[at_];
        }
        ++at_;
        return out;
    }
    std::string literal() {
        if (text_.substr(at_).starts_with("{{{")) {  // of a script: lines up to }}}
            std::size_t begin = text_.find('\n', at_) + 1;
            std::size_t end = text_.find("\n}}}", begin - 1);
            std::string out;
            for (char c : begin <= end ? text_.substr(begin, end - begin) : std::string_view{})
                out += c == '\n' ? std::string{"\r\n"} : std::string{c};
            at_ = end + 4;
            return out;
        }
        std::size_t close = text_.find('}', at_);
        std::size_t size = std::stoul(std::string{text_.substr(at_ + 1, close - at_ - 1)});
        std::string out{text_.substr(close + 3, size)};
        at_ = close + 3 + size;
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

using Variables = std::map<std::string, std::string>;

/// The text with its variables put in; a variable without a value stays.
inline std::string expand(std::string_view text, const Variables& variables) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '$') {
            out += text[at];
            continue;
        }
        if (text.substr(at).starts_with("$$")) {
            out += '$';
            ++at;
            continue;
        }
        bool braced = at + 1 < text.size() && text[at + 1] == '{';
        std::size_t begin = at + (braced ? 2 : 1), end = begin;
        while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_'))
            ++end;
        auto found = variables.find(std::string{text.substr(begin, end - begin)});
        if (end == begin || found == variables.end()) {
            out += '$';
            continue;
        }
        out += found->second;
        at = end - (braced ? 0 : 1);
    }
    return out;
}

class Matcher {
public:
    explicit Matcher(Variables& variables) : variables_{variables} {}

    /// @param prefix  what follows in `got` does not matter
    bool row(const std::vector<Node>& wanted, const std::vector<Node>& got, bool prefix) {
        if (prefix ? wanted.size() > got.size() : wanted.size() != got.size()) return false;
        std::string verb = wanted.empty() ? "" : text::to_lower(wanted.front().text);
        if (wanted.size() > 1 && !verb.empty() && std::isdigit(static_cast<unsigned char>(verb[0])))
            verb = text::to_lower(wanted[1].text);
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (!node(wanted[i], got[i], defaults(verb))) return false;
        return true;
    }

private:
    struct Rules {
        std::size_t chain = 0;  ///< 0: ordered
        bool extra = true;
        std::vector<std::string> ignore, ban;
    };
    static Rules defaults(const std::string& verb) {
        if (verb == "fetch" || verb == "status") return {2, true, {}, {}};
        if (verb == "list" || verb == "lsub") return {1, true, {}, {}};
        return {};
    }

    bool word(const std::string& wanted, const std::string& got) {
        if (wanted == "$") return true;
        std::string now = expand(wanted, variables_);
        if (now.size() > 1 && now[0] == '$' && wanted[0] == '$' && wanted[1] != '$') {
            std::string name = wanted.substr(1);
            if (name.starts_with('{')) name = name.substr(1, name.size() - 2);
            variables_[name] = got;
            return true;
        }
        return text::equal_ci(now, got);
    }

    bool node(const Node& wanted, const Node& got, Rules rules) {
        if (!wanted.list && wanted.text == "$") return true;
        if (wanted.list != got.list) return false;
        if (wanted.lax) {
            auto plain = [](std::string text) { return std::erase(text, '\r'), text; };
            return plain(wanted.text) == plain(got.text);
        }
        if (!wanted.list) return word(wanted.text, got.text);
        std::vector<Node> elements;
        bool directed = false;
        for (const Node& one : wanted.children) {
            if (one.list || !one.text.starts_with("$!")) {
                elements.push_back(one);
                continue;
            }
            if (!directed) rules = {1, true, {}, {}}, directed = true;
            std::string what = text::to_lower(one.text.substr(2));
            if (what == "ordered")
                rules.chain = 0;
            else if (what == "unordered")
                rules.chain = 1;
            else if (what.starts_with("unordered="))
                rules.chain = std::stoul(what.substr(10));
            else if (what == "noextra")
                rules.extra = false;
            else if (what == "extra")
                rules.extra = true;
            else if (what.starts_with("ignore="))
                rules.ignore.push_back(what.substr(7));
            else if (what.starts_with("ban="))
                rules.ban.push_back(what.substr(4));
        }
        if (rules.chain == 0) return ordered(elements, got.children);
        return unordered(elements, got.children, rules);
    }

    bool ordered(const std::vector<Node>& wanted, const std::vector<Node>& got) {
        if (wanted.size() != got.size()) return false;
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (!node(wanted[i], got[i], {})) return false;
        return true;
    }

    static bool named(const Node& node, const std::vector<std::string>& names) {
        for (const std::string& name : names)
            if (text::equal_ci(node.text, name)) return true;
        return false;
    }

    bool unordered(const std::vector<Node>& wanted, const std::vector<Node>& got, const Rules& rules) {
        std::vector<bool> used(got.size());
        for (std::size_t w = 0; w < wanted.size(); w += rules.chain) {
            bool found = false;
            for (std::size_t g = 0; g + rules.chain <= got.size() && !found; g += rules.chain) {
                if (used[g]) continue;
                found = true;
                for (std::size_t i = 0; i < rules.chain && found && w + i < wanted.size(); ++i) {
                    Rules inner;
                    if (i == 1 && text::equal_ci(wanted[w].text, "flags"))
                        inner = {1, false, {"\\recent"}, {}};
                    found = node(wanted[w + i], got[g + i], inner);
                }
                if (found) used[g] = true;
            }
            if (!found) return false;
        }
        for (std::size_t g = 0; g < got.size(); g += rules.chain) {
            if (named(got[g], rules.ban)) return false;
            if (!used[g] && !rules.extra && !named(got[g], rules.ignore)) return false;
        }
        return true;
    }

    Variables& variables_;
};

}  // namespace postrider::imap::scripted
