#pragma once

#include "directory/directory.h"
#include "directory/service.h"
#include "kv/kv.h"
#include "settings/setting.h"

namespace postrider::directory {

/// What a delegated administrator of a domain cannot exceed. 0: no ceiling.
struct AdminLimits {
    std::uint32_t max_accounts = 0, max_groups = 0, max_folder_recipients = 0, max_account_classes = 0,
                  max_subdomains = 0;
    /// Of an account: totalMessageSize, totalMessageCount, mboxCount, messageSize, messageCount.
    std::uint64_t message_size_kb = 0;
    std::uint32_t message_count = 0, folder_count = 0;
    std::uint64_t folder_message_size_kb = 0;
    std::uint32_t folder_message_count = 0;
    /// The same of the public folders together, and of each of them.
    std::uint64_t public_size_kb = 0;
    std::uint32_t public_count = 0, public_folder_count = 0;
    std::uint64_t public_folder_size_kb = 0;
    std::uint32_t public_folder_message_count = 0;
    Services available_services = all_services();
    /// URI of a directory in which each new sub-domain gets one of its own; "". Of the second, the same for
    /// what is not messages, for the sake of scripts: that lies in the server's own store.
    std::string subdomain_location, subdomain_objects;
    std::vector<std::string> subdomain_messages;  ///< URIs of places for the messages of new sub-domains
    std::string purge_constraint;             ///< search-keys (RFC 9051 §6.4.4) that find what may be purged
    std::vector<std::string> purge_folders;   ///< that may be purged; none: all
    std::vector<std::string> reserved_names;  ///< local parts that nobody may get
};
settings::TableOf<AdminLimits> admin_limits_table();

/// Of a domain; none were ever set: no ceilings. They go with the domain by forget_admin_limits().
Result<AdminLimits> admin_limits(kv::Store& store, DomainId domain);
Result<> set_admin_limits(kv::Store& store, DomainId domain, const AdminLimits& limits);
Result<> forget_admin_limits(kv::Store& store, DomainId domain);

}  // namespace postrider::directory
