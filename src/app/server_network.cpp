#include <thread>

#include "app/server_rooms.h"
#include "app/services.h"

/// Where a server is reached: its services, and the socket of its administration.
namespace postrider::app {

std::expected<void, std::string> Server::Rooms::open_network() {
    auto made = ControlServer::open(directory_path / "run" / "control", *operations, server_log);
    if (!made) return std::unexpected(made.error());
    control = std::move(*made);
    if (!sockets) sockets = std::make_unique<OwnSockets>();
    io = std::make_unique<net::IoPool>(std::max(1u, std::thread::hardware_concurrency()));
    pulse = std::make_unique<Pulse>(*io);
    board = std::make_unique<ServiceBoard>(settings, config_file, server_log,
                                           [this](const Settings& now) { return apply(now); });
    board->override_with(override_settings);
    board->upgrade_with(upgrade);
    // In starting order.
    board->add(make_log_service(*this));
    board->add(make_processing_service(*this));
    board->add(make_smtp_outgoing_service(*this));
    board->add(make_smtp_incoming_service(*this));
    board->add(make_imap_service(*this));
    board->add(make_pop3_service(*this));
    board->add(make_rpop_service(*this));
    board->add(make_cli_service(*this));
    operations->live = board.get();
    return board->prepare();
}

}  // namespace postrider::app
