#include "delivery/router.h"

#include <algorithm>
#include <utility>

namespace postrider::delivery {
namespace {

Destination refused(bool temporary, std::string status, std::string text) {
    Destination destination;
    destination.refusal = Refusal{temporary, std::move(status), std::move(text)};
    return destination;
}

Destination into(AccountId account, std::string folder, std::uint16_t location) {
    Destination destination;
    destination.location = location;
    mailstore::Target target;
    target.account = account;
    if (!folder.empty()) target.folder = std::move(folder);
    destination.targets.push_back(std::move(target));
    return destination;
}

void merge(Destination& all, Destination member) {
    if (all.targets.empty()) all.location = member.location;
    for (mailstore::Target& target : member.targets) {
        bool there = std::ranges::any_of(all.targets, [&](const mailstore::Target& t) {
            return t.account == target.account && t.folder == target.folder;
        });
        if (!there) all.targets.push_back(std::move(target));
    }
    std::ranges::move(member.elsewhere, std::back_inserter(all.elsewhere));
    all.with_quota.insert(all.with_quota.end(), member.with_quota.begin(), member.with_quota.end());
}

}  // namespace

std::uint16_t LocationTurns::pick(const std::vector<std::uint16_t>& locations,
                                  const mailstore::MailStore& store) const {
    if (locations.size() == 1) return locations.front();
    const std::size_t first = next_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < locations.size(); ++i)
        if (const auto one = locations[(first + i) % locations.size()]; store.takes_mail(one)) return one;
    return locations.front();
}

std::uint16_t Router::location_of(DomainId id) const {
    const auto domain = directory_.domain(id);
    return domain ? turns_.pick(domain->locations, store_) : 0;
}

Destination Router::mailbox(const directory::Mailbox& mailbox, std::uint64_t size,
                            const rules::Sender* sender) const {
    const directory::AccountEntry& entry = *mailbox.account;
    if (sender != nullptr) {
        auto settings = directory_.effective(entry.id);
        if (!settings) return refused(true, "4.3.0", "Recipient cannot be looked up now");
        if ((*settings)->recv_restrictions) {
            auto own = directory_.domain(entry.domain);
            if (own && !rules::may_receive(**settings, *own, sender->address))
                return refused(false, "5.7.1", "This mailbox does not take mail from you");
        }
    }
    auto account = mailstore::open_or_create(store_, entry.id);
    if (!account) return refused(true, "4.3.0", "Mailbox temporarily unavailable");
    mailstore::Quota quota = (*account)->quota();
    bool limited = quota.limit_bytes != 0 || quota.limit_messages != 0;
    // RFC 5321 §4.5.3.1.9, RFC 3463 X.2.2: temporary, since the owner can make room.
    if ((quota.limit_bytes != 0 && quota.used_bytes + size > quota.limit_bytes)
        || (quota.limit_messages != 0 && quota.used_messages + 1 > quota.limit_messages)) {
        Destination full = refused(true, "4.2.2", "Mailbox full");
        full.with_quota.push_back(entry.id);
        return full;
    }
    if (rate_ != nullptr && sender != nullptr && rate_->limited() && !rate_->admit(entry.id, clock_->now()))
        return refused(true, "4.2.1", "This mailbox gets too much mail at the moment");
    Destination destination = into(entry.id, mailbox.folder, location_of(entry.domain));
    if (limited) destination.with_quota.push_back(entry.id);
    return destination;
}

/// What nobody has made yet is made by the first message to it.
Destination Router::public_folder(const directory::PublicFolder& folder, std::uint64_t size) const {
    auto account = mailstore::open_public(store_, folder.owner);
    if (!account) return refused(true, "4.3.0", "Folder temporarily unavailable");
    auto there = (*account)->folder(folder.folder);
    if (!there || !there->selectable) {
        auto made = (*account)->create_folder(folder.folder);
        if (!made && made.error().kind == mailstore::MailError::bad_name)
            return refused(false, "5.2.1", "The folder of this address cannot be made");
        if (!made && made.error().kind != mailstore::MailError::exists)
            return refused(true, "4.2.2", "The folder of this address cannot be made now");
    }
    const mailstore::Quota quota = (*account)->quota();
    if ((quota.limit_bytes != 0 && quota.used_bytes + size > quota.limit_bytes)
        || (quota.limit_messages != 0 && quota.used_messages + 1 > quota.limit_messages))
        return refused(true, "4.2.2", "The public folders are full");
    return into(folder.owner, folder.folder, location_of(folder.domain));
}

Destination Router::one_step(const directory::Route& route, const mime::AddrSpec& address, std::uint64_t size,
                             const rules::Sender* sender) const {
    if (sender != nullptr && !sender->may_send_to(address))
        return refused(false, "5.7.1", "Your account may not send to this address");
    if (auto* found = std::get_if<directory::Mailbox>(&route)) return mailbox(*found, size, sender);
    if (auto* folder = std::get_if<directory::PublicFolder>(&route)) return public_folder(*folder, size);
    if (std::holds_alternative<directory::NotLocal>(route)) {
        Destination destination;
        destination.elsewhere.push_back(address);
        return destination;
    }
    if (std::holds_alternative<directory::Disabled>(route))
        return refused(true, "4.2.1", "Mailbox disabled, not accepting messages");
    if (std::holds_alternative<directory::Unavailable>(route))
        return refused(true, "4.3.0", "Recipient cannot be looked up now");
    return refused(false, "5.1.1", "No such user here");
}

Destination Router::resolve(const mime::AddrSpec& address, std::uint64_t size,
                            const rules::Sender* sender) const {
    if (stands_for_)
        if (auto original = stands_for_(address))
            return one_step(directory_.route(*original), *original, size, sender);
    directory::Route route = directory_.route(address);
    auto* group = std::get_if<directory::Expansion>(&route);
    if (!group) return one_step(route, address, size, sender);
    if (sender != nullptr && !sender->may_send_to(address))
        return refused(false, "5.7.1", "Your account may not send to this address");

    auto members = directory_.expand(*group);
    if (!members) return refused(true, "4.3.0", "Members cannot be looked up now");
    Destination all;
    all.expanded = true;
    std::optional<Refusal> last;
    for (const mime::AddrSpec& member : members->members) {
        Destination one = one_step(directory_.route(member), member, size, sender);
        // A member that cannot take mail does not keep the others from getting it.
        if (one.refusal && (!last || !last->temporary)) last = std::move(one.refusal);
        merge(all, std::move(one));
    }
    if (all.targets.empty() && all.elsewhere.empty())
        all.refusal = last ? last : Refusal{false, "5.1.1", "The group has no members"};
    return all;
}

}  // namespace postrider::delivery
