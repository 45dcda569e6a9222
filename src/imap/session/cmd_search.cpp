#include "imap/session/commands.h"
#include "imap/session/search_program.h"
#include "imap/wire/encode.h"
#include "imap/wire/search.h"

namespace postrider::imap {
namespace {

/// What a search found, and the modification sequences that a reply may name (RFC 7162 §3.1.5, §3.1.10).
struct Found {
    UidSet uids;
    std::uint32_t count = 0;
    Uid first, last;
    ModSeq highest, of_first, of_last;

    void add(const mailstore::Item& item) {
        if (count++ == 0) {
            first = item.uid;
            of_first = item.modseq;
        }
        last = item.uid;
        of_last = item.modseq;
        highest = std::max(highest, item.modseq);
        append(uids, item.uid);
    }
};

void put_plain(Client& client, const Found& found, bool uid, bool modseq) {
    std::string& out = client.out;
    UidSet shown = uid ? found.uids : numbers_of(client.selected->map, found.uids);
    out += "* SEARCH";
    for (UidRun run : shown) {
        for (std::uint64_t number = run.first.value(); number <= run.last.value(); ++number) {
            out += ' ';
            put_number(out, number);
        }
    }
    if (modseq && found.count > 0) {
        out += " (MODSEQ ";
        put_number(out, found.highest.value());
        out += ')';
    }
    out += "\r\n";
}

/// RFC 7162 §3.1.10: of the messages that the reply names.
ModSeq modseq_of(const Found& found, std::uint8_t returns) {
    if (returns & (SearchArgs::all | SearchArgs::count)) return found.highest;
    ModSeq modseq;
    if (returns & SearchArgs::min) modseq = found.of_first;
    if (returns & SearchArgs::max) modseq = std::max(modseq, found.of_last);
    return modseq;
}

void put_extended(Client& client, const Command& command, const Found& found, std::uint8_t returns,
                  bool modseq) {
    const UidMap& map = client.selected->map;
    std::string& out = client.out;
    auto put = [&](std::string_view word, std::uint64_t value) {
        out += ' ';
        out += word;
        out += ' ';
        put_number(out, value);
    };
    auto shown = [&](Uid one) -> std::uint64_t {
        return command.uid ? one.value() : map.number_of(one).value_or(0);
    };
    out += "* ESEARCH (TAG ";
    put_string(out, command.tag);
    out += ')';
    if (command.uid) out += " UID";
    if (found.count > 0) {
        if (returns & SearchArgs::min) put("MIN", shown(found.first));
        if (returns & SearchArgs::max) put("MAX", shown(found.last));
        if (returns & SearchArgs::all) {
            out += " ALL ";
            put_set(out, command.uid ? found.uids : numbers_of(map, found.uids));
        }
    }
    if (returns & SearchArgs::count) put("COUNT", found.count);
    if (modseq && found.count > 0 && modseq_of(found, returns).value() != 0)
        put("MODSEQ", modseq_of(found, returns).value());
    out += "\r\n";
}

/// RFC 5182 §2.1 and its table: MIN and MAX alone save only what they name.
UidSet saved_of(const Found& found, std::uint8_t returns) {
    if (found.count == 0 || (returns & (SearchArgs::all | SearchArgs::count))
        || !(returns & (SearchArgs::min | SearchArgs::max)))
        return found.uids;
    UidSet saved;
    if (returns & SearchArgs::min) append(saved, found.first);
    if (returns & SearchArgs::max) append(saved, found.last);
    return saved;
}

}  // namespace

Reply cmd_search(Client& client, const Command& command) {
    auto args = parse_search(command.args);
    Selected& selected = *client.selected;
    if (!args) return bad(args.error());
    // RFC 5182 §2.1: a search that fails leaves the variable empty.
    bool save = args->returns & SearchArgs::save;
    bool modseq = args->program.any([](const SearchKey& key) { return key.kind == SearchKey::Kind::modseq; });
    auto fail = [&](Reply reply) {
        if (save) selected.saved = {};
        return reply;
    };
    if (modseq) enable_condstore(client);
    auto view = client.account->view(selected.folder);
    if (!view) return fail(to_reply(view.error()));
    auto program = SearchProgram::compile(client, *args, (*view)->info());
    if (!program) return fail(program.error());
    Found found;
    auto done =
        program->run(**view, selected.map.uids(), [&](const mailstore::Item& item) { found.add(item); });
    if (!done) return fail(to_reply(done.error()));

    if (save) selected.saved = saved_of(found, args->returns);
    bool extended = args->extended || client.rev2;  // RFC 9051 §6.4.4: no SEARCH reply in IMAP4rev2
    std::uint8_t returns = SearchArgs::all;
    if (args->extended) returns = args->returns;
    if (returns == SearchArgs::save) return ok("SEARCH completed, result saved");
    if (extended)
        put_extended(client, command, found, returns, modseq);
    else
        put_plain(client, found, command.uid, modseq);
    return ok("SEARCH completed");
}

}  // namespace postrider::imap
