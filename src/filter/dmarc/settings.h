#pragma once

#include <string>

#include "settings/setting.h"

namespace postrider::filter {

struct DmarcReportSettings {
    bool send = true;
    bool send_failures = false;
    std::string sender;        ///< "" = postmaster of the primary domain
    std::string organization;  ///< "" = the server's name
};

settings::TableOf<DmarcReportSettings> dmarc_report_table();

}  // namespace postrider::filter
