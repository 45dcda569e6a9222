#include "imap/session/url_data.h"

#include <algorithm>

#include "imap/session/fetch_run.h"

namespace postrider::imap {

std::optional<std::string> url_data(mailstore::Account& account, const mailstore::FolderInfo& folder,
                                    const ImapUrl& url) {
    if (!folder.selectable || (url.uid_validity && *url.uid_validity != folder.uid_validity))
        return std::nullopt;
    // A section of a URL is what stands in the brackets of FETCH (RFC 5092 §6.1).
    auto fetch = parse_fetch("1 BODY.PEEK[" + url.section + "]");
    if (!fetch || fetch->sections.size() != 1 || fetch->items != 0) return std::nullopt;
    auto view = account.view(folder.id);
    if (!view) return std::nullopt;
    auto item = (*view)->item(Uid{url.uid});
    if (!item || !*item) return std::nullopt;
    auto message = (*view)->message(**item);
    if (!message) return std::nullopt;
    auto description = (*view)->description(Uid{url.uid});
    if (!description || !*description) return std::nullopt;
    const FetchSection& wanted = fetch->sections.front();
    mime::Section section{wanted.part, section_kind(wanted.what), wanted.fields};
    std::string scratch;
    auto octets = mime::read_section(*message, (*description)->parts, section, scratch);
    if (!octets) return std::nullopt;
    if (!url.partial) return std::string{*octets};
    if (url.partial->begin >= octets->size()) return std::string{};
    return std::string{octets->substr(
        static_cast<std::size_t>(url.partial->begin),
        static_cast<std::size_t>(std::min<std::uint64_t>(url.partial->count, octets->size())))};
}

std::optional<std::string> own_url_data(const Client& client, std::string_view text) {
    auto url = parse_imap_url(text);
    if (!url || !url->relative || url->rump != 0) return std::nullopt;
    if (url->mailbox.empty() && !client.selected) return std::nullopt;
    auto account = client.selected ? client.selected->account : nullptr;
    if (!url->mailbox.empty()) {
        auto its = client.account_at(url->mailbox);
        if (!its) return std::nullopt;
        account = std::move(*its);
    }
    auto folder =
        url->mailbox.empty() ? account->folder(client.selected->folder) : account->folder(url->mailbox);
    if (!folder) return std::nullopt;
    return url_data(*account, *folder, *url);
}

}  // namespace postrider::imap
