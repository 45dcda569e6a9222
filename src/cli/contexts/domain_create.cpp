#include <fmt/core.h>

#include <charconv>

#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"
#include "cli/wire/storage_uri.h"
#include "directory/names.h"

/// Making a domain, and saying where its messages lie.
namespace postrider::cli {
namespace {

enum class Always : std::uint8_t { yes };

struct CreateForm {
    std::string name, password, location, objects_location;
    Always groupware = Always::yes;
};

constexpr settings::Choice only_yes[] = {{"yes", Always::yes}};
using F = CreateForm;
constexpr settings::Setting<F> rows[] = {
    {.name = "name",
     .field = settings::field<&F::name>,
     .range = {1, 255},
     .help = "Its name.",
     .format = settings::Format::host_name},
    {.name = "postmasterPassword",
     .field = settings::field<&F::password>,
     .range = {1, 128},
     .help = "Password of the postmaster account.",
     .secret = true},
    {.name = "domainLocation",
     .field = settings::field<&F::location>,
     .range = {0, 4096},
     .help = "Read for the sake of scripts: who is in a domain lies in the server's own store."},
    {.name = "domainObjectsLocation",
     .field = settings::field<&F::objects_location>,
     .range = {0, 4096},
     .help = "As domainLocation."},
    {.name = "groupwareSupport",
     .field = settings::choice<&F::groupware, only_yes>,
     .help = "Sharing is always there."},
};
settings::TableOf<F> create_table() {
    return {rows, "domain", "A new domain."};
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

class CreateFrame final : public Frame {
public:
    CreateFrame(Shell& shell, std::string name, std::string password)
        : Frame{shell, shell.tree().at("domain-create")} {
        form_.name = std::move(name);
        form_.password = std::move(password);
    }
    std::string title() const override { return "the new domain " + form_.name; }
    void* values() override { return &form_; }

    Step<std::string> commit() override {
        auto& admin = shell_.admin();
        if (!directory::normal_domain(form_.name))
            return std::unexpected(fmt::format("{} cannot be a domain's name", form_.name));
        directory::NewDomain domain;
        domain.name = form_.name;
        if (admin.location_of) domain.location = admin.location_of(form_.name);
        if (!messages.empty()) {
            auto number = location_of(shell_, messages);
            if (!number) return std::unexpected(number.error());
            domain.location = *number;
        }
        auto credentials = step(admin.authenticator.make_credentials(form_.password));
        if (!credentials) return std::unexpected(credentials.error());
        domain.postmaster_credentials = std::move(*credentials);
        auto made = step(admin.directory.create_domain(domain));
        if (!made) return std::unexpected(made.error());
        return std::string{};
    }

    std::string messages;  ///< URI of the place for messages; "": the usual one

private:
    CreateForm form_;
};

class EditFrame final : public Frame {
public:
    EditFrame(Shell& shell, DomainId id) : Frame{shell, shell.tree().at("domain-edit")}, id_{id} {}
    std::string title() const override { return "the domain's storage"; }
    DomainId domain() const override { return id_; }

    Step<std::string> commit() override {
        if (messages.empty()) return std::string{};
        auto number = location_of(shell_, messages);
        if (!number) return std::unexpected(number.error());
        directory::DomainChange change;
        change.location = *number;
        if (auto done = step(shell_.directory().change_domain(id_, change)); !done)
            return std::unexpected(done.error());
        return std::string{};
    }
    Step<> reload() override {
        messages.clear();
        return {};
    }

    std::string messages;

private:
    DomainId id_;
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
    Context edit;
    edit.path = "domain-edit";
    edit.prompt = "domain-edit";
    edit.exit = Exit::commit;
    edit.help = "Where a domain's messages go";
    edit.need = on_domain("manageDomainStorage");
    edit.commands = {
        {"ADD MessagesLocation <uri>",
         "Where its new messages go from COMMIT on; old ones stay where they are", add_messages<EditFrame>,
         on_domain("manageDomainStorage")},
        {"REMOVE MessagesLocation <path>", "Not there after all", remove_messages<EditFrame>,
         on_domain("manageDomainStorage")},
    };
    std::vector<Context> all;
    all.push_back(std::move(create));
    all.push_back(std::move(edit));
    return all;
}

std::unique_ptr<Frame> make_domain_create_frame(Shell& shell, std::string name, std::string password) {
    return std::make_unique<CreateFrame>(shell, std::move(name), std::move(password));
}

std::unique_ptr<Frame> make_domain_edit_frame(Shell& shell, DomainId id) {
    return std::make_unique<EditFrame>(shell, id);
}

}  // namespace postrider::cli
