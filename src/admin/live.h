#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "settings/setting.h"

namespace postrider::index {
class Index;
}
namespace postrider::directory {
class FolderQuotaBook;
}

namespace postrider::admin {

/// One service of the running server.
struct ServiceState {
    std::string_view name;  ///< as in the setting `services`
    bool running = false;
    bool configured = false;   ///< started with the server
    std::size_t sessions = 0;  ///< connections; 0 where the service has none
};

/// What became of new settings.
struct Applied {
    std::vector<std::string> changed;        ///< settings that differ from those before, as "imap.maxErrors"
    std::vector<std::string> needs_restart;  ///< those of them that count from the next start on
    /// What is in force and does not work as one would wish, a sentence each.
    std::vector<std::string> warnings;
    std::vector<std::string> problems;  ///< what could not be taken, a sentence each; the old stays there
};

/// The running server in the hands of its administrator; src/app implements it. Usable from any thread; one
/// change at a time.
class LiveServer {
public:
    virtual ~LiveServer() = default;

    virtual std::vector<ServiceState> services() const = 0;
    /// By its name in any case. What is running already, or not, is left as it is. The error is a sentence.
    virtual std::expected<void, std::string> start_service(std::string_view name) = 0;
    /// Ends its sessions in the protocol's terms; returns when they are gone.
    virtual std::expected<void, std::string> stop_service(std::string_view name) = 0;

    /// Of what stands in `Server { }`: the type behind settings() and apply().
    virtual settings::Table table() const = 0;
    /// A copy of the settings in force, to look at or to change and apply().
    virtual std::shared_ptr<void> settings() const = 0;
    /// Takes whole new settings without ending a session. They live in memory until save().
    virtual std::expected<Applied, std::string> apply(const void* settings) = 0;
    /// Reads the configuration file again and applies it. When it has errors nothing is changed, and the
    /// error has them all, one line each with file and line.
    virtual std::expected<Applied, std::string> reload() = 0;
    /// Writes the settings in force to the configuration file, in one step.
    virtual std::expected<void, std::string> save() = 0;
    virtual std::string configuration_file() const = 0;

    /// Full text over all accounts; nullptr when this server has none.
    virtual index::Index* full_text() { return nullptr; }
    /// Quotas of single folders, as deliveries ask for them.
    virtual directory::FolderQuotaBook& folder_quotas() = 0;

    /// Has what now stands in the binary's file take over, without a refused connection. Sessions are ended
    /// in the protocol's terms soon after the answer. The error says why the new one cannot.
    virtual std::expected<void, std::string> upgrade() = 0;
};

}  // namespace postrider::admin
