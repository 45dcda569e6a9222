#include "directory/admin_limits.h"

#include "directory/keys.h"
#include "directory/records.h"
#include "settings/table.h"
#include "settings/value.h"

namespace postrider::directory {
namespace {

using L = AdminLimits;
using settings::field;

constexpr settings::Choice services[] = {{"smtpIncoming", Service::smtp_incoming},
                                         {"pop3", Service::pop3},
                                         {"imap", Service::imap},
                                         {"rpop", Service::rpop},
                                         settings::Choice{"webmail"}};
constexpr settings::Range count{0, 100'000'000};
constexpr settings::Range size{0, std::int64_t{1} << 40};

constexpr settings::Setting<L> rows[] = {
    {.name = "maxAccounts",
     .field = field<&L::max_accounts>,
     .range = count,
     .help = "Accounts; 0: as many as wanted."},
    {.name = "maxGroups", .field = field<&L::max_groups>, .range = count, .help = "Groups and forwarders."},
    {.name = "maxFolderRecipients",
     .field = field<&L::max_folder_recipients>,
     .range = count,
     .help = "Folder recipients."},
    {.name = "maxAccountClasses",
     .field = field<&L::max_account_classes>,
     .range = count,
     .help = "Account classes."},
    {.name = "maxAccountMessageSizeQuota",
     .field = field<&L::message_size_kb>,
     .range = size,
     .help = "totalMessageSize of an account.",
     .unit = "KB"},
    {.name = "maxAccountMessageCountQuota",
     .field = field<&L::message_count>,
     .range = count,
     .help = "totalMessageCount of an account."},
    {.name = "maxAccountFolderCountQuota",
     .field = field<&L::folder_count>,
     .range = count,
     .help = "mboxCount of an account."},
    {.name = "maxAccountFolderMessageSizeQuota",
     .field = field<&L::folder_message_size_kb>,
     .range = size,
     .help = "messageSize of a folder.",
     .unit = "KB"},
    {.name = "maxAccountFolderMessageCountQuota",
     .field = field<&L::folder_message_count>,
     .range = count,
     .help = "messageCount of a folder."},
    {.name = "maxPublicFolderMessageSizeQuota",
     .field = field<&L::public_size_kb>,
     .range = size,
     .help = "totalMessageSize of the public folders.",
     .unit = "KB"},
    {.name = "maxPublicFolderMessageCountQuota",
     .field = field<&L::public_count>,
     .range = count,
     .help = "totalMessageCount of the public folders."},
    {.name = "maxPublicFolderFolderCountQuota",
     .field = field<&L::public_folder_count>,
     .range = count,
     .help = "mboxCount of the public folders."},
    {.name = "maxPublicFolderFolderMessageSizeQuota",
     .field = field<&L::public_folder_size_kb>,
     .range = size,
     .help = "messageSize of a public folder.",
     .unit = "KB"},
    {.name = "maxPublicFolderFolderMessageCountQuota",
     .field = field<&L::public_folder_message_count>,
     .range = count,
     .help = "messageCount of a public folder."},
    {.name = "availableServices",
     .field = settings::choice<&L::available_services, services>,
     .help = "Services that may be allowed in the domain and to its accounts."},
    {.name = "maxSubdomains", .field = field<&L::max_subdomains>, .range = count, .help = "Sub-domains."},
    {.name = "subdomainStorageLocation",
     .field = field<&L::subdomain_location>,
     .range = {0, 4096},
     .help =
         "A directory in which each new sub-domain gets one of its own name for its messages; empty: they go "
         "where this domain's go."},
    {.name = "subdomainObjectStorageLocation",
     .field = field<&L::subdomain_objects>,
     .range = {0, 4096},
     .help = "Read for the sake of scripts: who is in a domain lies in the server's own store."},
    {.name = "subdomainMessageStorageLocations",
     .field = field<&L::subdomain_messages>,
     .range = {0, max_domain_locations},
     .help = "Places for the messages of all new sub-domains, used in parallel, which count more than "
             "subdomainStorageLocation."},
    {.name = "reservedRcpts",
     .field = field<&L::reserved_names>,
     .range = {0, 1000},
     .help = "Names that no account, group or alias may get."},
    {.name = "purgeConstraint",
     .field = field<&L::purge_constraint>,
     .range = {0, 4096},
     .help = "PURGE deletes only what this search finds, as \"BEFORE 1-Jan-2026\" (IMAP's keys); empty: "
             "whatever it is asked for."},
    {.name = "purgeFolders",
     .field = field<&L::purge_folders>,
     .range = {0, 100},
     .help = "Folders that PURGE may delete from; none: all."},
};

std::string key_of(DomainId domain) {
    std::string key = keys::of('L');
    put_be(key, domain.value());
    return key;
}

std::unexpected<Failure> storage(const kv::Failure& failure) {
    return std::unexpected(Failure{DirectoryError::storage, failure.what});
}

}  // namespace

settings::TableOf<AdminLimits> admin_limits_table() {
    return {rows, "adminLimits", "What a delegated administrator of the domain cannot exceed."};
}

Result<AdminLimits> admin_limits(kv::Store& store, DomainId domain) {
    auto bytes = store.get(key_of(domain));
    if (!bytes) return storage(bytes.error());
    AdminLimits limits;
    if (!*bytes) return limits;
    auto said = records::decode_contact(**bytes);
    if (!said)
        return std::unexpected(Failure{DirectoryError::storage, "the limits of administrators are damaged"});
    const auto places = settings::open(admin_limits_table(), &limits);
    for (const auto& [name, text] : *said)
        if (const settings::Place* place = settings::find(places, name))
            (void)settings::set_value(place->row, place->object, std::string_view{text});
    return limits;
}

Result<> set_admin_limits(kv::Store& store, DomainId domain, const AdminLimits& limits) {
    AdminLimits copy = limits, usual;
    const auto before = settings::open(admin_limits_table(), &usual);
    ExplicitValues said;
    for (const settings::Place& place : settings::open(admin_limits_table(), &copy)) {
        std::string text = settings::print_value(settings::get_value(place.row, place.object));
        const settings::Place* other = settings::find(before, place.row.name);
        if (text != settings::print_value(settings::get_value(other->row, other->object)))
            said.emplace_back(place.row.name, std::move(text));
    }
    kv::Batch batch;
    if (said.empty())
        batch.erase(key_of(domain));
    else
        batch.put(key_of(domain), records::encode(said));
    if (auto ok = store.write(std::move(batch)); !ok) return storage(ok.error());
    return {};
}

Result<> forget_admin_limits(kv::Store& store, DomainId domain) {
    return set_admin_limits(store, domain, {});
}

}  // namespace postrider::directory
