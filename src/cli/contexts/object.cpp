#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/admin_limits.h"
#include "cli/contexts/branches.h"
#include "cli/contexts/filters.h"
#include "cli/wire/layout.h"

/// Groups, forwarders and folder recipients.
namespace postrider::cli {

Reply list_membership(Shell& shell, const std::string& address, DomainId domain, const Matched& given);

namespace {

using directory::ObjectKind;

struct ObjectForm {
    std::string name;
    bool enable = true;
    std::string folder;
    bool publish_contact = false;
    bool send_as = false;
};
using F = ObjectForm;
constexpr settings::Setting<F> forwarder_rows[] = {
    {.name = "name", .field = settings::field<&F::name>, .range = {1, 64}, .help = "Its local part."},
    {.name = "enable", .field = settings::field<&F::enable>, .help = "Whether it takes mail."},
    {.name = "publishContactInfo",
     .field = settings::field<&F::publish_contact>,
     .help = "Others see it among the contacts."},
};
constexpr settings::Setting<F> group_rows[] = {
    forwarder_rows[0],
    forwarder_rows[1],
    forwarder_rows[2],
    {.name = "membersSendMailAsGroup",
     .field = settings::field<&F::send_as>,
     .help = "Its members may send mail in its name."},
};
constexpr settings::Setting<F> folder_rows[] = {
    {.name = "name", .field = settings::field<&F::name>, .range = {1, 64}, .help = "Its local part."},
    {.name = "enable", .field = settings::field<&F::enable>, .help = "Whether it takes mail."},
    {.name = "mboxName",
     .field = settings::field<&F::folder>,
     .range = {1, 1000},
     .help = "The public folder that its mail goes into."},
    {.name = "publishContactInfo",
     .field = settings::field<&F::publish_contact>,
     .help = "Others see it among the contacts."},
    {.name = "domainSendMailAs",
     .field = settings::field<&F::send_as>,
     .help = "Everybody of the domain may send mail in its name."},
};
settings::TableOf<F> group_table() {
    return {group_rows, "group", "A group."};
}
settings::TableOf<F> forwarder_table() {
    return {forwarder_rows, "forwarder", "A forwarder."};
}
settings::TableOf<F> folder_table() {
    return {folder_rows, "folderRcpt", "A folder recipient."};
}

std::string_view path_of(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::group: return "domain/group";
        case ObjectKind::forwarder: return "domain/forwarder";
        default: return "domain/folderRcpt";
    }
}

class ObjectFrame final : public Frame {
public:
    ObjectFrame(Shell& shell, DomainId domain, ObjectKind kind, AccountId id, std::string name)
        : Frame{shell, shell.tree().at(path_of(kind))},
          domain_{domain},
          kind_{kind},
          id_{id},
          new_name_{std::move(name)} {
        (void)reload();
    }
    std::string title() const override {
        return fmt::format("the {} {}", directory::word(kind_), before_.name);
    }
    void* values() override { return &form_; }

    Step<> reload() override {
        before_ = {};
        members_before_.clear();
        address_.clear();
        if (id_.value() == 0) {
            before_.name = new_name_;
        } else if (kind_ == ObjectKind::folder_recipient) {
            auto found = shell_.directory().folder_recipient(id_);
            if (!found) return std::unexpected(found.error().what);
            before_ = {(*found)->name, (*found)->enabled, (*found)->folder, (*found)->publish_contact,
                       (*found)->domain_sends_as};
            address_ = (*found)->address;
        } else {
            auto found = shell_.directory().group(id_);
            if (!found) return std::unexpected(found.error().what);
            before_ = {
                (*found)->name, (*found)->enabled, {}, (*found)->publish_contact, (*found)->members_send_as};
            address_ = (*found)->address;
            members_before_ = *(*found)->members;
        }
        form_ = before_;
        members_ = members_before_;
        filters_pending = {};
        return {};
    }

    Step<std::string> commit() override {
        auto& directory = shell_.directory();
        const bool made = id_.value() == 0;
        if (made)
            if (auto room = limits::room_for(shell_, domain_, kind_); !room)
                return std::unexpected(room.error());
        if (made || form_.name != before_.name)
            if (auto may = limits::name(shell_, domain_, form_.name); !may)
                return std::unexpected(may.error());
        if (made) {
            if (kind_ == ObjectKind::folder_recipient && form_.folder.empty())
                return std::unexpected("say where its mail goes: SET mboxName <public folder>");
            auto id = kind_ == ObjectKind::folder_recipient
                          ? directory.create_folder_recipient(domain_, form_.name, form_.folder)
                          : directory.create_group(domain_, form_.name, kind_);
            if (!id) return std::unexpected(id.error().what);
            id_ = *id;
            before_.name = form_.name;
            before_.folder = form_.folder;
        }
        auto rest = change();
        if (rest) return std::string{};
        if (made) {  // half a group would take mail and lose it for those who are missing
            if (auto undone = step(directory.delete_object(id_)); !undone)
                return std::unexpected(undone.error());
            id_ = {};
        }
        return std::unexpected(rest.error());
    }

    Step<> add_member(const std::string& text) {
        auto member = mime::parse_addr_spec(text);
        if (!member)
            return std::unexpected(fmt::format("{} is not an address like user@example.org", clean(text)));
        if (std::ranges::find(members_, *member) != members_.end())
            return std::unexpected(fmt::format("{} is a member already", clean(text)));
        members_.push_back(std::move(*member));
        return {};
    }
    Step<> remove_member(const std::string& text) {
        auto member = mime::parse_addr_spec(text);
        if (!member || std::erase(members_, *member) == 0)
            return std::unexpected(fmt::format("{} is not a member", clean(text)));
        return {};
    }
    const std::vector<mime::AddrSpec>& members() const { return members_; }
    const std::string& address() const { return address_; }
    DomainId in() const { return domain_; }
    AccountId id() const { return id_; }
    FilterPlace place() const { return {filter::DefinitionOwner::Kind::object, id_.value(), domain_}; }

    FilterChanges filters_pending;

private:
    Step<> change() {
        auto& directory = shell_.directory();
        if (auto done = write_filters(shell_, place(), filters_pending); !done) return done;
        std::vector<mime::AddrSpec> added;
        for (const mime::AddrSpec& one : members_)
            if (std::ranges::find(members_before_, one) == members_before_.end()) added.push_back(one);
        if (!added.empty())
            if (auto done = step(directory.add_members(id_, added)); !done) return done;
        for (const mime::AddrSpec& one : members_before_)
            if (std::ranges::find(members_, one) == members_.end())
                if (auto done = step(directory.remove_member(id_, one)); !done) return done;
        members_before_ = members_;
        directory::ObjectChange change;
        if (form_.enable != before_.enable) change.enabled = form_.enable;
        if (form_.publish_contact != before_.publish_contact) change.publish_contact = form_.publish_contact;
        if (form_.folder != before_.folder) change.folder = form_.folder;
        if (form_.send_as != before_.send_as) change.send_as = form_.send_as;
        if (change.enabled || change.publish_contact || change.folder || change.send_as)
            if (auto done = step(directory.change_object(id_, change)); !done) return done;
        if (form_.name != before_.name) return step(directory.rename_object(id_, form_.name));
        return {};
    }

    DomainId domain_;
    ObjectKind kind_;
    AccountId id_;
    std::string new_name_, address_;
    ObjectForm before_, form_;
    std::vector<mime::AddrSpec> members_before_, members_;
};

ObjectFrame& frame_of(Call& call) {
    return static_cast<ObjectFrame&>(call.frame);
}

Reply list_addresses(Call& call) {
    std::vector<std::string> out;
    for (const mime::AddrSpec& one : frame_of(call).members()) out.push_back(one.text());
    return ok(simple_list("Addresses", out));
}
Reply add_address(Call& call) {
    if (auto done = frame_of(call).add_member(call.given.text("address")); !done) return error(done.error());
    return ok();
}
Reply remove_address(Call& call) {
    if (auto done = frame_of(call).remove_member(call.given.text("address")); !done)
        return error(done.error());
    return ok();
}
Reply membership(Call& call) {
    return list_membership(call.shell, frame_of(call).address(), frame_of(call).in(), call.given);
}
Reply show_registry(Call& call) {
    if (frame_of(call).id().value() == 0)
        return error("it is made by COMMIT; until then the server keeps nothing on it");
    return ok(
        attributes("the registry", {{"Internal ID", fmt::format("0x{:X}", frame_of(call).id().value())}}));
}

Reply configure_filters(Call& call) {
    ObjectFrame& frame = frame_of(call);
    return enter_filters(call.shell, fmt::format("{}/FILTERS", frame.context().path),
                         "the filters of " + frame.title(), frame.place(), &frame.filters_pending);
}

Context object_context(std::string path, std::string prompt, std::string help, settings::Table table,
                       Need need, Need naming) {
    Context context;
    context.path = std::move(path);
    context.prompt = std::move(prompt);
    context.exit = Exit::commit;
    context.help = std::move(help);
    context.attributes = table;
    context.need = need;
    context.needs = {{"name", naming}};
    context.commands = {
        {"LIST MEMBERSHIP [noGroups] [noLists] [sameDomain] [directReference]", "Groups that it is in",
         membership},
        {"SHOW RegistryInformation", "What the server keeps on it", show_registry},
    };
    return context;
}

}  // namespace

std::vector<Context> object_branch() {
    const std::vector<Command> addresses = {
        {"LIST Addresses", "Whom its mail goes to", list_addresses},
        {"ADD Address <address>", "One more", add_address, on_domain("manageGroupsMembers")},
        {"REMOVE Address <address>", "One less", remove_address, on_domain("manageGroupsMembers")},
    };
    Need change = on_domain("manageGroups"), naming = on_domain("manageGroupsNaming");
    Context group = object_context("domain/group", "domain-group", "A group: mail to it goes to its members",
                                   group_table(), change, naming);
    Context forwarder =
        object_context("domain/forwarder", "domain-forwarder", "A forwarder: mail to it is sent on",
                       forwarder_table(), change, naming);
    group.commands.push_back({"CONFIG FILTERS", "Go to its filters", configure_filters, change});
    for (Context* one : {&group, &forwarder})
        one->commands.insert(one->commands.begin(), addresses.begin(), addresses.end());
    std::vector<Context> all;
    all.push_back(std::move(group));
    all.push_back(std::move(forwarder));
    Need recipients = on_domain("manageFolderRecipients");
    Context folder = object_context("domain/folderRcpt", "domain-folderRcpt",
                                    "The address of a public folder", folder_table(), recipients, recipients);
    folder.commands.push_back({"CONFIG FILTERS", "Go to its filters", configure_filters, recipients});
    all.push_back(std::move(folder));
    return all;
}

std::unique_ptr<Frame> make_object_frame(Shell& shell, DomainId domain, ObjectKind kind, AccountId id,
                                         std::string name) {
    return std::make_unique<ObjectFrame>(shell, domain, kind, id, std::move(name));
}

}  // namespace postrider::cli
