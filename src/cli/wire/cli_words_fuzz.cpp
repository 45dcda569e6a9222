#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/wire/purge_words.h"
#include "cli/wire/queue_filter.h"
#include "cli/wire/storage_uri.h"
#include "cli/wire/syntax.h"
#include "cli/wire/wildcard.h"

using namespace postrider::cli;

/// Of the words, none is lost: each is the name of a folder or stands in the condition. What was read and is
/// written as one set of names and one quoted condition is read as the same.
static void purge(const std::vector<Word>& words) {
    const auto read = parse_purge(words);
    if (!read) return;
    if (read->folders.empty()) std::abort();
    Word names;
    names.is_set = true;
    names.elements = read->folders;
    std::vector<Word> again{names};
    if (!read->condition.empty()) {
        Word condition;
        condition.text = read->condition;
        condition.quoted = true;
        again.push_back(condition);
    }
    const auto same = parse_purge(again);
    if (!same || same->folders != read->folders || same->condition != read->condition) std::abort();
    std::size_t octets = 0, kept = read->condition.size();
    for (const std::string& folder : read->folders) kept += folder.size();
    for (const Word& word : words)
        if (word.quoted && !word.is_set) octets += word.text.size();
    if (kept < octets) std::abort();
}

/// What was read must be printed and read again as the same; a filter and a syntax take any words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view line{reinterpret_cast<const char*>(data), size};
    if (auto uri = parse_storage_uri(line)) {
        auto again = parse_storage_uri(print(*uri));
        // A path that begins as a URI does is printed behind another "file://".
        if (!again || *again != *uri) std::abort();
    }
    auto words = parse_words(line);
    if (!words) return 0;
    std::string printed;
    for (const Word& word : *words) {
        if (!printed.empty()) printed.push_back(' ');
        printed += print(word);
    }
    if (printed.size() <= max_line) {
        auto again = parse_words(printed);
        if (!again || again->size() != words->size()) std::abort();
        for (std::size_t i = 0; i < words->size(); ++i) {
            if ((*again)[i].text != (*words)[i].text || (*again)[i].elements != (*words)[i].elements)
                std::abort();
            if ((*again)[i].is_set != (*words)[i].is_set) std::abort();
        }
    }
    (void)parse_filter(*words);
    purge(*words);
    static const Syntax syntaxes[] = {Syntax{"ADD Account [name] <name> [password <password>]"},
                                      Syntax{"LIST FILTER <filters>..."},
                                      Syntax{"A [b] [c <d>] [<e>] [f] [<rest>...]"}};
    for (const Syntax& syntax : syntaxes) (void)syntax.match(*words);
    if (words->size() > 1) (void)matches_wildcard((*words)[0].text, (*words)[1].text);
    return 0;
}
