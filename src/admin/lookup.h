#pragma once

#include <string>
#include <string_view>

#include "admin/operation.h"

/// What most operations need: who is meant by an address, the house's errors as ours, times as text.
namespace postrider::admin {

std::unexpected<Error> fail(Error::Kind kind, std::string what);
std::unexpected<Error> fail(const directory::Failure& failure);
std::unexpected<Error> fail(const mailstore::Failure& failure);

/// The result's value or its error in this room's terms.
template <class T, class F>
std::expected<T, Error> need(std::expected<T, F> result) {
    if (!result) return fail(result.error());
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

std::expected<std::shared_ptr<const directory::Domain>, Error> find_domain(Context& context,
                                                                           std::string_view name);

/// A name of a domain: what stands before and behind the '@'.
struct Place {
    std::shared_ptr<const directory::Domain> domain;
    std::string local;
};
/// local@domain of one of our domains. A bare name belongs to the primary domain.
std::expected<Place, Error> find_place(Context& context, std::string_view address);
std::expected<mime::AddrSpec, Error> parse_address(std::string_view address);

/// By name or alias.
std::expected<std::shared_ptr<const directory::AccountEntry>, Error> find_account(Context& context,
                                                                                  std::string_view address);
/// A group, forwarder or folder recipient of that kind.
std::expected<directory::ListedObject, Error> find_object(Context& context, std::string_view address,
                                                          directory::ObjectKind kind);

/// An answer when there is nothing to say but that it is done.
inline Json done() {
    return Json::object();
}
std::string time_text(Time time);  ///< "2026-11-20T10:00:00Z"
/// "imap pop3" of a set, and back. The error names the words that are allowed.
Json services_json(directory::Services services);
std::expected<directory::Services, Error> parse_services(const std::vector<std::string>& words);

/// Names of one kind in a domain, page by page: arguments prefix, after, limit.
struct Listing {
    std::string prefix, after;
    std::size_t limit = 1000;
    static Listing from(const Arguments& arguments);
};
inline constexpr std::size_t max_listed = 10'000;

/// {"objects": [...], "next": ...} of what `show` makes of each; "next" only when there is more.
Result list_objects(Context& context, const directory::Domain& domain, directory::ObjectKind kind,
                    const Listing& listing, std::string_view title,
                    const std::function<std::expected<Json, Error>(AccountId)>& show);

}  // namespace postrider::admin
