#include "directory/permissions.h"

#include "text/ascii.h"

namespace postrider::directory {
namespace {

constexpr std::string_view of_server[] = {
    "manageServerConfig", "manageServerFilters", "manageCluster",
    "manageProcessing",   "manageLog",           "manageDNR",
    "manageSMTPIn",       "manageSMTPOut",       "managePOP3",
    "manageIMAP",         "manageWebMail",       "manageRPOP",
    "managePOP3Proxy",    "manageIMAPProxy",     "manageWebmailProxy",
    "manageCLI",          "manageWebAdmin",      "manageFTPBackup",
    "manageReporting",    "accessDumpData",      "manageAuthentication",
    "manageAdminACL",     "activateAnyDomain",
};

constexpr DomainPermission of_domain[] = {
    {"manageSubdomains", ""},
    {"manageDomainConfig", "manageConfigOnAnyDomain"},
    {"manageDomainFilters", "manageFiltersOnAnyDomain"},
    {"backupDomain", "backupAnyDomain"},
    {"restoreDomain", "restoreAnyDomain"},
    {"deactivateDomain", "deactivateAnyDomain"},
    {"manageDomainAdminLimits", "manageAdminLimitsOnAnyDomain"},
    {"manageDomainServices", "manageServicesOnAnyDomain"},
    {"manageCatchAll", "manageCatchAllOnAnyDomain"},
    {"manageGroupware", "manageGroupwareOnAnyDomain"},
    {"manageLdapSync", "manageLdapSyncOnAnyDomain"},
    {"manageDomainAliases", "manageDomainAliasesOnAnyDomain"},
    {"manageDomainStorage", "manageDomainStorageOnAnyDomain"},
    {"manageAccountServices", "manageAccountServicesOnAnyDomain"},
    {"manageAutomaticMigration", "manageAutomaticMigrationOnAnyDomain"},
    {"manageFoldersQuotas", "manageFoldersQuotasOnAnyDomain"},
    {"managePasswordPolicy", "managePasswordPolicyOnAnyDomain"},
    {"manageWebmailLimits", "manageWebmailLimitsOnAnyDomain"},
    {"manageFilteredEmail", "manageFilteredEmailOnAnyDomain"},
    {"manageSendReceiveRestrictions", "manageSendReceiveRestrictionsOnAnyDomain"},
    {"manageRPOPRestrictions", "manageRPOPRestrictionsOnAnyDomain"},
    {"manageTemporaryAddresses", "manageTemporaryAddressesOnAnyDomain"},
    {"manageAccountRecovery", "manageAccountRecoveryOnAnyDomain"},
    {"managePersonalOrganizer", "managePersonalOrganizerOnAnyDomain"},
    {"manageSharing", "manageSharingOnAnyDomain"},
    {"manageOutlookConnector", "manageOutlookConnectorOnAnyDomain"},
    {"manageActiveSync", "manageActiveSyncOnAnyDomain"},
    {"manageIA", "manageIAOnAnyDomain"},
    {"manageAccounts", "manageAccountsOnAnyDomain"},
    {"createAccounts", "createAccountsOnAnyDomain"},
    {"removeAccounts", "removeAccountsOnAnyDomain"},
    {"manageAccountsNaming", "manageAccountsNamingOnAnyDomain"},
    {"changeAccountsPassword", "changeAccountsPasswordOnAnyDomain"},
    {"changeAccountsClass", "changeAccountsClassOnAnyDomain"},
    {"manageAccountsContactInformation", "manageAccountsContactInformationOnAnyDomain"},
    {"manageAccountsWebmailOptions", "manageAccountsWebmailOptionsOnAnyDomain"},
    {"manageGroups", "manageGroupsOnAnyDomain"},
    {"createGroups", "createGroupsOnAnyDomain"},
    {"removeGroups", "removeGroupsOnAnyDomain"},
    {"manageGroupsNaming", "manageGroupsNamingOnAnyDomain"},
    {"manageGroupsMembers", "manageGroupsMembersOnAnyDomain"},
    {"manageMaillists", "manageMaillistsOnAnyDomain"},
    {"createMailLists", "createMailListsOnAnyDomain"},
    {"removeMailLists", "removeMailListsOnAnyDomain"},
    {"manageMailListsNaming", "manageMailListsNamingOnAnyDomain"},
    {"changeMailListsPassword", "changeMailListsPasswordOnAnyDomain"},
    {"manageMailListsMembers", "manageMailListsMemberOnAnyDomain"},
    {"manageMailListsSubscription", "manageMailListsSubscriptionOnAnyDomain"},
    {"manageMailListsPosting", "manageMailListsPostingOnAnyDomain"},
    {"manageMailListsMessageHeaders", "manageMailListsMessageHeadersOnAnyDomain"},
    {"manageMailListsTemplates", "manageMailListsTemplatesOnAnyDomain"},
    {"manageMailListsWebmailOptions", "manageMailListsWebmailOptionsOnAnyDomain"},
    {"manageMailListsServices", "manageMailListsServicesOnAnyDomain"},
    {"manageMailListsFoldersQuotas", "manageMailListsFoldersQuotasOnAnyDomain"},
    {"manageMailListsWebmailLimits", "manageMailListsWebmailLimitsOnAnyDomain"},
    {"manageMailListsSendReceiveRestrictions", "manageMailListsSendReceiveRestrictionsOnAnyDomain"},
    {"manageAccountClasses", "manageAccountClassesOnAnyDomain"},
    {"createAccountClasses", "createAccountClassesOnAnyDomain"},
    {"removeAccountClasses", "removeAccountClassesOnAnyDomain"},
    {"renameAccountClasses", "renameAccountClassesOnAnyDomain"},
    {"manageFolderRecipients", "manageFolderRecipientsOnAnyDomain"},
    {"managePublicFolder", "managePublicFolderOnAnyDomain"},
    {"createPublicFolder", "createPublicFolderOnAnyDomain"},
    {"removePublicFolder", "removePublicFolderOnAnyDomain"},
    {"renamePublicFolder", "renamePublicFolderOnAnyDomain"},
    {"managePublicFoldersQuotas", "managePublicFoldersQuotasOnAnyDomain"},
};

}  // namespace

std::span<const std::string_view> server_permissions() {
    return of_server;
}

std::span<const DomainPermission> domain_permissions() {
    return of_domain;
}

std::optional<std::string_view> server_permission(std::string_view name) {
    for (std::string_view one : of_server)
        if (text::equal_ci(one, name)) return one;
    for (const DomainPermission& one : of_domain)
        if (!one.on_any_domain.empty() && text::equal_ci(one.on_any_domain, name)) return one.on_any_domain;
    return std::nullopt;
}

std::optional<std::string_view> domain_permission(std::string_view name) {
    for (const DomainPermission& one : of_domain)
        if (text::equal_ci(one.name, name)) return one.name;
    return std::nullopt;
}

std::string_view any_domain_form(std::string_view domain_permission) {
    for (const DomainPermission& one : of_domain)
        if (one.name == domain_permission) return one.on_any_domain;
    return {};
}

}  // namespace postrider::directory
