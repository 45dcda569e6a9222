#include "imap/session/commands.h"
#include "imap/session/found.h"
#include "imap/session/search_program.h"
#include "imap/session/sorter.h"
#include "imap/wire/search.h"
#include "imap/wire/sort.h"

namespace postrider::imap {
namespace {

/// One searching command. RFC 5182 §2.1: one that fails leaves "$" empty.
class Searching {
public:
    Searching(Client& client, const Command& command, const SearchArgs& args)
        : client_{client}, command_{command}, args_{args} {
        modseq_ = args.program.any([](const SearchKey& key) { return key.kind == SearchKey::Kind::modseq; });
        if (modseq_) enable_condstore(client);
    }

    /// @param sorter  nullptr for mailbox order
    Reply run(std::string_view word, Sorter* sorter) {
        auto found = find(sorter);
        if (!found) {
            if (args_.returns & SearchArgs::save) client_.selected->saved = {};
            return found.error();
        }
        if (args_.returns & SearchArgs::save) client_.selected->saved = saved_of(*found, args_);
        say(word, *found);
        return ok(std::string{word}
                  + (args_.returns == SearchArgs::save ? " completed, result saved" : " completed"));
    }

private:
    std::expected<Found, Reply> find(Sorter* sorter) {
        Selected& selected = *client_.selected;
        auto view = client_.account->view(selected.folder);
        if (!view) return std::unexpected(to_reply(view.error()));
        auto program = SearchProgram::compile(client_, args_, (*view)->info());
        if (!program) return std::unexpected(program.error());
        Found found;
        // With nothing to say of a message but its number, those that the index names need not be read. What
        // others have expunged is known: nothing has changed since the client was last told.
        if (!sorter && !modseq_ && (*view)->info().highest_modseq <= selected.known) {
            auto uids = program->matching(**view, subtract(selected.map.uids(), selected.gone));
            if (!uids) return std::unexpected(to_reply(uids.error()));
            found.add(*uids);
            return found;
        }
        auto add = [&](const mailstore::Item& item, std::string_view description) {
            found.add(item);
            if (sorter) sorter->add(**view, item, description);
        };
        auto done = program->run(**view, selected.map.uids(), add, sorter && sorter->needs_description());
        if (!done) return std::unexpected(to_reply(done.error()));
        if (sorter) found.sort_as(sorter->order());
        return found;
    }

    void say(std::string_view word, const Found& found) {
        if (args_.returns == SearchArgs::save) return;
        // RFC 9051 §6.4.4: no SEARCH reply in IMAP4rev2. SORT is not of its making and keeps its own.
        bool extended = args_.extended || (client_.rev2 && !found.sorted);
        if (!extended) return put_plain(client_, word, found, command_.uid, modseq_);
        SearchArgs shown = args_;
        if (!args_.extended) shown.returns = SearchArgs::all;
        put_extended(client_, {command_.tag, command_.uid}, found, shown, modseq_);
    }

    Client& client_;
    const Command& command_;
    const SearchArgs& args_;
    bool modseq_ = false;
};

}  // namespace

Reply cmd_search(Client& client, const Command& command) {
    auto args = parse_search(command.args);
    if (!args) return bad(args.error());
    return Searching{client, command, *args}.run("SEARCH", nullptr);
}

/// RFC 5256 §3, RFC 5267 §3 (ESORT).
Reply cmd_sort(Client& client, const Command& command) {
    auto args = parse_sort(command.args);
    if (!args) return bad(args.error());
    Sorter sorter{std::move(args->keys)};
    return Searching{client, command, args->search}.run("SORT", &sorter);
}

}  // namespace postrider::imap
