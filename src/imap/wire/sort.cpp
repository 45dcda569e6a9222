#include "imap/wire/sort.h"

#include <algorithm>

#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

using Kind = SortKey::Kind;

struct Row {
    std::string_view word;
    Kind kind;
};
constexpr Row rows[] = {{"ARRIVAL", Kind::arrival},
                        {"CC", Kind::cc},
                        {"DATE", Kind::date},
                        {"DISPLAYFROM", Kind::display_from},
                        {"DISPLAYTO", Kind::display_to},
                        {"FROM", Kind::from},
                        {"RELEVANCY", Kind::relevancy},
                        {"SIZE", Kind::size},
                        {"SUBJECT", Kind::subject},
                        {"TO", Kind::to}};

SortKey sort_key(Cursor& in) {
    SortKey key;
    key.reverse = in.take_word("REVERSE");
    if (key.reverse) in.need(" ");
    for (const Row& row : rows) {
        if (!in.take_word(row.word)) continue;
        key.kind = row.kind;
        return key;
    }
    in.fail("a sort key");
    return key;
}

/// charset SP search-key *(SP search-key): unlike SEARCH's, the charset must be there.
void search_criteria(Cursor& in, SearchArgs& search) {
    search.charset = text::to_upper(astring(in));
    search.charset_is_fixed = true;
    in.need(" ");
    search.program = search_keys(in);
}

}  // namespace

Parsed<SortArgs> parse_sort(std::string_view args) {
    Cursor in{args};
    SortArgs sort;
    if (in.take_word("RETURN")) {
        in.need(" ");
        return_options(in, sort.search);
    }
    list_of(in, false, [&](Cursor& at) {
        if (sort.keys.size() == max_sort_keys) at.fail("fewer sort keys");
        sort.keys.push_back(sort_key(at));
    });
    in.need(" ");
    search_criteria(in, sort.search);
    const bool relevancy = std::any_of(sort.keys.begin(), sort.keys.end(),
                                       [](SortKey key) { return key.kind == Kind::relevancy; });
    if (relevancy || (sort.search.returns & SearchArgs::relevancy)) need_fuzzy(in, sort.search.program);
    return in.finish(std::move(sort));
}

Parsed<ThreadArgs> parse_thread(std::string_view args) {
    Cursor in{args};
    ThreadArgs thread;
    if (in.take_word("ORDEREDSUBJECT"))
        thread.algorithm = ThreadArgs::Algorithm::ordered_subject;
    else if (in.take_word("REFERENCES"))
        thread.algorithm = ThreadArgs::Algorithm::references;
    else if (in.take_word("REFS"))
        thread.algorithm = ThreadArgs::Algorithm::refs;
    else
        in.fail("a threading algorithm");
    in.need(" ");
    search_criteria(in, thread.search);
    return in.finish(std::move(thread));
}

}  // namespace postrider::imap
