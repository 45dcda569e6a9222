#pragma once

#include "cli/contexts/branches.h"
#include "cli/contexts/filters.h"

namespace postrider::cli {

struct DomainForm {
    std::string name;
    directory::Services services;
    directory::Domain::CatchAll catch_all = directory::Domain::CatchAll::disabled;
    std::string catch_all_account, catch_all_folder;
    std::string customer_reference;
    std::string assigned_ip;
    std::string postmaster;
    bool enable_appender = false;
};

settings::TableOf<DomainForm> domain_table();

class DomainFrame final : public Frame {
public:
    DomainFrame(Shell& shell, DomainId id);

    std::string title() const override;
    DomainId domain() const override { return id_; }
    void* values() override { return &form_; }
    /// RESET postmasterAccount: the account postmaster again.
    Step<> inherit(std::string_view attribute) override;
    Step<std::string> commit() override;
    Step<> reload() override;

    const std::vector<std::string>& aliases() const { return aliases_; }
    Step<> add_alias(const std::string& alias);
    Step<> remove_alias(const std::string& alias);

    ValueChanges defaults;          ///< of what its accounts inherit
    FilterChanges default_filters;  ///< of its accounts
    directory::Appender appender;   ///< as it will be

private:
    Step<> defaults_allowed();

    DomainId id_;
    DomainForm before_, form_;
    std::vector<std::string> aliases_before_, aliases_;
    directory::Appender appender_before_;
    std::string empty_;
};

}  // namespace postrider::cli
