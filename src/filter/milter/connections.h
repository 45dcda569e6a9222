#pragma once

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "dns/resolver.h"
#include "filter/milter/session.h"
#include "filter/milter/settings.h"
#include "filter/scan/address.h"
#include "observe/metrics.h"

namespace postrider::filter::milter {

/// Connections to filters that wait for their next SMTP session: each belongs to the I/O thread it was made
/// on. Callable from all of them. To be destroyed when the I/O threads have stopped, before their contexts
/// are.
class Connections {
public:
    /// `resolver` is asked for hosts that are named; nullptr: only numeric addresses and localhost are found.
    /// Both must live longer.
    Connections(dns::Resolver* resolver, observe::Metrics& metrics);
    ~Connections();

    struct Taken {
        std::unique_ptr<Session> session;
        bool used_before = false;  ///< it may be gone without our knowing
    };
    /// One that is idle, unless `fresh`, or a new one. Throws Nonsense or net::SessionEnd.
    net::Task<Taken> take(const MilterSettings& milter, bool fresh);
    /// Whether connections to this one are kept.
    bool keeps(const MilterSettings& milter);
    /// It does not answer on a connection that was used before: none is kept from now on.
    void distrust(const MilterSettings& milter);
    /// After Session::next_session().
    void keep(const MilterSettings& milter, std::unique_ptr<Session> session, net::Executor executor);

private:
    using Steady = std::chrono::steady_clock;
    struct Idle {
        std::unique_ptr<Session> session;
        Steady::time_point until;
    };
    /// The thread's context, and what the filter was set up with.
    using Key = std::pair<const void*, std::string>;
    static Key key(const MilterSettings& milter, const net::Executor& executor);
    net::Task<std::unique_ptr<net::Stream>> open(const ScannerAddress& to, std::chrono::seconds limit);

    dns::Resolver* resolver_;
    observe::Counter &opened_, &failed_;
    std::mutex mutex_;
    std::map<Key, std::vector<Idle>> idle_;
    std::set<std::string, std::less<>> distrusted_;  ///< addresses
};

}  // namespace postrider::filter::milter
