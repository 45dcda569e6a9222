#pragma once

#include "cli/contexts/branches.h"
#include "cli/contexts/delegates.h"
#include "cli/contexts/filters.h"
#include "cli/contexts/folder_quotas.h"

namespace postrider::cli {

enum class AccountType : std::uint8_t { basic };

struct AccountForm {
    std::string name;
    std::string password;  ///< "": stays as it is
    bool respect_enforcement = false;
    bool must_change = false;
    bool enable = true;
    AccountType type = AccountType::basic;
    std::string class_name;
    std::string customer_reference;
    bool publish_contact = false;
    settings::FilteringOption filtering_option = settings::FilteringOption::move_to_filtered;
};

/// An account that is there, or one that COMMIT makes with all that was said of it.
class AccountFrame final : public Frame {
public:
    AccountFrame(Shell& shell, DomainId domain, AccountId id, std::string name, std::string password);

    std::string title() const override { return "the account " + (is_new() ? form_.name : before_.name); }
    void* values() override { return &form_; }
    Step<std::string> commit() override;
    Step<> reload() override;

    bool is_new() const { return id_.value() == 0; }
    AccountId id() const { return id_; }
    DomainId in() const { return domain_; }
    std::string address() const;  ///< "" of a new one
    AccountForm& form() { return form_; }

    const std::vector<std::string>& aliases() const { return aliases_; }
    Step<> add_alias(const std::string& alias);
    Step<> remove_alias(const std::string& alias);
    settings::AccountSettings now() const;
    settings::AccountSettings inherited() const;
    /// Contact information as it will be; names as the dialogue spells them.
    directory::ExplicitValues contact();

    ValueChanges values_pending;                         ///< quotas, limits, restrictions
    std::map<std::string, std::string> contact_pending;  ///< "" removes
    FolderQuotaEdits folder_quotas_pending;              ///< of its folders; none of a new account
    FilterChanges filters_pending;
    DelegateEdits delegates_pending;

private:
    Step<> within_limits();
    Step<> create();
    Step<> change();
    Step<> write_rest(AccountId id);
    Step<> write_folder_quotas(AccountId id);

    DomainId domain_;
    AccountId id_;
    AccountForm before_, form_;
    std::vector<std::string> aliases_before_, aliases_;
    std::string new_name_, new_password_;
};

std::vector<Command> contact_commands();
std::vector<Context> contact_branch();

}  // namespace postrider::cli
