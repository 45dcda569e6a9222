#include "rights/sharing.h"

#include <algorithm>

#include "mailstore/errors.h"
#include "text/ascii.h"

/// Who somebody is: his groups, his names, and in whose name he may write.
namespace postrider::rights {

using mailstore::fail;
using mailstore::MailError;

namespace {

constexpr std::size_t known_most = 10'000;  ///< people whose groups stay in memory

mailstore::Failure from(const directory::Failure& failure) {
    return {failure.kind == directory::DirectoryError::not_found ? MailError::no_such_account
                                                                 : MailError::storage,
            failure.what};
}

}  // namespace

Result<std::shared_ptr<const Who>> Sharing::who(const directory::AccountEntry& person) {
    const std::uint64_t version = people_version();
    {
        std::lock_guard lock{caches_};
        if (auto at = known_people_.find(person.id);
            at != known_people_.end() && at->second.version == version)
            return at->second.who;
    }
    auto now = directory_.account(person.id);  // its names may be others than when it logged in
    if (!now) return std::unexpected(from(now.error()));
    auto groups = directory_.groups_of(**now);
    if (!groups) return std::unexpected(from(groups.error()));
    auto made = std::make_shared<const Who>(Who{person.id, (*now)->domain, std::move(*groups)});
    std::lock_guard lock{caches_};
    if (known_people_.size() >= known_most) known_people_.clear();
    known_people_[person.id] = {version, made};
    return made;
}

bool Sharing::may_send_as(const directory::AccountEntry& person, const mime::AddrSpec& address) {
    const directory::Route route = directory_.route(address);
    if (auto* mailbox = std::get_if<directory::Mailbox>(&route)) {
        if (mailbox->account->id == person.id) return true;
        auto granted = rights(person, owner_of(*mailbox->account), FolderId{0});
        return granted && granted->has(Right::send_as);
    }
    if (auto* expansion = std::get_if<directory::Expansion>(&route)) {
        auto group = directory_.group(expansion->group);
        if (!group || !(*group)->members_send_as) return false;
        auto him = who(person);
        return him && std::ranges::binary_search((*him)->groups, expansion->group);
    }
    auto* folder = std::get_if<directory::PublicFolder>(&route);
    if (!folder) return false;
    if (folder->domain_sends_as && folder->domain == person.domain) return true;
    const auto domain = directory_.domain(folder->domain);
    if (!domain) return false;
    const Owner owner = public_owner(*domain);
    auto account = open(owner);
    if (!account) return false;
    auto there = (*account)->folder(folder->folder);
    auto granted = rights(person, owner, there ? there->id : FolderId{0});
    return granted && granted->has(Right::send_as);
}

// ---- names of principals

Result<Principal> Sharing::principal_named(DomainId domain_id, std::string_view name) const {
    const auto domain = directory_.domain(domain_id);
    if (!domain) return fail(MailError::no_such_account, "the domain is gone");
    if (text::equal_ci(name, "anyone")) return Principal::everyone(domain_id);
    std::string_view local = name;
    if (auto at = name.rfind('@'); at != std::string_view::npos) {
        local = name.substr(0, at);
        const auto named = directory_.domain(name.substr(at + 1));
        if (!named || named->id != domain_id)
            return fail(MailError::no_such_account,
                        "rights are for people and groups of the domain " + domain->name);
    }
    auto object = directory_.object(domain_id, local);
    if (object && object->kind == directory::ObjectKind::account) return Principal::account(object->id);
    if (object && object->kind == directory::ObjectKind::group) return Principal::group(object->id);
    return fail(MailError::no_such_account,
                "there is no account or group '" + std::string{name} + "' in " + domain->name);
}

std::string Sharing::name_of(const Principal& principal) const {
    switch (principal.kind) {
        case Principal::Kind::everyone: return "anyone";
        case Principal::Kind::account: {
            auto account = directory_.account(AccountId{principal.id});
            return account ? (*account)->address : std::string{};
        }
        case Principal::Kind::group: break;
    }
    auto group = directory_.group(AccountId{principal.id});
    return group ? (*group)->address : std::string{};
}

}  // namespace postrider::rights
