#pragma once

#include <optional>
#include <span>
#include <string_view>

/// The names of what a delegated administrator may be allowed to do.
namespace postrider::directory {

/// A permission on one domain, and its form on the server, which holds for every domain.
struct DomainPermission {
    std::string_view name;
    std::string_view on_any_domain;  ///< "" where there is none
};

std::span<const std::string_view> server_permissions();  ///< without the any-domain forms
std::span<const DomainPermission> domain_permissions();

/// As it is spelled here, whatever its case was; nothing when it cannot be given on the server (the
/// any-domain forms can) or on a domain.
std::optional<std::string_view> server_permission(std::string_view name);
std::optional<std::string_view> domain_permission(std::string_view name);

/// "manageAccountsOnAnyDomain" of "manageAccounts"; "" when there is none.
std::string_view any_domain_form(std::string_view domain_permission);

}  // namespace postrider::directory
