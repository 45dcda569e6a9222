#include "app/server.h"

#include <thread>

#include "app/identity.h"
#include "app/privileges.h"
#include "app/server_rooms.h"

namespace postrider::app {

namespace fs = std::filesystem;

Server::Server(std::unique_ptr<Rooms> rooms) : rooms_{std::move(rooms)} {}

Server::~Server() {
    stop();
}

std::expected<std::unique_ptr<Server>, std::string> Server::open(ServerOptions options) {
    const std::jthread beside{make_room_for_descriptors};  // it waits, and costs nothing
    auto rooms = std::make_unique<Rooms>();
    rooms->directory_path = fs::absolute(options.directory);
    rooms->settings = std::move(options.settings);
    rooms->config_file = std::move(options.config_file);
    rooms->sockets = std::move(options.sockets);
    rooms->override_settings = std::move(options.override_settings);
    rooms->submit_socket = options.submit_socket.empty() ? rooms->directory_path / "run" / "submit"
                                                         : std::move(options.submit_socket);
    rooms->upgrade = std::move(options.upgrade);
    rooms->host.change(name_of_server(rooms->settings));
    if (auto ok = rooms->open_data(); !ok) return std::unexpected(ok.error());
    if (options.network)
        if (auto ok = rooms->open_network(); !ok) return std::unexpected(ok.error());
    return std::unique_ptr<Server>{new Server{std::move(rooms)}};
}

void Server::start() {
    rooms_->started = true;
    if (rooms_->board) rooms_->board->start();
    if (rooms_->io) rooms_->io->run();
    rooms_->start_rules();
    rooms_->tls_keeper->start();
    rooms_->xmpp_notices->start();
    rooms_->full_text->start();
    rooms_->operations->running = true;
    if (rooms_->control) rooms_->control->start();
    if (rooms_->submit) rooms_->submit->start();
    rooms_->server_log.info({}, "Postrider {} is running", POSTRIDER_VERSION);
}

void Server::stop() {
    if (!rooms_->started) return;
    rooms_->started = false;
    rooms_->full_text->stop();
    if (rooms_->submit) rooms_->submit->stop();
    if (rooms_->control) rooms_->control->stop();
    if (rooms_->board) rooms_->board->stop();
    if (rooms_->io) rooms_->io->stop();
    rooms_->tls_keeper->stop();
    rooms_->xmpp_notices->stop();
    rooms_->resolver->stop();  // coroutines wait for it, and their threads' contexts end before it does
    rooms_->processor->stop();
    rooms_->stop_rules();
    rooms_->server_log.info({}, "Postrider has stopped");
}

Ports Server::ports() const {
    return rooms_->board ? rooms_->board->ports() : Ports{};
}
const fs::path& Server::directory_path() const {
    return rooms_->directory_path;
}
const Settings& Server::settings() const {
    return rooms_->settings;
}
std::string Server::host() const {
    return rooms_->host;
}
mailstore::MailStore& Server::store() {
    return *rooms_->store;
}
directory::Directory& Server::directory() {
    return *rooms_->directory;
}
auth::Authenticator& Server::authenticator() {
    return *rooms_->authenticator;
}
queue::Queue& Server::queue() {
    return *rooms_->queue;
}
observe::Metrics& Server::metrics() {
    return rooms_->metrics;
}
dns::Resolver& Server::resolver() {
    return *rooms_->resolver;
}
void Server::wake_queue() {
    rooms_->processor->wake();
}
bool Server::moves() {
    return !rooms_->pulse || rooms_->pulse->beat();
}
void Server::note(const std::string& what) {
    rooms_->server_log.write(observe::Level::critical, {}, what);
}
admin::LiveServer* Server::live() {
    return rooms_->board.get();
}
admin::Context& Server::admin_context() {
    return *rooms_->operations;
}

}  // namespace postrider::app
