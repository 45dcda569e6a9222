#include "observe/mask.h"

#include <algorithm>

namespace postrider::observe {

namespace {

struct Secret {
    std::string_view command;
    int shown;       ///< arguments that may be shown
    bool after_tag;  ///< the command follows a tag (IMAP)
};

constexpr Secret secrets[] = {
    {"AUTH", 1, false},          // SMTP RFC 4954 §4, POP3 RFC 5034 §4: mechanism [initial response]
    {"AUTHENTICATE", 1, true},   // IMAP RFC 9051 §6.2.2
    {"AUTHENTICATE", 1, false},  // ManageSieve RFC 5804 §2.1
    {"LOGIN", 1, true},          // IMAP RFC 9051 §6.2.3: user password
    {"PASS", 0, false},          // POP3 RFC 1939 §7
    {"APOP", 1, false},          // POP3 RFC 1939 §7: name digest
};

constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool same(std::string_view word, std::string_view command) {
    if (word.size() != command.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (upper(word[i]) != command[i]) return false;
    }
    return true;
}

std::size_t skip_blanks(std::string_view line, std::size_t at) {
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
    return at;
}

/// The end of the word at `at`; a quoted string is one word, so that a space inside does not end it.
std::size_t word_end(std::string_view line, std::size_t at) {
    if (at < line.size() && line[at] == '"') {
        for (++at; at < line.size() && line[at] != '"'; ++at) {
            if (line[at] == '\\') ++at;
        }
        return at < line.size() ? at + 1 : line.size();
    }
    while (at < line.size() && line[at] != ' ' && line[at] != '\t') ++at;
    return at;
}

bool unbalanced(std::string_view line, std::size_t at) {
    if (at >= line.size() || line[at] != '"') return false;
    std::size_t end = word_end(line, at);
    return end == line.size() && (end - at < 2 || line[end - 1] != '"' || line[end - 2] == '\\');
}

/// Where the secret begins, or npos. A password may look like a command after a tag ("PASS LOGIN me"), so the
/// earliest place counts.
std::size_t secret_begin(std::string_view line) {
    std::size_t first = skip_blanks(line, 0);
    std::size_t first_end = word_end(line, first);
    std::size_t second = skip_blanks(line, first_end);
    std::size_t second_end = word_end(line, second);
    std::size_t earliest = std::string_view::npos;
    for (const Secret& secret : secrets) {
        std::string_view word = secret.after_tag ? line.substr(second, second_end - second)
                                                 : line.substr(first, first_end - first);
        if (!same(word, secret.command)) continue;
        std::size_t at = skip_blanks(line, secret.after_tag ? second_end : first_end);
        for (int i = 0; i < secret.shown; ++i) {
            if (unbalanced(line, at)) break;  // who knows where the name ends
            at = skip_blanks(line, word_end(line, at));
        }
        if (at < line.size()) earliest = std::min(earliest, at);
    }
    return earliest;
}

}  // namespace

void append_masked(std::string& out, std::string_view line) {
    std::size_t secret = secret_begin(line);
    out.append(line.substr(0, secret));
    if (secret != std::string_view::npos) out.append("***");
}

}  // namespace postrider::observe
