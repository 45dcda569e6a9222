#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "admin/operation.h"
#include "app/control_server.h"
#include "app/filtering.h"
#include "app/housekeeper.h"
#include "app/locations_file.h"
#include "app/messenger.h"
#include "app/pulse.h"
#include "app/server.h"
#include "app/service_board.h"
#include "app/sockets.h"
#include "app/submit_server.h"
#include "app/tls_keeper.h"
#include "base/server_name.h"
#include "delivery/imap_events.h"
#include "delivery/intake.h"
#include "delivery/processor.h"
#include "delivery/virtual_queues.h"
#include "directory/folder_quotas.h"
#include "dns/unbound_resolver.h"
#include "filter/anti_spam.h"
#include "filter/dmarc/dmarc_reports.h"
#include "filter/milter/connections.h"
#include "filter/signing/signer.h"
#include "index/index.h"
#include "mailstore/own_names.h"
#include "net/pools.h"
#include "relay/current_routes.h"
#include "relay/policy_routes.h"
#include "relay/srs.h"
#include "relay/tls_policy.h"
#include "rights/sharing.h"
#include "rpop/retriever.h"
#include "rules/notices.h"
#include "screening/screening.h"

namespace postrider::app {

/// What the mail store asks about quotas and names, answered by the directory, which is opened after it and
/// ends before it. The store's own threads ask at any time.
class Quotas final : public mailstore::QuotaSource, public mailstore::OwnNames {
public:
    /// Asks these, as long as the result lives.
    [[nodiscard]] std::shared_ptr<void> ask(const directory::Directory& directory,
                                            const directory::FolderQuotaBook& folders,
                                            rights::Sharing& sharing);
    mailstore::QuotaLimits limits(AccountId account) const override;
    mailstore::QuotaLimits limits_in(AccountId account, FolderId folder) const override;
    bool leads_elsewhere(AccountId account, std::string_view top) const override;

private:
    mailstore::QuotaLimits limits_of(AccountId account) const;  ///< with `mutex_` held

    mutable std::shared_mutex mutex_;
    const directory::Directory* directory_ = nullptr;  ///< when nullptr, nobody is to be asked
    const directory::FolderQuotaBook* folders_ = nullptr;
    rights::Sharing* sharing_ = nullptr;  ///< knows what public folders may hold, and how they are called
};

/// Where an account's own new mail goes: to the location of its domain.
class Places final : public mailstore::LocationSource {
public:
    void ask(const directory::Directory& directory, const mailstore::MailStore& store) {
        store_ = &store;
        directory_.store(&directory, std::memory_order_release);
    }
    std::uint16_t location(AccountId account) const override;

private:
    delivery::LocationTurns turns_;
    const mailstore::MailStore* store_ = nullptr;
    std::atomic<const directory::Directory*> directory_{nullptr};
};

/// The rooms in starting order; they end in the opposite one.
struct Server::Rooms {
    std::filesystem::path directory_path;
    Settings settings;  ///< as at the start; `board` has those in force
    std::string config_file;
    ServerName host;

    SystemClock clock;
    observe::Metrics metrics;
    std::unique_ptr<observe::LogService> log;
    observe::Logger server_log, store_log;
    std::unique_ptr<dns::UnboundResolver> resolver;
    Quotas quotas;
    Places places;
    std::unique_ptr<mailstore::MailStore> store;
    std::unique_ptr<index::Index> full_text;
    std::unique_ptr<directory::FolderQuotaBook> folder_quotas;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<rights::Sharing> sharing;
    std::shared_ptr<void> quotas_known;  ///< ends before those who know them
    std::unique_ptr<auth::Authenticator> authenticator;
    std::unique_ptr<rules::SendQuota> send_quota;
    std::unique_ptr<rules::MailboxRate> mailbox_rate;
    std::unique_ptr<rules::Notices> notices;
    std::unique_ptr<delivery::Router> router;
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<delivery::VirtualQueues> virtual_queues;
    std::unique_ptr<relay::PolicyRoutes> policy_routes;
    relay::CurrentRoutes routes;  ///< where mail for other hosts waits; whoever sends replaces what is in it
    mutable std::mutex srs_mutex;
    std::shared_ptr<const relay::Srs> srs;  ///< nullptr: it is off
    std::string srs_domain;                 ///< of addresses for mail whose forwarder is not known
    std::string own_secret;
    std::unique_ptr<xmpp::Notices> xmpp_notices;
    std::unique_ptr<XmppMessenger> messenger;
    std::unique_ptr<Filtering> filtering;
    std::unique_ptr<delivery::Processor> processor;
    std::unique_ptr<delivery::ImapEvents> imap_events;  ///< scripts on what IMAP clients do
    std::unique_ptr<filter::Signer> signer;
    std::unique_ptr<delivery::Intake> intake;
    std::unique_ptr<filter::AntiSpam> anti_spam;
    std::unique_ptr<TlsKeeper> tls_keeper;
    std::unique_ptr<filter::DmarcReports> dmarc_reports;
    std::atomic<std::uint32_t> max_queue_size = 0;
    std::optional<LocationsFile> locations;
    std::mutex locations_mutex;
    std::map<std::string, std::vector<std::uint16_t>, std::less<>>
        locations_of_domain;  ///< as the configuration has it
    std::unique_ptr<rpop::Connections> rpop_connections;
    std::unique_ptr<screening::Screening> screening;
    std::unique_ptr<admin::Context> operations;

    std::function<void(Settings&)> override_settings;
    std::function<std::expected<void, std::string>()> upgrade;
    std::unique_ptr<SocketSource> sockets;
    // What sessions refer to outlives the I/O threads, with which the last sessions end.
    std::unique_ptr<net::IoPool> io;
    std::unique_ptr<filter::milter::Connections> milter_connections;  ///< idle ones lie on the I/O threads
    std::unique_ptr<Pulse> pulse;
    std::unique_ptr<ServiceBoard> board;  ///< the services, and the settings in force

    std::unique_ptr<ControlServer> control;
    std::unique_ptr<Housekeeper> housekeeper;
    std::unique_ptr<Housekeeper> reporter;  ///< waits for other domains' name servers
    std::filesystem::path submit_socket;
    std::unique_ptr<SubmitServer> submit;

    std::atomic<bool> started = false;

    std::expected<void, std::string> open_data();
    dns::DnrSettings dnr_settings(const Settings& from) const;
    std::expected<void, std::string> open_locations();
    std::expected<void, std::string> place_domains();
    mailstore::Result<> add_location(const mailstore::LocationConfig& location);
    mailstore::Result<> change_location(const admin::StorageLocation& location);
    mailstore::Result<std::uint16_t> location_at(const std::string& path, std::uint32_t max_files,
                                                 std::uint64_t max_file_bytes);
    std::vector<admin::StorageLocation> known_locations();
    void open_index();
    void open_queue();
    void open_admin();
    std::expected<void, std::string> open_tls_keeper();
    admin::Identity identity();
    /// Mail for other hosts goes to the virtual queues that these name; nullptr: it is held. They live longer
    /// than processor and intake.
    void send_by(const delivery::Routes* ways);
    void take_routes(const Settings& from);
    void take_srs(const Settings& from);
    std::vector<std::string> take_keys(const Settings& from);
    /// Under which address a message leaves, where it is another than its sender's.
    std::optional<mime::AddrSpec> sender_of(const delivery::Consignment& consignment) const;
    std::expected<void, std::string> open_reports();
    filter::DmarcReportOptions dmarc_options(const Settings& from) const;
    void save_reports();
    void open_rules();
    void open_xmpp();
    std::expected<void, std::string> open_screening();
    /// Retries, and when senders are told: as the settings or the policy have it.
    delivery::RetrySchedule schedule(const Settings& from) const;
    std::optional<relay::Route> policy_route(const mime::AddrSpec& sender,
                                             const mime::AddrSpec& recipient) const;
    /// The virtual queue of mail that goes by that host, as a policy writes it; "" when it is none.
    std::string destination_by(const std::string& host) const;
    std::expected<void, std::string> open_anti_spam();
    std::expected<void, std::string> open_rpop();
    void measure_queue();
    void start_rules();
    void stop_rules();
    std::expected<void, std::string> open_network();
    std::expected<void, std::string> open_submit();
    std::vector<std::string> apply(const Settings& now);
    void erase_mail(AccountId account);
    void on_change(const directory::ChangeEvent& event);
};

}  // namespace postrider::app
