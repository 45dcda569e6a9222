#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>

#include "base/test_eventually.h"
#include "dns/fake_resolver.h"
#include "net/pause.h"
#include "net/test_server.h"
#include "observe/memory_log.h"
#include "relay/dispatcher.h"

/// For tests of sending: a queue in memory, mail servers that behave in many ways, and a dispatcher between.
namespace postrider::relay {

/// The outbound half of a queue without a disk.
class FakeOutbound final : public delivery::Outbound {
public:
    struct Settled {
        std::string destination;
        QueueId id;
        std::vector<delivery::Fate> fates;
    };

    void add(const std::string& destination, const std::vector<std::string>& to, std::uint64_t id,
             const std::function<void(queue::Envelope&)>& more = {}) {
        auto entry = std::make_shared<queue::Entry>();
        entry->id = QueueId{id};
        entry->blob = BlobId{id};
        entry->size = 100;
        entry->envelope.reverse_path = {"sender", "example.org"};
        delivery::Consignment consignment;
        for (const std::string& address : to) {
            queue::Recipient recipient;
            recipient.address = *mime::parse_addr_spec(address);
            consignment.recipients.push_back(entry->envelope.recipients.size());
            entry->envelope.recipients.push_back(recipient);
        }
        if (more) more(entry->envelope);
        consignment.entry = entry;
        consignment.destination = destination;
        std::lock_guard lock{mutex_};
        waiting_[destination].push_back(consignment);
    }

    std::vector<std::string> take_destinations(std::size_t limit) override {
        std::lock_guard lock{mutex_};
        std::vector<std::string> out;
        for (const auto& [name, waiting] : waiting_)
            if (!waiting.empty() && out.size() < limit && !down_.contains(name) && busy_.insert(name).second)
                out.push_back(name);
        return out;
    }
    std::vector<delivery::Consignment> take(const std::string& destination, std::size_t limit) override {
        std::lock_guard lock{mutex_};
        auto& waiting = waiting_[destination];
        std::vector<delivery::Consignment> out;
        while (!waiting.empty() && out.size() < limit) {
            out.push_back(std::move(waiting.front()));
            waiting.pop_front();
            ++given_;
        }
        return out;
    }
    void settle(const delivery::Consignment& consignment, const std::vector<delivery::Fate>& fates) override {
        std::lock_guard lock{mutex_};
        --given_;
        if (fates.empty()) {
            waiting_[consignment.destination].push_front(consignment);
            return;
        }
        settled.push_back({consignment.destination, consignment.entry->id, fates});
        if (fates.size() == consignment.recipients.size()) return;
        delivery::Consignment rest = consignment;
        std::erase_if(rest.recipients, [&](std::size_t i) {
            return std::ranges::any_of(fates, [i](const auto& fate) { return fate.recipient == i; });
        });
        waiting_[consignment.destination].push_back(rest);
    }
    void down(const std::string& destination, const std::string& status, const std::string& why) override {
        std::lock_guard lock{mutex_};
        down_[destination] = status + " " + why;
    }
    void up(const std::string& destination) override {
        std::lock_guard lock{mutex_};
        ups.insert(destination);
    }
    void leave(const std::string& destination) override {
        std::lock_guard lock{mutex_};
        busy_.erase(destination);
    }

    /// Waits until nothing is to be done any more; false when that does not come.
    bool quiet() {
        const auto idle = [this] {
            std::lock_guard lock{mutex_};
            bool all = busy_.empty() && given_ == 0;
            for (const auto& [name, waiting] : waiting_) all &= waiting.empty() || down_.contains(name);
            return all;
        };
        return eventually(idle, std::chrono::seconds{180});
    }
    /// "sent 2.0.0", "permanent 5.1.1", ...; "untried"
    std::string fate(std::uint64_t id, std::size_t recipient = 0) {
        std::lock_guard lock{mutex_};
        std::string out = "untried";
        for (const Settled& one : settled)
            for (const delivery::Fate& fate : one.fates)
                if (one.id == QueueId{id} && fate.recipient == recipient)
                    out = std::string{fate.kind == delivery::Fate::Kind::sent        ? "sent "
                                      : fate.kind == delivery::Fate::Kind::permanent ? "permanent "
                                                                                     : "temporary "}
                          + fate.status;
        return out;
    }
    std::string why_down(const std::string& destination) {
        std::lock_guard lock{mutex_};
        return down_.contains(destination) ? down_[destination] : "";
    }
    std::size_t waiting(const std::string& destination) {
        std::lock_guard lock{mutex_};
        return waiting_[destination].size();
    }

    std::vector<Settled> settled;
    std::set<std::string> ups;

private:
    std::mutex mutex_;
    std::map<std::string, std::deque<delivery::Consignment>> waiting_;
    std::map<std::string, std::string> down_;
    std::set<std::string> busy_;
    int given_ = 0;
};

/// A mail server that can be told to misbehave.
class MailHost {
public:
    /// What it does when a command begins with the key: the reply with its CRLF, "hang", "drop" or "garbage".
    /// "banner" and "end" (of data) are commands too.
    using Manners = std::map<std::string, std::string>;

    explicit MailHost(const std::string& ip, Manners manners = {}, std::uint16_t port = 0,
                      std::shared_ptr<net::TlsContext> tls = nullptr)
        : manners_{std::move(manners)},
          tls_{std::move(tls)},
          server_{[this](std::unique_ptr<net::Stream> peer) { return serve(std::move(peer)); },
                  options(ip, port), 1} {}
    std::uint16_t port() const { return server_.address().port; }

    std::string extensions = "PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250 SIZE 10000000\r\n";
    std::atomic<int> connections{0}, open{0}, most_open{0}, messages{0}, secure_messages{0};
    std::atomic<int> hang_up_after{0};  ///< messages of one connection; 0: never
    std::chrono::milliseconds slow{0};  ///< before each answer to a message
    std::atomic<int> late_ms{0};        ///< before the answer to MAIL
    std::vector<std::string> commands() {
        std::lock_guard lock{mutex_};
        return commands_;
    }
    std::vector<std::string> lines() {  ///< of the messages
        std::lock_guard lock{mutex_};
        return lines_;
    }

private:
    static net::ListenerOptions options(const std::string& ip, std::uint16_t port) {
        net::ListenerOptions out;
        out.address = {ip, port};
        return out;
    }
    net::Task<bool> act(net::Stream& peer, std::string key, std::string fallback) {
        const auto at = manners_.find(key);
        const std::string what = at == manners_.end() ? fallback : at->second;
        while (what == "hang") {  // until the client goes
            co_await peer.fill();
            peer.consume(peer.buffered().size());
        }
        if (what == "drop") co_return false;
        peer.send(what == "garbage" ? std::string{"\x80\x81 not a reply\r\n"} : what);
        co_await peer.flush();
        co_return true;
    }
    void note(std::vector<std::string>& where, std::string_view line) {
        std::lock_guard lock{mutex_};
        where.emplace_back(line);
    }
    net::Task<> serve(std::unique_ptr<net::Stream> peer) {
        ++connections;
        const int now = ++open;
        if (now > most_open) most_open = now;
        try {
            co_await talk(*peer);
        } catch (const net::SessionEnd&) {
            // The client has gone.
        }
        --open;
        co_await peer->close();
    }
    net::Task<> talk(net::Stream& peer) {
        bool go_on = co_await act(peer, "banner", "220 mx ESMTP\r\n");
        int here = 0;
        while (go_on) {
            const net::Line line = co_await peer.read_line(4096);
            std::string command{line.text.substr(0, 4)};
            note(commands_, line.text);
            if (command == "EHLO") {
                std::string said = "250-mx\r\n250-";
                if (tls_ && !peer.secure()) said += "STARTTLS\r\n250-";
                said += extensions;
                go_on = co_await act(peer, "EHLO", std::move(said));
            } else if (command == "STAR") {
                go_on = co_await act(peer, "STARTTLS", "220 go\r\n");
                if (go_on && manners_.contains("handshake")) {
                    co_await net::pause(std::chrono::milliseconds{50});  // not together with the reply
                    peer.send("this is no TLS record at all\r\n");
                    co_await peer.flush();
                    co_return;
                }
                if (go_on) co_await peer.start_tls(tls_);
            } else if (command == "DATA") {
                go_on = co_await act(peer, "DATA", "354 go\r\n");
                while (go_on) {
                    const net::Line text = co_await peer.read_line(100'000);
                    if (text.text == ".") break;
                    note(lines_, text.text);
                    const auto at = manners_.find("body");
                    if (at != manners_.end()) co_return;
                }
                if (!go_on) co_return;
                co_await net::pause(slow);
                ++messages;
                if (peer.secure()) ++secure_messages;
                go_on = co_await act(peer, "end", "250 2.0.0 taken\r\n");
                if (++here == hang_up_after) co_return;
            } else if (command == "BDAT") {  // RFC 3030 §2, the message in one piece
                std::size_t left = static_cast<std::size_t>(std::stoul(std::string{line.text.substr(5)}));
                while (left != 0) {
                    if (peer.buffered().empty()) co_await peer.fill();
                    const std::size_t here_now = std::min(left, peer.buffered().size());
                    peer.consume(here_now);
                    left -= here_now;
                }
                ++messages;
                go_on = co_await act(peer, "end", "250 2.0.0 taken\r\n");
            } else if (command == "MAIL") {
                co_await net::pause(std::chrono::milliseconds{late_ms});
                go_on = co_await act(peer, "MAIL", "250 ok\r\n");
            } else if (command == "QUIT") {
                peer.send("221 bye\r\n");
                co_await peer.flush();
                co_return;
            } else {
                go_on = co_await act(peer, std::move(command), "250 ok\r\n");
            }
        }
    }

    Manners manners_;
    std::shared_ptr<net::TlsContext> tls_;
    std::mutex mutex_;
    std::vector<std::string> commands_, lines_;
    net::TestServer server_;
};

/// A dispatcher with all that it needs.
class World {
public:
    World() {
        be_patient_for(seconds{60});
        settings.patience.quit = seconds{1};
        settings.dane = false;
    }
    ~World() { stop(); }

    /// So long the dispatcher waits for each answer of a host: a minute unless a test's host does not answer,
    /// so that a busy machine is not taken for one.
    void be_patient_for(seconds limit) {
        settings.patience.connect = settings.patience.command = settings.patience.data =
            settings.patience.end = settings.patience.block = limit;
    }

    /// example domain -> one host with the address, at `settings.port`
    void domain(const std::string& name, const std::vector<std::string>& ips) {
        std::uint16_t preference = 10;
        for (const std::string& ip : ips) {
            const std::string host = "mx" + std::to_string(preference) + "." + name;
            dns.add(name, dns::Type::mx, dns::mx_rdata(preference, host));
            dns.add(host, dns::Type::a, dns::address_rdata(ip));
            preference = static_cast<std::uint16_t>(preference + 10);
        }
    }
    void start() {
        routes = std::make_unique<RouteTable>(settings, "us.example");
        Dispatcher::Parts parts{settings, outbound, *routes, *use,         sts,     attempts, {}, sender_of,
                                clock,    io,       workers, log.logger(), metrics, us,       {}};
        parts.read = [this](BlobId id) -> mailstore::Result<std::shared_ptr<const std::string>> {
            if (const auto at = bodies.find(id.value()); at != bodies.end())
                return std::make_shared<const std::string>(at->second);
            return std::make_shared<const std::string>("Subject: test\r\n\r\nHello\r\n");
        };
        dispatcher = std::make_shared<Dispatcher>(std::move(parts));
        io.run();
        dispatcher->start();
        started = true;
    }
    void stop(std::chrono::milliseconds grace = std::chrono::seconds{5}) {
        if (!started) return;
        started = false;
        dispatcher->stop(grace);
        io.stop();
    }

    observe::MemoryLog log{"SMTP-OUT"};
    observe::Metrics metrics;
    SystemClock clock;
    std::function<std::optional<mime::AddrSpec>(const delivery::Consignment&)> sender_of;
    OutgoingSettings settings;
    FakeOutbound outbound;
    dns::FakeResolver dns, secure{true};
    dns::FakeResolver* use = &dns;
    StsPolicies* sts = nullptr;
    TlsAttempts* attempts = nullptr;
    HostRules us;
    std::map<std::uint64_t, std::string> bodies;
    std::unique_ptr<RouteTable> routes;
    std::shared_ptr<Dispatcher> dispatcher;
    net::IoPool io{2};
    net::WorkerPool workers{4, 10'000};
    bool started = false;
};

}  // namespace postrider::relay
