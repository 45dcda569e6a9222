#include "cli/wire/words.h"

#include "text/utf8.h"

namespace postrider::cli {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_control(char c) {
    auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7f;
}

bool escapable(char c) {
    return c == ' ' || c == '\'' || c == '"' || c == '\\' || c == '(' || c == ')';
}

class Scanner {
public:
    explicit Scanner(std::string_view line) : line_{line} {}

    std::expected<std::vector<Word>, WordError> run() {
        std::vector<Word> words;
        if (line_.size() > max_line) return fail("the line is too long");
        for (skip_blanks(); at_ < line_.size(); skip_blanks()) {
            if (++count_ > max_words) return fail("too many words");
            Word word;
            bool good = line_[at_] == '(' ? set(word) : plain(word.text, word.quoted, false);
            if (good && at_ < line_.size() && !is_blank(line_[at_])) good = stop("a blank must follow here");
            if (!good) return std::unexpected(error_);
            words.push_back(std::move(word));
        }
        return words;
    }

private:
    std::unexpected<WordError> fail(std::string what) const {
        return std::unexpected(WordError{at_, std::move(what)});
    }
    bool stop(std::string_view what) {
        error_ = {at_, std::string{what}};
        return false;
    }
    void skip_blanks() {
        while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
    }

    bool plain(std::string& text, bool& was_quoted, bool in_set) {
        std::size_t begin = at_;
        char first = line_[at_];
        was_quoted = first == '"' || first == '\'';
        bool good = first == '\''  ? single_quoted(text)
                    : first == '"' ? double_quoted(text)
                                   : escaped(text, in_set);
        if (!good) return false;
        if (!text::valid_utf8(text)) {
            at_ = begin;
            return stop("this word is not UTF-8");
        }
        return true;
    }

    bool single_quoted(std::string& text) {
        for (++at_; at_ < line_.size(); ++at_) {
            if (line_[at_] == '\'') return ++at_, true;
            if (is_control(line_[at_])) return stop("a control character");
            text.push_back(line_[at_]);
        }
        return stop("the closing ' is missing");
    }

    bool double_quoted(std::string& text) {
        for (++at_; at_ < line_.size(); ++at_) {
            char c = line_[at_];
            if (c == '"') return ++at_, true;
            if (is_control(c)) return stop("a control character");
            if (c == '\\' && at_ + 1 < line_.size() && escapable(line_[at_ + 1])) c = line_[++at_];
            text.push_back(c);
        }
        return stop("the closing \" is missing");
    }

    bool escaped(std::string& text, bool in_set) {
        for (; at_ < line_.size(); ++at_) {
            char c = line_[at_];
            if (is_blank(c) || (in_set && c == ')')) break;
            if (is_control(c)) return stop("a control character");
            if (c == '"' && !text.empty()
                && std::string_view{"=<>"}.find(text.back()) != std::string_view::npos)
                return double_quoted(text);  // sender="two words": a filter's operand
            if (c == '"' || c == '\'') return stop("a quote inside a word: put \\ before it");
            if (c == '\\' && at_ + 1 < line_.size() && escapable(line_[at_ + 1])) c = line_[++at_];
            text.push_back(c);
        }
        return true;
    }

    bool set(Word& word) {
        word.is_set = true;
        ++at_;
        for (skip_blanks(); at_ < line_.size(); skip_blanks()) {
            if (line_[at_] == ')') return ++at_, true;
            if (line_[at_] == '(') return stop("a set in a set");
            if (++count_ > max_words) return stop("too many words");
            std::string element;
            bool ignored = false;
            if (!plain(element, ignored, true)) return false;
            if (at_ < line_.size() && !is_blank(line_[at_]) && line_[at_] != ')')
                return stop("a blank must follow here");
            word.elements.push_back(std::move(element));
        }
        return stop("the closing ) is missing");
    }

    std::string_view line_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    WordError error_;
};

}  // namespace

std::expected<std::vector<Word>, WordError> parse_words(std::string_view line) {
    return Scanner{line}.run();
}

std::string quoted_text(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out += '"';
}

std::string print(const Word& word) {
    if (word.is_set) {
        std::string out = "(";
        for (const std::string& element : word.elements) {
            if (out.size() > 1) out.push_back(' ');
            out += quoted_text(element);
        }
        return out += ')';
    }
    if (word.quoted || word.text.empty()) return quoted_text(word.text);
    std::string out;
    for (char c : word.text) {
        if (escapable(c)) out.push_back('\\');
        out.push_back(c);
    }
    return out;
}

}  // namespace postrider::cli
