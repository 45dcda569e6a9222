#include "imap/wire/fetch.h"

#include <algorithm>

#include "imap/wire/encode.h"
#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

using Kind = FetchSection::Kind;
using What = FetchSection::What;

/// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"; "MIME" only behind a part
void section_text(Cursor& in, FetchSection& section) {
    if (in.take("HEADER.FIELDS")) {
        section.what = in.take(".NOT") ? What::header_fields_not : What::header_fields;
        in.need(" ");
        list_of(in, false, [&](Cursor& at) {
            std::string name = astring(at);
            // A name with a colon, blank or line end would match nothing and break the label.
            for (char c : name)
                if (c <= ' ' || c == ':' || c == 0x7f) at.fail("a header field name");
            section.fields.push_back(std::move(name));
        });
    } else if (in.take("HEADER")) {
        section.what = What::header;
    } else if (in.take("TEXT")) {
        section.what = What::text;
    } else if (!section.part.empty() && in.take("MIME")) {
        section.what = What::mime;
    } else {
        in.fail("HEADER, TEXT or a part number");
    }
}

/// section = "[" [section-spec] "]"
void section_spec(Cursor& in, FetchSection& section) {
    in.need("[");
    bool dot = true;  // what follows a part's last number needs a dot before it
    while (text::is_digit(in.peek()) && dot) {
        if (section.part.size() == max_part_depth) in.fail("fewer part numbers");
        section.part.push_back(nz_number(in));
        dot = in.take(".");
    }
    if (section.kind == Kind::body) {
        if (section.part.empty() ? in.peek() != ']' : dot) section_text(in, section);
    } else if (!section.part.empty() && dot) {
        in.fail("a part number");
    }
    in.need("]");
}

/// partial = "<" number64 "." nz-number64 ">"
void partial(Cursor& in, FetchSection& section) {
    if (!in.take("<")) return;
    FetchSection::Partial range;
    range.begin = number64(in);
    in.need(".");
    range.count = number64(in);
    if (range.count == 0) in.fail("a number above zero");
    in.need(">");
    section.partial = range;
}

std::string label_of(const FetchSection& section) {
    std::string label = section.kind == Kind::body     ? "BODY["
                        : section.kind == Kind::binary ? "BINARY["
                                                       : "BINARY.SIZE[";
    for (std::size_t i = 0; i < section.part.size(); ++i) {
        if (i > 0) label += '.';
        put_number(label, section.part[i]);
    }
    if (section.what != What::content && !section.part.empty()) label += '.';
    switch (section.what) {
        case What::content: break;
        case What::header: label += "HEADER"; break;
        case What::header_fields: label += "HEADER.FIELDS ("; break;
        case What::header_fields_not: label += "HEADER.FIELDS.NOT ("; break;
        case What::text: label += "TEXT"; break;
        case What::mime: label += "MIME"; break;
    }
    for (std::size_t i = 0; i < section.fields.size(); ++i) {
        if (i > 0) label += ' ';
        put_astring(label, section.fields[i]);
    }
    label += section.fields.empty() ? "]" : ")]";
    if (section.partial && section.kind != Kind::binary_size) {
        label += '<';
        put_number(label, section.partial->begin);
        label += '>';
    }
    return label;
}

void add_section(Cursor& in, FetchArgs& fetch, FetchSection section) {
    if (fetch.sections.size() == max_sections) in.fail("fewer sections");
    if (section.label.empty()) section.label = label_of(section);
    fetch.sections.push_back(std::move(section));
}

void fetch_section(Cursor& in, FetchArgs& fetch, Kind kind, bool peek) {
    FetchSection section;
    section.kind = kind;
    section.peek = peek || kind == Kind::binary_size;
    section_spec(in, section);
    if (kind != Kind::binary_size) partial(in, section);
    add_section(in, fetch, std::move(section));
}

/// RFC 3501 §6.4.5: RFC822, RFC822.HEADER and RFC822.TEXT are sections by another name.
void rfc822(Cursor& in, FetchArgs& fetch, std::string_view label, What what, bool peek) {
    FetchSection section;
    section.what = what;
    section.peek = peek;
    section.label = label;
    add_section(in, fetch, std::move(section));
}

}  // namespace

void fetch_att(Cursor& in, FetchArgs& fetch) {
    if (in.take_word("UID"))
        fetch.items |= FetchArgs::uid;
    else if (in.take_word("FLAGS"))
        fetch.items |= FetchArgs::flags;
    else if (in.take_word("INTERNALDATE"))
        fetch.items |= FetchArgs::internal_date;
    else if (in.take_word("ENVELOPE"))
        fetch.items |= FetchArgs::envelope;
    else if (in.take_word("MODSEQ"))
        fetch.items |= FetchArgs::modseq;
    else if (in.take_word("EMAILID"))
        fetch.items |= FetchArgs::email_id;
    else if (in.take_word("THREADID"))
        fetch.items |= FetchArgs::thread_id;
    else if (in.take_word("SAVEDATE"))
        fetch.items |= FetchArgs::save_date;
    else if (in.take_word("PREVIEW")) {
        // RFC 8970 §4.1: previews were made when the message came, so none is too much for LAZY.
        in.take(" (LAZY)");
        fetch.items |= FetchArgs::preview;
    } else if (in.take_word("RFC822.SIZE"))
        fetch.items |= FetchArgs::size;
    else if (in.take_word("RFC822.HEADER"))
        rfc822(in, fetch, "RFC822.HEADER", What::header, true);
    else if (in.take_word("RFC822.TEXT"))
        rfc822(in, fetch, "RFC822.TEXT", What::text, false);
    else if (in.take_word("RFC822"))
        rfc822(in, fetch, "RFC822", What::content, false);
    else if (in.take_word("BODYSTRUCTURE"))
        fetch.items |= FetchArgs::body_structure;
    else if (in.take_word("BODY.PEEK"))
        fetch_section(in, fetch, Kind::body, true);
    else if (in.take_word("BINARY.PEEK"))
        fetch_section(in, fetch, Kind::binary, true);
    else if (in.take_word("BINARY.SIZE"))
        fetch_section(in, fetch, Kind::binary_size, true);
    else if (in.take_word("BINARY"))
        fetch_section(in, fetch, Kind::binary, false);
    else if (in.take_word("BODY")) {
        if (in.peek() == '[')
            fetch_section(in, fetch, Kind::body, false);
        else
            fetch.items |= FetchArgs::body;
    } else {
        in.fail("an item to fetch");
    }
}

namespace {

/// fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"            RFC 4466 §2.4
/// fetch-modifier = "CHANGEDSINCE" SP mod-sequence-value / "VANISHED"          RFC 7162 §7
///                / "PARTIAL" SP partial-range                                 RFC 9394 §4
void modifiers(Cursor& in, FetchArgs& fetch) {
    if (!in.take(" ")) return;
    list_of(in, false, [&](Cursor& at) {
        if (at.take_word("CHANGEDSINCE")) {
            at.need(" ");
            fetch.changed_since = number64(at);
        } else if (at.take_word("VANISHED")) {
            fetch.vanished = true;
        } else if (at.take_word("PARTIAL")) {
            if (fetch.partial) at.fail("one PARTIAL only");
            at.need(" ");
            fetch.partial = partial_range(at);
        } else {
            at.fail("CHANGEDSINCE, VANISHED or PARTIAL");
        }
    });
    if (fetch.vanished && !fetch.changed_since) in.fail("CHANGEDSINCE beside VANISHED");
}

}  // namespace

void fetch_atts_to_end(Cursor& in, FetchArgs& fetch) {
    do fetch_att(in, fetch);
    while (in.ok() && in.take(" "));
    in.need(")");
}

void add_items(FetchArgs& to, const FetchArgs& from) {
    to.items |= from.items;
    for (const FetchSection& section : from.sections) {
        bool there = std::any_of(to.sections.begin(), to.sections.end(),
                                 [&](const FetchSection& one) { return one.label == section.label; });
        if (!there && to.sections.size() < max_sections) to.sections.push_back(section);
    }
}

Parsed<FetchArgs> parse_fetch(std::string_view args) {
    constexpr std::uint16_t fast = FetchArgs::flags | FetchArgs::internal_date | FetchArgs::size;
    Cursor in{args};
    FetchArgs fetch;
    fetch.set = sequence_set(in);
    in.need(" ");
    if (in.take_word("ALL"))
        fetch.items = fast | FetchArgs::envelope;
    else if (in.take_word("FULL"))
        fetch.items = fast | FetchArgs::envelope | FetchArgs::body;
    else if (in.take_word("FAST"))
        fetch.items = fast;
    else if (in.peek() == '(')
        list_of(in, false, [&](Cursor& at) { fetch_att(at, fetch); });
    else
        fetch_att(in, fetch);
    modifiers(in, fetch);
    return in.finish(std::move(fetch));
}

}  // namespace postrider::imap
