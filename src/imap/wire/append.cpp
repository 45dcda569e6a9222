#include "imap/wire/append.h"

#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

/// cat-part = "URL" SP astring / "TEXT" SP literal / "UTF8" SP "(" literal8 ")"   RFC 4469 §5, RFC 6855 §4
void cat_part(Cursor& in, AppendArgs::Message& one) {
    if (one.pieces.size() == max_pieces) in.fail("fewer pieces");
    auto& piece = one.pieces.emplace_back();
    if (in.take_word("URL")) {
        in.need(" ");
        piece.url = astring(in);
        return;
    }
    bool utf8 = in.take_word("UTF8");
    if (!utf8) in.need("TEXT");
    in.need(utf8 ? " (" : " ");
    if (!at_literal(in)) in.fail("a literal");
    piece.octets = literal(in);
    if (utf8) in.need(")");
    one.utf8 = one.utf8 || utf8;
}

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
    if (in.take_word("CATENATE")) {
        in.need(" ");
        list_of(in, false, [&](Cursor& at) { cat_part(at, one); });
        return one;
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

Parsed<ReplaceArgs> parse_replace(std::string_view args) {
    Cursor in{args};
    ReplaceArgs replace;
    replace.set = sequence_set(in);
    bool one =
        replace.set.saved
        || (replace.set.ranges.size() == 1 && replace.set.ranges[0].first == replace.set.ranges[0].last);
    if (!one) in.fail("one message");
    in.need(" ");
    replace.append.mailbox = mailbox(in);
    in.need(" ");
    replace.append.messages.push_back(message(in));
    return in.finish(std::move(replace));
}

}  // namespace postrider::imap
