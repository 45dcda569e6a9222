#include "migration/maildir_files.h"

#include <algorithm>
#include <charconv>

#include "migration/file.h"

namespace postrider::migration {
namespace {

constexpr std::size_t max_line = 16'384;

bool number(std::string_view text, std::uint32_t& out) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string_view word(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    std::string_view one = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return one;
}

template <class Visit>
void each_line(std::string_view text, Visit&& visit) {
    for (std::uint64_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        visit(number, line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

constexpr struct {
    char letter;
    std::uint8_t flag;
} flag_letters[] = {{'D', mailstore::draft},
                    {'F', mailstore::flagged},
                    {'R', mailstore::answered},
                    {'S', mailstore::seen},
                    {'T', mailstore::deleted}};

}  // namespace

MaildirName parse_maildir_name(std::string_view name) {
    MaildirName parsed;
    // ':' is what the format has; ';' and '!' stand for it where file systems have no ':' in names. Before
    // the last ':' they are letters like others.
    std::size_t info = name.size();
    for (std::string_view mark : {":2,", ";2,", "!2,"}) {
        const std::size_t at = name.rfind(mark);
        if (at == std::string_view::npos) continue;
        info = at;
        break;
    }
    parsed.base = name.substr(0, info);
    if (info == name.size()) return parsed;
    for (char c : name.substr(info + 3)) {
        for (const auto& one : flag_letters)
            if (one.letter == c) parsed.flags |= one.flag;
        if (c == 'P') parsed.passed = true;
        if (c >= 'a' && c <= 'z') parsed.letters |= std::uint32_t{1} << (c - 'a');
        if (c == ',') break;  // further fields are somebody else's
    }
    return parsed;
}

std::string maildir_suffix(std::uint8_t flags, bool passed, std::uint32_t letters) {
    std::string suffix = ":2,";  // the letters in ASCII order
    for (const auto& one : flag_letters) {
        if (one.letter == 'R' && passed) suffix += 'P';
        if (flags & one.flag) suffix += one.letter;
    }
    for (int i = 0; i < 26; ++i)
        if (letters >> i & 1) suffix += static_cast<char>('a' + i);
    return suffix;
}

UidList parse_uidlist(std::string_view text, const std::string& file, const OnProblem& problem) {
    UidList list;
    std::uint32_t version = 0, last = 0;
    each_line(text, [&](std::uint64_t at, std::string_view line) {
        if (line.empty()) return;
        if (line.size() > max_line) return problem({file, at, "line is too long"});
        if (version == 0) {
            std::string_view rest = line;
            std::uint32_t first = 0;
            bool ok = number(word(rest), first) && (first == 1 || first == 3);
            if (ok && first == 1)
                ok = number(word(rest), list.uid_validity) && number(word(rest), list.uid_next);
            while (ok && first == 3 && !rest.empty()) {
                std::string_view field = word(rest);
                if (field.starts_with('V')) ok = number(field.substr(1), list.uid_validity);
                if (field.starts_with('N')) ok = number(field.substr(1), list.uid_next);
            }
            version = ok ? first : 99;
            if (!ok) problem({file, at, "unknown version of a list of UIDs"});
            return;
        }
        if (version == 99) return;
        std::string_view rest = line;
        std::uint32_t uid = 0;
        if (!number(word(rest), uid) || uid == 0) return problem({file, at, "no UID where one should be"});
        std::string_view name = rest;
        if (version == 3) {
            const std::size_t colon = rest.starts_with(':') ? 0 : rest.find(" :");
            if (colon == std::string_view::npos) return problem({file, at, "no file name"});
            name = rest.substr(colon + (colon == 0 && rest.starts_with(':') ? 1 : 2));
        }
        name = parse_maildir_name(name).base;
        if (name.empty()) return problem({file, at, "no file name"});
        if (uid <= last) return problem({file, at, "UIDs do not ascend"});
        if (list.uids.size() >= max_found_messages) return;
        last = uid;
        list.uids.insert_or_assign(std::string{name}, uid);
    });
    if (last >= list.uid_next && last != 0xffffffff) list.uid_next = last + 1;
    return list;
}

std::vector<std::string> parse_keywords(std::string_view text, const std::string& file,
                                        const OnProblem& problem) {
    std::vector<std::string> keywords;
    each_line(text, [&](std::uint64_t at, std::string_view line) {
        if (line.empty()) return;
        std::uint32_t index = 0;
        std::string_view rest = line;
        if (!number(word(rest), index) || index >= 26 || rest.empty() || rest.size() > 255)
            return problem({file, at, "not a keyword's letter and name"});
        if (keywords.size() <= index) keywords.resize(index + 1);
        keywords[index] = rest;
    });
    return keywords;
}

std::vector<std::string> parse_subscriptions(std::string_view text, char separator) {
    std::vector<std::string> names;
    bool tabs = false;
    each_line(text, [&](std::uint64_t at, std::string_view line) {
        if (at == 1 && line.starts_with("V\t")) tabs = true;
        if (line.empty() || line.size() > max_line || (at == 1 && tabs) || names.size() >= max_found_folders)
            return;
        const char between = tabs ? '\t' : separator;
        std::string path;
        while (true) {
            const std::size_t end = std::min(line.find(between), line.size());
            path += folder_name(line.substr(0, end));
            if (end == line.size()) break;
            path += '/';
            line.remove_prefix(end + 1);
        }
        if (path.starts_with("INBOX/")) names.push_back(path.substr(6));  // Courier's names
        names.push_back(std::move(path));
    });
    return names;
}

}  // namespace postrider::migration
