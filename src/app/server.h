#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "admin/operation.h"
#include "app/service.h"
#include "app/settings.h"
#include "app/sockets.h"
#include "auth/auth.h"
#include "directory/directory.h"
#include "dns/resolver.h"
#include "mailstore/mailstore.h"
#include "observe/log_service.h"
#include "queue/queue.h"

namespace postrider::app {

struct ServerOptions {
    std::filesystem::path
        directory;  ///< the working directory: relative paths of the settings are relative to it
    Settings settings;
    std::string config_file;                ///< where they came from, for reload and save; "" = nowhere
    std::unique_ptr<SocketSource> sockets;  ///< nullptr: bound by the server itself
    std::function<void(Settings&)>
        override_settings;  ///< what the command line says to each file that is read
    std::function<std::expected<void, std::string>()> upgrade;  ///< asks for a new binary; may be empty
    std::filesystem::path submit_socket;  ///< where programs hand in mail [DIR/run/submit]; "none"
    bool network = true;  ///< false: no listeners, for commands that work on a stopped server's data
};

/// A running Postrider: the rooms in their starting order, held together.
class Server {
public:
    /// Opens the data and binds the listeners; nothing is accepted before start(). The error is a sentence
    /// for the administrator.
    static std::expected<std::unique_ptr<Server>, std::string> open(ServerOptions options);
    ~Server();  ///< stop()

    void start();
    /// Ends sessions in their protocols' terms, finishes what is being delivered, syncs.
    void stop();

    /// Port by the name of the service: "smtp", "submission", "lmtp", "imap", "imaps", ...
    Ports ports() const;

    const std::filesystem::path& directory_path() const;
    const Settings& settings() const;
    std::string host() const;
    mailstore::MailStore& store();
    directory::Directory& directory();
    auth::Authenticator& authenticator();
    queue::Queue& queue();
    observe::Metrics& metrics();
    dns::Resolver& resolver();
    void wake_queue();
    /// What administration operations work on; start() lets them in through DIR/run/control too.
    admin::Context& admin_context();
    admin::LiveServer* live();  ///< nullptr without network
    /// Whether every I/O thread has run since the last call; for a watchdog, about once a second.
    bool moves();
    /// A line in the log, for what happened before this server began.
    void note(const std::string& what);

    struct Rooms;

private:
    explicit Server(std::unique_ptr<Rooms> rooms);
    std::unique_ptr<Rooms> rooms_;
};

}  // namespace postrider::app
