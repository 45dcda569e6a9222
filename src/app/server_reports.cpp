#include "app/server_rooms.h"
#include "delivery/post.h"
#include "text/ascii.h"

/// What other domains are told about mail under their name, and people by other ways than mail.
namespace postrider::app {
namespace {

constexpr auto saved_every = std::chrono::seconds{60};
constexpr auto sent_every = std::chrono::seconds{300};
constexpr std::size_t delay_range = 4 * 3600;  ///< not all servers report at midnight

}  // namespace

/// People are told of their mail.
void Server::Rooms::open_xmpp() {
    xmpp_notices = std::make_unique<xmpp::Notices>(*resolver, clock, metrics, directory_path.string());
    messenger = std::make_unique<XmppMessenger>(*xmpp_notices);
    filtering->tell_by(*messenger);
    if (auto wrong = xmpp_notices->configure(settings.xmpp, log->logger("XMPP", settings.xmpp.log));
        !wrong.empty())
        server_log.error({}, "{}", wrong);
}

filter::DmarcReportOptions Server::Rooms::dmarc_options(const Settings& from) const {
    filter::DmarcReportOptions options;
    options.send = from.dmarc_reports.send;
    options.failures = from.dmarc_reports.send_failures;
    options.organization = from.dmarc_reports.organization;
    options.submitter = text::to_lower(host.get());
    options.from = from.dmarc_reports.sender;
    if (options.from.empty())
        options.from =
            "postmaster@"
            + (from.server.primary_domain.empty() ? options.submitter : from.server.primary_domain);
    options.delay = std::chrono::seconds{std::hash<std::string>{}("dmarc" + options.submitter) % delay_range};
    return options;
}

std::expected<void, std::string> Server::Rooms::open_reports() {
    observe::Logger processing = log->logger("PROCESSING", settings.processing.log);
    dmarc_reports = std::make_unique<filter::DmarcReports>(
        *resolver, store->kv(), clock, processing, metrics, dmarc_options(settings),
        [this](const std::string& to, std::string message) {
            auto address = mime::parse_addr_spec(to);
            return address && delivery::post_own(*router, *intake, clock, *address, std::move(message));
        });
    if (auto ok = dmarc_reports->load(); !ok) return std::unexpected("DMARC reports: " + ok.error().what);
    // A thread of its own: other domains' name servers may be slow.
    reporter = std::make_unique<Housekeeper>();
    reporter->add(saved_every, [this] { save_reports(); });
    reporter->add(sent_every, [this] { dmarc_reports->send_due([this] { return reporter->running(); }); });
    return {};
}

void Server::Rooms::save_reports() {
    if (auto ok = dmarc_reports->save(); !ok) server_log.error({}, "DMARC reports: {}", ok.error().what);
}

}  // namespace postrider::app
