#include "imap/wire/simple.h"

#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {

Parsed<LoginArgs> parse_login(std::string_view args) {
    Cursor in{args};
    LoginArgs login;
    login.user = astring(in);
    in.need(" ");
    login.password = astring(in);
    return in.finish(std::move(login));
}

Parsed<AuthenticateArgs> parse_authenticate(std::string_view args) {
    Cursor in{args};
    AuthenticateArgs auth;
    auth.mechanism = text::to_upper(atom(in));
    if (in.take(" ")) {
        auth.initial = in.run([](char c) {
            return text::is_alpha(c) || text::is_digit(c) || c == '+' || c == '/' || c == '=';
        });
        if (auth.initial->empty()) in.fail("base64");
    }
    return in.finish(std::move(auth));
}

Parsed<std::string> parse_mailbox(std::string_view args) {
    Cursor in{args};
    std::string name = mailbox(in);
    return in.finish(std::move(name));
}

Parsed<CreateArgs> parse_create(std::string_view args) {
    Cursor in{args};
    CreateArgs create;
    create.mailbox = mailbox(in);
    if (in.take(" ")) {
        in.need("(USE ");
        list_of(in, true, [&](Cursor& at) {
            at.need("\\");
            create.uses.push_back('\\' + std::string{atom(at)});
        });
        in.need(")");
    }
    return in.finish(std::move(create));
}

Parsed<RenameArgs> parse_rename(std::string_view args) {
    Cursor in{args};
    RenameArgs rename;
    rename.from = mailbox(in);
    in.need(" ");
    rename.to = mailbox(in);
    return in.finish(std::move(rename));
}

namespace {

/// A set of numbers that stand for themselves.
SequenceSet known_set(Cursor& in) {
    SequenceSet set = sequence_set(in);
    if (set.saved || set.has_star()) in.fail("a set without *");
    return set;
}

QresyncArgs qresync(Cursor& in) {
    QresyncArgs resync;
    in.need(" (");
    resync.uid_validity = nz_number(in);
    in.need(" ");
    resync.modseq = number64(in);
    bool more = in.take(" ");
    if (more && in.peek() != '(') {
        resync.known_uids = known_set(in);
        more = in.take(" ");
    }
    if (more) {  // seq-match-data
        in.need("(");
        resync.matching_numbers = known_set(in);
        in.need(" ");
        resync.matching_uids = known_set(in);
        in.need(")");
    }
    in.need(")");
    return resync;
}

}  // namespace

Parsed<SelectArgs> parse_select(std::string_view args) {
    Cursor in{args};
    SelectArgs select;
    select.mailbox = mailbox(in);
    if (in.take(" ")) {
        list_of(in, false, [&](Cursor& at) {
            if (at.take_word("CONDSTORE"))
                select.condstore = true;
            else if (!select.qresync && at.take_word("QRESYNC"))
                select.qresync = qresync(at);
            else
                at.fail("CONDSTORE or QRESYNC");
        });
    }
    return in.finish(std::move(select));
}

Parsed<CopyArgs> parse_copy(std::string_view args) {
    Cursor in{args};
    CopyArgs copy;
    copy.set = sequence_set(in);
    in.need(" ");
    copy.mailbox = mailbox(in);
    return in.finish(std::move(copy));
}

Parsed<SequenceSet> parse_set(std::string_view args) {
    Cursor in{args};
    SequenceSet set = sequence_set(in);
    return in.finish(std::move(set));
}

Parsed<std::vector<std::string>> parse_enable(std::string_view args) {
    Cursor in{args};
    std::vector<std::string> names;
    do {
        if (names.size() == max_list) in.fail("fewer capabilities");
        names.push_back(text::to_upper(atom(in)));
    } while (in.ok() && in.take(" "));
    return in.finish(std::move(names));
}

Parsed<std::vector<std::string>> parse_words(std::string_view args) {
    constexpr std::size_t most = 50;
    Cursor in{args};
    std::vector<std::string> words;
    do {
        if (words.size() == most) in.fail("fewer arguments");
        words.push_back(astring(in));
    } while (in.ok() && in.take(" "));
    return in.finish(std::move(words));
}

Parsed<IdArgs> parse_id(std::string_view args) {
    constexpr std::size_t most_fields = 30, longest_field = 30, longest_value = 1024;  // RFC 2971 §3.3
    Cursor in{args};
    IdArgs fields;
    if (!in.take_word("NIL")) {
        list_of(in, true, [&](Cursor& at) {
            std::string name = string(at);
            at.need(" ");
            std::optional<std::string> value = nstring(at);
            if (fields.size() == most_fields || name.size() > longest_field
                || (value && value->size() > longest_value))
                at.fail("fewer or shorter fields");
            fields.emplace_back(std::move(name), std::move(value));
        });
    }
    return in.finish(std::move(fields));
}

Parsed<BatchArgs> parse_uid_batches(std::string_view args) {
    Cursor in{args};
    BatchArgs batches;
    batches.size = nz_number(in);
    if (in.take(" ")) {
        batches.first = nz_number(in);
        in.need(":");
        batches.last = nz_number(in);
        if (batches.last < batches.first) in.fail("a range that ascends");
    }
    return in.finish(batches);
}

Parsed<std::string> parse_quota_root(std::string_view args) {
    Cursor in{args};
    std::string root = astring(in);
    return in.finish(std::move(root));
}

Parsed<SetQuotaArgs> parse_set_quota(std::string_view args) {
    Cursor in{args};
    SetQuotaArgs quota;
    quota.root = astring(in);
    in.need(" ");
    list_of(in, true, [&](Cursor& at) {
        std::string resource = text::to_upper(atom(at));
        at.need(" ");
        std::uint64_t limit = number64(at);
        quota.limits.emplace_back(std::move(resource), limit);
    });
    return in.finish(std::move(quota));
}

}  // namespace postrider::imap
