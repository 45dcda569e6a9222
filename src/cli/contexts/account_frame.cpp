#include "cli/contexts/account_frame.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/admin_limits.h"
#include "cli/wire/layout.h"
#include "directory/names.h"

namespace postrider::cli {

using directory::SettingsLevel;
using Policy = auth::Authenticator::Policy;

AccountFrame::AccountFrame(Shell& shell, DomainId domain, AccountId id, std::string name,
                           std::string password)
    : Frame{shell, shell.tree().at("domain/account")},
      domain_{domain},
      id_{id},
      new_name_{std::move(name)},
      new_password_{std::move(password)} {
    (void)reload();
}

Step<> AccountFrame::reload() {
    values_pending.clear();
    folder_quotas_pending.clear();
    contact_pending.clear();
    filters_pending = {};
    before_ = {};
    aliases_before_.clear();
    if (is_new()) {
        before_.name = new_name_;
        before_.password = new_password_;
    } else {
        auto account = shell_.directory().account(id_);
        if (!account) return std::unexpected("the account is gone");
        before_.name = (*account)->name;
        before_.must_change = (*account)->must_change_password;
        before_.enable = (*account)->enabled;
        before_.class_name = (*account)->account_class;
        before_.customer_reference = (*account)->customer_reference;
        before_.publish_contact = (*account)->publish_contact;
        aliases_before_ = (*account)->aliases;
    }
    before_.filtering_option = now().filtering_option;
    form_ = before_;
    aliases_ = aliases_before_;
    return {};
}

std::string AccountFrame::address() const {
    auto account = shell_.directory().account(id_);
    return account ? (*account)->address : std::string{};
}

Step<> AccountFrame::add_alias(const std::string& alias) {
    if (auto fault = directory::local_name_fault(alias))
        return std::unexpected(fmt::format("{}: {}", clean(alias), *fault));
    std::string folded = directory::fold_local(alias);
    for (const std::string& one : aliases_)
        if (directory::fold_local(one) == folded)
            return std::unexpected(fmt::format("{} is an alias already", alias));
    bool was = std::ranges::any_of(
        aliases_before_, [&](const std::string& one) { return directory::fold_local(one) == folded; });
    if (!was && shell_.directory().object(domain_, alias))
        return std::unexpected(fmt::format("the name {} is taken", alias));
    if (aliases_.size() >= 1000) return std::unexpected("an account has at most 1000 aliases");
    aliases_.push_back(alias);
    return {};
}

Step<> AccountFrame::remove_alias(const std::string& alias) {
    std::string folded = directory::fold_local(alias);
    auto gone =
        std::erase_if(aliases_, [&](const std::string& one) { return directory::fold_local(one) == folded; });
    if (gone == 0) return std::unexpected(fmt::format("there is no alias {}", clean(alias)));
    return {};
}

settings::AccountSettings AccountFrame::inherited() const {
    directory::ClassId of_class;
    if (!form_.class_name.empty())
        if (auto found = shell_.directory().account_class(domain_, form_.class_name)) of_class = found->id;
    auto values = shell_.directory().effective(domain_, of_class);
    return values ? **values : settings::AccountSettings{};
}

settings::AccountSettings AccountFrame::now() const {
    if (is_new()) return inherited();
    auto values = shell_.directory().effective(id_);
    return values ? **values : settings::AccountSettings{};
}

directory::ExplicitValues AccountFrame::contact() {
    std::map<std::string, std::string> all;
    if (!is_new()) {
        if (auto known = shell_.directory().contact(id_)) all.insert(known->begin(), known->end());
        if (auto account = shell_.directory().account(id_)) {
            all["firstName"] = (*account)->first_name;
            all["lastName"] = (*account)->last_name;
        }
    }
    for (const auto& [name, text] : contact_pending) all[name] = text;
    return {all.begin(), all.end()};
}

/// What is not part of the account's own record.
Step<> AccountFrame::write_rest(AccountId id) {
    auto& directory = shell_.directory();
    if (!delegates_pending.empty()) {
        auto account = directory.account(id);
        if (!account) return std::unexpected(account.error().what);
        for (const DelegateEdit& edit : delegates_pending)
            if (auto done = apply_delegate(*shell_.admin().sharing, **account, edit); !done) return done;
    }
    if (!values_pending.empty()) {
        const auto changes = to_changes(values_pending);
        if (auto done = step(directory.change_values(SettingsLevel::account(id), changes)); !done)
            return done;
    }
    directory::AccountChange change;
    directory::ExplicitValues more;
    for (const auto& [name, text] : contact_pending) {
        if (name == "firstName")
            change.first_name = text;
        else if (name == "lastName")
            change.last_name = text;
        else
            more.emplace_back(name, text);
    }
    if (form_.must_change != before_.must_change) change.must_change_password = form_.must_change;
    if (form_.enable != before_.enable) change.enabled = form_.enable;
    if (form_.customer_reference != before_.customer_reference)
        change.customer_reference = form_.customer_reference;
    if (form_.publish_contact != before_.publish_contact) change.publish_contact = form_.publish_contact;
    bool any = change.first_name || change.last_name || change.must_change_password || change.enabled
               || change.customer_reference || change.publish_contact;
    if (any)
        if (auto done = step(directory.change_account(id, change)); !done) return done;
    if (!more.empty())
        if (auto done = step(directory.change_contact(id, more)); !done) return done;
    if (auto done = write_folder_quotas(id); !done) return done;
    const FilterPlace place{filter::DefinitionOwner::Kind::account, id.value(), domain_};
    return write_filters(shell_, place, filters_pending);
}

Step<> AccountFrame::write_folder_quotas(AccountId id) {
    if (folder_quotas_pending.empty()) return {};
    auto mail = step(mailstore::open_or_create(shell_.admin().store, id));
    if (!mail) return std::unexpected(mail.error());
    return cli::write_folder_quotas(shell_, **mail, folder_quotas_pending);
}

Step<> AccountFrame::create() {
    directory::NewAccount account;
    account.name = form_.name;
    account.aliases = aliases_;
    account.account_class = form_.class_name;
    account.must_change_password = form_.must_change;
    auto& admin = shell_.admin();
    AccountId made;
    if (form_.password.empty()) {
        auto id = step(admin.directory.create_account(domain_, account));
        if (!id) return std::unexpected(id.error());
        made = *id;
    } else {
        auto policy = form_.respect_enforcement ? Policy::enforce : Policy::ignore;
        auto id =
            step(admin.authenticator.create_account(domain_, std::move(account), form_.password, policy));
        if (!id) return std::unexpected(id.error());
        made = *id;
    }
    before_.must_change = form_.must_change;
    if (auto rest = write_rest(made); !rest) {
        // All or nothing: half an account would take mail.
        if (auto undone = step(admin.directory.delete_account(made)); !undone)
            return std::unexpected(rest.error()
                                   + "; and the account could not be removed again: " + undone.error());
        return rest;
    }
    id_ = made;
    return {};
}

Step<> AccountFrame::change() {
    auto& admin = shell_.admin();
    if (!form_.password.empty()) {
        auto policy = form_.respect_enforcement ? Policy::enforce : Policy::ignore;
        auto done = step(admin.authenticator.set_password(id_, form_.password, policy, form_.must_change));
        if (!done) return done;
        form_.password.clear();
        before_.must_change = form_.must_change;
    }
    if (form_.class_name != before_.class_name) {
        if (auto done = step(admin.directory.set_class(id_, form_.class_name)); !done) return done;
        before_.class_name = form_.class_name;
    }
    if (auto done = write_rest(id_); !done) return done;
    values_pending.clear();
    contact_pending.clear();
    filters_pending = {};
    delegates_pending.clear();
    for (const std::string& one : aliases_before_)
        if (std::ranges::find(aliases_, one) == aliases_.end())
            if (auto done = step(admin.directory.remove_account_alias(id_, one)); !done) return done;
    for (const std::string& one : aliases_)
        if (std::ranges::find(aliases_before_, one) == aliases_before_.end())
            if (auto done = step(admin.directory.add_account_alias(id_, one)); !done) return done;
    aliases_before_ = aliases_;
    if (form_.name != before_.name) return step(admin.directory.rename_account(id_, form_.name));
    return {};
}

/// The limits of the domain's administrators. A new account that would inherit more gets as much as they
/// allow.
Step<> AccountFrame::within_limits() {
    if (is_new())
        if (auto room = limits::room_for(shell_, domain_, directory::ObjectKind::account); !room) return room;
    if (is_new() || form_.name != before_.name)
        if (auto may = limits::name(shell_, domain_, form_.name); !may) return may;
    for (const std::string& one : aliases_)
        if (std::ranges::find(aliases_before_, one) == aliases_before_.end())
            if (auto may = limits::name(shell_, domain_, one); !may) return may;
    if (is_new()) {
        auto lower = limits::lowered(shell_, domain_, inherited());
        if (!lower) return std::unexpected(lower.error());
        values_pending.merge(*lower);
    }
    if (auto may = limits::folder_quotas(shell_, domain_, folder_quotas_pending); !may) return may;
    if (values_pending.empty() && form_.class_name == before_.class_name) return {};
    settings::AccountSettings after =
        is_new() || form_.class_name != before_.class_name ? inherited() : now();
    apply_changes(values_pending, inherited(), after);
    return limits::values(shell_, domain_, after);
}

Step<std::string> AccountFrame::commit() {
    if (form_.filtering_option != before_.filtering_option)
        for (const settings::Choice& one : settings::filtering_options)
            if (one.value == static_cast<std::int64_t>(form_.filtering_option))
                values_pending["filteringOption"] = std::string{one.word};
    if (auto may = within_limits(); !may) return std::unexpected(may.error());
    auto done = is_new() ? create() : change();
    if (!done) return std::unexpected(done.error());
    return std::string{};
}

}  // namespace postrider::cli
