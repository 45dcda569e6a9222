#include "imap/session/metadata.h"

#include <algorithm>

#include "imap/session/special_use.h"
#include "imap/wire/encode.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

constexpr std::string_view admin_entry = "/shared/admin";
constexpr std::string_view use_entry = "/private/specialuse";

}  // namespace

mailstore::Result<std::vector<mailstore::Annotation>> visible_annotations(
    Client& client, mailstore::Account& account, const mailstore::FolderInfo* folder) {
    auto all = account.annotations(folder ? folder->id : FolderId{0});
    if (!all) return all;
    // What the server keeps for itself is under other names than clients can ask for.
    std::erase_if(*all, [](const mailstore::Annotation& one) {
        return !one.name.starts_with("/private/") && !one.name.starts_with("/shared/");
    });
    if (folder) {
        if (folder->special_use != mailstore::SpecialUse::none)  // RFC 6154 §4
            all->push_back({std::string{use_entry}, std::string{name(folder->special_use)}});
    } else {
        std::string_view address = client.who->address;
        all->push_back({std::string{admin_entry},
                        "mailto:postmaster" + std::string{address.substr(address.rfind('@'))}});
    }
    return all;
}

mailstore::Result<std::size_t> put_metadata(Client& client, mailstore::Account& account,
                                            const mailstore::FolderInfo* folder, const MetadataQuery& query) {
    auto all = visible_annotations(client, account, folder);
    if (!all) return std::unexpected(all.error());
    std::string& out = client.out;
    std::string values;
    std::size_t longest = 0;
    auto put = [&](std::string_view entry) {
        if (!values.empty()) values += ' ';
        put_astring(values, entry);
        values += ' ';
    };
    for (const mailstore::Annotation& one : *all) {
        if (!query.wants(one.name)) continue;
        if (query.max_size && one.value.size() > *query.max_size) {
            longest = std::max(longest, one.value.size());
            continue;
        }
        put(one.name);
        if (one.value.find('\0') != std::string::npos)
            put_binary(values, one.value);
        else
            put_string(values, one.value, client.utf8);
    }
    if (query.depth == MetadataQuery::Depth::none) {
        for (const std::string& entry : query.entries) {
            bool there =
                std::any_of(all->begin(), all->end(), [&](const auto& one) { return one.name == entry; });
            if (there) continue;
            put(entry);
            values += "NIL";
        }
    }
    if (values.empty()) return longest;
    out += "* METADATA ";
    put_mailbox(out, folder ? std::string_view{folder->path} : std::string_view{}, client.utf8);
    out += " (" + values + ")\r\n";
    return longest;
}

mailstore::Result<std::optional<std::string>> stored_filter(const Client& client, std::string_view name) {
    auto all = client.account->annotations(FolderId{0});
    if (!all) return std::unexpected(all.error());
    for (std::string_view scope : {"/private/", "/shared/"}) {
        std::string entry = std::string{scope} + "filters/values/" + text::to_lower(name);
        for (mailstore::Annotation& one : *all)
            if (one.name == entry) return std::optional{std::move(one.value)};
    }
    return std::optional<std::string>{};
}

}  // namespace postrider::imap
