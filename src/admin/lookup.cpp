#include "admin/lookup.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>

namespace postrider::admin {

using directory::DirectoryError;
using Kind = Error::Kind;

std::unexpected<Error> fail(Kind kind, std::string what) {
    return std::unexpected(Error{kind, std::move(what)});
}

std::unexpected<Error> fail(const directory::Failure& failure) {
    switch (failure.kind) {
        case DirectoryError::not_found: return fail(Kind::not_found, failure.what);
        case DirectoryError::exists: return fail(Kind::exists, failure.what);
        case DirectoryError::in_use: return fail(Kind::in_use, failure.what);
        case DirectoryError::not_allowed: return fail(Kind::not_allowed, failure.what);
        case DirectoryError::bad_name:
        case DirectoryError::bad_value: return fail(Kind::bad_value, failure.what);
        case DirectoryError::storage: return fail(Kind::storage, failure.what);
    }
    return fail(Kind::storage, failure.what);
}

std::unexpected<Error> fail(const mailstore::Failure& failure) {
    using mailstore::MailError;
    switch (failure.kind) {
        case MailError::no_such_account:
        case MailError::no_such_folder:
        case MailError::gone: return fail(Kind::not_found, failure.what);
        case MailError::no_permission: return fail(Kind::not_allowed, failure.what);
        case MailError::exists: return fail(Kind::exists, failure.what);
        case MailError::bad_name: return fail(Kind::bad_value, failure.what);
        case MailError::has_children:
        case MailError::inbox:
        case MailError::over_quota:
        case MailError::too_much:
        case MailError::too_many_keywords: return fail(Kind::not_allowed, failure.what);
        case MailError::full:
        case MailError::storage:
        case MailError::corrupt: return fail(Kind::storage, failure.what);
    }
    return fail(Kind::storage, failure.what);
}

std::expected<std::shared_ptr<const directory::Domain>, Error> find_domain(Context& context,
                                                                           std::string_view name) {
    auto domain = context.directory.domain(name);
    if (!domain)
        return fail(Kind::not_found,
                    fmt::format("There is no domain '{}'; `domain list` shows those there are", name));
    return domain;
}

std::expected<mime::AddrSpec, Error> parse_address(std::string_view address) {
    auto parsed = mime::parse_addr_spec(address);
    if (!parsed)
        return fail(Kind::bad_value, fmt::format("'{}' is not an address like user@example.org", address));
    return std::move(*parsed);
}

std::expected<Place, Error> find_place(Context& context, std::string_view address) {
    if (address.find('@') == address.npos) {
        auto primary = context.directory.primary_domain();
        if (!primary)
            return fail(Kind::bad_value,
                        fmt::format("'{}' names no domain, and there is no primary one; say {}@DOMAIN",
                                    address, address));
        return Place{std::move(primary), std::string{address}};
    }
    auto parsed = parse_address(address);
    if (!parsed) return std::unexpected(parsed.error());
    auto domain = find_domain(context, parsed->domain);
    if (!domain) return std::unexpected(domain.error());
    return Place{std::move(*domain), std::move(parsed->local)};
}

std::expected<std::shared_ptr<const directory::AccountEntry>, Error> find_account(Context& context,
                                                                                  std::string_view address) {
    auto place = find_place(context, address);
    if (!place) return std::unexpected(place.error());
    auto account = context.directory.account(mime::AddrSpec{place->local, place->domain->name});
    if (!account && account.error().kind == DirectoryError::not_found)
        return fail(Kind::not_found,
                    fmt::format("There is no account '{}@{}'", place->local, place->domain->name));
    return need(std::move(account));
}

std::expected<directory::ListedObject, Error> find_object(Context& context, std::string_view address,
                                                          directory::ObjectKind kind) {
    auto place = find_place(context, address);
    if (!place) return std::unexpected(place.error());
    auto object = context.directory.object(place->domain->id, place->local);
    if (!object && object.error().kind != DirectoryError::not_found) return fail(object.error());
    if (!object)
        return fail(Kind::not_found,
                    fmt::format("There is no {} '{}@{}'", word(kind), place->local, place->domain->name));
    if (object->kind != kind)
        return fail(Kind::not_found,
                    fmt::format("There is no {} '{}@{}': that is an object of the kind {}", word(kind),
                                place->local, place->domain->name, word(object->kind)));
    return std::move(*object);
}

std::string time_text(Time time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

constexpr directory::Service every_service[] = {directory::Service::smtp_incoming, directory::Service::pop3,
                                                directory::Service::imap, directory::Service::rpop};

Json services_json(directory::Services services) {
    Json words = Json::array();
    for (auto one : every_service)
        if (services.has(one)) words.push_back(directory::word(one));
    return words;
}

std::expected<directory::Services, Error> parse_services(const std::vector<std::string>& words) {
    directory::Services services{};
    for (const std::string& given : words) {
        bool known = given == "none";
        for (auto one : every_service) {
            if (given != directory::word(one)) continue;
            services.add(one);
            known = true;
        }
        if (!known)
            return fail(
                Kind::bad_value,
                fmt::format(
                    "'{}' is not a service; there are smtpIncoming, pop3, imap and rpop (none: no service)",
                    given));
    }
    return services;
}

Listing Listing::from(const Arguments& arguments) {
    Listing listing;
    listing.prefix = arguments.text("prefix");
    listing.after = arguments.text("after");
    listing.limit = std::clamp<std::uint64_t>(arguments.number("limit", 1000), 1, max_listed);
    return listing;
}

Result list_objects(Context& context, const directory::Domain& domain, directory::ObjectKind kind,
                    const Listing& listing, std::string_view title,
                    const std::function<std::expected<Json, Error>(AccountId)>& show) {
    auto page = need(context.directory.list(domain.id, kind, listing.prefix, listing.after, listing.limit));
    if (!page) return std::unexpected(page.error());
    Json objects = Json::array();
    for (const directory::ListedObject& object : page->objects) {
        auto shown = show(object.id);
        // Deleted since the page was read.
        if (!shown && shown.error().kind == Kind::not_found) continue;
        if (!shown) return std::unexpected(shown.error());
        objects.push_back(std::move(*shown));
    }
    Json out;
    out[std::string{title}] = std::move(objects);
    if (!page->next.empty()) out["next"] = page->next;
    return out;
}

}  // namespace postrider::admin
