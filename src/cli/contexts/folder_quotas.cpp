#include "cli/contexts/folder_quotas.h"

#include <fmt/core.h>

#include <charconv>

#include "cli/wire/layout.h"

namespace postrider::cli {

using directory::FolderQuota;
using directory::FolderQuotas;

namespace {

constexpr std::uint64_t most_messages = 100'000'000, most_kb = std::uint64_t{1} << 40;

FolderQuotaHolder& holder(Call& call) {
    return dynamic_cast<FolderQuotaHolder&>(call.frame);
}

/// The folder's own quota as it would be after DONE and COMMIT; nothing: what holds for each.
std::optional<FolderQuota> own_quota(FolderQuotaHolder& frame, const FolderQuotas& stored, FolderId folder) {
    const FolderQuotaEdits* newest_first[] = {&frame.edits, &frame.edits_below()};
    for (const FolderQuotaEdits* edits : newest_first)
        if (auto at = edits->find(folder); at != edits->end()) return at->second;
    auto at = stored.find(folder);
    return at == stored.end() ? std::nullopt : std::optional{at->second};
}

std::optional<std::uint64_t> number(const std::string& text, std::uint64_t most) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
    return value;
}

FolderQuotas stored_quotas(Shell& shell, AccountId owner) {
    return shell.live().folder_quotas().of(owner).value_or(FolderQuotas{});
}

struct Named {
    std::shared_ptr<mailstore::Account> owner;
    mailstore::FolderInfo folder;
};
Step<Named> named_folder(Call& call) {
    auto owner = holder(call).folder_owner();
    if (!owner) return std::unexpected(owner.error());
    auto folder = (*owner)->folder(call.given.text("name"));
    if (!folder) return std::unexpected(fmt::format("there is no folder {}", clean(call.given.text("name"))));
    return Named{std::move(*owner), std::move(*folder)};
}

Reply list_folders(Call& call) {
    FolderQuotaHolder& frame = holder(call);
    auto owner = frame.folder_owner();
    if (!owner) return error(owner.error());
    auto folders = step((*owner)->folders());
    if (!folders) return error(folders.error());
    const FolderQuotas stored = stored_quotas(call.shell, (*owner)->id());
    const FolderQuota each = frame.each_folder();
    std::vector<Row> rows;
    for (const mailstore::FolderInfo& one : *folders) {
        const FolderQuota quota = own_quota(frame, stored, one.id).value_or(each);
        rows.push_back({one.path, std::to_string(one.messages), std::to_string((one.bytes + 1023) / 1024),
                        std::to_string(quota.message_count), std::to_string(quota.message_size_kb)});
    }
    return ok(table("Mboxes", {"name", "messages", "size (KB)", "messageCount", "messageSize"}, rows));
}

Reply set_quota(Call& call) {
    auto named = named_folder(call);
    if (!named) return error(named.error());
    FolderQuotaHolder& frame = holder(call);
    const FolderQuotas stored = stored_quotas(call.shell, named->owner->id());
    FolderQuota quota = own_quota(frame, stored, named->folder.id).value_or(frame.each_folder());
    if (auto text = call.given.maybe("count")) {
        auto count = number(*text, most_messages);
        if (!count) return error(fmt::format("messageCount is a number from 0 to {}", most_messages));
        quota.message_count = *count;
    }
    if (auto text = call.given.maybe("size")) {
        auto size = number(*text, most_kb);
        if (!size) return error(fmt::format("messageSize is a number of KB from 0 to {}", most_kb));
        quota.message_size_kb = *size;
    }
    if (stored.size() + frame.edits_below().size() + frame.edits.size() >= directory::max_folder_quotas)
        return error("too many folders have a quota of their own");
    frame.edits[named->folder.id] = quota;
    return ok();
}

Reply reset_quota(Call& call) {
    auto named = named_folder(call);
    if (!named) return error(named.error());
    holder(call).edits[named->folder.id] = std::nullopt;
    return ok();
}

/// Clients split these lines at "=" alone.
Reply show_quota(Call& call) {
    auto named = named_folder(call);
    if (!named) return error(named.error());
    FolderQuotaHolder& frame = holder(call);
    const FolderQuotas stored = stored_quotas(call.shell, named->owner->id());
    const FolderQuota quota = own_quota(frame, stored, named->folder.id).value_or(frame.each_folder());
    return ok(fmt::format("The quota of the folder {}:\r\n\r\nmessageCount={}\r\nmessageSize={}\r\n\r\n",
                          clean(named->folder.path), quota.message_count, quota.message_size_kb));
}

}  // namespace

void add_folder_quota_commands(Context& context, Need need) {
    const std::vector<Command> commands = {
        {"LIST Mboxes", "The folders, what is in them and what they may hold", list_folders},
        {"SET MboxQuota mboxName <name> [messageCount <count>] [messageSize <size>]",
         "What this folder may hold (messages, KB; 0: no limit), whatever holds for each", set_quota, need},
        {"RESET MboxQuota mboxName <name>", "It may hold what each folder may", reset_quota, need},
        {"SHOW MboxQuota mboxName <name>", "What this folder may hold", show_quota},
    };
    context.commands.insert(context.commands.end(), commands.begin(), commands.end());
}

Step<> write_folder_quotas(Shell& shell, mailstore::Account& owner, FolderQuotaEdits& edits) {
    if (edits.empty()) return {};
    directory::FolderQuotaBook& book = shell.live().folder_quotas();
    auto quotas = step(book.of(owner.id()));
    if (!quotas) return std::unexpected(quotas.error());
    for (const auto& [folder, quota] : edits)
        if (quota)
            (*quotas)[folder] = *quota;
        else
            quotas->erase(folder);
    std::erase_if(*quotas, [&](const auto& one) { return !owner.folder(one.first); });
    if (auto done = step(book.set(owner.id(), *quotas)); !done) return done;
    edits.clear();
    return {};
}

}  // namespace postrider::cli
