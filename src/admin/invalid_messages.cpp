#include "admin/invalid_messages.h"

#include "admin/lookup.h"
#include "mailstore/uid_set.h"

namespace postrider::admin {
namespace {

using mailstore::FolderInfo;
using mailstore::Item;
using mailstore::MailError;

/// Those of one folder. What another session expunges meanwhile is no fault.
std::expected<void, Error> look_through(Context& context, mailstore::Account& account,
                                        const FolderInfo& folder, bool purge, const Progress& progress,
                                        InvalidMessages& sum) {
    mailstore::UidSet damaged;
    {
        auto view = need(account.view(folder.id));
        if (!view) return std::unexpected(view.error());
        auto uids = need((*view)->uids());
        if (!uids) return std::unexpected(uids.error());
        const std::uint64_t all = std::max<std::uint64_t>(count(*uids), 1);
        std::uint64_t done = 0;
        auto visited = need((*view)->each_item(*uids, [&](const Item& item) {
            if (done++ % 100 == 0) progress(folder.path, static_cast<int>(done * 100 / all));
            ++sum.messages;
            auto text = context.store.read(item.blob);
            if (text || text.error().kind == MailError::gone) return true;
            ++sum.invalid;
            if (sum.first.size() < max_listed_invalid)
                sum.first.push_back({folder.path, item.uid.value(), text.error().what});
            if (text.error().kind == MailError::corrupt) damaged.push_back({item.uid, item.uid});
            return true;
        }));
        if (!visited) return std::unexpected(visited.error());
    }
    if (!purge || damaged.empty()) return {};
    auto gone = need(account.expunge(folder.id, damaged, false));
    if (!gone) return std::unexpected(gone.error());
    sum.purged += count(gone->uids);
    return {};
}

}  // namespace

std::expected<InvalidMessages, Error> find_invalid_messages(Context& context, AccountId mailbox, bool purge,
                                                            const Progress& progress) {
    auto account = need(mailstore::open_or_create(context.store, mailbox));
    if (!account) return std::unexpected(account.error());
    auto folders = need((*account)->folders());
    if (!folders) return std::unexpected(folders.error());
    InvalidMessages sum;
    for (const FolderInfo& folder : *folders) {
        if (folder.kind == mailstore::FolderKind::search || !folder.selectable) continue;
        progress(folder.path, 0);
        auto looked = look_through(context, **account, folder, purge, progress, sum);
        if (!looked && looked.error().kind != Error::Kind::not_found) return std::unexpected(looked.error());
    }
    return sum;
}

}  // namespace postrider::admin
