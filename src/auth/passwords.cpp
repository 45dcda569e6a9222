#include "auth/impl.h"
#include "auth/password_policy.h"
#include "auth/prepare.h"

namespace postrider::auth {
namespace {

using directory::DirectoryError;

std::unexpected<directory::Failure> not_allowed(std::string what) {
    return std::unexpected(directory::Failure{DirectoryError::not_allowed, std::move(what)});
}

directory::Result<std::string> make(Authenticator::Impl& impl, std::string_view password) {
    auto prepared = prepare_password(password, true);
    if (!prepared) return not_allowed("a password has 1 to 1024 octets of UTF-8 without control characters");
    Slots::Taken slot = impl.slots.take();
    if (!slot) return not_allowed("too many passwords are being checked now; try again in a moment");
    return encode(make_verifiers(prepared->text(), impl.wanted));
}

}  // namespace

directory::Result<std::string> Authenticator::make_credentials(std::string_view password) const {
    return make(*impl_, password);
}

directory::Result<> Authenticator::set_password(AccountId account, std::string_view password, Policy policy,
                                                bool must_change) {
    if (policy == Policy::enforce) {
        auto rules = impl_->directory.effective(account);
        if (!rules) return std::unexpected(rules.error());
        if (auto fault = password_fault(**rules, password)) return not_allowed(*fault);
    }
    auto credentials = make(*impl_, password);
    if (!credentials) return std::unexpected(credentials.error());
    auto version = impl_->directory.set_credentials(account, *credentials, must_change);
    wipe(*credentials);
    if (!version) return std::unexpected(version.error());
    impl_->passwords.erase(account);
    impl_->backoff.forgive_account(account.value());
    return {};
}

directory::Result<> Authenticator::change_password(const Context& context, AccountId account,
                                                   std::string_view old_password, std::string_view password) {
    auto entry = impl_->directory.account(account);
    if (!entry) return std::unexpected(entry.error());
    Who who;
    who.login = (*entry)->address;
    who.account = *entry;
    who.key = account.value();
    constexpr std::string_view method = "password change";
    if (auto no = impl_->refuse(context, who, method))
        return not_allowed("too many failures; try again later");
    auto prepared = prepare_password(old_password, false);
    Checked checked = prepared ? impl_->check_password(who, prepared->text()) : Checked::wrong;
    if (checked == Checked::wrong) {
        impl_->fail(context, who, method, Verdict::bad_credentials, "wrong password");
        return not_allowed("the old password is wrong");
    }
    if (checked != Checked::right)
        return not_allowed("the old password cannot be checked now; try again later");
    auto rules = impl_->directory.effective(account);
    if (!rules) return std::unexpected(rules.error());
    if ((*rules)->password_unchangeable)
        return not_allowed("this password can be changed by an administrator only");
    auto fresh = prepare_password(password, true);
    if ((*rules)->password_enforcement && fresh && equal_constant_time(fresh->text(), prepared->text()))
        return not_allowed("the new password is the old one");
    return set_password(account, password, Policy::enforce);
}

directory::Result<> Authenticator::set_admin_password(std::string_view name, std::string_view password) {
    auto credentials = make(*impl_, password);
    if (!credentials) return std::unexpected(credentials.error());
    return impl_->directory.set_admin_credentials(name, *credentials);
}

std::string Authenticator::random_password(std::size_t length) {
    return auth::random_password(length);
}

directory::Result<AccountId> Authenticator::create_account(DomainId domain, directory::NewAccount account,
                                                           std::string_view password, Policy policy) {
    if (policy == Policy::enforce) {
        directory::ClassId of_class;
        if (!account.account_class.empty()) {
            auto found = impl_->directory.account_class(domain, account.account_class);
            if (!found) return std::unexpected(found.error());
            of_class = found->id;
        }
        auto rules = impl_->directory.effective(domain, of_class);
        if (!rules) return std::unexpected(rules.error());
        if (auto fault = password_fault(**rules, password)) return not_allowed(*fault);
    }
    auto credentials = make(*impl_, password);
    if (!credentials) return std::unexpected(credentials.error());
    account.credentials = std::move(*credentials);
    return impl_->directory.create_account(domain, account);
}

directory::Result<Authenticator::RandomAccount> Authenticator::create_random_password(
    DomainId domain, directory::NewAccount account) {
    std::string password = random_password();
    auto id = create_account(domain, std::move(account), password, Policy::ignore);
    if (!id) return std::unexpected(id.error());
    return RandomAccount{*id, std::move(password)};
}

}  // namespace postrider::auth
