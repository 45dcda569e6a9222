#include <thread>

#include "app/server_rooms.h"
#include "app/services.h"
#include "filter/milter/connections.h"

/// Where a server is reached: its services, and the socket of its administration.
namespace postrider::app {

std::expected<void, std::string> Server::Rooms::open_network() {
    auto made = ControlServer::open(directory_path / "run" / "control", *operations, server_log);
    if (!made) return std::unexpected(made.error());
    control = std::move(*made);
    if (!sockets) sockets = std::make_unique<OwnSockets>();
    io = std::make_unique<net::IoPool>(std::max(1u, std::thread::hardware_concurrency()));
    milter_connections = std::make_unique<filter::milter::Connections>(resolver.get(), metrics);
    screening->ask_milters(milter_connections.get());
    pulse = std::make_unique<Pulse>(*io);
    board = std::make_unique<ServiceBoard>(settings, config_file, server_log,
                                           [this](const Settings& now) { return apply(now); });
    board->override_with(override_settings);
    board->upgrade_with(upgrade);
    board->search_with(*full_text);
    board->limit_folders_with(*folder_quotas);
    if (!config_file.empty()) board->remember_in((directory_path / "run" / "last-good.cfg").string());
    // In starting order.
    board->add(make_log_service(*this));
    board->add(make_processing_service(*this));
    board->add(make_smtp_outgoing_service(*this));
    board->add(make_smtp_incoming_service(*this));
    board->add(make_imap_service(*this));
    board->add(make_pop3_service(*this));
    board->add(make_managesieve_service(*this));
    board->add(make_rpop_service(*this));
    board->add(make_cli_service(*this));
    operations->live = board.get();
    if (auto ok = open_submit(); !ok) return ok;
    return board->prepare();
}

std::expected<void, std::string> Server::Rooms::open_submit() {
    if (submit_socket == "none") return {};
    auto smtp = [this] { return std::static_pointer_cast<const Settings>(board->settings())->smtp; };
    SubmitServer::Parts parts{*intake, *router, *store, clock, log->logger("SUBMIT"), host, {}, {}, {}, {}};
    parts.origin = [this] {
        const auto now = std::static_pointer_cast<const Settings>(board->settings());
        return now->server.primary_domain.empty() ? host.get() : now->server.primary_domain;
    };
    parts.max_size = [smtp] { return std::size_t{smtp().max_data_size} * 1024; };
    parts.max_recipients = [smtp] { return std::size_t{smtp().max_rcpt_count}; };
    parts.smtp_port = [this] {
        const Ports ports = board->ports();
        const auto at = ports.find("smtp");
        return at == ports.end() ? std::uint16_t{0} : at->second;
    };
    auto made = SubmitServer::open(submit_socket, std::move(parts));
    if (!made) return std::unexpected(made.error());
    submit = std::move(*made);
    return {};
}

}  // namespace postrider::app
