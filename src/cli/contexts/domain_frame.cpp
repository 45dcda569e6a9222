#include "cli/contexts/domain_frame.h"

#include <fmt/core.h>

#include <algorithm>

#include "admin/values.h"
#include "cli/contexts/admin_limits.h"
#include "cli/wire/layout.h"
#include "text/ascii.h"

/// What of a domain can be set, and how it is written.
namespace postrider::cli {
namespace {

using directory::Domain;

constexpr settings::Choice services[] = {{"smtpIncoming", directory::Service::smtp_incoming},
                                         {"pop3", directory::Service::pop3},
                                         {"imap", directory::Service::imap},
                                         {"rpop", directory::Service::rpop},
                                         settings::Choice{"webmail"}};
constexpr settings::Choice catch_alls[] = {{"disabled", Domain::CatchAll::disabled},
                                           {"account", Domain::CatchAll::account},
                                           {"folder", Domain::CatchAll::folder}};

using F = DomainForm;
constexpr settings::Setting<F> rows[] = {
    {.name = "name",
     .field = settings::field<&F::name>,
     .range = {1, 255},
     .help = "Its name; accounts keep their local parts.",
     .format = settings::Format::host_name},
    {.name = "assignedIp",
     .field = settings::field<&F::assigned_ip>,
     .range = {0, 45},
     .help = "Address of this machine that mail from the domain leaves from; empty: as for all others."},
    {.name = "services",
     .field = settings::choice<&F::services, services>,
     .help = "What its accounts may use."},
    {.name = "catchAllType",
     .field = settings::choice<&F::catch_all, catch_alls>,
     .help = "Where mail for unknown names goes."},
    {.name = "catchAllAccountName",
     .field = settings::field<&F::catch_all_account>,
     .range = {0, 64},
     .help = "Account that gets it."},
    {.name = "catchAllFolderName",
     .field = settings::field<&F::catch_all_folder>,
     .range = {0, 1000},
     .help = "Public folder that gets it."},
    {.name = "customerReference",
     .field = settings::field<&F::customer_reference>,
     .range = {0, 1024},
     .help = "Text for your own use."},
    {.name = "postmasterAccount",
     .field = settings::field<&F::postmaster>,
     .range = {1, 64},
     .help = "Account that gets mail for the postmaster."},
    {.name = "enableAppender",
     .field = settings::field<&F::enable_appender>,
     .help = "Put the appender's texts below mail that its people send."},
};
}  // namespace

settings::TableOf<DomainForm> domain_table() {
    return {rows, "domain", "A domain."};
}

DomainFrame::DomainFrame(Shell& shell, DomainId id) : Frame{shell, shell.tree().at("domain")}, id_{id} {
    (void)reload();
}

std::string DomainFrame::title() const {
    return "the domain " + before_.name;
}

Step<> DomainFrame::reload() {
    auto domain = shell_.directory().domain(id_);
    if (!domain) return std::unexpected("the domain is gone");
    before_ = {};
    before_.name = domain->name;
    before_.services = domain->services;
    before_.catch_all = domain->catch_all;
    if (domain->catch_all == Domain::CatchAll::account) before_.catch_all_account = domain->catch_all_target;
    if (domain->catch_all == Domain::CatchAll::folder) before_.catch_all_folder = domain->catch_all_target;
    before_.customer_reference = domain->customer_reference;
    before_.assigned_ip = domain->assigned_ip;
    if (auto postmaster = shell_.directory().account(domain->postmaster))
        before_.postmaster = (*postmaster)->name;
    appender_before_ = appender = domain->appender ? *domain->appender : directory::Appender{};
    before_.enable_appender = appender.enabled;
    form_ = before_;
    aliases_before_ = aliases_ = domain->aliases;
    defaults.clear();
    default_filters = {};
    return {};
}

Step<> DomainFrame::add_alias(const std::string& alias) {
    for (const std::string& one : aliases_)
        if (text::equal_ci(one, alias))
            return std::unexpected(fmt::format("{} is an alias already", clean(alias)));
    if (aliases_.size() >= 1000) return std::unexpected("a domain has at most 1000 aliases");
    aliases_.push_back(alias);
    return {};
}

Step<> DomainFrame::remove_alias(const std::string& alias) {
    auto gone = std::erase_if(aliases_, [&](const std::string& one) { return text::equal_ci(one, alias); });
    if (gone == 0) return std::unexpected(fmt::format("there is no alias {}", clean(alias)));
    return {};
}

/// What accounts of the domain are to inherit is not above its administrators' limits.
Step<> DomainFrame::defaults_allowed() {
    if (defaults.empty()) return {};
    auto values = shell_.directory().effective(id_);
    settings::AccountSettings after = values ? **values : settings::AccountSettings{};
    const auto above = admin::server_values(shell_.admin()).value_or(settings::AccountSettings{});
    apply_changes(defaults, above, after);
    return limits::values(shell_, id_, after);
}

Step<> DomainFrame::inherit(std::string_view attribute) {
    if (!settings::same_name(attribute, "postmasterAccount")) return Frame::inherit(attribute);
    form_.postmaster = "postmaster";
    return {};
}

Step<std::string> DomainFrame::commit() {
    auto& directory = shell_.directory();
    if (form_.services != before_.services)
        if (auto may = limits::services(shell_, id_, form_.services); !may)
            return std::unexpected(may.error());
    if (auto may = defaults_allowed(); !may) return std::unexpected(may.error());
    // Each is on disk when it is done, and then no change any longer: after an error COMMIT goes on where it
    // was.
    auto fail = [](std::string what) { return std::unexpected(std::move(what)); };
    if (!defaults.empty()) {
        const auto changes = to_changes(defaults);
        auto done = step(directory.change_values(directory::SettingsLevel::domain(id_), changes));
        if (!done) return fail(done.error());
        defaults.clear();
    }
    const FilterPlace accounts{filter::DefinitionOwner::Kind::account_defaults, id_.value(), id_};
    if (auto done = write_filters(shell_, accounts, default_filters); !done) return fail(done.error());
    for (const std::string& one : aliases_before_)
        if (std::ranges::find(aliases_, one) == aliases_.end())
            if (auto done = step(directory.remove_domain_alias(id_, one)); !done) return fail(done.error());
    for (const std::string& one : aliases_)
        if (std::ranges::find(aliases_before_, one) == aliases_before_.end())
            if (auto done = step(directory.add_domain_alias(id_, one)); !done) return fail(done.error());
    aliases_before_ = aliases_;
    if (form_.postmaster != before_.postmaster) {
        if (auto done = step(directory.set_postmaster(id_, form_.postmaster)); !done)
            return fail(done.error());
        before_.postmaster = form_.postmaster;
    }
    const std::string& target = form_.catch_all == Domain::CatchAll::account  ? form_.catch_all_account
                                : form_.catch_all == Domain::CatchAll::folder ? form_.catch_all_folder
                                                                              : empty_;
    bool moved = form_.catch_all != before_.catch_all || form_.catch_all_account != before_.catch_all_account
                 || form_.catch_all_folder != before_.catch_all_folder;
    if (moved) {
        if (auto done = step(directory.set_catch_all(id_, form_.catch_all, target)); !done)
            return fail(done.error());
        before_.catch_all = form_.catch_all;
        before_.catch_all_account = form_.catch_all_account;
        before_.catch_all_folder = form_.catch_all_folder;
    }
    appender.enabled = form_.enable_appender;
    if (form_.services != before_.services || form_.customer_reference != before_.customer_reference
        || form_.assigned_ip != before_.assigned_ip || appender != appender_before_) {
        directory::DomainChange change;
        if (appender != appender_before_) change.appender = appender;
        change.services = form_.services;
        change.customer_reference = form_.customer_reference;
        change.assigned_ip = form_.assigned_ip;
        if (auto done = step(directory.change_domain(id_, change)); !done) return fail(done.error());
    }
    if (form_.name != before_.name)
        if (auto done = step(directory.rename_domain(id_, form_.name)); !done) return fail(done.error());
    return std::string{};
}

std::unique_ptr<Frame> make_domain_frame(Shell& shell, DomainId id) {
    return std::make_unique<DomainFrame>(shell, id);
}

}  // namespace postrider::cli
