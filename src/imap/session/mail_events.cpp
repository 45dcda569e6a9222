#include "imap/session/mail_events.h"

namespace postrider::imap {

void tell(Client& client, mailstore::Account& account, MailEvent::Cause cause, FolderId folder,
          std::vector<Uid> uids, std::vector<std::string> flags) {
    if (!client.services.on_mail || uids.empty()) return;
    client.services.on_mail({account.id(), client.who->address, folder, std::move(uids), cause,
                             std::move(flags), account.shape()});
}

std::vector<std::string> names_of(const mailstore::FlagChange& change) {
    constexpr std::pair<std::uint8_t, std::string_view> system[] = {{mailstore::seen, "\\Seen"},
                                                                    {mailstore::answered, "\\Answered"},
                                                                    {mailstore::flagged, "\\Flagged"},
                                                                    {mailstore::deleted, "\\Deleted"},
                                                                    {mailstore::draft, "\\Draft"}};
    std::vector<std::string> names;
    for (const auto& [bit, name] : system)
        if ((change.system & bit) != 0) names.emplace_back(name);
    names.insert(names.end(), change.keywords.begin(), change.keywords.end());
    return names;
}

}  // namespace postrider::imap
