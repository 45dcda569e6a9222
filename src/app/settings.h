#pragma once

#include "cli/settings.h"
#include "delivery/settings.h"
#include "dns/settings.h"
#include "filter/anti_spam_settings.h"
#include "filter/chain/settings.h"
#include "filter/dmarc/settings.h"
#include "filter/scan/settings.h"
#include "filter/signing/settings.h"
#include "imap/settings.h"
#include "index/settings.h"
#include "managesieve/settings.h"
#include "pop3/settings.h"
#include "relay/settings.h"
#include "rpop/settings.h"
#include "screening/settings.h"
#include "settings/common.h"
#include "smtp/settings.h"
#include "xmpp/settings.h"

namespace postrider::app {

/// Everything that stands in `Server { ... }`: each room's own table, put together.
struct Settings {
    settings::ServerSettings server;
    dns::DnrSettings dnr;
    delivery::ProcessingSettings processing;
    smtp::SmtpSettings smtp;
    relay::OutgoingSettings outgoing;
    filter::SigningSettings signing;
    filter::DmarcReportSettings dmarc_reports;
    imap::ImapSettings imap;
    index::IndexSettings full_text;
    pop3::Pop3Settings pop3;
    managesieve::ManageSieveSettings manage_sieve;
    rpop::RpopSettings rpop;
    screening::ScreeningSettings screening;
    cli::CliSettings cli;
    filter::ScannerSettings scanners;
    filter::ChainSettings filters;
    filter::AntiSpamSettings anti_spam;
    xmpp::XmppSettings xmpp;
};

settings::TableOf<Settings> settings_table();

}  // namespace postrider::app
