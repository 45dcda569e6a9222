#include "imap/session/flag_words.h"

#include <algorithm>

#include "text/ascii.h"

namespace postrider::imap {
namespace {

struct Row {
    std::string_view word;
    mailstore::Flag flag;
};
constexpr Row rows[] = {{"\\Answered", mailstore::answered},
                        {"\\Flagged", mailstore::flagged},
                        {"\\Deleted", mailstore::deleted},
                        {"\\Seen", mailstore::seen},
                        {"\\Draft", mailstore::draft}};
constexpr std::size_t longest_keyword = 128;

}  // namespace

std::expected<FlagWords, Reply> flag_words(const std::vector<std::string_view>& flags) {
    FlagWords words;
    for (std::string_view flag : flags) {
        if (flag.starts_with('\\')) {
            auto row = std::find_if(std::begin(rows), std::end(rows),
                                    [&](const Row& one) { return text::equal_ci(one.word, flag); });
            if (row == std::end(rows)) return std::unexpected(bad("There is no such system flag"));
            words.system |= row->flag;
            continue;
        }
        if (flag.size() > longest_keyword) return std::unexpected(no("[LIMIT] The keyword is too long"));
        bool known = std::any_of(words.keywords.begin(), words.keywords.end(),
                                 [&](const std::string& one) { return text::equal_ci(one, flag); });
        if (!known) words.keywords.emplace_back(flag);
        if (words.keywords.size() > mailstore::max_keywords)
            return std::unexpected(no("[LIMIT] There are too many keywords"));
    }
    return words;
}

}  // namespace postrider::imap
