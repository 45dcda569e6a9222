#include "rpop/wire/pop3_reply.h"

#include <charconv>
#include <functional>

#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::rpop {
namespace {

template <class T>
bool take_number(std::string_view& text, T& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

/// Visits lines; the visitor gives false to stop.
void each_line(std::string_view lines, const std::function<bool(std::string_view)>& visit) {
    while (!lines.empty()) {
        auto end = lines.find('\n');
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!visit(line)) return;
    }
}

std::vector<Listed> parse(std::string_view lines, std::size_t limit,
                          const std::function<bool(std::string_view, Listed&)>& rest) {
    std::vector<Listed> all;
    each_line(lines, [&](std::string_view line) {
        Listed one;
        if (take_number(line, one.number) && one.number != 0 && line.starts_with(' ')
            && rest(text::trim(line), one))
            all.push_back(std::move(one));
        return all.size() < limit;
    });
    return all;
}

}  // namespace

std::optional<Pop3Status> parse_status(std::string_view line) {
    for (auto [word, ok] :
         {std::pair{std::string_view{"+OK"}, true}, std::pair{std::string_view{"-ERR"}, false}})
        if (text::starts_with_ci(line, word)
            && (line.size() == word.size() || text::is_space(line[word.size()])))
            return Pop3Status{ok, text::trim(line.substr(word.size()))};
    return std::nullopt;
}

std::string_view apop_stamp(std::string_view greeting) {
    auto open = greeting.find('<');
    if (open == std::string_view::npos) return {};
    auto close = greeting.find('>', open);
    if (close == std::string_view::npos) return {};
    std::string_view stamp = greeting.substr(open, close - open + 1);
    return stamp.find('@') != std::string_view::npos && stamp.find(' ') == std::string_view::npos
               ? stamp
               : std::string_view{};
}

std::vector<Listed> parse_sizes(std::string_view lines, std::size_t limit) {
    return parse(lines, limit,
                 [](std::string_view text, Listed& one) { return take_number(text, one.size); });
}

std::vector<Listed> parse_uids(std::string_view lines, std::size_t limit) {
    return parse(lines, limit, [](std::string_view text, Listed& one) {
        std::string_view uid = text.substr(0, text.find_first_of(" \t"));
        if (uid.empty() || uid.size() > 255) return false;
        for (char c : uid)
            if (static_cast<unsigned char>(c) < 0x21 || static_cast<unsigned char>(c) > 0x7e) return false;
        one.uid = uid;
        return true;
    });
}

bool has_capability(std::string_view lines, std::string_view word) {
    bool found = false;
    each_line(lines, [&](std::string_view line) {
        found = text::equal_ci(line.substr(0, line.find_first_of(" \t")), word);
        return !found;
    });
    return found;
}

std::string quoted_for_people(std::string_view given) {
    std::string out = text::repair_utf8(given.substr(0, 400));
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return std::string{text::truncate_utf8(text::trim(out), 200)};
}

}  // namespace postrider::rpop
