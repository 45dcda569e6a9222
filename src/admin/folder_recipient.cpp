// Addresses whose mail goes into a public folder of their domain.

#include "admin/chapters.h"
#include "admin/lookup.h"

namespace postrider::admin {
namespace {

constexpr auto kind = directory::ObjectKind::folder_recipient;

std::expected<Json, Error> describe(Context& context, AccountId id) {
    auto found = need(context.directory.folder_recipient(id));
    if (!found) return std::unexpected(found.error());
    const directory::FolderRecipient& recipient = **found;
    Json out;
    out["address"] = recipient.address;
    out["id"] = recipient.id.value();
    out["enabled"] = recipient.enabled;
    out["folder"] = recipient.folder;
    out["aliases"] = recipient.aliases;
    out["domain_sends_as"] = recipient.domain_sends_as;
    return out;
}

Result list(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    return list_objects(context, **domain, kind, Listing::from(arguments), "folder_recipients",
                        [&](AccountId id) { return describe(context, id); });
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto object = find_object(context, arguments.text("address"), kind);
    if (!object) return std::unexpected(object.error());
    return describe(context, object->id);
}

Result add(Context& context, const Arguments& arguments, const Progress&) {
    auto place = find_place(context, arguments.text("address"));
    if (!place) return std::unexpected(place.error());
    auto id = need(
        context.directory.create_folder_recipient(place->domain->id, place->local, arguments.text("folder")));
    if (!id) return std::unexpected(id.error());
    return describe(context, *id);
}

template <class Do>
Result with_object(Context& context, const Arguments& arguments, Do&& act) {
    auto object = find_object(context, arguments.text("address"), kind);
    if (!object) return std::unexpected(object.error());
    if (auto ok = need(act(object->id)); !ok) return std::unexpected(ok.error());
    return done();
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_object(context, arguments, [&](AccountId id) { return context.directory.delete_object(id); });
}

Result rename(Context& context, const Arguments& arguments, const Progress&) {
    return with_object(context, arguments, [&](AccountId id) {
        return context.directory.rename_object(id, arguments.text("name"));
    });
}

Result set_folder(Context& context, const Arguments& arguments, const Progress&) {
    return with_object(context, arguments, [&](AccountId id) {
        directory::ObjectChange change;
        change.folder = arguments.text("folder");
        return context.directory.change_object(id, change);
    });
}

template <bool on>
Result enable(Context& context, const Arguments& arguments, const Progress&) {
    return with_object(context, arguments, [&](AccountId id) {
        directory::ObjectChange change;
        change.enabled = on;
        return context.directory.change_object(id, change);
    });
}

template <bool on>
Result send_as(Context& context, const Arguments& arguments, const Progress&) {
    return with_object(context, arguments, [&](AccountId id) {
        directory::ObjectChange change;
        change.send_as = on;
        return context.directory.change_object(id, change);
    });
}

Result alias_add(Context& context, const Arguments& arguments, const Progress&) {
    return with_object(context, arguments, [&](AccountId id) {
        return context.directory.add_object_alias(id, arguments.text("alias"));
    });
}

Result alias_remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_object(context, arguments, [&](AccountId id) {
        return context.directory.remove_object_alias(id, arguments.text("alias"));
    });
}

constexpr Argument list_arguments[] = {{"domain", Type::text, "Name or alias of the domain", true},
                                       {"prefix", Type::text, "Only names that begin so"},
                                       {"after", Type::text, "The 'next' of the page before"},
                                       {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};
constexpr Argument the_address{"address", Type::text, "Its address", true};
constexpr Argument only_address[] = {the_address};
constexpr Argument folder_arguments[] = {
    the_address, {"folder", Type::text, "Path among the domain's public folders", true}};
constexpr Argument rename_arguments[] = {the_address, {"name", Type::text, "New local part", true}};
constexpr Argument alias_arguments[] = {the_address, {"alias", Type::text, "Further local part", true}};

constexpr Operation operations[] = {
    {"folder-recipient list", "List the folder recipients of a domain", list_arguments, list},
    {"folder-recipient show", "Show a folder recipient", only_address, show},
    {"folder-recipient add", "Give a public folder an address", folder_arguments, add, true},
    {"folder-recipient delete", "Delete the address; the folder stays", only_address, remove, true},
    {"folder-recipient rename", "Give it another name", rename_arguments, rename, true},
    {"folder-recipient folder", "Let its mail go into another folder", folder_arguments, set_folder, true},
    {"folder-recipient enable", "Take mail for it again", only_address, enable<true>, true},
    {"folder-recipient disable", "Take no mail for it until it is enabled", only_address, enable<false>,
     true},
    {"folder-recipient sendas allow", "Let everybody of the domain send mail in its name", only_address,
     send_as<true>, true},
    {"folder-recipient sendas deny", "Let only those send in its name whom permissions allow it",
     only_address, send_as<false>, true},
    {"folder-recipient alias add", "Give it a further name", alias_arguments, alias_add, true},
    {"folder-recipient alias remove", "Take a further name away", alias_arguments, alias_remove, true},
};

}  // namespace

Chapter folder_recipient_chapter() {
    return {"folder-recipient", "Addresses of public folders", operations};
}

}  // namespace postrider::admin
