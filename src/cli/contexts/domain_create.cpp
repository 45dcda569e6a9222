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
    .help =
        "A path that the domain can be named by (EDIT, ENABLE, DELETE Domain domainLocation). Who is in a "
        "domain lies in the server's own store."};
constexpr Row objects_row{.name = "domainObjectsLocation",
                          .field = settings::field<&F::objects_location>,
                          .range = {0, 4096},
                          .help = "Read for the sake of scripts."};
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

/// A domainLocation as the directory keeps it. "": none.
Step<std::string> location_name(const std::string& text) {
    if (text.empty()) return text;
    auto uri = parse_storage_uri(text);
    if (!uri) return std::unexpected(uri.error());
    return domain_path(uri->path);
}

/// Where a domain's messages go, as a context changes it.
class MessagesPlaces {
public:
    /// @param limits  what the URI says of an existing place's limits holds from COMMIT on
    Step<> add(const std::string& text, bool limits = false) {
        auto uri = parse_storage_uri(text);
        if (!uri) return std::unexpected(uri.error());
        if (places_.size() == directory::max_domain_locations)
            return std::unexpected(
                fmt::format("a domain has at most {} places for messages", directory::max_domain_locations));
        if (find(uri->path) != places_.end())
            return std::unexpected(fmt::format("{} is one of its places already", clean(uri->path)));
        touched_ = true;
        limits = limits || uri->max_files != 0 || uri->max_file_size_kb != 0 || uri->read_only;
        places_.push_back({std::move(*uri), limits});
        return {};
    }
    /// One that is there, as it is.
    void know(const std::string& text) {
        if (auto uri = parse_storage_uri(text)) places_.push_back({std::move(*uri), false});
    }
    Step<> remove(const std::string& text) {
        auto at = find_named(text);
        if (at == places_.end()) return std::unexpected("there is no such place; LIST MessagesLocations");
        places_.erase(at);
        touched_ = true;
        return {};
    }
    Step<> change(const std::string& from, const std::string& to) {
        auto uri = parse_storage_uri(to);
        if (!uri) return std::unexpected(uri.error());
        auto at = find_named(from);
        if (at == places_.end()) return std::unexpected("there is no such place; LIST MessagesLocations");
        if (auto other = find(uri->path); other != places_.end() && other != at)
            return std::unexpected(fmt::format("{} is one of its places already", clean(uri->path)));
        *at = {std::move(*uri), true};
        touched_ = true;
        return {};
    }
    bool empty() const { return places_.empty(); }
    bool touched() const { return touched_; }  ///< is no longer what know() has told
    std::vector<std::string> list() const {
        std::vector<std::string> all;
        for (const Place& one : places_) all.push_back(print(one.uri));
        return all;
    }

    /// The numbers of the storage locations; made where there are none, and with the limits that were given.
    /// @param whose  the domain; 0: a new one
    Step<std::vector<std::uint16_t>> open(Shell& shell, DomainId whose) const {
        std::vector<std::uint16_t> numbers;
        for (const Place& one : places_) {
            auto number = open(shell, whose, one);
            if (!number) return std::unexpected(number.error());
            numbers.push_back(*number);
        }
        return numbers;
    }

private:
    struct Place {
        StorageUri uri;
        bool limits = false;
    };

    std::vector<Place>::iterator find(const std::string& path) {
        return std::ranges::find_if(
            places_, [&](const Place& one) { return domain_path(one.uri.path) == domain_path(path); });
    }
    std::vector<Place>::iterator find_named(const std::string& text) {
        const auto uri = parse_storage_uri(text);
        return uri ? find(uri->path) : places_.end();
    }

    static Step<std::uint16_t> open(Shell& shell, DomainId whose, const Place& place) {
        admin::Context& admin = shell.admin();
        if (!admin.location_at) return std::unexpected("storage locations cannot be opened here");
        const std::uint64_t octets = std::uint64_t{place.uri.max_file_size_kb} * 1024;
        auto number = step(admin.location_at(place.uri.path, place.uri.max_files, octets));
        if (!number || !place.limits) return number;
        const auto known = admin.locations ? admin.locations() : std::vector<admin::StorageLocation>{};
        const auto at = std::ranges::find(known, *number, &admin::StorageLocation::number);
        if (at == known.end() || !admin.change_location) return number;
        admin::StorageLocation wanted = *at;
        if (place.uri.max_files != 0) wanted.max_files = place.uri.max_files;
        if (octets != 0) wanted.max_file_bytes = octets;
        wanted.read_only = place.uri.read_only;
        if (wanted.max_files == at->max_files && wanted.max_file_bytes == at->max_file_bytes
            && wanted.read_only == at->read_only)
            return number;
        const auto domains = shell.directory().domains();
        for (const auto& one : domains)
            if (one->id != whose && std::ranges::find(one->locations, *number) != one->locations.end())
                return std::unexpected(fmt::format("the limits of {} are those of the domain {} too",
                                                   clean(place.uri.path), one->name));
        if (auto changed = step(admin.change_location(wanted)); !changed)
            return std::unexpected(changed.error());
        return number;
    }

    std::vector<Place> places_;
    bool touched_ = false;
};

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

    MessagesPlaces messages;  ///< none: the usual ones

protected:
    Step<DomainId> create(std::vector<std::uint16_t> usual_locations) {
        auto& admin = shell_.admin();
        if (!directory::normal_domain(form_.name))
            return std::unexpected(fmt::format("{} cannot be a domain's name", form_.name));
        directory::NewDomain domain;
        domain.name = form_.name;
        auto location = location_name(form_.location);
        if (!location) return std::unexpected(location.error());
        domain.location_name = std::move(*location);
        domain.locations = std::move(usual_locations);
        if (!messages.empty()) {
            auto numbers = messages.open(shell_, {});
            if (!numbers) return std::unexpected(numbers.error());
            domain.locations = std::move(*numbers);
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
    DomainCreateFrame(Shell& shell, std::string name, std::string password, std::string rules,
                      std::string location)
        : CreateFrame{shell, "domain-create", std::move(password)} {
        form_.name = std::move(name);
        form_.location = std::move(location);
        form_.rules = std::move(rules);
    }
    std::string title() const override { return "the new domain " + form_.name; }
    Step<std::string> commit() override {
        auto& of = shell_.admin().locations_of;
        auto made = create(of ? of(form_.name) : std::vector<std::uint16_t>{0});
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
        if (messages.empty())
            for (const std::string& place : limits->subdomain_messages)
                if (auto added = messages.add(place); !added) return std::unexpected(added.error());
        if (messages.empty() && !limits->subdomain_location.empty()) {
            auto place = parse_storage_uri(limits->subdomain_location);
            if (!place) return std::unexpected(place.error());
            if (!directory::normal_domain(form_.name))
                return std::unexpected(fmt::format("{} cannot be a domain's name", form_.name));
            place->path += "/" + *directory::normal_domain(form_.name) + "/messages";
            if (auto added = messages.add(print(*place)); !added) return std::unexpected(added.error());
        }
        auto made = create(parent->locations);
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
    EditFrame(Shell& shell, DomainId id) : Frame{shell, shell.tree().at("domain-edit")}, id_{id} {
        (void)EditFrame::reload();
    }
    std::string title() const override { return "the domain's storage"; }
    DomainId domain() const override { return id_; }

    void* values() override { return &form_; }

    Step<std::string> commit() override {
        auto rules = template_text(shell_, form_.rules);
        if (!rules) return std::unexpected(rules.error());
        auto location = location_name(form_.location);
        if (!location) return std::unexpected(location.error());
        directory::DomainChange change;
        if (messages.touched()) {
            if (messages.empty()) return std::unexpected("a domain has at least one place for messages");
            auto numbers = messages.open(shell_, id_);
            if (!numbers) return std::unexpected(numbers.error());
            change.locations = std::move(*numbers);
        }
        change.location_name = std::move(*location);
        if (auto done = step(shell_.directory().change_domain(id_, change)); !done)
            return std::unexpected(done.error());
        if (rules->empty()) return std::string{};
        const auto owner = filter::ScriptOwner::of(id_);
        if (auto put = shell_.admin().scripts->put(owner, filter::template_script, *rules); !put)
            return std::unexpected(put.error().what);
        return std::string{};
    }
    Step<> reload() override {
        messages = {};
        form_ = {};
        const auto domain = shell_.directory().domain(id_);
        if (!domain) return std::unexpected("the domain is gone");
        form_.location = domain->location_name;
        for (const std::string& uri : messages_locations(shell_, *domain)) messages.know(uri);
        return {};
    }

    MessagesPlaces messages;

private:
    DomainId id_;
    CreateForm form_;
};

template <class F>
MessagesPlaces& places_of(Call& call) {
    return static_cast<F&>(call.frame).messages;
}

Reply answer(const Step<>& done) {
    return done ? ok() : error(done.error());
}

template <class F>
Reply add_messages(Call& call) {
    return answer(places_of<F>(call).add(call.given.text("uri")));
}

template <class F>
Reply remove_messages(Call& call) {
    return answer(places_of<F>(call).remove(call.given.text("path")));
}

template <class F>
Reply list_messages(Call& call) {
    return ok(simple_list("MessagesLocations", places_of<F>(call).list()));
}

Reply change_messages(Call& call) {
    return answer(places_of<EditFrame>(call).change(call.given.text("path"), call.given.text("uri")));
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
        {"ADD MessagesLocation <uri>",
         "Where its messages go: [file://]path[?maxFiles=<n>&maxFileSize=<KB>&readOnly=<yes|no>]; several "
         "are "
         "used in parallel",
         add_messages<CreateFrame>},
        {"REMOVE MessagesLocation <path>", "Not there after all", remove_messages<CreateFrame>},
        {"LIST MessagesLocations", "Those that were added; none: the usual ones", list_messages<CreateFrame>},
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
         "A further place for its new messages from COMMIT on; all are used in parallel",
         add_messages<EditFrame>, on_domain("manageDomainStorage")},
        {"UPDATE MessagesLocation <path> <uri>",
         "Another place instead, or other limits of the same one; readOnly=yes: it takes no new messages",
         change_messages, on_domain("manageDomainStorage")},
        {"REMOVE MessagesLocation <path>", "No new messages there; old ones stay where they are",
         remove_messages<EditFrame>, on_domain("manageDomainStorage")},
        {"LIST MessagesLocations", "Where its new messages go", list_messages<EditFrame>,
         on_domain("manageDomainStorage")},
    };
    add_edit_care_commands(edit);
    std::vector<Context> all;
    all.push_back(std::move(create));
    all.push_back(std::move(below));
    all.push_back(std::move(edit));
    return all;
}

std::unique_ptr<Frame> make_domain_create_frame(Shell& shell, std::string name, std::string password,
                                                std::string rules, std::string location) {
    return std::make_unique<DomainCreateFrame>(shell, std::move(name), std::move(password), std::move(rules),
                                               std::move(location));
}

std::unique_ptr<Frame> make_subdomain_frame(Shell& shell, std::string prefix, std::string parent,
                                            std::string password) {
    return std::make_unique<SubdomainFrame>(shell, std::move(prefix), std::move(parent), std::move(password));
}

std::unique_ptr<Frame> make_domain_edit_frame(Shell& shell, DomainId id) {
    return std::make_unique<EditFrame>(shell, id);
}

}  // namespace postrider::cli
