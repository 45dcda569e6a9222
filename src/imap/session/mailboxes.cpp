#include "imap/session/mailboxes.h"

#include <algorithm>

#include "rights/shared_account.h"

namespace postrider::imap {

mailstore::Result<std::vector<Mailbox>> own_mailboxes(const Client& client) {
    auto folders = client.account->folders();
    if (!folders) return std::unexpected(folders.error());
    std::vector<Mailbox> all;
    all.reserve(folders->size());
    for (mailstore::FolderInfo& folder : *folders) all.push_back({std::move(folder), client.account});
    return all;
}

mailstore::Result<std::vector<Mailbox>> shared_mailboxes(
    const Client& client, const std::function<bool(std::string_view root)>& wanted) {
    std::vector<Mailbox> all;
    rights::Sharing* sharing = client.services.sharing;
    if (sharing == nullptr) return all;
    auto owners = sharing->owners_for(client.who);
    if (!owners) return std::unexpected(owners.error());
    auto subscriptions = client.account->subscriptions();
    if (!subscriptions) return std::unexpected(subscriptions.error());
    std::sort(subscriptions->begin(), subscriptions->end());
    bool others = false;
    for (const rights::Owner& owner : *owners) {
        auto shared = sharing->shared(client.who, owner);
        if (!shared) return std::unexpected(shared.error());
        if (!*shared || !wanted((*shared)->root())) continue;
        auto folders = (*shared)->folders();
        // One account that cannot be read now is no reason not to show the others.
        if (!folders || folders->empty()) continue;
        if (!owner.is_public && !others) {
            others = true;
            Mailbox top;
            top.path = rights::others_root;
            top.selectable = false;
            top.account = *shared;
            all.push_back(std::move(top));
        }
        for (mailstore::FolderInfo& folder : *folders) {
            folder.subscribed = std::binary_search(subscriptions->begin(), subscriptions->end(), folder.path);
            all.push_back({std::move(folder), *shared});
        }
    }
    return all;
}

}  // namespace postrider::imap
