#pragma once

#include <functional>
#include <memory>

#include "base/server_name.h"
#include "delivery/intake.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "rpop/connections.h"
#include "rpop/settings.h"

namespace postrider::dns {
class Resolver;
}

namespace postrider::rpop {

/// Fetches mail from the connections that are due. Each retrieval has a thread of the service for as long as
/// it lasts; none of a connection begins while another of it runs. Limits: 60 s of silence, 30 minutes and
/// 1,000 messages a retrieval.
class Retriever {
public:
    /// Everything must live longer.
    struct Parts {
        Connections& connections;
        const directory::Directory& directory;
        mailstore::MailStore& store;
        delivery::Intake& intake;
        dns::Resolver& resolver;
        const Clock& clock;
        observe::Metrics& metrics;
        ServerName host;                                   ///< ours, in trace headers
        std::function<std::uint16_t(AccountId)> location;  ///< where the account's mail goes
    };
    explicit Retriever(Parts parts);
    ~Retriever();

    void start(const RpopSettings& settings, observe::Logger log);
    /// Retrievals end after the message that they are at; those that take longer than `grace` are cut off.
    void stop(std::chrono::milliseconds grace);
    void apply(const RpopSettings& settings, observe::Logger log);  ///< for retrievals from now on
    void kick();                                                    ///< something has become due
    std::size_t running() const;

    /// One retrieval on the caller's thread, as the service does it.
    Status run(const Connections::Listed& due, const RpopSettings& settings, const observe::Logger& log);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::rpop
