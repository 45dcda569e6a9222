// Groups and forwarders: the same operations, for objects of two kinds.

#include "admin/chapters.h"
#include "admin/lookup.h"

namespace postrider::admin {
namespace {

using directory::ObjectKind;

Json describe(const directory::GroupEntry& group) {
    Json out;
    out["address"] = group.address;
    out["id"] = group.id.value();
    out["enabled"] = group.enabled;
    out["aliases"] = group.aliases;
    if (group.kind == ObjectKind::group) out["members_send_as"] = group.members_send_as;
    Json members = Json::array();
    for (const mime::AddrSpec& member : *group.members) members.push_back(member.text());
    out["members"] = std::move(members);
    return out;
}

std::string title(ObjectKind kind) {
    return kind == ObjectKind::group ? "groups" : "forwarders";
}

template <ObjectKind kind>
Result list(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    return list_objects(context, **domain, kind, Listing::from(arguments), title(kind),
                        [&](AccountId id) -> std::expected<Json, Error> {
                            auto group = need(context.directory.group(id));
                            if (!group) return std::unexpected(group.error());
                            return Json{{"address", (*group)->address},
                                        {"enabled", (*group)->enabled},
                                        {"members", (*group)->members->size()},
                                        {"aliases", (*group)->aliases}};
                        });
}

template <ObjectKind kind>
Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto object = find_object(context, arguments.text("address"), kind);
    if (!object) return std::unexpected(object.error());
    auto group = need(context.directory.group(object->id));
    if (!group) return std::unexpected(group.error());
    return describe(**group);
}

std::expected<std::vector<mime::AddrSpec>, Error> members_of(const std::vector<std::string>& texts) {
    std::vector<mime::AddrSpec> members;
    for (const std::string& text : texts) {
        auto member = parse_address(text);
        if (!member) return std::unexpected(member.error());
        members.push_back(std::move(*member));
    }
    return members;
}

template <ObjectKind kind>
Result add(Context& context, const Arguments& arguments, const Progress&) {
    auto place = find_place(context, arguments.text("address"));
    if (!place) return std::unexpected(place.error());
    auto members = members_of(arguments.list("member"));
    if (!members) return std::unexpected(members.error());
    auto id = need(context.directory.create_group(place->domain->id, place->local, kind));
    if (!id) return std::unexpected(id.error());
    if (!members->empty())
        if (auto ok = need(context.directory.add_members(*id, *members)); !ok) {
            // Half a group would take mail and lose it for those who are missing.
            if (auto undone = context.directory.delete_object(*id); !undone) return fail(undone.error());
            return std::unexpected(ok.error());
        }
    auto group = need(context.directory.group(*id));
    if (!group) return std::unexpected(group.error());
    return describe(**group);
}

template <ObjectKind kind, class Do>
Result with_object(Context& context, const Arguments& arguments, Do&& act) {
    auto object = find_object(context, arguments.text("address"), kind);
    if (!object) return std::unexpected(object.error());
    if (auto ok = need(act(object->id)); !ok) return std::unexpected(ok.error());
    return done();
}

template <ObjectKind kind>
Result remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_object<kind>(context, arguments,
                             [&](AccountId id) { return context.directory.delete_object(id); });
}

template <ObjectKind kind>
Result rename(Context& context, const Arguments& arguments, const Progress&) {
    return with_object<kind>(context, arguments, [&](AccountId id) {
        return context.directory.rename_object(id, arguments.text("name"));
    });
}

template <ObjectKind kind, bool on>
Result enable(Context& context, const Arguments& arguments, const Progress&) {
    return with_object<kind>(context, arguments, [&](AccountId id) {
        directory::ObjectChange change;
        change.enabled = on;
        return context.directory.change_object(id, change);
    });
}

template <bool on>
Result send_as(Context& context, const Arguments& arguments, const Progress&) {
    return with_object<ObjectKind::group>(context, arguments, [&](AccountId id) {
        directory::ObjectChange change;
        change.send_as = on;
        return context.directory.change_object(id, change);
    });
}

template <ObjectKind kind>
Result member_add(Context& context, const Arguments& arguments, const Progress&) {
    auto members = members_of(arguments.list("member"));
    if (!members) return std::unexpected(members.error());
    return with_object<kind>(context, arguments,
                             [&](AccountId id) { return context.directory.add_members(id, *members); });
}

template <ObjectKind kind>
Result member_remove(Context& context, const Arguments& arguments, const Progress&) {
    auto members = members_of(arguments.list("member"));
    if (!members) return std::unexpected(members.error());
    return with_object<kind>(context, arguments, [&](AccountId id) -> directory::Result<> {
        for (const mime::AddrSpec& member : *members)
            if (auto ok = context.directory.remove_member(id, member); !ok) return ok;
        return {};
    });
}

template <ObjectKind kind>
Result alias_add(Context& context, const Arguments& arguments, const Progress&) {
    return with_object<kind>(context, arguments, [&](AccountId id) {
        return context.directory.add_object_alias(id, arguments.text("alias"));
    });
}

template <ObjectKind kind>
Result alias_remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_object<kind>(context, arguments, [&](AccountId id) {
        return context.directory.remove_object_alias(id, arguments.text("alias"));
    });
}

constexpr Argument list_arguments[] = {{"domain", Type::text, "Name or alias of the domain", true},
                                       {"prefix", Type::text, "Only names that begin so"},
                                       {"after", Type::text, "The 'next' of the page before"},
                                       {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};
constexpr Argument the_address{"address", Type::text, "Its address", true};
constexpr Argument only_address[] = {the_address};
constexpr Argument add_arguments[] = {the_address, {"member", Type::list, "Address of a member"}};
constexpr Argument rename_arguments[] = {the_address, {"name", Type::text, "New local part", true}};
constexpr Argument member_arguments[] = {the_address, {"member", Type::list, "Addresses of members", true}};
constexpr Argument alias_arguments[] = {the_address, {"alias", Type::text, "Further local part", true}};

constexpr auto g = ObjectKind::group;
constexpr Operation group_operations[] = {
    {"group list", "List the groups of a domain", list_arguments, list<g>},
    {"group show", "Show a group and its members", only_address, show<g>},
    {"group add", "Make a group: mail to it goes to all members, which may be groups too", add_arguments,
     add<g>, true},
    {"group delete", "Delete a group; its members stay", only_address, remove<g>, true},
    {"group rename", "Give a group another name", rename_arguments, rename<g>, true},
    {"group enable", "Take mail for the group again", only_address, enable<g, true>, true},
    {"group disable", "Take no mail for the group until it is enabled", only_address, enable<g, false>, true},
    {"group member add", "Add members", member_arguments, member_add<g>, true},
    {"group member remove", "Remove members", member_arguments, member_remove<g>, true},
    {"group sendas allow", "Let its members send mail in its name", only_address, send_as<true>, true},
    {"group sendas deny", "Let members send in its name no more", only_address, send_as<false>, true},
    {"group alias add", "Give a group a further name", alias_arguments, alias_add<g>, true},
    {"group alias remove", "Take a further name away", alias_arguments, alias_remove<g>, true},
};

constexpr auto f = ObjectKind::forwarder;
constexpr Operation forwarder_operations[] = {
    {"forwarder list", "List the forwarders of a domain", list_arguments, list<f>},
    {"forwarder show", "Show a forwarder and where it sends to", only_address, show<f>},
    {"forwarder add", "Make a forwarder: mail to it is sent on to its members", add_arguments, add<f>, true},
    {"forwarder delete", "Delete a forwarder", only_address, remove<f>, true},
    {"forwarder rename", "Give a forwarder another name", rename_arguments, rename<f>, true},
    {"forwarder enable", "Take mail for the forwarder again", only_address, enable<f, true>, true},
    {"forwarder disable", "Take no mail for the forwarder until it is enabled", only_address,
     enable<f, false>, true},
    {"forwarder member add", "Add addresses to send to", member_arguments, member_add<f>, true},
    {"forwarder member remove", "Remove addresses", member_arguments, member_remove<f>, true},
    {"forwarder alias add", "Give a forwarder a further name", alias_arguments, alias_add<f>, true},
    {"forwarder alias remove", "Take a further name away", alias_arguments, alias_remove<f>, true},
};

}  // namespace

Chapter group_chapter() {
    return {"group", "Groups", group_operations};
}
Chapter forwarder_chapter() {
    return {"forwarder", "Forwarders", forwarder_operations};
}

}  // namespace postrider::admin
