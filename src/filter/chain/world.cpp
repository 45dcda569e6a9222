#include "filter/chain/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "filter/anti_spam.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

mailstore::SpecialUse use_of(std::string_view name) {
    using mailstore::SpecialUse;
    constexpr std::pair<std::string_view, SpecialUse> uses[] = {
        {"\\All", SpecialUse::all},       {"\\Archive", SpecialUse::archive},
        {"\\Drafts", SpecialUse::drafts}, {"\\Flagged", SpecialUse::flagged},
        {"\\Junk", SpecialUse::junk},     {"\\Sent", SpecialUse::sent},
        {"\\Trash", SpecialUse::trash}};
    for (const auto& [word, use] : uses)
        if (text::equal_ci(word, name)) return use;
    return SpecialUse::none;
}

/// Ids as IMAP tells them: "F", the account and the folder's UIDVALIDITY in hexadecimal digits (RFC 8474 §4).
std::optional<mailstore::FolderInfo> folder_of_id(mailstore::Account& account, std::string_view id) {
    auto folders = account.folders();
    if (!folders) return std::nullopt;
    for (mailstore::FolderInfo& folder : *folders)
        if (id == fmt::format("F{:x}-{:x}", account.id().value(), folder.uid_validity))
            return std::move(folder);
    return std::nullopt;
}

}  // namespace

std::string seen_key(std::string_view duplicate) {
    return std::string{"seen:"}.append(duplicate);
}

std::string answer_key(std::string_view vacation) {
    return std::string{"answered:"}.append(vacation);
}

void set_flags(Copy& copy, const sieve::Flags& flags) {
    constexpr std::pair<std::string_view, std::uint8_t> system[] = {{"\\Seen", mailstore::seen},
                                                                    {"\\Answered", mailstore::answered},
                                                                    {"\\Flagged", mailstore::flagged},
                                                                    {"\\Deleted", mailstore::deleted},
                                                                    {"\\Draft", mailstore::draft}};
    copy.flags = 0;
    copy.keywords.clear();
    for (const std::string& flag : flags) {
        auto known =
            std::ranges::find_if(system, [&](const auto& s) { return text::equal_ci(s.first, flag); });
        if (known != std::end(system))
            copy.flags |= known->second;
        else if (!flag.starts_with('\\'))  // \Recent and what RFC 9051 may add: not ours to set
            copy.keywords.push_back(flag);
    }
}

mailstore::Account* World::account() {
    if (!account_)
        if (auto found = mailstore::open_or_create(parts_.store, owner_.account))
            account_ = std::move(*found);
    return account_.get();
}

std::optional<std::string> World::item(std::string_view name) {
    // RFC 5183 §4.1: scripts run at the final delivery, after the answer to SMTP in principle.
    if (name == "location") return "MS";
    if (name == "phase") return "post";
    if (name == "host") return parts_.host.get();
    if (name == "remote-ip" && !envelope_.client.empty()) return envelope_.client;
    if (name == "domain") {
        auto domain = parts_.directory.domain(owner_.domain);
        return domain ? std::optional{domain->name} : std::nullopt;
    }
    return std::nullopt;
}

bool World::mailbox_exists(std::string_view name) {
    mailstore::Account* own = account();
    auto folder = own ? own->folder(name) : std::unexpected(mailstore::Failure{});
    return folder && folder->selectable;
}

bool World::mailbox_id_exists(std::string_view id) {
    mailstore::Account* own = account();
    return own && folder_of_id(*own, id).has_value();
}

std::optional<std::string> World::metadata(std::string_view mailbox, std::string_view annotation) {
    mailstore::Account* own = account();
    if (!own) return std::nullopt;
    FolderId folder;
    if (!mailbox.empty()) {
        auto found = own->folder(mailbox);
        if (!found) return std::nullopt;
        folder = found->id;
    }
    // RFC 5464 §3: entry names know no case; what the server keeps for itself is under neither name.
    const std::string wanted = text::to_lower(annotation);
    if (!wanted.starts_with("/private/") && !wanted.starts_with("/shared/")) return std::nullopt;
    auto all = own->annotations(folder);
    if (!all) return std::nullopt;
    for (mailstore::Annotation& one : *all)
        if (text::equal_ci(one.name, wanted)) return std::move(one.value);
    return std::nullopt;
}

bool World::special_use_exists(std::string_view mailbox, std::string_view use) {
    const auto wanted = use_of(use);
    mailstore::Account* own = account();
    if (wanted == mailstore::SpecialUse::none || !own) return false;
    if (!mailbox.empty()) {
        auto folder = own->folder(mailbox);
        return folder && folder->special_use == wanted;
    }
    auto folders = own->folders();
    return folders && std::ranges::any_of(*folders, [&](const auto& f) { return f.special_use == wanted; });
}

bool World::duplicate_seen(std::string_view key) {
    return parts_.memory.noted(owner_.account, seen_key(key)).has_value();
}

bool World::answered(std::string_view key, std::chrono::seconds within) {
    auto when = parts_.memory.noted(owner_.account, answer_key(key));
    return when && *when + within > now();
}

std::vector<std::string> World::own_addresses() {
    std::vector<std::string> all;
    if (!owner_.entry) return all;
    all.push_back(owner_.entry->address);
    const auto domain = parts_.directory.domain(owner_.domain);
    if (!domain) return all;
    std::vector<std::string> names{owner_.entry->name};
    names.insert(names.end(), owner_.entry->aliases.begin(), owner_.entry->aliases.end());
    std::vector<std::string> domains{domain->name};
    domains.insert(domains.end(), domain->aliases.begin(), domain->aliases.end());
    for (const std::string& name : names)
        for (const std::string& at : domains)
            if (std::string address = name + '@' + at; address != all.front())
                all.push_back(std::move(address));
    return all;
}

namespace {

enum class List : std::uint8_t { none, known, collected, white, black };

/// RFC 6134 §2.7: the beginning of the URN may be left out.
List list_of(std::string_view name) {
    constexpr std::string_view urn = "urn:ietf:params:sieve";
    if (text::starts_with_ci(name, urn)) name.remove_prefix(urn.size());
    constexpr std::pair<std::string_view, List> lists[] = {{":addrbook:default", List::known},
                                                           {":addrbook:collected", List::collected},
                                                           {":addrbook:whitelist", List::white},
                                                           {":addrbook:blacklist", List::black}};
    for (const auto& [word, list] : lists)
        if (text::equal_ci(word, name)) return list;
    return List::none;
}

}  // namespace

bool World::list_exists(std::string_view name) {
    return parts_.anti_spam != nullptr && owner_.entry != nullptr && list_of(name) != List::none;
}

bool World::list_contains(std::string_view name, std::string_view value) {
    const List list = list_of(name);
    const auto address = mime::parse_addr_spec(text::trim(value));
    if (!list_exists(name) || !address) return false;
    AntiSpam& known = *parts_.anti_spam;
    const auto verdict = known.lists().judge(ListOwner::account(owner_.account), {*address});
    switch (list) {
        case List::white: return verdict && *verdict == ListVerdict::white;
        case List::black: return verdict && *verdict == ListVerdict::black;
        case List::known:
            if (verdict && *verdict == ListVerdict::white) return true;
            [[fallthrough]];
        case List::collected:
            return known.confirmation().collected().has(owner_.account, *address).value_or(false);
        case List::none: break;
    }
    return false;
}

std::vector<std::string> World::list_members(std::string_view name) {
    const List list = list_of(name);
    std::vector<std::string> all;
    if (!list_exists(name)) return all;
    AntiSpam& known = *parts_.anti_spam;
    const auto take = [&](ListColour colour) {
        auto lines = known.lists().list(ListOwner::account(owner_.account), colour);
        if (!lines) return;
        for (std::string& line : *lines)  // of the patterns those that are addresses
            if (line.find_first_of("*?/") == line.npos && mime::parse_addr_spec(line))
                all.push_back(std::move(line));
    };
    if (list == List::white || list == List::known) take(ListColour::white);
    if (list == List::black) take(ListColour::black);
    if (list == List::collected || list == List::known)
        if (auto met = known.confirmation().collected().list(owner_.account))
            for (CollectedAddresses::Entry& one : *met)
                if (std::ranges::find(all, one.address) == all.end()) all.push_back(std::move(one.address));
    return all;
}

std::optional<std::string> World::document_text(std::string_view type, std::string_view content) {
    constexpr unsigned most_documents = 10;  // of one run: each may take seconds
    if (!parts_.document_text || ++documents_ > most_documents) return std::nullopt;
    return parts_.document_text(type, content);
}

Copy World::copy_of(const sieve::FileInto& into) {
    Copy copy;
    copy.folder = into.mailbox;
    set_flags(copy, into.flags);
    mailstore::Account* own = account();
    if (!own) return copy;
    if (into.mailbox_id)  // RFC 9042 §3: first of all
        if (auto folder = folder_of_id(*own, *into.mailbox_id)) {
            copy.folder = folder->path;
            return copy;
        }
    if (into.special_use) {
        const auto wanted = use_of(*into.special_use);
        if (auto folders = own->folders(); folders && wanted != mailstore::SpecialUse::none)
            for (const auto& folder : *folders)
                if (folder.special_use == wanted) {
                    copy.folder = folder.path;
                    return copy;
                }
    }
    copy.create = into.create && !own->folder(copy.folder);
    return copy;
}

}  // namespace postrider::filter
