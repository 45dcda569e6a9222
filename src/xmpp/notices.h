#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/clock.h"
#include "dns/resolver.h"
#include "net/task.h"
#include "observe/metrics.h"
#include "xmpp/settings.h"

namespace postrider::xmpp {

/// A short message to a person (RFC 5437).
struct Notice {
    enum class Urgency : std::uint8_t { high, medium, low };
    std::string to;       ///< a JID
    std::string subject;  ///< "" = none
    std::string text;     ///< at most max_notice_text octets are sent
    Urgency urgency = Urgency::medium;
};
inline constexpr std::size_t max_notice_text = 8'000;

/// The stanza: a headline, which is shown at once and kept for nobody; of high urgency a normal message,
/// which servers keep for those who are away.
Element stanza_of(const Notice& notice, const std::string& id);

/// Sends notices by one session with the configured server, on a thread of its own. It logs in when there is
/// something to say and leaves when there has been nothing for a while. A notice is forgotten once the server
/// has answered a ping that followed it: then it has read it (stanzas are worked on in order, RFC 6120
/// §10.1). Until then it is sent again after a failure, so that it may come twice. What waits is in memory
/// alone: bounded, with an end, and gone when the server stops; it says that there is mail, which is kept.
class Notices {
public:
    static constexpr std::size_t max_batch = 50;  ///< between two pings
    /// How long a session stays open with nothing to say, and pauses after failures: the first, doubled each
    /// time, to the last.
    struct Times {
        std::chrono::seconds idle{60};
        std::chrono::milliseconds first_pause{5'000}, last_pause{300'000};
    };

    /// All must live longer. @param directory  that caFile is relative to
    Notices(dns::Resolver& resolver, const Clock& clock, observe::Metrics& metrics, std::string directory,
            Times times);
    Notices(dns::Resolver& resolver, const Clock& clock, observe::Metrics& metrics, std::string directory);
    ~Notices();
    void start();
    void stop();  ///< before the resolver's
    /// Takes effect with the next session; the one that stands is ended. @return what is wrong; ""
    std::string configure(XmppSettings settings, observe::Logger log);

    /// Somebody can be told: a server is configured. Any thread.
    bool available() const;
    /// Never blocks. False: there is no server, there are too many, or the address is none. Any thread.
    bool tell(Notice notice);

    struct State {
        bool configured = false, connected = false;
        std::size_t waiting = 0;
        std::string problem;  ///< of the last attempt; ""
    };
    State state() const;
    /// Logs in and leaves again, for an administrator who wants to know. Blocks. @return "" when all is well
    std::string check();

private:
    struct Waiting {
        std::uint64_t number = 0;
        Notice notice;
        Time until;
    };
    struct Plan {  ///< what a session needs of the settings
        XmppSettings settings;
        std::shared_ptr<const net::TlsContext> tls;
        observe::Logger log;
    };

    void run();
    std::string work();
    net::Task<std::string> serve();
    net::Task<std::unique_ptr<Client>> log_in(Plan plan);
    net::Task<std::string> try_log_in(Plan plan);
    net::Task<> say(Client& client, std::uint64_t& said, std::uint64_t& asked);
    Plan plan() const;
    void heard(const Element& stanza, std::uint64_t& asked);
    void forget_up_to(std::uint64_t number);
    void forget_old();
    void forget(std::deque<Waiting>::iterator one);  ///< with `mutex_` held

    dns::Resolver& resolver_;
    const Clock& clock_;
    const std::string directory_;
    const Times times_;
    observe::Counter &sent_, &dropped_, &failures_;
    observe::Gauge& waiting_gauge_;

    mutable std::mutex mutex_;
    std::condition_variable rung_;
    Plan plan_;
    std::deque<Waiting> waiting_;
    std::unordered_map<std::string, std::size_t> for_one_;  ///< how many of these, by recipient
    std::uint64_t last_number_ = 0, configured_times_ = 0;
    bool running_ = false, told_full_ = false;
    net::Stream::WakeHandle session_;  ///< the one that stands
    bool connected_ = false;
    std::string problem_;
    std::atomic<bool> stopping_ = false;

    net::asio::io_context context_{1};  ///< of the thread's coroutines
    std::thread thread_;
};

}  // namespace postrider::xmpp
