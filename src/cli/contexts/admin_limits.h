#pragma once

#include "admin/purge.h"
#include "cli/contexts/branches.h"
#include "directory/admin_limits.h"

/// What holds a delegated administrator to the limits of a domain. Whoever may change them
/// (manageDomainAdminLimits, or all rights) is not held to them.
namespace postrider::cli::limits {

/// Nothing is said of those who are not held to them.
Step<directory::AdminLimits> of(Shell& shell, DomainId domain);

/// There is room for one object more.
Step<> room_for(Shell& shell, DomainId domain, directory::ObjectKind kind);
Step<> room_for_class(Shell& shell, DomainId domain);
/// The name may be given to somebody.
Step<> name(Shell& shell, DomainId domain, const std::string& local);
Step<> services(Shell& shell, DomainId domain, directory::Services wanted);
/// Quotas and services that accounts would have with these values.
Step<> values(Shell& shell, DomainId domain, const settings::AccountSettings& after);
/// Narrows a purge to what may be purged.
Step<> purge(Shell& shell, DomainId domain, admin::Purge& purge);
/// Those quotas of a new account that would be above a limit, as values of its own.
Step<ValueChanges> lowered(Shell& shell, DomainId domain, const settings::AccountSettings& inherited);

}  // namespace postrider::cli::limits
