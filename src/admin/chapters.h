#pragma once

#include "admin/operation.h"

/// The parts of the operation table; each stands in the file of its name.
namespace postrider::admin {

Chapter domain_chapter();
Chapter account_chapter();
Chapter group_chapter();      ///< members.cpp
Chapter forwarder_chapter();  ///< members.cpp
Chapter folder_recipient_chapter();
Chapter public_folder_chapter();
Chapter permission_chapter();
Chapter class_chapter();
Chapter server_chapter();  ///< class.cpp: what accounts inherit
Chapter admin_chapter();
Chapter queue_chapter();
Chapter quarantine_chapter();
Chapter scanner_chapter();
Chapter xmpp_chapter();
Chapter storage_chapter();
Chapter undelete_chapter();
Chapter purge_chapter();
Chapter import_chapter();  ///< move_mail.cpp
Chapter export_chapter();  ///< move_mail.cpp
Chapter dns_chapter();
Chapter dkim_chapter();
Chapter dmarc_chapter();
Chapter filter_chapter();
Chapter script_chapter();
Chapter index_chapter();
Chapter sieve_chapter();  ///< sieve_run.cpp
Chapter why_chapter();
Chapter policy_chapter();
Chapter bans_chapter();
Chapter whitelist_chapter();  ///< sender_lists.cpp
Chapter blacklist_chapter();  ///< sender_lists.cpp
Chapter collected_chapter();  ///< sender_lists.cpp
Chapter spam_chapter();
Chapter rpop_chapter();     ///< account_rpop.cpp
Chapter metrics_chapter();  ///< storage.cpp
Chapter service_chapter();
Chapter reload_chapter();       ///< service.cpp
Chapter save_config_chapter();  ///< service.cpp
Chapter upgrade_chapter();      ///< service.cpp

}  // namespace postrider::admin
