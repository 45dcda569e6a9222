#include <fmt/core.h>

#include <algorithm>

#include "admin/policy_script.h"
#include "cli/contexts/admin_limits.h"
#include "cli/contexts/filters.h"
#include "cli/wire/layout.h"
#include "cli/wire/storage_uri.h"
#include "directory/names.h"
#include "directory/permissions.h"

/// Making a domain, and saying where its messages lie.
namespace postrider::cli {
namespace {

enum class Always : std::uint8_t { yes };

struct CreateForm {
    std::string name, prefix, parent, password, location, objects_location, rules;
    Always groupware = Always::yes;
};

constexpr settings::Choice only_yes[] = {{"yes", Always::yes}};
using F = CreateForm;
using Row = settings::Setting<F>;
constexpr Row password_row{.name = "postmasterPassword",
                           .field = settings::field<&F::password>,
                           .range = {1, 128},
                           .help = "Password of the postmaster account.",
                           .secret = true};
constexpr Row location_row{
    .name = "domainLocation",
    .field = settings::field<&F::location>,
    .range = {0, 4096},
    .help = "Read for the sake of scripts: who is in a domain lies in the server's own store."};
constexpr Row objects_row{.name = "domainObjectsLocation",
                          .field = settings::field<&F::objects_location>,
                          .range = {0, 4096},
                          .help = "As domainLocation."};
constexpr Row groupware_row{.name = "groupwareSupport",
                            .field = settings::choice<&F::groupware, only_yes>,
                            .help = "Sharing is always there."};
constexpr Row rules_row{.name = "wmFilterTemplatePath",
                        .field = settings::field<&F::rules>,
                        .range = {0, 4096},
                        .help = "A Sieve script that its accounts begin with.",
                        .format = settings::Format::path};
constexpr Row rows[] = {
    {.name = "name",
     .field = settings::field<&F::name>,
     .range = {1, 255},
     .help = "Its name.",
     .format = settings::Format::host_name},
    password_row,
    location_row,
    objects_row,
    groupware_row,
    rules_row,
};
constexpr Row sub_rows[] = {
    {.name = "prefix",
     .field = settings::field<&F::prefix>,
     .range = {1, 255},
     .help = "What stands before the parent's name.",
     .format = settings::Format::host_name},
    {.name = "parentDomain",
     .field = settings::field<&F::parent>,
     .range = {1, 255},
     .help = "The domain that it belongs to.",
     .format = settings::Format::host_name},
    password_row,
    location_row,
    objects_row,
    groupware_row,
};
constexpr Row edit_rows[] = {location_row, objects_row, groupware_row, rules_row};
settings::TableOf<F> edit_table() {
    return {edit_rows, "domain", "A domain's storage."};
}
settings::TableOf<F> create_table() {
    return {rows, "domain", "A new domain."};
}

settings::TableOf<F> subdomain_table() {
    return {sub_rows, "subdomain", "A new sub-domain."};
}

/// The number of the storage location that a URI names; made when there is none.
Step<std::uint16_t> location_of(Shell& shell, const std::string& text) {
    auto uri = parse_storage_uri(text);
    if (!uri) return std::unexpected(uri.error());
    if (uri->read_only)
        return std::unexpected("a place for messages that is read-only is not in this release");
    auto& at = shell.admin().location_at;
    if (!at) return std::unexpected("storage locations cannot be opened here");
    return step(at(uri->path, uri->max_files, std::uint64_t{uri->max_file_size_kb} * 1024));
}

/// The script in the file, checked; "" = there is to be none.
Step<std::string> template_text(Shell& shell, const std::string& file) {
    if (file.empty() || file == "none") return std::string{};
    if (shell.admin().scripts == nullptr) return std::unexpected("this server keeps no scripts");
    auto text = admin::read_script(file);
    if (!text) return text;
    if (auto good = check_script(shell, filter::ScriptOwner::of_server(), *text); !good)
        return std::unexpected(good.error());
    return text;
}

class CreateFrame : public Frame {
public:
    CreateFrame(Shell& shell, std::string_view context, std::string password)
        : Frame{shell, shell.tree().at(std::string{context})} {
        form_.password = std::move(password);
    }
    void* values() override { return &form_; }

    std::string messages;  ///< URI of the place for messages; "": the usual one

protected:
    Step<DomainId> create(std::uint16_t usual_location) {
        auto& admin = shell_.admin();
        if (!directory::normal_domain(form_.name))
            return std::unexpected(fmt::format("{} cannot be a domain's name", form_.name));
        directory::NewDomain domain;
        domain.name = form_.name;
        domain.location = usual_location;
        if (!messages.empty()) {
            auto number = location_of(shell_, messages);
            if (!number) return std::unexpected(number.error());
            domain.location = *number;
        }
        auto credentials = step(admin.authenticator.make_credentials(form_.password));
        if (!credentials) return std::unexpected(credentials.error());
        domain.postmaster_credentials = std::move(*credentials);
        const auto rules = template_text(shell_, form_.rules);
        if (!rules) return std::unexpected(rules.error());
        auto made = step(admin.directory.create_domain(domain));
        if (!made || rules->empty()) return made;
        auto put = admin.scripts->put(filter::ScriptOwner::of(*made), filter::template_script, *rules);
        if (!put)
            return std::unexpected(
                fmt::format("the domain is made, but without its rules: {}", put.error().what));
        return made;
    }

    CreateForm form_;
};

class DomainCreateFrame final : public CreateFrame {
public:
    DomainCreateFrame(Shell& shell, std::string name, std::string password, std::string rules)
        : CreateFrame{shell, "domain-create", std::move(password)} {
        form_.name = std::move(name);
        form_.rules = std::move(rules);
    }
    std::string title() const override { return "the new domain " + form_.name; }
    Step<std::string> commit() override {
        auto& of = shell_.admin().location_of;
        auto made = create(of ? of(form_.name) : std::uint16_t{0});
        if (!made) return std::unexpected(made.error());
        return std::string{};
    }
};

/// A domain below another: under its administrators, with its limits.
class SubdomainFrame final : public CreateFrame {
public:
    SubdomainFrame(Shell& shell, std::string prefix, std::string parent, std::string password)
        : CreateFrame{shell, "subdomain-create", std::move(password)} {
        form_.prefix = std::move(prefix);
        form_.parent = std::move(parent);
    }
    std::string title() const override {
        return fmt::format("the new domain {}.{}", form_.prefix, form_.parent);
    }

    Step<std::string> commit() override {
        auto& directory = shell_.directory();
        auto parent = directory.domain(form_.parent);
        if (!parent) return std::unexpected(fmt::format("there is no domain {}", form_.parent));
        if (auto may = shell_.permitted(on_domain("manageSubdomains"), parent->id); !may)
            return std::unexpected(may.error());
        auto held_to = limits::of(shell_, parent->id);
        auto limits = step(directory::admin_limits(shell_.admin().store.kv(), parent->id));
        if (!held_to) return std::unexpected(held_to.error());
        if (!limits) return std::unexpected(limits.error());
        const std::string end = "." + parent->name;
        const auto all = directory.domains();
        const auto there =
            std::ranges::count_if(all, [&](const auto& one) { return one->name.ends_with(end); });
        if (held_to->max_subdomains != 0 && there >= held_to->max_subdomains)
            return std::unexpected(fmt::format("the limit of the domain's administrators is {} sub-domains",
                                               held_to->max_subdomains));
        form_.name = form_.prefix + end;
        if (messages.empty()) messages = limits->subdomain_messages;
        if (messages.empty() && !limits->subdomain_location.empty()) {
            auto place = parse_storage_uri(limits->subdomain_location);
            if (!place) return std::unexpected(place.error());
            if (!directory::normal_domain(form_.name))
                return std::unexpected(fmt::format("{} cannot be a domain's name", form_.name));
            place->path += "/" + *directory::normal_domain(form_.name) + "/messages";
            messages = print(*place);
        }
        auto made = create(parent->location);
        if (!made) return std::unexpected(made.error());
        if (auto done = step(directory::set_admin_limits(shell_.admin().store.kv(), *made, *limits)); !done)
            return std::unexpected(done.error());
        return hand_over(parent->id, *made);
    }

private:
    /// Who may do something in the parent and has made this may do the same here.
    Step<std::string> hand_over(DomainId parent, DomainId made) {
        if (shell_.permitted(super_user)) return std::string{};
        auto rights = step(shell_.directory().admin_rights(directory::Principal::user, shell_.user()));
        if (!rights) return std::unexpected(rights.error());
        for (const directory::DomainPermission& one : directory::domain_permissions())
            if (shell_.may(one.name, parent)) rights->rights.push_back({std::string{one.name}, made, true});
        auto done =
            step(shell_.directory().set_admin_rights(directory::Principal::user, shell_.user(), *rights));
        if (!done) return std::unexpected(done.error());
        return std::string{};
    }
};

class EditFrame final : public Frame {
public:
    EditFrame(Shell& shell, DomainId id) : Frame{shell, shell.tree().at("domain-edit")}, id_{id} {}
    std::string title() const override { return "the domain's storage"; }
    DomainId domain() const override { return id_; }

    void* values() override { return &form_; }

    Step<std::string> commit() override {
        auto rules = template_text(shell_, form_.rules);
        if (!rules) return std::unexpected(rules.error());
        if (!messages.empty()) {
            auto number = location_of(shell_, messages);
            if (!number) return std::unexpected(number.error());
            directory::DomainChange change;
            change.location = *number;
            if (auto done = step(shell_.directory().change_domain(id_, change)); !done)
                return std::unexpected(done.error());
        }
        if (rules->empty()) return std::string{};
        const auto owner = filter::ScriptOwner::of(id_);
        if (auto put = shell_.admin().scripts->put(owner, filter::template_script, *rules); !put)
            return std::unexpected(put.error().what);
        return std::string{};
    }
    Step<> reload() override {
        messages.clear();
        form_ = {};
        return {};
    }

    std::string messages;

private:
    DomainId id_;
    CreateForm form_;
};

template <class F>
Reply add_messages(Call& call) {
    auto uri = parse_storage_uri(call.given.text("uri"));
    if (!uri) return error(uri.error());
    auto& frame = static_cast<F&>(call.frame);
    if (!frame.messages.empty() && frame.messages != call.given.text("uri"))
        return error("one place for new messages at a time: REMOVE MessagesLocation the other first");
    frame.messages = call.given.text("uri");
    return ok();
}

template <class F>
Reply remove_messages(Call& call) {
    auto& frame = static_cast<F&>(call.frame);
    auto uri = parse_storage_uri(frame.messages);
    if (frame.messages.empty()
        || (frame.messages != call.given.text("path") && (!uri || uri->path != call.given.text("path"))))
        return error("there is no such place among the changes of this context");
    frame.messages.clear();
    return ok();
}

}  // namespace

std::vector<Context> domain_create_branch() {
    Context create;
    create.path = "domain-create";
    create.prompt = "domain-create";
    create.exit = Exit::commit;
    create.help = "A domain that COMMIT makes";
    create.attributes = create_table();
    create.commands = {
        {"ADD MessagesLocation <uri>", "Where its messages go: [file://]path[?maxFiles=<n>&maxFileSize=<KB>]",
         add_messages<CreateFrame>},
        {"REMOVE MessagesLocation <path>", "Not there after all", remove_messages<CreateFrame>},
    };
    Context below = create;
    below.path = "subdomain-create";
    below.prompt = "subdomain-create";
    below.help = "A sub-domain that COMMIT makes";
    below.attributes = subdomain_table();
    Context edit;
    edit.path = "domain-edit";
    edit.prompt = "domain-edit";
    edit.exit = Exit::commit;
    edit.help = "Where a domain's messages go, and the rules that its new accounts begin with";
    edit.attributes = edit_table();
    edit.need = on_domain("manageDomainStorage");
    // A file of the server's machine is for who administers the server's filters.
    edit.needs = {{"wmFilterTemplatePath", on_server("manageServerFilters")}};
    edit.commands = {
        {"ADD MessagesLocation <uri>",
         "Where its new messages go from COMMIT on; old ones stay where they are", add_messages<EditFrame>,
         on_domain("manageDomainStorage")},
        {"REMOVE MessagesLocation <path>", "Not there after all", remove_messages<EditFrame>,
         on_domain("manageDomainStorage")},
    };
    std::vector<Context> all;
    all.push_back(std::move(create));
    all.push_back(std::move(below));
    all.push_back(std::move(edit));
    return all;
}

std::unique_ptr<Frame> make_domain_create_frame(Shell& shell, std::string name, std::string password,
                                                std::string rules) {
    return std::make_unique<DomainCreateFrame>(shell, std::move(name), std::move(password), std::move(rules));
}

std::unique_ptr<Frame> make_subdomain_frame(Shell& shell, std::string prefix, std::string parent,
                                            std::string password) {
    return std::make_unique<SubdomainFrame>(shell, std::move(prefix), std::move(parent), std::move(password));
}

std::unique_ptr<Frame> make_domain_edit_frame(Shell& shell, DomainId id) {
    return std::make_unique<EditFrame>(shell, id);
}

}  // namespace postrider::cli
