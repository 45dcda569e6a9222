#include "filter/dmarc/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

using S = DmarcReportSettings;
constexpr Setting<S> rows[] = {
    {.name = "send",
     .field = field<&S::send>,
     .help =
         "Whether domains that ask for it (rua of their DMARC record) are told once a day what came under "
         "their name and whether it passed."},
    {.name = "sendFailures",
     .field = field<&S::send_failures>,
     .help =
         "Whether domains that ask for it (ruf) are told of single messages under their name that failed, "
         "with their header but for recipients. At most ten an hour to a domain. It shows others what "
         "reaches this server: RFC 9991 leaves it to you."},
    {.name = "sender",
     .field = field<&S::sender>,
     .range = {0, 320},
     .help = "The address that the reports are from.",
     .default_help = "postmaster of the primary domain"},
    {.name = "organization",
     .field = field<&S::organization>,
     .range = {0, 255},
     .help = "Who says so.",
     .default_help = "the server's name"},
};

}  // namespace

TableOf<DmarcReportSettings> dmarc_report_table() {
    return {rows, "dmarcReports", "What domains are told about mail under their name."};
}

}  // namespace postrider::filter
