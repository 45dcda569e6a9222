#include "imap/session/mailbox_match.h"

#include <algorithm>

namespace postrider::imap {

bool matches(const Client& client, const MailboxFilter& filter, const mailstore::FolderInfo& folder) {
    using Kind = MailboxFilter::Kind;
    auto named = [&](auto&& test) {
        return std::any_of(filter.names.begin(), filter.names.end(), [&](const std::string& name) {
            auto path = client.folder_path(name);
            return path && test(*path);
        });
    };
    auto below = [&](const std::string& path) { return folder.path.starts_with(path + '/'); };
    switch (filter.kind) {
        case Kind::selected:
        case Kind::selected_delayed: return client.selected && client.selected->folder == folder.id;
        case Kind::inboxes: return folder.path == "INBOX";
        case Kind::personal: return true;  // whoever asks looks at one's own alone
        case Kind::subscribed: return folder.subscribed;
        case Kind::subtree:
            return named([&](const std::string& path) { return folder.path == path || below(path); });
        case Kind::subtree_one:
            return named([&](const std::string& path) {
                return folder.path == path
                       || (below(path) && folder.path.find('/', path.size() + 1) == std::string::npos);
            });
        case Kind::mailboxes: return named([&](const std::string& path) { return folder.path == path; });
    }
    return false;
}

}  // namespace postrider::imap
