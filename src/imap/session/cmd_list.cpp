#include <algorithm>
#include <map>

#include "imap/session/commands.h"
#include "imap/session/mailboxes.h"
#include "imap/session/metadata.h"
#include "imap/session/rights_reply.h"
#include "imap/session/special_use.h"
#include "imap/session/status_reply.h"
#include "imap/wire/encode.h"
#include "imap/wire/list.h"
#include "imap/wire/pattern.h"
#include "imap/wire/status.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

using mailstore::FolderInfo;
using mailstore::SpecialUse;

/// A name that LIST may show: a folder, a subscription to what does not exist, or both.
struct Name {
    const Mailbox* folder = nullptr;
    bool subscribed = false;
    bool children = false;
    bool exists() const { return folder != nullptr; }
};

/// '/'-less than: parents right before their children, INBOX first.
struct PathOrder {
    bool operator()(std::string_view a, std::string_view b) const {
        bool a_inbox = a == "INBOX" || a.starts_with("INBOX/");
        bool b_inbox = b == "INBOX" || b.starts_with("INBOX/");
        if (a_inbox != b_inbox) return a_inbox;
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
            auto key = [](char c) { return c == '/' ? 1 : static_cast<unsigned char>(c); };
            return key(x) < key(y);
        });
    }
};
using Names = std::map<std::string, Name, PathOrder>;

std::string_view parent_of(std::string_view path) {
    std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

Names names_of(const std::vector<Mailbox>& folders, const std::vector<std::string>& subscriptions,
               bool all_kinds) {
    Names names;
    for (const Mailbox& folder : folders)
        if (all_kinds || mailstore::shows_mail(folder.kind)) names[folder.path].folder = &folder;
    for (auto& [path, name] : names) {
        auto parent = names.find(std::string{parent_of(path)});
        if (parent != names.end()) parent->second.children = true;
    }
    for (const std::string& path : subscriptions) names[path].subscribed = true;
    return names;
}

std::vector<Pattern> patterns_of(const Client& client, const ListArgs& args) {
    std::vector<Pattern> patterns;
    for (const std::string& pattern : args.patterns) {
        // The wildcards are plain characters to modified UTF-7. folder_path() would drop a final '/'.
        std::string joined = args.reference + pattern;
        auto path = client.folder_path(joined);
        if (!path) continue;
        if (joined.size() > 1 && joined.ends_with('/')) *path += '/';
        patterns.emplace_back(*path);
    }
    return patterns;
}

bool match_any(const std::vector<Pattern>& patterns, std::string_view path) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const Pattern& one) { return one.matches(path); });
}

void put_list(Client& client, std::string_view word, std::string_view path, std::string_view attributes,
              std::string_view child_info = {}) {
    std::string& out = client.out;
    out += "* ";
    out += word;
    out += " (";
    out += attributes;
    out += ") \"/\" ";
    put_mailbox(out, path, client.utf8);
    if (!child_info.empty()) {
        out += " (\"CHILDINFO\" (";
        out += child_info;
        out += "))";
    }
    out += "\r\n";
}

void add(std::string& attributes, std::string_view attribute) {
    if (attribute.empty()) return;
    if (!attributes.empty()) attributes += ' ';
    attributes += attribute;
}

std::string attributes_of(const Name& name, const ListArgs& args) {
    std::string all;
    if (!name.exists())
        add(all, args.extended ? "\\NonExistent" : "\\Noselect");
    else if (!name.folder->selectable)
        add(all, args.extended ? "\\NonExistent \\Noselect" : "\\Noselect");
    if (name.subscribed && (args.select_subscribed || args.return_subscribed)) add(all, "\\Subscribed");
    add(all, name.children ? "\\HasChildren" : "\\HasNoChildren");  // RFC 3348, RFC 9051 §7.3.1
    if (name.exists()) add(all, imap::name(name.folder->special_use));
    if (name.exists() && name.folder->kind == mailstore::FolderKind::search) add(all, search_attribute);
    return all;
}

/// What LIST (SUBSCRIBED) and (SPECIAL-USE) ask for; without them every folder.
bool selected_by(const Name& name, const ListArgs& args) {
    if (args.select_subscribed && !name.subscribed) return false;
    if (args.select_special_use && (!name.exists() || name.folder->special_use == SpecialUse::none))
        return false;
    return name.exists() || args.select_subscribed;
}

/// RFC 5258 §3.5: names that match the pattern and have, below them and not matching it themselves, names
/// that were selected.
std::map<std::string, std::string, std::less<>> child_infos(const Names& names, const ListArgs& args,
                                                            const std::vector<Pattern>& patterns) {
    std::map<std::string, std::string, std::less<>> infos;
    if (!args.select_recursive) return infos;
    for (const auto& [path, name] : names) {
        if (!selected_by(name, args) || match_any(patterns, path)) continue;
        for (std::string_view up = parent_of(path); !up.empty(); up = parent_of(up))
            if (match_any(patterns, up))
                infos[std::string{up}] = args.select_subscribed ? "\"SUBSCRIBED\"" : "\"SPECIAL-USE\"";
    }
    return infos;
}

/// The root of what somebody shares is a name and no mailbox.
bool is_a_mailbox(const Name& name) {
    return name.exists() && name.folder->id.value() != 0;
}

Reply list(Client& client, const ListArgs& args, const Names& names) {
    std::vector<Pattern> patterns = patterns_of(client, args);
    auto infos = child_infos(names, args, patterns);
    for (const auto& [path, name] : names) {
        if (!match_any(patterns, path)) continue;
        auto info = infos.find(path);
        const bool has_info = info != infos.end(), selected = selected_by(name, args);
        if (!has_info && !selected) continue;
        put_list(client, "LIST", path, attributes_of(name, args),
                 has_info ? info->second : std::string_view{});
        if (has_info) infos.erase(info);
        // RFC 5819 §3, RFC 9590 §4: nothing more of a name that stands there for those below it.
        if (!selected) continue;
        std::optional<rights::RightSet> mine;
        if (name.exists()) {
            auto may = rights::rights_in(*name.folder->account, name.folder->id);
            if (may) mine = *may;
        }
        if (args.return_my_rights && mine && is_a_mailbox(name))  // RFC 8440 §3
            put_my_rights(client, *name.folder, *mine);
        if (args.return_metadata && is_a_mailbox(name) && name.folder->selectable) {  // RFC 9590 §4
            auto done = put_metadata(client, *name.folder->account, name.folder, *args.return_metadata);
            if (!done && done.error().kind != mailstore::MailError::no_permission)
                return to_reply(done.error());
        }
        if (args.return_status == 0 || !name.exists() || !name.folder->selectable) continue;
        // RFC 5819 §2: what cannot be asked about is left out.
        if (!mine || !mine->has(rights::Right::read)) continue;
        mailstore::Account& account = *name.folder->account;
        mailstore::Result<> done;
        if (client.is_own(account)) {
            done = put_status(client, account, *name.folder, args.return_status);
        } else {  // what this user has read there was not counted for the list
            auto now = account.folder(name.folder->id);
            if (!now) continue;
            done = put_status(client, account, *now, args.return_status);
        }
        if (!done) return to_reply(done.error());
    }
    for (const auto& [path, child] : infos)  // parents that are not there themselves
        put_list(client, "LIST", path, "\\NonExistent \\HasChildren", child);
    return ok("LIST completed");
}

/// The characters before the first wildcard.
std::string_view plain_part(std::string_view pattern) {
    return pattern.substr(0, pattern.find_first_of("%*"));
}

/// Whether a pattern may match something at or below that name.
bool reaches(const Client& client, const ListArgs& args, std::string_view root) {
    return std::any_of(args.patterns.begin(), args.patterns.end(), [&](const std::string& pattern) {
        const std::string joined = args.reference + pattern;
        std::string begin{plain_part(joined)};
        if (auto path = client.folder_path(begin)) begin = std::move(*path);
        const std::size_t both = std::min(begin.size(), root.size());
        return begin.substr(0, both) == root.substr(0, both);
    });
}

mailstore::Result<Names> load(Client& client, const ListArgs& args, std::vector<Mailbox>& folders) {
    auto all = own_mailboxes(client);
    if (!all) return std::unexpected(all.error());
    auto subscriptions = client.account->subscriptions();
    if (!subscriptions) return std::unexpected(subscriptions.error());
    folders = std::move(*all);
    auto shared =
        shared_mailboxes(client, [&](std::string_view root) { return reaches(client, args, root); });
    if (!shared) return std::unexpected(shared.error());
    std::move(shared->begin(), shared->end(), std::back_inserter(folders));
    return names_of(folders, *subscriptions, client.settings->show_all_folders);
}

}  // namespace

/// RFC 9051 §6.3.9 with all of RFC 5258, RFC 5819 and RFC 6154.
Reply cmd_list(Client& client, const Command& command) {
    auto args = parse_list(command.args);
    if (!args) return bad(args.error());
    if (!args->extended && args->patterns.front().empty()) {  // asks for the separator
        put_list(client, "LIST", "", "\\Noselect");
        return ok("LIST completed");
    }
    std::vector<Mailbox> folders;
    auto names = load(client, *args, folders);
    if (!names) return to_reply(names.error());
    if (args->return_status & status_highest_modseq) enable_condstore(client);  // RFC 7162 §3.1
    return list(client, *args, *names);
}

namespace {

/// What XLIST called the uses that RFC 6154 took over from it under other names.
std::string_view xlist_name(SpecialUse use) {
    switch (use) {
        case SpecialUse::all: return "\\AllMail";
        case SpecialUse::junk: return "\\Spam";
        case SpecialUse::flagged: return "\\Starred";
        default: return imap::name(use);
    }
}

}  // namespace

/// LIST with special uses in its answers, from before RFC 6154: for Outlook 2013 and its like.
Reply cmd_xlist(Client& client, const Command& command) {
    auto args = parse_lsub(command.args);
    if (!args) return bad(args.error());
    std::vector<Mailbox> folders;
    auto names = load(client, *args, folders);
    if (!names) return to_reply(names.error());
    std::vector<Pattern> patterns = patterns_of(client, *args);
    for (const auto& [path, name] : *names) {
        if (!name.exists() || !match_any(patterns, path)) continue;
        std::string attributes = name.children ? "\\HasChildren" : "\\HasNoChildren";
        if (!name.folder->selectable) add(attributes, "\\Noselect");
        add(attributes, path == "INBOX" ? std::string_view{"\\Inbox"} : xlist_name(name.folder->special_use));
        put_list(client, "XLIST", path, attributes);
    }
    return ok("XLIST completed");
}

/// RFC 3501 §6.3.9: subscriptions; with "%" also the parents of those further down, as \Noselect.
Reply cmd_lsub(Client& client, const Command& command) {
    auto args = parse_lsub(command.args);
    if (!args) return bad(args.error());
    std::vector<Mailbox> folders;
    auto names = load(client, *args, folders);
    if (!names) return to_reply(names.error());
    std::vector<Pattern> patterns = patterns_of(client, *args);
    bool levels = args->patterns.front().find('%') != std::string::npos;
    std::map<std::string, bool, PathOrder> shown;  // and whether it is subscribed itself
    for (const auto& [path, name] : *names) {
        if (!name.subscribed) continue;
        if (match_any(patterns, path))
            shown[path] = true;
        else if (levels)
            for (std::string_view up = parent_of(path); !up.empty(); up = parent_of(up))
                if (match_any(patterns, up)) shown.try_emplace(std::string{up}, false);
    }
    for (const auto& [path, subscribed] : shown)
        put_list(client, "LSUB", path, subscribed ? "" : "\\Noselect");
    return ok("LSUB completed");
}

}  // namespace postrider::imap
