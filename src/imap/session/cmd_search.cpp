#include <algorithm>

#include "imap/session/commands.h"
#include "imap/session/contexts.h"
#include "imap/session/found.h"
#include "imap/session/mailbox_match.h"
#include "imap/session/mailboxes.h"
#include "imap/session/message_limit.h"
#include "imap/session/search_program.h"
#include "imap/session/sorter.h"
#include "imap/wire/encode.h"
#include "imap/wire/esearch.h"
#include "imap/wire/search.h"
#include "imap/wire/simple.h"
#include "imap/wire/sort.h"

namespace postrider::imap {
namespace {

bool names_modseq(const SearchArgs& args) {
    return args.program.any([](const SearchKey& key) { return key.kind == SearchKey::Kind::modseq; });
}

/// One command that searches the selected mailbox. RFC 5182 §2.1: one that fails leaves "$" empty.
class Searching {
public:
    Searching(Client& client, const Command& command, const SearchArgs& args, std::vector<SortKey> keys = {})
        : client_{client},
          command_{command},
          args_{args},
          keys_{std::move(keys)},
          modseq_{names_modseq(args)},
          sorts_by_relevancy_{std::any_of(keys_.begin(), keys_.end(),
                                          [](SortKey key) { return key.kind == SortKey::Kind::relevancy; })} {
        if (modseq_) enable_condstore(client);
    }

    Reply run(std::string_view word) {
        Selected& selected = *client_.selected;
        if ((args_.returns & SearchArgs::update) && context_named(command_.tag))
            return bad("That tag names a search already");  // RFC 5267 §4.3
        auto found = find();
        if (!found) {
            if (args_.returns & SearchArgs::save) selected.saved = {};
            return found.error();
        }
        if (args_.returns & SearchArgs::save) selected.saved = saved_of(*found, args_);
        bool silent = (args_.returns & ~(SearchArgs::update | SearchArgs::context)) == SearchArgs::save;
        if (!silent) say(word, *found);
        if (args_.returns & SearchArgs::update) keep(std::move(*found));
        return within_limit(client_, lowest_,
                            ok(std::string{word} + (silent ? " completed, result saved" : " completed")));
    }

private:
    bool context_named(std::string_view tag) const {
        const auto& all = client_.selected->contexts;
        return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one->tag == tag; });
    }

    std::expected<Found, Reply> find() {
        Selected& selected = *client_.selected;
        auto view = selected.account->view(selected.folder);
        if (!view) return std::unexpected(to_reply(view.error()));
        auto program = SearchProgram::compile(client_, args_, (*view)->info(), &selected);
        if (!program) return std::unexpected(program.error());
        auto searched = limited(*program);
        if (!searched) return std::unexpected(searched.error());
        Found found;
        Sorter sorter{keys_, client_.collation};
        const bool sorts = !keys_.empty();
        // With nothing to say of a message but its number, those that the index names need not be read. What
        // others have expunged is known: nothing has changed since the client was last told.
        const bool scores = sorts_by_relevancy_ || (args_.returns & SearchArgs::relevancy);
        if (!sorts && !modseq_ && !scores && (*view)->info().highest_modseq <= selected.known) {
            auto uids = program->matching(**view, subtract(*searched, selected.gone));
            if (!uids) return std::unexpected(to_reply(uids.error()));
            found.add(*uids);
            program_ = std::move(*program);
            return found;
        }
        std::vector<SortedItem> to_sort;
        auto add = [&](const mailstore::Item& item, std::string_view) {
            found.add(item);
            const unsigned relevancy = scores ? found.scores.back().second : 0;
            if (sorts) to_sort.push_back({item.uid, item.size, item.internal_date, relevancy});
        };
        auto done = program->run(**view, *searched, add, false, scores ? &found.scores : nullptr);
        if (done && sorts) done = sorter.add(**view, to_sort);
        if (!done) return std::unexpected(to_reply(done.error()));
        if (sorts) found.sort_as(sorter.order());
        program_ = std::move(*program);
        return found;
    }

    /// What is searched, of all that is there. ESEARCH in several mailboxes, which has no word for where it
    /// stopped in each, searches them whole; SORT needs all that it is to sort (RFC 9738 §3.3).
    std::expected<UidSet, Reply> limited(const SearchProgram& program) {
        Selected& selected = *client_.selected;
        if (client_.settings->message_limit == 0 || !correlator.mailbox.empty()) return selected.map.uids();
        UidSet all = program.candidates(subtract(selected.map.uids(), selected.gone));
        lowest_ = keep_within_limit(client_, all);
        if (lowest_ && !keys_.empty()) return std::unexpected(over_limit(client_));
        return all;
    }

    void say(std::string_view word, const Found& found) {
        // RFC 9051 §6.4.4: no SEARCH reply in IMAP4rev2. SORT is not of its making and keeps its own.
        bool extended = args_.extended || (client_.rev2 && keys_.empty()) || !correlator.mailbox.empty();
        if (!extended) return put_plain(client_, word, found, command_.uid, modseq_);
        if (!correlator.mailbox.empty() && found.count == 0) return;  // RFC 7377 §2.1
        SearchArgs shown = args_;
        if (!args_.extended) shown.returns = SearchArgs::all;
        put_extended(client_, correlator, found, shown, modseq_);
    }

    void keep(Found found) {
        auto& contexts = client_.selected->contexts;
        // RFC 5267 §4.3.1. What is most relevant is not followed: each change would change all places.
        if (contexts.size() == max_contexts || sorts_by_relevancy_ || lowest_) {
            client_.out += "* NO [NOUPDATE ";
            put_string(client_.out, command_.tag);
            client_.out += "] That search cannot be kept up to date\r\n";
            return;
        }
        Context made{std::string{command_.tag}, correlator.uid,         std::move(*program_), keys_,
                     std::move(found.uids),     std::move(found.order), args_.update_fetch};
        contexts.push_back(std::make_shared<Context>(std::move(made)));
    }

    Client& client_;
    const Command& command_;
    const SearchArgs& args_;
    const std::vector<SortKey> keys_;
    const bool modseq_;
    const bool sorts_by_relevancy_;
    std::optional<SearchProgram> program_;
    std::optional<Uid> lowest_;  ///< searched, where some were left out

public:
    /// For ESEARCH, which names the mailbox and says nothing of one without results.
    Correlator correlator{command_.tag, command_.uid, {}, 0};
};

/// Searches a mailbox that is not selected.
Reply search_folder(Client& client, const Command& command, const SearchArgs& args, const Mailbox& folder) {
    auto view = folder.account->view(folder.id);
    if (!view) return ok("");  // it went meanwhile
    auto program = SearchProgram::compile(client, args, (*view)->info(), nullptr, folder.account->id());
    if (!program) return program.error();
    auto there = (*view)->uids();
    if (!there) return to_reply(there.error());
    Found found;
    const bool scores = args.returns & SearchArgs::relevancy;
    if (names_modseq(args) || scores) {
        auto add = [&](const mailstore::Item& item, std::string_view) { found.add(item); };
        auto done = program->run(**view, *there, add, false, scores ? &found.scores : nullptr);
        if (!done) return to_reply(done.error());
    } else {
        auto uids = program->matching(**view, *there);
        if (!uids) return to_reply(uids.error());
        found.add(*uids);
    }
    if (found.count == 0) return ok("");
    SearchArgs shown = args;
    if (!args.extended) shown.returns = SearchArgs::all;
    put_extended(client, {command.tag, true, folder.path, folder.uid_validity}, found, shown,
                 names_modseq(args));
    return ok("");
}

/// Folders of others are searched when they are named, not with all of one's own (RFC 5465 §6.2).
bool by_name(const MailboxFilter& filter) {
    using Kind = MailboxFilter::Kind;
    return filter.kind == Kind::subtree || filter.kind == Kind::subtree_one || filter.kind == Kind::mailboxes
           || filter.kind == Kind::subscribed;
}

mailstore::Result<std::vector<Mailbox>> searched(const Client& client,
                                                 const std::vector<MailboxFilter>& sources) {
    auto all = own_mailboxes(client);
    if (!all) return all;
    bool others = std::any_of(sources.begin(), sources.end(), by_name);
    if (client.selected && !client.is_own(*client.selected->account)) others = true;
    if (!others) return all;
    auto shared = shared_mailboxes(client, [](std::string_view) { return true; });
    if (!shared) return shared;
    std::move(shared->begin(), shared->end(), std::back_inserter(*all));
    return all;
}

}  // namespace

Reply cmd_search(Client& client, const Command& command) {
    auto args = parse_search(command.args);
    if (!args) return bad(args.error());
    return Searching{client, command, *args}.run("SEARCH");
}

/// RFC 5256 §3, RFC 5267 §3 (ESORT).
Reply cmd_sort(Client& client, const Command& command) {
    auto args = parse_sort(command.args);
    if (!args) return bad(args.error());
    return Searching{client, command, args->search, args->keys}.run("SORT");
}

/// RFC 5267 §4.3.5.
Reply cmd_cancelupdate(Client& client, const Command& command) {
    auto tags = parse_tags(command.args);
    if (!tags) return bad(tags.error());
    std::erase_if(client.selected->contexts, [&](const auto& one) {
        return std::find(tags->begin(), tags->end(), one->tag) != tags->end();
    });
    return ok("CANCELUPDATE completed");
}

/// RFC 7377 §2: several mailboxes at once; without IN the selected one.
Reply cmd_esearch(Client& client, const Command& command) {
    auto args = parse_esearch(command.args);
    if (!args) return bad(args.error());
    const bool only_selected =
        std::all_of(args->sources.begin(), args->sources.end(),
                    [](const MailboxFilter& one) { return one.kind == MailboxFilter::Kind::selected; });
    const bool selected =
        std::any_of(args->sources.begin(), args->sources.end(),
                    [](const MailboxFilter& one) { return one.kind == MailboxFilter::Kind::selected; });
    if (selected && !client.selected) return bad("No mailbox is selected");
    if ((args->search.returns & SearchArgs::save) && !only_selected)
        return bad("SAVE is for the selected mailbox");
    if ((args->search.returns & SearchArgs::update) && !client.selected)
        return bad("UPDATE is for the selected mailbox");
    auto folders = searched(client, args->sources);
    if (!folders) return to_reply(folders.error());
    SearchArgs elsewhere = args->search;
    elsewhere.returns &= static_cast<std::uint16_t>(~SearchArgs::update);
    for (const Mailbox& folder : *folders) {
        if (!folder.selectable || folder.kind != mailstore::FolderKind::mail) continue;
        bool here = client.selected && client.selected->folder == folder.id
                    && client.selected->account->id() == folder.account->id();
        bool wanted = std::any_of(args->sources.begin(), args->sources.end(), [&](const MailboxFilter& one) {
            if (one.kind == MailboxFilter::Kind::selected) return here;
            return (client.is_own(*folder.account) || by_name(one)) && matches(client, one, folder);
        });
        if (!wanted) continue;
        Reply reply = ok("");
        if (here) {
            Searching searching{client, command, args->search};
            searching.correlator = {command.tag, true, folder.path, folder.uid_validity};
            reply = searching.run("ESEARCH");
        } else {
            reply = search_folder(client, command, elsewhere, folder);
        }
        if (reply.status != Reply::Status::ok) return reply;
    }
    return ok("ESEARCH completed");
}

}  // namespace postrider::imap
