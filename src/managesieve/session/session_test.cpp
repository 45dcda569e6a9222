#include "managesieve/session/session.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/test_folder.h"
#include "directory/directory.h"
#include "mailstore/mailstore.h"
#include "net/test_peer.h"
#include "net/test_server.h"
#include "observe/memory_log.h"
#include "text/base64.h"

namespace postrider::managesieve {
namespace {

/// A whole service on a store of its own: alice@example.org, password "secret".
class ManageSieve : public ::testing::Test, private TestFolder {
protected:
    ManageSieve() {
        settings_.login.plain_allow_login = true;
        settings_.service.max_errors = 30;
        mailstore::Options options;
        options.directory = path();
        mailstore::LocationConfig location;
        location.options.directory = path() / "messages";
        options.locations.push_back(std::move(location));
        options.clock = &clock_;
        options.log = &logger_;
        options.quota = &quotas_;
        store_ = mailstore::MailStore::open(options, [](auto, auto) { return std::nullopt; }).value();
        directory_ = directory::Directory::open(store_->kv(), clock_).value();
        authenticator_ =
            std::make_unique<auth::Authenticator>(*directory_, clock_, metrics_, auth::AuthOptions{});
        auto credentials = authenticator_->make_credentials("secret").value();
        DomainId domain = directory_->create_domain({"example.org", credentials}).value();
        directory::NewAccount account;
        account.name = "alice";
        account.credentials = credentials;
        (void)directory_->create_account(domain, account).value();
        scripts_ = std::make_unique<filter::ScriptStore>(store_->kv(),
                                                         filter::ScriptLimits{.scripts = 3, .octets = 2000});
        services_.reset(
            new Services{settings_, "mail.example.org", workers_, *authenticator_, *scripts_, logger_});
        auto handler = [this](std::unique_ptr<net::Stream> stream) {
            return serve(std::move(stream), *services_, entrance_, SessionId{++sessions_});
        };
        server_ = std::make_unique<net::TestServer>(handler, net::ListenerOptions{});
        peer_ = std::make_unique<net::TestPeer>(server_->address());
        greeting_ = reply();
    }
    ~ManageSieve() override {
        peer_.reset();
        server_.reset();
    }

    /// All lines up to the one that ends a reply; literals are taken as they come.
    std::string reply() {
        std::string all;
        while (true) {
            std::string line = this->line();
            if (line.empty()) return all;
            all += line;
            std::size_t open = line.rfind('{');
            bool literal = line.ends_with("}\r\n") && open != std::string::npos;
            if (literal) {
                all += take(std::stoul(line.substr(open + 1)));
                all += this->line();
            }
            for (std::string_view word : {"OK", "NO", "BYE"})
                if (line.starts_with(word)) return all;
        }
    }
    void peer_say(const std::string& octets) { peer_->say(octets); }
    std::string ask(const std::string& command) {
        peer_->say(command + "\r\n");
        return reply();
    }
    std::string literal(const std::string& text) {
        return "{" + std::to_string(text.size()) + "+}\r\n" + text;
    }
    std::string login() {
        std::string plain("\0alice@example.org\0secret", 25);
        return ask("AUTHENTICATE \"PLAIN\" \"" + text::encode_base64(plain) + "\"");
    }

    std::string greeting_;
    ManageSieveSettings settings_;

private:
    std::string line() {
        std::size_t end;
        while ((end = heard_.find("\r\n")) == std::string::npos) {
            std::string more = peer_->hear(1);
            if (more.empty()) return "";
            heard_ += more;
        }
        return take(end + 2);
    }
    std::string take(std::size_t size) {
        while (heard_.size() < size) {
            std::string more = peer_->hear(size - heard_.size());
            if (more.empty()) break;
            heard_ += more;
        }
        std::string text = heard_.substr(0, size);
        heard_.erase(0, size);
        return text;
    }

    SystemClock clock_;
    observe::MemoryLog log_{"MANAGESIEVE"};
    observe::Logger logger_ = log_.logger();
    struct Quotas final : mailstore::QuotaSource {
        mailstore::QuotaLimits limits(AccountId) const override { return {}; }
    } quotas_;
    observe::Metrics metrics_;
    std::unique_ptr<mailstore::MailStore> store_;
    std::unique_ptr<directory::Directory> directory_;
    std::unique_ptr<auth::Authenticator> authenticator_;
    std::unique_ptr<filter::ScriptStore> scripts_;
    net::WorkerPool workers_{2, 100};
    Entrance entrance_;
    std::unique_ptr<Services> services_;
    std::atomic<std::uint32_t> sessions_ = 0;
    std::unique_ptr<net::TestServer> server_;
    std::unique_ptr<net::TestPeer> peer_;
    std::string heard_;
};

TEST_F(ManageSieve, GreetsWithItsCapabilities) {
    EXPECT_NE(greeting_.find("\"IMPLEMENTATION\" \"Postrider\"\r\n"), std::string::npos) << greeting_;
    EXPECT_NE(greeting_.find("\"VERSION\" \"1.0\"\r\n"), std::string::npos);
    EXPECT_NE(greeting_.find("fileinto"), std::string::npos);
    EXPECT_NE(greeting_.find("PLAIN"), std::string::npos);
    EXPECT_TRUE(greeting_.ends_with("OK \"ManageSieve ready\"\r\n"));
}

TEST_F(ManageSieve, KeepsScriptsOfWhoHasLoggedIn) {
    EXPECT_TRUE(ask("LISTSCRIPTS").starts_with("NO"));
    ASSERT_TRUE(login().starts_with("OK")) << "log-in";
    EXPECT_NE(ask("CAPABILITY").find("\"OWNER\" \"alice@example.org\""), std::string::npos);
    EXPECT_EQ(ask("HAVESPACE \"a\" 100"), "OK \"There is room\"\r\n");
    EXPECT_TRUE(ask("HAVESPACE \"a\" 100000").starts_with("NO (QUOTA/MAXSIZE)"));
    EXPECT_EQ(ask("PUTSCRIPT \"a\" " + literal("keep;\r\n")), "OK \"Stored\"\r\n");
    EXPECT_EQ(ask("PUTSCRIPT \"b\" \"discard;\""), "OK \"Stored\"\r\n");
    EXPECT_TRUE(ask("PUTSCRIPT \"c\" " + literal("keeep;\r\n")).starts_with("NO \"[Semantic Error] line 1"));
    EXPECT_EQ(ask("SETACTIVE \"a\""), "OK \"The script is active now\"\r\n");
    EXPECT_EQ(ask("LISTSCRIPTS"), "\"a\" ACTIVE\r\n\"b\"\r\nOK\r\n");
    EXPECT_EQ(ask("GETSCRIPT \"a\""), "{7}\r\nkeep;\r\n\r\nOK\r\n");
    EXPECT_TRUE(ask("DELETESCRIPT \"a\"").starts_with("NO (ACTIVE)"));
    EXPECT_EQ(ask("RENAMESCRIPT \"a\" \"z\""), "OK \"Renamed\"\r\n");
    EXPECT_TRUE(ask("RENAMESCRIPT \"b\" \"z\"").starts_with("NO (ALREADYEXISTS)"));
    EXPECT_EQ(ask("LISTSCRIPTS"), "\"b\"\r\n\"z\" ACTIVE\r\nOK\r\n");
    EXPECT_EQ(ask("SETACTIVE \"\""), "OK \"No script is active now\"\r\n");
    EXPECT_EQ(ask("DELETESCRIPT \"z\""), "OK \"Deleted\"\r\n");
    EXPECT_TRUE(ask("GETSCRIPT \"z\"").starts_with("NO (NONEXISTENT)"));
    EXPECT_TRUE(ask("CHECKSCRIPT " + literal("keep;")).starts_with("OK"));
    EXPECT_TRUE(ask("CHECKSCRIPT " + literal("require \"nothing\";")).starts_with("NO"));
    EXPECT_TRUE(ask("LOGOUT").starts_with("OK"));
}

TEST_F(ManageSieve, WhatRunsOnImapEventsAloneIsKeptAndNotActivated) {
    ASSERT_TRUE(login().starts_with("OK"));
    const std::string script = "require \"imapsieve\"; keep;\r\n";
    EXPECT_TRUE(ask("PUTSCRIPT \"events\" " + literal(script)).starts_with("OK"));
    EXPECT_TRUE(ask("SETACTIVE \"events\"").starts_with("NO "));
    EXPECT_EQ(ask("LISTSCRIPTS"), "\"events\"\r\nOK\r\n");
    EXPECT_TRUE(ask("PUTSCRIPT \"mail\" \"keep;\"").starts_with("OK"));
    EXPECT_TRUE(ask("SETACTIVE \"mail\"").starts_with("OK"));
    EXPECT_TRUE(ask("PUTSCRIPT \"mail\" " + literal(script)).starts_with("NO "));
    EXPECT_EQ(ask("GETSCRIPT \"mail\""), "{5}\r\nkeep;\r\nOK\r\n");
    EXPECT_TRUE(ask("SETACTIVE \"none\"").starts_with("NO (NONEXISTENT)"));
}

TEST_F(ManageSieve, LimitsHold) {
    ASSERT_TRUE(login().starts_with("OK"));
    EXPECT_TRUE(ask("PUTSCRIPT \"big\" " + literal("#" + std::string(3000, 'x') + "\r\n"))
                    .starts_with("NO (QUOTA/MAXSIZE)"));
    for (std::string name : {"1", "2", "3"})
        EXPECT_TRUE(ask("PUTSCRIPT \"" + name + "\" \"keep;\"").starts_with("OK"));
    EXPECT_TRUE(ask("PUTSCRIPT \"4\" \"keep;\"").starts_with("NO (QUOTA/MAXSCRIPTS)"));
    EXPECT_TRUE(ask("PUTSCRIPT \"a {99999999999+}").starts_with("NO"));
    EXPECT_TRUE(ask("PUTSCRIPT \"a\" {999999999+}").starts_with("BYE"));
}

TEST_F(ManageSieve, MistakesAreAnsweredAndTheSessionGoesOn) {
    EXPECT_TRUE(ask("NONSENSE").starts_with("NO"));
    EXPECT_TRUE(ask("").starts_with("NO"));
    EXPECT_TRUE(ask("AUTHENTICATE \"NONE\"").starts_with("NO"));
    EXPECT_TRUE(ask("AUTHENTICATE \"PLAIN\" \"!!\"").starts_with("NO"));
    EXPECT_TRUE(ask("STARTTLS").starts_with("NO"));
    EXPECT_EQ(ask("NOOP \"tag 1\""), "OK (TAG \"tag 1\") \"Done\"\r\n");
    EXPECT_EQ(ask("NOOP"), "OK \"Done\"\r\n");
    ASSERT_TRUE(login().starts_with("OK"));
    EXPECT_TRUE(ask("AUTHENTICATE \"PLAIN\"").starts_with("NO"));
    EXPECT_EQ(ask("UNAUTHENTICATE"), "OK\r\n");
    EXPECT_TRUE(ask("LISTSCRIPTS").starts_with("NO"));
    ASSERT_TRUE(login().starts_with("OK"));
    EXPECT_EQ(ask("LISTSCRIPTS"), "OK\r\n");
}

TEST_F(ManageSieve, ChallengesAreStrings) {
    std::string plain("\0alice@example.org\0secret", 25);
    peer_say("AUTHENTICATE \"PLAIN\"\r\n" + literal(text::encode_base64(plain)) + "\r\n");
    EXPECT_EQ(reply(), "\"\"\r\nOK \"Logged in\"\r\n");
}

}  // namespace
}  // namespace postrider::managesieve
