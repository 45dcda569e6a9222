#include "imap/wire/acl.h"

#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

std::string identifier(Cursor& in) {
    std::string name = astring(in);
    if (name.empty() || name.size() > max_identifier) in.fail("an identifier");
    return name;
}

}  // namespace

Parsed<std::string> parse_acl_mailbox(std::string_view args) {
    Cursor in{args};
    std::string name = mailbox(in);
    return in.finish(std::move(name));
}

Parsed<AclIdentifierArgs> parse_acl_identifier(std::string_view args) {
    Cursor in{args};
    AclIdentifierArgs out;
    out.mailbox = mailbox(in);
    in.need(" ");
    out.identifier = identifier(in);
    return in.finish(std::move(out));
}

Parsed<SetAclArgs> parse_set_acl(std::string_view args) {
    Cursor in{args};
    SetAclArgs out;
    out.mailbox = mailbox(in);
    in.need(" ");
    out.identifier = identifier(in);
    in.need(" ");
    out.letters = astring(in);
    if (out.letters.starts_with('+'))
        out.mode = SetAclArgs::Mode::add;
    else if (out.letters.starts_with('-'))
        out.mode = SetAclArgs::Mode::remove;
    if (out.mode != SetAclArgs::Mode::replace) out.letters.erase(0, 1);
    return in.finish(std::move(out));
}

}  // namespace postrider::imap
