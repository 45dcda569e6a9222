#include "rules/exchange.h"

#include <algorithm>

#include "rules/patterns.h"

namespace postrider::rules {
namespace {

using settings::ExchangePolicy;

bool by_policy(ExchangePolicy policy, const directory::Domain& own, const std::string& domain) {
    auto any_name = [&](auto test) { return test(own.name) || std::ranges::any_of(own.aliases, test); };
    switch (policy) {
        case ExchangePolicy::deny_any_domain: return false;
        case ExchangePolicy::allow_any_domain: return true;
        case ExchangePolicy::allow_local_domain:
            return any_name([&](const std::string& name) { return name == domain; });
        case ExchangePolicy::allow_local_domain_and_subdomains:
            return any_name([&](const std::string& name) { return is_within(domain, name); });
    }
    return false;
}

}  // namespace

bool allows(ExchangePolicy policy, const std::vector<std::string>& exceptions, const directory::Domain& own,
            const mime::AddrSpec& other) {
    // A bare <postmaster> is ours (RFC 5321 §4.1.1.3).
    bool allowed = by_policy(policy, own, other.domain.empty() ? own.name : other.domain);
    return matches_any(exceptions, other) ? !allowed : allowed;
}

Sender Sender::of(const directory::Directory& directory, const mime::AddrSpec& reverse_path,
                  std::shared_ptr<const directory::AccountEntry> account) {
    Sender sender;
    sender.address = reverse_path;
    if (!account) return sender;
    auto settings = directory.effective(account->id);
    sender.domain = directory.domain(account->domain);
    if (!settings || !sender.domain) return sender;
    sender.settings = std::move(*settings);
    sender.account = std::move(account);
    return sender;
}

Sender Sender::of(const directory::Directory& directory, const mime::AddrSpec& reverse_path,
                  const std::string& authenticated) {
    std::optional<mime::AddrSpec> who;
    if (!authenticated.empty())
        who = mime::parse_addr_spec(authenticated);
    else if (!reverse_path.domain.empty() && directory.is_local_domain(reverse_path.domain))
        who = reverse_path;
    std::shared_ptr<const directory::AccountEntry> account;
    if (who) {
        auto found = directory.account(*who);
        if (found) account = std::move(*found);
    }
    return of(directory, reverse_path, std::move(account));
}

bool Sender::may_send_to(const mime::AddrSpec& recipient) const {
    if (!settings || !settings->send_restrictions) return true;
    return allows(settings->send_policy, settings->send_exceptions, *domain, recipient);
}

bool may_receive(const settings::AccountSettings& settings, const directory::Domain& own,
                 const mime::AddrSpec& sender) {
    if (!settings.recv_restrictions) return true;
    if (sender.null())
        return settings.recv_policy != ExchangePolicy::deny_any_domain || !settings.recv_exceptions.empty();
    return allows(settings.recv_policy, settings.recv_exceptions, own, sender);
}

}  // namespace postrider::rules
