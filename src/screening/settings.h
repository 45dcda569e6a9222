#pragma once

#include <string>
#include <vector>

#include "filter/country/settings.h"
#include "filter/dnsbl/settings.h"
#include "filter/greylist/settings.h"
#include "filter/milter/settings.h"
#include "settings/setting.h"

namespace postrider::screening {

/// What becomes of mail whose check comes out badly.
enum class Consequence : std::uint8_t {
    none,       ///< it is recorded in the header, no more
    mark,       ///< the message gets a spam level, by which it is filed
    tmpreject,  ///< 451
    reject,     ///< 550
};

/// SPF, DKIM, DMARC, ARC of mail from other hosts.
struct AuthenticationSettings {
    bool enable = true;
    bool spf = true, dkim = true, dmarc = true, arc = true, reverse_dns = true;
    bool domainkeys = false, bimi = false;
    Consequence spf_fail = Consequence::none;
    Consequence spf_temperror = Consequence::none;
    Consequence spf_permerror = Consequence::none;
    Consequence spf_none = Consequence::none;
    Consequence ehlo_spf_fail = Consequence::none;
    Consequence ehlo_spf_error = Consequence::none;
    Consequence ehlo_spf_none = Consequence::none;
    Consequence dmarc_quarantine = Consequence::mark;
    Consequence dmarc_reject = Consequence::reject;
    unsigned mark_level = 8;  ///< X-AxigenSpam-Level of `mark`
    std::vector<std::string>
        trusted_sealers;              ///< domains whose ARC seal counts more than a failed DMARC check
    bool public_suffix_list = false;  ///< find organizations as RFC 7489 did
};

struct ScreeningSettings {
    std::string policy_file = "filters/smtpFilters.script";  ///< "none": no policy
    /// Clients that are ours: nothing is checked of what they bring, but the policy still is asked.
    std::vector<std::string> trusted_clients{"127.0.0.0/8", "::1"};
    AuthenticationSettings authentication;
    filter::DnsChecksSettings dns;
    filter::GreylistSettings greylist;
    filter::CountrySettings country;
    std::vector<filter::milter::MilterSettings> milters;
};

/// Rows that stand in Server { }.
settings::TableOf<ScreeningSettings> screening_table();

}  // namespace postrider::screening
