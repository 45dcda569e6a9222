#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth.h"
#include "base/test_folder.h"
#include "directory/directory.h"
#include "imap/service.h"
#include "mailstore/mailstore.h"
#include "net/test_server.h"
#include "observe/memory_log.h"
#include "rights/sharing.h"

namespace postrider::imap {

/// A whole IMAP service on a store of its own: accounts alice and bob at example.org, password "secret".
class TestService : private TestFolder {
public:
    /// @param roster_least  folders of so many messages are kept in memory: small ones too, so that tests see
    /// to it
    explicit TestService(ImapSettings with = open_settings(), std::uint32_t roster_least = 3) {
        mailstore::Options options;
        options.directory = path();
        options.roster_least = options.columns_least = roster_least;
        mailstore::LocationConfig location;
        location.options.directory = path() / "messages";
        options.locations.push_back(std::move(location));
        options.clock = &clock;
        options.log = &logger;
        options.quota = &quotas;
        store = mailstore::MailStore::open(options, [](auto, auto) { return std::nullopt; }).value();
        directory = directory::Directory::open(store->kv(), clock).value();
        authenticator =
            std::make_unique<auth::Authenticator>(*directory, clock, metrics, auth::AuthOptions{});
        auto credentials = authenticator->make_credentials("secret").value();
        domain = directory->create_domain({"example.org", credentials}).value();
        for (std::string name : {"alice", "bob"}) {
            directory::NewAccount account;
            account.name = name;
            account.credentials = credentials;
            AccountId id = directory->create_account(domain, account).value();
            (void)store->create_account(id).value();
            accounts.push_back(id);
        }
        sharing.emplace(*store, *directory);
        services =
            std::make_unique<Services>(Services{*store, *directory, *authenticator, workers, clock, logger,
                                                std::make_shared<const ImapSettings>(with), limits});
        services->sharing = &*sharing;
        auto handler = [this](std::unique_ptr<net::Stream> stream) {
            Door door;
            return serve(std::move(stream), *services, door, SessionId{++sessions});
        };
        net::ListenerOptions listen;
        listen.idle_timeout = std::chrono::seconds{600};
        listen.farewell = farewell();
        server = std::make_unique<net::TestServer>(handler, std::move(listen));
    }
    ~TestService() { server.reset(); }

    static ImapSettings open_settings() {
        ImapSettings open;
        open.login.plain_allow_login = true;
        return open;
    }

    struct Quotas final : mailstore::QuotaSource {
        mailstore::QuotaLimits limits(AccountId) const override { return now; }
        mailstore::QuotaLimits now;
    } quotas;
    SystemClock clock;
    observe::MemoryLog memory_log{"IMAP"};
    observe::Logger logger = memory_log.logger();
    observe::Metrics metrics;
    std::unique_ptr<mailstore::MailStore> store;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<auth::Authenticator> authenticator;
    std::optional<rights::Sharing> sharing;
    DomainId domain;
    std::vector<AccountId> accounts;
    AccountLimits limits;
    std::atomic<std::uint32_t> sessions = 0;
    net::WorkerPool workers{4, 1000};
    std::unique_ptr<Services> services;
    std::unique_ptr<net::TestServer> server;
};

/// A client that reads whole replies: a line with the literals it announces.
class TestClient {
public:
    explicit TestClient(const TestService& service) : peer_{service.server->address()} { greeting = reply(); }

    void say(std::string_view octets) { peer_.say(octets); }
    /// One reply without its last CRLF; "" when the server has closed or says nothing for a minute.
    std::string reply() {
        std::string whole;
        for (;;) {
            std::size_t end;
            while ((end = heard_.find("\r\n")) == std::string::npos)
                if (!more()) return whole;
            std::string line = heard_.substr(0, end);
            heard_.erase(0, end + 2);
            whole += line;
            std::size_t open = line.rfind('{');
            if (!line.ends_with('}') || open == std::string::npos) return whole;
            std::size_t size = std::stoul(line.substr(open + 1));
            while (heard_.size() < size)
                if (!more()) return whole;
            whole += "\r\n" + heard_.substr(0, size);
            heard_.erase(0, size);
        }
    }
    /// Sends a command and gives all replies, the tagged one last.
    std::vector<std::string> ask(std::string_view command) {
        std::string tag = "t" + std::to_string(++tags_);
        say(tag + " " + std::string{command} + "\r\n");
        return until(tag);
    }
    std::vector<std::string> until(std::string_view tag) {
        std::vector<std::string> all;
        for (;;) {
            all.push_back(reply());
            if (all.back().empty() || all.back().starts_with(std::string{tag} + " ")) return all;
        }
    }
    /// The tagged reply without its tag.
    std::string result(std::string_view command) {
        std::string last = ask(command).back();
        return last.substr(last.find(' ') + 1);
    }
    void login(std::string_view who = "alice") {
        result("LOGIN " + std::string{who} + "@example.org secret");
    }
    void append(std::string_view mailbox, std::string_view message, std::string_view flags = "()") {
        result("APPEND " + std::string{mailbox} + " " + std::string{flags} + " {"
               + std::to_string(message.size()) + "+}\r\n" + std::string{message});
    }
    bool closed() { return heard_.empty() && !more(); }
    net::TestPeer& peer() { return peer_; }

    std::string greeting;

private:
    bool more() {
        std::string piece = peer_.hear(1);
        if (piece.empty()) return false;
        heard_ += piece;
        heard_ += peer_.hear(64 * 1024, std::chrono::milliseconds{0});
        return true;
    }
    net::TestPeer peer_;
    std::string heard_;
    unsigned tags_ = 0;
};

}  // namespace postrider::imap
