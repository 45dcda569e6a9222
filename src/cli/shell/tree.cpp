#include "cli/shell/tree.h"

#include "cli/contexts/branches.h"
#include "cli/contexts/filters.h"
#include "text/ascii.h"

namespace postrider::cli {
namespace {

constexpr NotHere missing[] = {
    {"SET filteredEmailSizeQuota", "a quota of the Junk folder; SET MboxQuota gives it one"},
    {"SET filteredEmailCountQuota", "a quota of the Junk folder; SET MboxQuota gives it one"},
    {"CONFIG WEBMAIL", "the web mail"},
    {"CONFIG WEBADMIN", "the web administration"},
    {"CONFIG FTP-BACKUP", "backup by FTP"},
    {"CONFIG REPORT", "the reporting service"},
    {"CONFIG POP3-Proxy", "the proxies"},
    {"CONFIG IMAP-Proxy", "the proxies"},
    {"CONFIG WEBMAIL-Proxy", "the proxies"},
    {"CONFIG USERDB", "LDAP"},
    {"CONFIG MOBILITY", "ActiveSync"},
    {"CONFIG CLUSTER", "clustering"},
    {"CONFIG InitialAccountSettings", "the web mail"},
    {"CONFIG AUTODISCOVERY", "autodiscovery"},
    {"CONFIG CERTS", "automatic certificates"},
    {"CONFIG MAILBOXAPI", "the mailbox API"},
    {"CONFIG MIGRATIONDATA", "migration"},
    {"CONFIG WebmailData", "the web mail"},
    {"CONFIG WebmailAdvertising", "the web mail"},
    {"CONFIG accountDefaultWebmailAdvertising", "the web mail"},
    {"CONFIG folderRcptDefaultLimits", "limits of folder recipients"},
    {"CONFIG CALLOG", "the calendar"},
    {"CONFIG JOBLOG", "logs of jobs"},
    {"CONFIG SECURITY", "logs of their own for security"},
    {"CONFIG SRVLOG", "logs of their own for the server"},
    {"ADD List", "mailing lists"},
    {"UPDATE List", "mailing lists"},
    {"REMOVE List", "mailing lists"},
    {"SHOW List", "mailing lists"},
    {"LIST Lists", "mailing lists"},
    {"LIST Ghosts", "LDAP"},
    {"REMOVE GHOSTS", "LDAP"},
    {"RESET ldapAssociation", "LDAP"},
    {"RESET ldapSynchronization", "LDAP"},
    {"SET enableLDAPSync", "LDAP"},
    {"SET ldapSyncConnectorName", "LDAP"},
    {"SET createUsersFromLdap", "LDAP"},
    {"LIST Usermaps", "the proxies"},
    {"ADD Usermap", "the proxies"},
    {"MIGRATE", "migration"},
    {"SHOW MigrationStatus", "migration"},
    {"RESTORE", "backup"},
    {"PURGE calendarMetadata", "the calendar"},
    {"PURGE caldav", "the calendar"},
    {"PURGE disposableMetadata", "metadata of the search"},
    {"ENTER TRACER", "the tracer"},
    {"ENTER JSONQUERY", "queries in JSON"},
    {"ENTER DEBUG", "the debugger"},
    {"ENTER COMMANDS", "the contexts of the 4.x generation"},
    {"SHOW LicenseInfo", "licences"},
    {"SHOW PremiumAddonsStatistics", "licences"},
    {"LIST premiumAccounts", "licences"},
    {"LIST premiumFolderRcpts", "licences"},
    {"SHOW AccountingStatistics", "accounting"},
    {"LIST domainActivationRequests", "domain activation requests"},
    {"CLEAR domainActivationRequests", "domain activation requests"},
    {"SAVE supportInfo", "support information"},
    {"LIST SecurityMethods", "two-factor log-in"},
    {"REVOKE securityMethod", "two-factor log-in"},
    {"ADD securityMethod", "two-factor log-in"},
    {"SET twoFactorConfigured", "two-factor log-in"},
    {"SHOW twoFactorConfigured", "two-factor log-in"},
    {"LOOKUP", "look-ups in search indexes"},
    {"EXPORT", "the export of a domain's database"},
    {"ESET BrandingElement", "the web mail"},
    {"SHOW BrandingElement", "the web mail"},
    {"SET showWebmailLogin", "the web mail"},
    {"SET brandingName", "the web mail"},
    {"SET enableGravatar", "the web mail"},
    {"IMPORTCONTACTS", "contacts"},
    {"SYNCCONTACTS", "contacts"},
    {"ARCHIVE", "archiving"},
    {"FILESYSTEM", "the mounted file system"},
    {"SCAN Storage", "scans of single storages; SCAN ALL reads them all"},
    {"SCAN DomainContainer", "containers of single domains; SCAN ALL looks at all records"},
    {"COMPACT Storage", "compaction of single storages; COMPACT All does all"},
    {"COMPACT domainStorage", "storages of single domains; COMPACT messagesStorage does all"},
    {"COMPACT domainObjectsStorage", "storages of single domains; COMPACT messagesStorage does all"},
    {"REPAIR domainContainer", "containers of single domains; who is in them lies in the server's own store"},
    {"REPAIR contacts", "contacts"},
    {"RECOVER", "containers of single domains; mail and directory are in one store, and come back together"},
    {"REMOVE TmpSearchFolders", "the web mail"},
    {"SHOW DisposableMetadataInformation", "metadata of the search"},
    {"PURGEMAPIPROPS", "properties of Outlook"},
    {"LIST activeStorageTransactions", "locks of storages"},
    {"ENABLE ExecutionTrace", "the tracer"},
    {"DISABLE ExecutionTrace", "the tracer"},
    {"ENABLE traceLog", "the tracer"},
    {"DISABLE traceLog", "the tracer"},
    {"ADD smsConnector", "text messages"},
    {"UPDATE smsConnector", "text messages"},
    {"SHOW smsConnector", "text messages"},
    {"REMOVE smsConnector", "text messages"},
    {"LIST smsConnectors", "text messages"},
    {"REVOKE all", "two-factor log-in"},
    {"SHOW CalendarSearchIndexJobs", "the calendar"},
    {"SHOW ContactSearchIndexJobs", "contacts"},
    {"SHOW SortIndexJobs", "an index for sorting, which needs none here"},
    {"SHOW ConversationIndexJobs", "an index of conversations"},
    {"SHOW UserJobStats", "statistics of jobs"},
    {"RESET messageMetadata", "metadata of the search"},
    {"RESET messageConversationIds", "an index of conversations"},
    {"RESET maintenanceDate", "maintenance at set times"},
    {"SET passExpirationEnabled", "passwords that expire"},
    {"SET passExpirationInterval", "passwords that expire"},
    {"SET passExpirationType", "passwords that expire"},
    {"SET passExpirationDate", "passwords that expire"},
    {"SET passHistorySize", "passwords that expire"},
    {"UPGRADE", "storages of older releases"},
    {"READLOCK", "locks of storages"},
    {"READUNLOCK", "locks of storages"},
    {"SHOW StorageStatistics", "storage statistics"},
    {"ENABLE StorageStatistics", "storage statistics"},
    {"DISABLE StorageStatistics", "storage statistics"},
    {"SET maxMaillists", "mailing lists"},
    {"SET maxMaillistMessageSizeQuota", "mailing lists"},
    {"SET maxMaillistMessageCountQuota", "mailing lists"},
    {"SET maxMaillistFolderCountQuota", "mailing lists"},
    {"SET maxMaillistFolderMessageSizeQuota", "mailing lists"},
    {"SET maxMaillistFolderMessageCountQuota", "mailing lists"},
    {"SET maxPremiumMailboxCount", "licences"},
    {"SET maxSharingMailboxCount", "licences"},
    {"SET maxPersonalOrganizerMailboxCount", "licences"},
    {"SET maxOutlookConnectorMailboxCount", "licences"},
    {"SET maxActiveSyncMailboxCount", "licences"},
    {"SET maxIAMailboxCount", "licences"},
    {"ENABLE PROCESSING", "single steps of the processing"},
    {"DISABLE PROCESSING", "single steps of the processing"},
    {"CONTINUE PROCESSING", "single steps of the processing"},
};

}  // namespace

const NotHere* not_here(const std::vector<Word>& words) {
    for (const NotHere& one : missing) {
        std::size_t at = 0;
        bool all = true;
        for (std::string_view rest = one.words; all && !rest.empty(); ++at) {
            auto end = std::min(rest.find(' '), rest.size());
            all = at < words.size() && text::equal_ci(words[at].text, rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        if (all) return &one;
    }
    return nullptr;
}

Tree::Tree(settings::Table server) {
    for (auto branch :
         {root_branch(), server_branch(server), domain_create_branch(), domain_branch(), account_branch(),
          account_values_branch(), account_class_branch(), object_branch(), public_folder_branch(),
          aacl_branch(), queue_branch(), filters_branch(), admin_limits_branch()})
        for (Context& context : branch) add(std::move(context));
}

Context& Tree::add(Context context) {
    auto& kept = contexts_.emplace_back(std::make_unique<Context>(std::move(context)));
    by_path_.emplace(kept->path, kept.get());
    return *kept;
}

const Context* Tree::find(std::string_view path) const {
    auto at = by_path_.find(path);
    return at == by_path_.end() ? nullptr : at->second;
}

const Context& Tree::at(std::string_view path) const {
    return *find(path);
}

}  // namespace postrider::cli
