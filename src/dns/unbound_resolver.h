#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "dns/asker.h"
#include "dns/resolver.h"
#include "dns/settings.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace postrider::dns {

/// The resolver, on libunbound: a cache of its own in front (bounded, no thread is changed for a hit), then
/// one thread that asks the name servers in their order.
///
/// Bounds: maxQuestions at name servers at once, 20,000 callers waiting (then Outcome::temporary), 1,000
/// records and 64 KiB of an answer (beyond: temporary), 150 s for each name server.
class UnboundResolver final : public Resolver {
public:
    static constexpr std::size_t max_waiting = 20'000;

    struct Options {
        DnrSettings settings;
        observe::Logger log;
        std::string resolv_conf = "/etc/resolv.conf";  ///< where the operating system names its servers
    };
    /// The error is a sentence for the administrator. Asks nothing yet.
    static std::expected<std::unique_ptr<UnboundResolver>, std::string> open(Options options,
                                                                             observe::Metrics& metrics);
    ~UnboundResolver() override;  ///< stop()

    net::Task<Answer> query(std::string name, Type type) override;
    /// Not on an I/O thread.
    Answer ask(std::string name, Type type) override;

    void start();  ///< after a stop(); open() has started it
    /// Everything that waits, and what is asked from now on, gets a temporary failure at once. To be called
    /// before the I/O threads' contexts end, for coroutines wait here.
    void stop();
    bool running() const;
    /// New settings; what has been asked goes on with the old ones. If they differ, the cache is forgotten.
    /// The error as of open().
    std::expected<void, std::string> reconfigure(DnrSettings settings);
    void flush() override;
    std::vector<ServerState> servers() const override;

private:
    struct Impl;
    explicit UnboundResolver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::dns
