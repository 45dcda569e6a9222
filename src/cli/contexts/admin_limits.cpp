#include "cli/contexts/admin_limits.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/folder_quotas.h"
#include "cli/wire/layout.h"
#include "cli/wire/storage_uri.h"
#include "directory/names.h"
#include "settings/table.h"
#include "settings/value.h"
#include "text/ascii.h"

/// The limits of a domain's delegated administrators: their context, and their being held to them.
namespace postrider::cli {
namespace limits {
namespace {

using directory::AdminLimits;
using directory::ObjectKind;

/// A quota of accounts, and its limit: 0 is unlimited on both sides.
struct Quota {
    std::string_view name;
    std::uint64_t value, limit;
};
std::vector<Quota> quotas(const settings::AccountSettings& of, const AdminLimits& most) {
    return {{"totalMessageSize", of.total_message_size_kb, most.message_size_kb},
            {"totalMessageCount", of.total_message_count, most.message_count},
            {"mboxCount", of.mbox_count, most.folder_count},
            {"messageSize", of.message_size_kb, most.folder_message_size_kb},
            {"messageCount", of.message_count, most.folder_message_count}};
}
bool above(const Quota& quota) {
    return quota.limit != 0 && (quota.value == 0 || quota.value > quota.limit);
}
Step<> within(const std::vector<Quota>& all) {
    for (const Quota& one : all)
        if (above(one))
            return std::unexpected(
                fmt::format("{} is limited to {} for the domain's administrators", one.name, one.limit));
    return {};
}
Step<> folders_within(const FolderQuotaEdits& edits, const directory::FolderQuota& most) {
    for (const auto& [folder, quota] : edits)
        if (quota)
            if (auto good = within({{"messageSize", quota->message_size_kb, most.message_size_kb},
                                    {"messageCount", quota->message_count, most.message_count}});
                !good)
                return good;
    return {};
}

Step<std::size_t> count(Shell& shell, DomainId domain, ObjectKind kind) {
    auto all = list_matching(shell, domain, kind, "");
    if (!all) return std::unexpected(all.error());
    return all->size();
}

Step<> room(std::size_t there, std::uint32_t most, std::string_view what) {
    if (most == 0 || there < most) return {};
    return std::unexpected(fmt::format("the limit of the domain's administrators is {} {}", most, what));
}

}  // namespace

Step<AdminLimits> of(Shell& shell, DomainId domain) {
    if (shell.permitted(super_user) || shell.may("manageDomainAdminLimits", domain)) return AdminLimits{};
    return step(directory::admin_limits(shell.admin().store.kv(), domain));
}

Step<> room_for(Shell& shell, DomainId domain, ObjectKind kind) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    auto there = count(shell, domain, kind);
    if (!there) return std::unexpected(there.error());
    if (kind == ObjectKind::account) return room(*there, most->max_accounts, "accounts");
    if (kind == ObjectKind::folder_recipient)
        return room(*there, most->max_folder_recipients, "folder recipients");
    auto others = count(shell, domain, kind == ObjectKind::group ? ObjectKind::forwarder : ObjectKind::group);
    if (!others) return std::unexpected(others.error());
    return room(*there + *others, most->max_groups, "groups and forwarders");
}

Step<> room_for_class(Shell& shell, DomainId domain) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    auto classes = step(shell.directory().classes(domain));
    if (!classes) return std::unexpected(classes.error());
    return room(classes->size(), most->max_account_classes, "account classes");
}

Step<> name(Shell& shell, DomainId domain, const std::string& local) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    const std::string folded = directory::fold_local(local);
    for (const std::string& one : most->reserved_names)
        if (directory::fold_local(one) == folded)
            return std::unexpected(fmt::format("the name {} is reserved", clean(local)));
    return {};
}

Step<> services(Shell& shell, DomainId domain, directory::Services wanted) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    if ((wanted.bits() & ~most->available_services.bits()) != 0)
        return std::unexpected("a service among these is not available to the domain's administrators");
    return {};
}

Step<> values(Shell& shell, DomainId domain, const settings::AccountSettings& after) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    return within(quotas(after, *most));
}

Step<> folder_quotas(Shell& shell, DomainId domain, const FolderQuotaEdits& edits) {
    if (edits.empty()) return {};
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    return folders_within(edits, {most->folder_message_size_kb, most->folder_message_count});
}

Step<> public_quotas(Shell& shell, DomainId domain, const PublicQuotas& after,
                     const FolderQuotaEdits& folders) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    auto good =
        within({{"totalMessageSize", after.message_size_kb, most->public_size_kb},
                {"totalMessageCount", after.message_count, most->public_count},
                {"mboxCount", after.folder_count, most->public_folder_count},
                {"messageSize", after.each_folder.message_size_kb, most->public_folder_size_kb},
                {"messageCount", after.each_folder.message_count, most->public_folder_message_count}});
    if (!good) return good;
    return folders_within(folders, {most->public_folder_size_kb, most->public_folder_message_count});
}

Step<> purge(Shell& shell, DomainId domain, admin::Purge& purge) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    for (const std::string& folder : purge.folders)
        if (!most->purge_folders.empty()
            && std::ranges::none_of(most->purge_folders,
                                    [&](const std::string& one) { return text::equal_ci(one, folder); }))
            return std::unexpected(
                fmt::format("the domain's administrators cannot purge the folder {}", clean(folder)));
    if (!most->purge_constraint.empty()) purge.criteria.push_back(most->purge_constraint);
    return {};
}

Step<ValueChanges> lowered(Shell& shell, DomainId domain, const settings::AccountSettings& inherited) {
    auto most = of(shell, domain);
    if (!most) return std::unexpected(most.error());
    ValueChanges changes;
    for (const Quota& one : quotas(inherited, *most))
        if (above(one)) changes[std::string{one.name}] = std::to_string(one.limit);
    return changes;
}

}  // namespace limits

namespace {

class LimitsFrame final : public Frame {
public:
    LimitsFrame(Shell& shell, DomainId domain)
        : Frame{shell, shell.tree().at("domain/adminLimits")}, domain_{domain} {
        (void)reload();
    }
    std::string title() const override { return "the limits of the domain's administrators"; }
    DomainId domain() const override { return domain_; }
    void* values() override { return &form_; }
    Step<> reload() override {
        auto now = step(directory::admin_limits(shell_.admin().store.kv(), domain_));
        if (!now) return std::unexpected(now.error());
        form_ = std::move(*now);
        return {};
    }
    Step<std::string> commit() override {
        const auto& wrong_search = shell_.admin().wrong_search;
        if (!form_.purge_constraint.empty() && wrong_search)
            if (auto wrong = wrong_search(form_.purge_constraint))
                return std::unexpected("purgeConstraint: " + *wrong);
        std::vector<std::string> uris = form_.subdomain_messages;
        for (const std::string* uri : {&form_.subdomain_location, &form_.subdomain_objects})
            if (!uri->empty()) uris.push_back(*uri);
        for (const std::string& uri : uris)
            if (auto parsed = parse_storage_uri(uri); !parsed) return std::unexpected(parsed.error());
        auto done = step(directory::set_admin_limits(shell_.admin().store.kv(), domain_, form_));
        if (!done) return std::unexpected(done.error());
        return std::string{};
    }
    directory::AdminLimits& form() { return form_; }

private:
    DomainId domain_;
    directory::AdminLimits form_;
};

Reply enter(Call& call) {
    call.shell.enter(std::make_unique<LimitsFrame>(call.shell, call.shell.domain()));
    return ok();
}

std::vector<std::string>& reserved(Call& call) {
    return static_cast<LimitsFrame&>(call.frame).form().reserved_names;
}

Reply list_reserved(Call& call) {
    return ok(simple_list("reservedRcpts", reserved(call)));
}

Reply add_reserved(Call& call) {
    const std::string& local = call.given.text("rcpt");
    if (auto fault = directory::local_name_fault(local))
        return error(fmt::format("{}: {}", clean(local), *fault));
    auto& all = reserved(call);
    if (std::ranges::find(all, local) != all.end())
        return error(fmt::format("{} is reserved already", clean(local)));
    if (all.size() >= 1000) return error("at most 1000 names are reserved");
    all.push_back(local);
    return ok();
}

Reply remove_reserved(Call& call) {
    if (std::erase(reserved(call), call.given.text("rcpt")) == 0)
        return error(fmt::format("{} is not reserved", clean(call.given.text("rcpt"))));
    return ok();
}

std::vector<std::string>& places(Call& call) {
    return static_cast<LimitsFrame&>(call.frame).form().subdomain_messages;
}

Reply list_places(Call& call) {
    return ok(simple_list("subdomainMessageStorageLocations", places(call)));
}

Reply add_place(Call& call) {
    const std::string& place = call.given.text("path");
    if (auto uri = parse_storage_uri(place); !uri) return error(uri.error());
    auto& all = places(call);
    if (std::ranges::find(all, place) != all.end()) return error("that is one of the places already");
    if (all.size() >= directory::max_domain_locations)
        return error(fmt::format("there are at most {} places", directory::max_domain_locations));
    all.push_back(place);
    return ok();
}

Reply remove_place(Call& call) {
    if (std::erase(places(call), call.given.text("path")) == 0) return error("there is no such place");
    return ok();
}

}  // namespace

void add_limits_command(Context& domain) {
    domain.commands.push_back({"CONFIG adminLimits",
                               "What delegated administrators of the domain cannot exceed", enter,
                               on_domain("manageDomainAdminLimits")});
}

std::vector<Context> admin_limits_branch() {
    Context context;
    context.path = "domain/adminLimits";
    context.prompt = "domain-adminLimits";
    context.exit = Exit::commit;
    context.help = "What delegated administrators of the domain cannot exceed";
    context.attributes = directory::admin_limits_table();
    context.need = on_domain("manageDomainAdminLimits");
    context.commands = {
        {"LIST reservedRcpts", "Names that nobody may get", list_reserved},
        {"ADD reservedRcpt <rcpt>", "Reserve a name", add_reserved},
        {"REMOVE reservedRcpt <rcpt>", "Free it", remove_reserved},
        {"LIST subdomainMessageStorageLocations", "Where messages of new sub-domains go", list_places},
        {"ADD subdomainMessageStorageLocation <path>", "There, and not where this domain's go", add_place},
        {"REMOVE subdomainMessageStorageLocation <path>", "Where this domain's go", remove_place},
    };
    std::vector<Context> all;
    all.push_back(std::move(context));
    return all;
}

}  // namespace postrider::cli
