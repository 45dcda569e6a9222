#include "imap/wire/append.h"

#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

/// append-message = [SP flag-list] [SP date-time] SP append-data; append-data = literal / literal8 /
/// "UTF8" SP "(" literal8 ")"                                                   RFC 9051 §9, RFC 6855 §4
AppendArgs::Message message(Cursor& in) {
    AppendArgs::Message one;
    if (in.peek() == '(') {
        one.flags = flag_list(in);
        in.need(" ");
    }
    if (in.peek() == '"') {
        one.date = date_time(in);
        in.need(" ");
    }
    one.utf8 = in.take_word("UTF8");
    if (one.utf8) in.need(" (");
    if (!at_literal(in)) in.fail("a literal");
    one.octets = literal(in);
    if (one.utf8) in.need(")");
    return one;
}

}  // namespace

Parsed<AppendArgs> parse_append(std::string_view args) {
    Cursor in{args};
    AppendArgs append;
    append.mailbox = mailbox(in);
    do {
        in.need(" ");
        append.messages.push_back(message(in));
    } while (in.ok() && !in.at_end());
    return in.finish(std::move(append));
}

}  // namespace postrider::imap
