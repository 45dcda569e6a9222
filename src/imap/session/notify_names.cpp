#include <algorithm>
#include <functional>

#include "imap/session/metadata.h"
#include "imap/session/notify.h"
#include "imap/session/special_use.h"
#include "imap/wire/encode.h"

namespace postrider::imap {
namespace {

using mailstore::FolderInfo;
using Folders = std::map<std::uint32_t, KnownNames::Folder>;

bool below(std::string_view path, std::string_view parent) {
    return path.size() > parent.size() && path.starts_with(parent) && path[parent.size()] == '/';
}

mailstore::Result<std::map<std::string, std::size_t>> read_annotations(Client& client,
                                                                       mailstore::Account& account,
                                                                       const FolderInfo* folder) {
    auto all = visible_annotations(client, account, folder);
    if (!all) return std::unexpected(all.error());
    std::map<std::string, std::size_t> hashes;
    for (const mailstore::Annotation& one : *all) hashes[one.name] = std::hash<std::string>{}(one.value);
    return hashes;
}

/// One look at what has become of the names.
class Differences {
public:
    Differences(Client& client, const Notify::Source& source, const KnownNames& now)
        : client_{client}, source_{source}, before_{source.names}, now_{now} {
        for (const auto& [id, folder] : now.folders) by_path_[folder.path] = id;
    }

    void announce() {
        if (client_.notify->asked & NotifyArgs::mailbox_name) names();
        const bool own = client_.is_own(*source_.account);
        if (own && (client_.notify->asked & NotifyArgs::subscription_change)) subscriptions();
        if (client_.notify->asked & NotifyArgs::mailbox_metadata) mailbox_metadata();
        if (own && (client_.notify->asked & NotifyArgs::server_metadata))
            metadata("", before_.annotations, now_.annotations);
    }

private:
    /// RFC 5465 §5.4.
    void names() {
        renames();
        for (const auto& [id, folder] : now_.folders) {
            auto before = before_.folders.find(id);
            const bool was = before != before_.folders.end() && before->second.selectable;
            if (folder.selectable != was) came_or_went(folder.path);
        }
        for (const auto& [id, folder] : before_.folders)
            if (!now_.folders.contains(id)) came_or_went(folder.path);
    }

    /// What lies in a renamed mailbox has moved with it, without a word.
    void renames() {
        std::map<std::string, std::string> moved;  // from old to new, parents first
        for (const auto& [id, folder] : now_.folders) {
            auto before = before_.folders.find(id);
            if (before != before_.folders.end() && before->second.path != folder.path)
                moved[before->second.path] = folder.path;
        }
        for (const auto& [from, to] : moved) {
            const bool with_parent = std::any_of(moved.begin(), moved.end(), [&](const auto& up) {
                return below(from, up.first) && to == up.second + from.substr(up.first.size());
            });
            if (!with_parent && !is_own(to) && wanted(to, NotifyArgs::mailbox_name)) put_list(to, from);
        }
    }

    void came_or_went(const std::string& path) {
        if (is_own(path)) return;
        say_once(path);
        if (std::size_t slash = path.rfind('/'); slash != std::string::npos) say_once(path.substr(0, slash));
    }

    void say_once(const std::string& path) {
        if (said_.insert(path).second && wanted(path, NotifyArgs::mailbox_name)) put_list(path);
    }

    /// §5.5.
    void subscriptions() {
        std::vector<std::string> changed;
        std::set_symmetric_difference(before_.subscribed.begin(), before_.subscribed.end(),
                                      now_.subscribed.begin(), now_.subscribed.end(),
                                      std::back_inserter(changed));
        for (const std::string& path : changed)
            if (!is_own(path) && wanted(path, NotifyArgs::subscription_change)) put_list(path);
    }

    /// §5.6.
    void mailbox_metadata() {
        for (const auto& [id, folder] : now_.folders) {
            auto before = before_.folders.find(id);
            if (before == before_.folders.end()) continue;  // its name is news enough
            const auto& had = before->second.annotations;
            if (had != folder.annotations && !is_own(folder.path)
                && wanted(folder.path, NotifyArgs::mailbox_metadata))
                metadata(folder.path, had, folder.annotations);
        }
    }

    /// RFC 5464 §4.4.2: the names of the entries that changed.
    void metadata(std::string_view path, const std::map<std::string, std::size_t>& had,
                  const std::map<std::string, std::size_t>& has) {
        std::set<std::string_view> changed;
        for (const auto& [name, value] : has)
            if (auto at = had.find(name); at == had.end() || at->second != value) changed.insert(name);
        for (const auto& [name, value] : had)
            if (!has.contains(name)) changed.insert(name);
        if (changed.empty() || is_own(path)) return;
        std::string& out = client_.out;
        out += "* METADATA ";
        put_mailbox(out, path, client_.utf8);
        for (std::string_view name : changed) {
            out += ' ';
            put_astring(out, name);
        }
        out += "\r\n";
    }

    /// Making a mailbox makes its parents too.
    bool is_own(std::string_view path) const {
        const auto& own = client_.notify->own.paths;
        return std::any_of(own.begin(), own.end(), [&](const std::string& one) {
            return one == path || (!path.empty() && below(one, path));
        });
    }

    bool wanted(const std::string& path, std::uint8_t event) const {
        FolderInfo folder;
        folder.path = path;
        folder.subscribed = now_.subscribed.contains(path) || before_.subscribed.contains(path);
        const bool own = client_.is_own(*source_.account);
        return wanted_events(client_, folder, own ? Whose::own : Whose::others) & event;
    }

    /// Of a name of this account, or of one elsewhere that the user has subscribed to.
    std::optional<FolderInfo> look_up(const std::string& path) {
        if (auto at = by_path_.find(path); at != by_path_.end()) {
            auto found = source_.account->folder(FolderId{at->second});
            return found ? std::optional{std::move(*found)} : std::nullopt;
        }
        auto its = client_.account_at(path);
        if (!its || (*its)->id() == source_.account->id()) return std::nullopt;
        auto found = (*its)->folder(path);
        return found ? std::optional{std::move(*found)} : std::nullopt;
    }

    void put_list(const std::string& path, std::string_view old_path = {}) {
        std::string attributes;
        auto add = [&](std::string_view one) {
            if (one.empty()) return;
            if (!attributes.empty()) attributes += ' ';
            attributes += one;
        };
        const std::optional<FolderInfo> info = look_up(path);
        const bool there = info && info->selectable;
        if (!there) add("\\NonExistent");
        if (now_.subscribed.contains(path)) add("\\Subscribed");
        auto child = by_path_.lower_bound(path + '/');
        add(child != by_path_.end() && below(child->first, path) ? "\\HasChildren" : "\\HasNoChildren");
        if (there) add(name(info->special_use));
        if (there && info->kind == mailstore::FolderKind::search) add(search_attribute);
        std::string& out = client_.out;
        out += "* LIST (" + attributes + ") \"/\" ";
        put_mailbox(out, path, client_.utf8);
        if (!old_path.empty()) {
            out += " (\"OLDNAME\" (";
            put_mailbox(out, old_path, client_.utf8);
            out += "))";
        }
        out += "\r\n";
    }

    Client& client_;
    const Notify::Source& source_;
    const KnownNames& before_;
    const KnownNames& now_;
    std::map<std::string, std::uint32_t> by_path_;
    std::set<std::string> said_;
};

}  // namespace

mailstore::Result<KnownNames> read_names(Client& client, const Notify::Source& source,
                                         const std::set<FolderId>& changed) {
    const std::uint8_t events = client.notify->asked;
    const Folders& before = source.names.folders;
    const bool own = client.is_own(*source.account);
    KnownNames names;
    auto folders = source.account->folders();
    if (!folders) return std::unexpected(folders.error());
    for (const FolderInfo& folder : *folders) {
        if (!mailstore::shows_mail(folder.kind) && !client.settings->show_all_folders) continue;
        KnownNames::Folder& known = names.folders[folder.id.value()];
        known.path = folder.path;
        known.selectable = folder.selectable;
        if (!(events & NotifyArgs::mailbox_metadata)) continue;
        auto at = before.find(folder.id.value());
        if (at != before.end() && !changed.contains(folder.id)) {
            known.annotations = at->second.annotations;
            continue;
        }
        if (!own && !folder.selectable) continue;
        auto annotations = read_annotations(client, *source.account, &folder);
        if (!annotations) return std::unexpected(annotations.error());
        known.annotations = std::move(*annotations);
    }
    auto subscriptions = client.account->subscriptions();
    if (!subscriptions) return std::unexpected(subscriptions.error());
    names.subscribed = {subscriptions->begin(), subscriptions->end()};
    if (own && (events & NotifyArgs::server_metadata)) {
        auto annotations = read_annotations(client, *source.account, nullptr);
        if (!annotations) return std::unexpected(annotations.error());
        names.annotations = std::move(*annotations);
    }
    return names;
}

mailstore::Result<> announce_names(Client& client, Notify::Source& source,
                                   const std::set<FolderId>& changed) {
    auto now = read_names(client, source, changed);
    if (!now) return std::unexpected(now.error());
    Differences{client, source, *now}.announce();
    source.names = std::move(*now);
    return {};
}

}  // namespace postrider::imap
