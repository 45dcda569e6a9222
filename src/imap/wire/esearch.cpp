#include "imap/wire/esearch.h"

#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

using Kind = MailboxFilter::Kind;

struct Row {
    std::string_view word;
    Kind kind;
    bool named;
};
constexpr Row rows[] = {
    {"SELECTED", Kind::selected, false},      {"INBOXES", Kind::inboxes, false},
    {"PERSONAL", Kind::personal, false},      {"SUBSCRIBED", Kind::subscribed, false},
    {"SUBTREE-ONE", Kind::subtree_one, true}, {"SUBTREE", Kind::subtree, true},
    {"MAILBOXES", Kind::mailboxes, true},
};

}  // namespace

MailboxFilter mailbox_filter(Cursor& in) {
    MailboxFilter filter;
    for (const Row& row : rows) {
        if (!in.take_word(row.word)) continue;
        filter.kind = row.kind;
        if (!row.named) return filter;
        in.need(" ");
        auto add = [&](Cursor& at) {
            if (filter.names.size() == max_sources) at.fail("fewer mailboxes");
            filter.names.push_back(mailbox(at));
        };
        if (in.peek() == '(')
            list_of(in, false, add);
        else
            add(in);
        return filter;
    }
    in.fail("which mailboxes are meant");
    return filter;
}

Parsed<EsearchArgs> parse_esearch(std::string_view args) {
    Cursor in{args};
    EsearchArgs search;
    if (in.take_word("IN")) {
        in.need(" ");
        list_of(in, false, [&](Cursor& at) {
            if (search.sources.size() == max_sources) at.fail("fewer sources");
            search.sources.push_back(mailbox_filter(at));
        });
        in.need(" ");
    } else {
        search.sources.emplace_back();
    }
    if (in.take_word("RETURN")) {
        in.need(" ");
        return_options(in, search.search);
    }
    if (in.take_word("CHARSET")) {
        in.need(" ");
        search.search.charset = text::to_upper(astring(in));
        in.need(" ");
    }
    search.search.program = search_keys(in);
    if (search.search.returns & SearchArgs::relevancy) need_fuzzy(in, search.search.program);
    return in.finish(std::move(search));
}

Parsed<std::vector<std::string>> parse_tags(std::string_view args) {
    Cursor in{args};
    std::vector<std::string> tags;
    do {
        if (tags.size() == max_sources) in.fail("fewer tags");
        tags.push_back(astring(in));
    } while (in.ok() && in.take(" "));
    return in.finish(std::move(tags));
}

}  // namespace postrider::imap
