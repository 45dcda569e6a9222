#include <unordered_map>

#include "imap/session/commands.h"
#include "imap/session/found.h"
#include "imap/session/message_limit.h"
#include "imap/session/search_program.h"
#include "imap/session/sorter.h"
#include "imap/session/threads.h"
#include "imap/wire/sort.h"
#include "mailstore/columns.h"
#include "mailstore/uid_set.h"
#include "mime/description.h"
#include "mime/header.h"
#include "mime/message_id.h"

namespace postrider::imap {
namespace {

/// Whom a message answers, when its description is from a time when that was not kept.
std::vector<std::uint64_t> references_in_header(mailstore::FolderView& view, const mailstore::Item& item) {
    constexpr std::size_t enough = 16 * 1024;
    auto head = view.head(item, enough);
    if (!head) return {};
    std::string_view block = std::string_view{*head}.substr(0, mime::header_size(*head));
    auto first = [&](std::string_view name) {
        auto fields = mime::find_fields(block, name);
        return fields.empty() ? std::string{} : mime::unfold(fields.front());
    };
    return mime::reference_keys(first("references"), first("in-reply-to"));
}

/// What is to be threaded, in mailbox order. The references come from the folder's columns, or from
/// descriptions where there are none.
class Gatherer {
public:
    Gatherer(mailstore::FolderView& view, Collation collation) : view_{view}, collation_{collation} {}

    void add(const mailstore::Item& item) {
        input_.messages.push_back({item.uid, item.internal_date, item.internal_date});
    }

    mailstore::Result<ThreadInput> gather() {
        auto done = fill();
        if (!done) return std::unexpected(done.error());
        return std::move(input_);
    }

private:
    mailstore::Result<> fill() {
        using mailstore::Made;
        const bool most = input_.messages.size() * 4 > view_.info().messages;
        if (collation_ == Collation::unicode_casemap)
            if (auto columns = mailstore::columns_of(view_, most ? Made::now : Made::if_there);
                columns && fill_from(*columns))
                return {};
        mailstore::UidSet uids;
        for (const ThreadMessage& message : input_.messages) mailstore::append(uids, message.uid);
        auto message = input_.messages.begin();
        return view_.each_described(uids, [&](const mailstore::Item& item, std::string_view description) {
            while (message->uid < item.uid) ++message;
            describe(*message++, item, description);
            return true;
        });
    }

    /// False when they lack one of the messages, or whom it answers.
    bool fill_from(mailstore::Columns& columns) {
        using Reading = mailstore::Columns::Reading;
        Reading reading{columns, Reading::Ranks::no};
        for (ThreadMessage& one : input_.messages) {
            const auto* const row = reading.row(one.uid);
            if (row == nullptr || !row->references_known) {
                input_.references.clear();
                return false;
            }
            one.sent = sent_date(one.arrived, row->sent);
            one.id = row->message_id;
            one.subject = row->base_subject;
            one.reply = row->reply;
            begin_references(one);
            const std::uint64_t* const first = reading.references(*row);
            input_.references.insert(input_.references.end(), first, first + row->references);
            end_references(one);
        }
        return true;
    }

    void describe(ThreadMessage& one, const mailstore::Item& item, std::string_view description) {
        auto summary = mime::Summary::decode(description);
        begin_references(one);
        if (summary) {
            one.sent = sent_date(item.internal_date, summary->sent);
            one.id = mime::reference_key(summary->message_id);
            one.subject = number_of(fold(collation_, summary->base_subject));
            one.reply = summary->reply;
        }
        if (summary && summary->references_known) {
            for (std::size_t i = 0; i < summary->references(); ++i)
                input_.references.push_back(summary->reference(i));
        } else {
            for (std::uint64_t key : references_in_header(view_, item)) input_.references.push_back(key);
        }
        end_references(one);
    }

    void begin_references(ThreadMessage& one) const {
        one.references_begin = static_cast<std::uint32_t>(input_.references.size());
    }
    void end_references(ThreadMessage& one) const {
        one.references_end = static_cast<std::uint32_t>(input_.references.size());
    }
    std::uint32_t number_of(std::string subject) {
        if (subject.empty()) return 0;
        const auto next = static_cast<std::uint32_t>(subjects_.size() + 1);
        return subjects_.try_emplace(std::move(subject), next).first->second;
    }

    mailstore::FolderView& view_;
    Collation collation_;
    ThreadInput input_;
    std::unordered_map<std::string, std::uint32_t> subjects_;
};

}  // namespace

/// RFC 5256 §3.
Reply cmd_thread(Client& client, const Command& command) {
    auto args = parse_thread(command.args);
    if (!args) return bad(args.error());
    Selected& selected = *client.selected;
    bool modseq =
        args->search.program.any([](const SearchKey& key) { return key.kind == SearchKey::Kind::modseq; });
    if (modseq) enable_condstore(client);
    auto view = selected.account->view(selected.folder);
    if (!view) return to_reply(view.error());
    auto program = SearchProgram::compile(client, args->search, (*view)->info(), &selected);
    if (!program) return program.error();
    UidSet searched = program->candidates(selected.map.uids());
    if (keep_within_limit(client, searched)) return over_limit(client);  // RFC 9738 §3.3
    Gatherer gatherer{**view, client.collation};
    auto found = [&](const mailstore::Item& item, std::string_view) { gatherer.add(item); };
    auto done = program->run(**view, searched, found);
    if (!done) return to_reply(done.error());
    auto input = gatherer.gather();
    if (!input) return to_reply(input.error());
    Threads threads = thread(*input, args->algorithm);
    client.out += "* THREAD";
    if (!input->messages.empty()) client.out += ' ';
    NumberOf number{selected.map};
    put_threads(client.out, threads, *input,
                [&](Uid uid) { return command.uid ? uid.value() : number(uid); });
    client.out += "\r\n";
    return ok("THREAD completed");
}

}  // namespace postrider::imap
