#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "mime/address.h"
#include "relay/settings.h"

namespace postrider::relay {

/// Routes that a policy makes up when a message is about to go (onRelay, and remoteSmtpHost in onRcptTo).
/// What the queue keeps of one is its name; what the name means is kept in a file, so that mail which waits
/// finds its way after a restart as well. Thread-safe.
class PolicyRoutes {
public:
    static constexpr std::size_t max_routes = 1000;  ///< what is beyond goes the usual way

    /// What the policy says of a message: nothing for the usual way. Must not block.
    using Ask =
        std::function<std::optional<Route>(const mime::AddrSpec& sender, const mime::AddrSpec& recipient)>;

    PolicyRoutes() = default;  ///< never has any
    explicit PolicyRoutes(std::filesystem::path file);
    /// Reads the file. The error is a sentence.
    std::expected<void, std::string> load();

    void ask_by(Ask ask) { ask_ = std::move(ask); }  ///< before the first message
    /// The route that the policy wants, known by its name from now on; nullptr for the usual way. Lives as
    /// long as this.
    const Route* ask(const mime::AddrSpec& sender, const mime::AddrSpec& recipient);
    /// "policy:mail.example:25:..."; nullptr when there are too many.
    const Route* keep(Route route);
    const Route* find(std::string_view name) const;

    /// "host", "host:port", "[address]", "[address]:port"; nothing for what is none of them.
    static std::optional<Route> parse(std::string_view host);

private:
    bool save() const;

    std::filesystem::path file_;
    Ask ask_;
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<const Route>, std::less<>> routes_;
};

}  // namespace postrider::relay
