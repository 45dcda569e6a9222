#include "imap/wire/list.h"

#include "imap/wire/status.h"
#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

/// list-mailbox = 1*list-char / string
std::string list_mailbox(Cursor& in) {
    if (in.peek() == '"' || in.peek() == '{') return string(in);
    std::string_view found = in.run([](char c) { return is_astring_char(c) || c == '%' || c == '*'; });
    if (found.empty()) in.fail("a mailbox pattern");
    return std::string{found};
}

/// list-select-opts
void selection(Cursor& in, ListArgs& list) {
    list.extended = true;
    list_of(in, true, [&](Cursor& at) {
        if (at.take_word("SUBSCRIBED"))
            list.select_subscribed = true;
        else if (at.take_word("REMOTE"))
            list.select_remote = true;
        else if (at.take_word("RECURSIVEMATCH"))
            list.select_recursive = true;
        else if (at.take_word("SPECIAL-USE"))
            list.select_special_use = true;
        else
            at.fail("SUBSCRIBED, REMOTE, RECURSIVEMATCH or SPECIAL-USE");
    });
    // RFC 5258 §3.1: RECURSIVEMATCH says something only about another option, and REMOTE is not one.
    if (list.select_recursive && !list.select_subscribed && !list.select_special_use)
        in.fail("SUBSCRIBED beside RECURSIVEMATCH");
    in.need(" ");
}

/// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
void returns(Cursor& in, ListArgs& list) {
    list.extended = true;
    in.need("RETURN ");
    list_of(in, true, [&](Cursor& at) {
        if (at.take_word("SUBSCRIBED"))
            list.return_subscribed = true;
        else if (at.take_word("CHILDREN"))
            list.return_children = true;
        else if (at.take_word("SPECIAL-USE"))
            list.return_special_use = true;
        else if (at.take_word("MYRIGHTS"))
            list.return_my_rights = true;
        else if (at.take_word("STATUS")) {
            at.need(" ");
            list.return_status |= status_items(at);
        } else if (!list.return_metadata && at.take_word("METADATA")) {
            at.need(" ");
            list.return_metadata = metadata_query(at);
        } else {
            at.fail("SUBSCRIBED, CHILDREN, SPECIAL-USE, MYRIGHTS, STATUS or METADATA");
        }
    });
}

}  // namespace

Parsed<ListArgs> parse_list(std::string_view args) {
    Cursor in{args};
    ListArgs list;
    if (in.peek() == '(') selection(in, list);
    list.reference = mailbox(in);
    in.need(" ");
    if (in.peek() == '(') {
        list.extended = true;
        list_of(in, false, [&](Cursor& at) {
            if (list.patterns.size() == max_patterns) at.fail("fewer patterns");
            list.patterns.push_back(list_mailbox(at));
        });
    } else {
        list.patterns.push_back(list_mailbox(in));
    }
    if (in.take(" ")) returns(in, list);
    return in.finish(std::move(list));
}

Parsed<ListArgs> parse_lsub(std::string_view args) {
    Cursor in{args};
    ListArgs list;
    list.reference = mailbox(in);
    in.need(" ");
    list.patterns.push_back(list_mailbox(in));
    return in.finish(std::move(list));
}

}  // namespace postrider::imap
