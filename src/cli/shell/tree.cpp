#include "cli/shell/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

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
    {"MIGRATE", "this server copies no account over IMAP with all its folders",
     "'postrider import' reads stores of other servers, 'postrider account rpop add' fetches folders by "
     "IMAP or POP3"},
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
    {"SCAN Storage", "who owns a damaged record is known only when all that is stored has been looked at",
     "SCAN ALL, SCAN Account or SCAN PublicFolders"},
    {"SCAN DomainContainer", "domains have no containers of their own, their data are in the server's store",
     "SCAN ALL"},
    {"COMPACT Storage",
     "storages have no numbers of their own, and only files with much free space are touched", "COMPACT All"},
    {"COMPACT domainStorage", "domains have no containers of their own, the server's store compacts itself",
     "COMPACT messagesStorage for the messages"},
    {"COMPACT domainObjectsStorage",
     "domains have no containers of their own, the server's store compacts itself",
     "COMPACT messagesStorage for the messages"},
    {"REPAIR domainContainer",
     "domains have no containers of their own, their data are in the server's store",
     "REPAIR publicContainer and REPAIR Accounts"},
    {"REPAIR contacts", "contacts"},
    {"RECOVER", "accounts do not lie in containers that could be lost without their mail",
     "REPAIR Accounts rebuilds mailboxes, 'postrider undelete restore' brings back messages, a snapshot of "
     "the store brings back all"},
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
    {"SET passExpirationEnabled", "passwords here do not expire (NIST SP 800-63B advises against it)",
     "SET password where one may be known, SET enable no to lock an account"},
    {"SET passExpirationInterval", "passwords here do not expire (NIST SP 800-63B advises against it)",
     "SET password where one may be known, SET enable no to lock an account"},
    {"SET passExpirationType", "passwords here do not expire (NIST SP 800-63B advises against it)",
     "SET password where one may be known, SET enable no to lock an account"},
    {"SET passExpirationDate", "passwords here do not expire (NIST SP 800-63B advises against it)",
     "SET password where one may be known, SET enable no to lock an account"},
    {"SET passHistorySize", "passwords here do not expire, and old ones are not kept",
     "SET password where one may be known"},
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
    {"ENABLE PROCESSING", "many messages are worked on at once, so there are no single steps",
     "SET logLevel 31 of PROCESSING tells them, STOP Service there holds all mail"},
    {"DISABLE PROCESSING", "many messages are worked on at once, so there are no single steps",
     "SET logLevel of PROCESSING, START Service there"},
    {"CONTINUE PROCESSING", "many messages are worked on at once, so there are no single steps",
     "RETRY <mailid> works on one message now"},
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

std::string NotHere::text() const {
    if (instead.empty()) return fmt::format("{} is not in this release: it needs {}", words, what);
    return fmt::format("{} has no use here: {}. Instead: {}", words, what, instead);
}

std::vector<NotHere> done_otherwise() {
    std::vector<NotHere> all;
    std::ranges::copy_if(missing, std::back_inserter(all),
                         [](const NotHere& one) { return !one.instead.empty(); });
    return all;
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
