#include "imap/wire/metadata.h"

#include <algorithm>

#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

/// entry = astring, a path of slashes. RFC 5464 §3.2. A scope alone names all below it.
std::string entry(Cursor& in, bool may_be_scope) {
    std::string name = text::to_lower(astring(in));
    bool sound = name.size() > 1 && name.front() == '/' && name.back() != '/'
                 && name.find("//") == std::string::npos && name.find_first_of("*%") == std::string::npos
                 && std::all_of(name.begin(), name.end(), [](char c) {
                        auto octet = static_cast<unsigned char>(c);
                        return octet >= 0x20 && octet < 0x7f;
                    });
    if (may_be_scope && (name == "/private" || name == "/shared")) return name;
    if (!sound || !(name.starts_with("/private/") || name.starts_with("/shared/"))) in.fail("an entry name");
    return name;
}

/// maxsize-opt / scope-opt, in parentheses
void options(Cursor& in, MetadataQuery& query) {
    list_of(in, false, [&](Cursor& at) {
        if (at.take_word("MAXSIZE")) {
            at.need(" ");
            query.max_size = number(at);
        } else if (at.take_word("DEPTH")) {
            at.need(" ");
            if (at.take_word("0"))
                query.depth = MetadataQuery::Depth::none;
            else if (at.take_word("1"))
                query.depth = MetadataQuery::Depth::one;
            else if (at.take_word("infinity"))
                query.depth = MetadataQuery::Depth::infinity;
            else
                at.fail("0, 1 or infinity");
        } else {
            at.fail("MAXSIZE or DEPTH");
        }
    });
}

bool at_options(const Cursor& in) {
    std::string_view rest = in.rest();
    return text::starts_with_ci(rest, "(MAXSIZE ") || text::starts_with_ci(rest, "(DEPTH ");
}

/// entries = entry / "(" entry *(SP entry) ")"
void entries(Cursor& in, MetadataQuery& query) {
    auto add = [&](Cursor& at) {
        if (query.entries.size() == max_entries) at.fail("fewer entries");
        query.entries.push_back(entry(at, true));
    };
    if (in.peek() == '(')
        list_of(in, false, add);
    else
        add(in);
}

/// value = nstring / literal8
std::optional<std::string> value(Cursor& in) {
    if (at_literal(in)) return std::string{literal(in)};
    return nstring(in);
}

}  // namespace

MetadataQuery metadata_query(Cursor& in) {
    MetadataQuery query;
    if (at_options(in)) {
        options(in, query);
        in.need(" ");
    }
    entries(in, query);
    return query;
}

bool MetadataQuery::wants(std::string_view name) const {
    return std::any_of(entries.begin(), entries.end(), [&](const std::string& one) {
        if (name == one) return true;
        if (depth == Depth::none || name.size() <= one.size() || !name.starts_with(one)
            || name[one.size()] != '/')
            return false;
        return depth == Depth::infinity || name.find('/', one.size() + 1) == std::string_view::npos;
    });
}

Parsed<GetMetadataArgs> parse_get_metadata(std::string_view args) {
    Cursor in{args};
    GetMetadataArgs get;
    MetadataQuery before;
    if (in.peek() == '(') {
        options(in, before);
        in.need(" ");
    }
    get.mailbox = mailbox(in);
    in.need(" ");
    get.query = metadata_query(in);
    if (!get.query.max_size) get.query.max_size = before.max_size;
    if (get.query.depth == MetadataQuery::Depth::none) get.query.depth = before.depth;
    return in.finish(std::move(get));
}

Parsed<SetMetadataArgs> parse_set_metadata(std::string_view args) {
    Cursor in{args};
    SetMetadataArgs set;
    set.mailbox = mailbox(in);
    in.need(" ");
    list_of(in, false, [&](Cursor& at) {
        if (set.entries.size() == max_entries) at.fail("fewer entries");
        SetMetadataArgs::Entry one;
        one.name = entry(at, false);
        at.need(" ");
        one.value = value(at);
        set.entries.push_back(std::move(one));
    });
    return in.finish(std::move(set));
}

}  // namespace postrider::imap
