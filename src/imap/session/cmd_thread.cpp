#include "imap/session/commands.h"
#include "imap/session/found.h"
#include "imap/session/message_limit.h"
#include "imap/session/search_program.h"
#include "imap/session/sorter.h"
#include "imap/session/threads.h"
#include "imap/wire/sort.h"
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

void add(ThreadInput& input, mailstore::FolderView& view, const mailstore::Item& item,
         std::string_view description, Collation collation) {
    ThreadMessage& one = input.messages.emplace_back();
    one.uid = item.uid;
    one.arrived = item.internal_date;
    one.references_begin = static_cast<std::uint32_t>(input.references.size());
    auto summary = mime::Summary::decode(description);
    if (summary) {
        one.sent = sent_date(item, summary->sent);
        one.id = mime::reference_key(summary->message_id);
        one.subject = fold(collation, summary->base_subject);
        one.reply = summary->reply;
    } else {
        one.sent = item.internal_date;
    }
    if (summary && summary->references_known) {
        for (std::size_t i = 0; i < summary->references(); ++i)
            input.references.push_back(summary->reference(i));
    } else {
        for (std::uint64_t key : references_in_header(view, item)) input.references.push_back(key);
    }
    one.references_end = static_cast<std::uint32_t>(input.references.size());
}

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
    ThreadInput input;
    auto found = [&](const mailstore::Item& item, std::string_view description) {
        add(input, **view, item, description, client.collation);
    };
    auto done = program->run(**view, searched, found, true);
    if (!done) return to_reply(done.error());
    Threads threads = thread(input, args->algorithm);
    client.out += "* THREAD";
    if (!input.messages.empty()) client.out += ' ';
    NumberOf number{selected.map};
    put_threads(client.out, threads, input, [&](Uid uid) { return command.uid ? uid.value() : number(uid); });
    client.out += "\r\n";
    return ok("THREAD completed");
}

}  // namespace postrider::imap
