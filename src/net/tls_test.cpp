#include "net/tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/connect.h"
#include "net/run_task.h"
#include "net/test_server.h"

namespace postrider::net {
namespace {

using namespace std::chrono_literals;

class Tls : public testing::Test {
protected:
    void SetUp() override {
        folder = std::filesystem::temp_directory_path() / ("postrider-tls-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder);
        make("mail", {"mail.example.org", "127.0.0.1"});
        make("wild", {"*.example.net", "Example.NET"});
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    void make(const std::string& name, const std::vector<std::string>& names) {
        const auto written = write_self_signed_certificate(file(name), names);
        ASSERT_TRUE(written) << written.error();
    }
    std::string file(const std::string& name) const { return folder / (name + ".pem"); }
    TlsOptions options(const std::string& name) const { return {.cert_file = file(name)}; }
    std::shared_ptr<TlsContext> client(TlsOptions with = {}) const {
        return TlsContext::client(with,
                                  with.ca_file.empty() ? TlsOptions::Verify::no : TlsOptions::Verify::yes);
    }
    std::filesystem::path folder;
};

/// Says what the server saw, then echoes lines.
Task<> describe(std::unique_ptr<Stream> stream) {
    const TlsInfo* info = stream->tls();
    stream->send(info->version + "|" + info->server_name + "|" + info->peer_subject + "|"
                 + std::to_string(info->exporter.size()) + "|" + std::to_string(info->unique.size()) + "|"
                 + std::to_string(info->endpoint.size()) + "\r\n");
    stream->send(info->exporter + info->endpoint + info->unique);
    co_await stream->flush();
    while (true) {
        const Line line = co_await stream->read_line(100);
        stream->send(line.text);
        stream->send("\r\n");
        co_await stream->flush();
    }
}

struct Heard {
    std::string line;
    std::string bindings;
    TlsInfo info;
};

Task<Heard> talk(Endpoint to, std::shared_ptr<const TlsContext> context, std::string name) {
    ConnectOptions options;
    options.to = to;
    options.tls = context;
    options.server_name = name;
    auto stream = co_await connect(std::move(options));
    Heard heard;
    const Line line = co_await stream->read_line(1000);
    heard.line = std::string{line.text};
    heard.info = *stream->tls();
    co_await stream->read_exactly(
        heard.bindings, heard.info.exporter.size() + heard.info.endpoint.size() + heard.info.unique.size());
    stream->send("ping\r\n");
    co_await stream->flush();
    const Line echoed = co_await stream->read_line(1000);
    if (echoed.text != "ping") heard.line = "no echo";
    co_await stream->close();
    co_return heard;
}

ListenerOptions implicit(std::shared_ptr<const TlsContext> context) {
    ListenerOptions options;
    options.implicit_tls = true;
    options.tls = std::move(context);
    return options;
}

TEST_F(Tls, BothSidesAgreeOnTheChannelBindings) {
    TestServer server{describe, implicit(TlsContext::server(options("mail")))};
    const Heard new_tls = run_task(talk(server.address(), client(), "mail.example.org"));
    EXPECT_EQ(new_tls.line, "TLSv1.3|mail.example.org||32|0|32");
    EXPECT_EQ(new_tls.bindings, new_tls.info.exporter + new_tls.info.endpoint);
    const Heard old_tls =
        run_task(talk(server.address(), client({.allowed_versions = {"tls1_2"}}), "mail.example.org"));
    EXPECT_EQ(old_tls.line, "TLSv1.2|mail.example.org||32|12|32");
    EXPECT_EQ(old_tls.bindings, old_tls.info.exporter + old_tls.info.endpoint + old_tls.info.unique);
}

TEST_F(Tls, TheCertificateIsChosenByHostNameWildcardsIncluded) {
    TlsOptions with = options("mail");
    make("plain", {"unrelated"});
    with.more_certs = {file("wild"), file("missing"), {file("plain"), "Imap.Example.com"}};
    const auto context = TlsContext::server(with);
    ASSERT_TRUE(context->usable());
    EXPECT_EQ(context->warnings().size(), 1U);
    TestServer server{describe, implicit(context)};
    for (const std::string name : {"a.example.net", "example.net", "A.Example.Net"})
        EXPECT_NO_THROW(run_task(talk(server.address(), client({.ca_file = file("wild")}), name))) << name;
    EXPECT_NO_THROW(run_task(talk(server.address(), client({.ca_file = file("mail")}), "mail.example.org")));
    EXPECT_NO_THROW(run_task(talk(server.address(), client({.ca_file = file("mail")}), "127.0.0.1")));
    const TlsOptions of_unrelated{.ca_file = file("plain")};
    try {
        run_task(talk(server.address(), client(of_unrelated), "imap.example.com"));
        ADD_FAILURE() << "the certificate is for another name";
    } catch (const SessionEnd& end) {  // the right file, which the client rightly refuses for its name
        EXPECT_NE(std::string{end.what()}.find("hostname mismatch"), std::string::npos) << end.what();
    }
    for (const std::string name : {"a.b.example.net", "example.com"}) {
        EXPECT_THROW(run_task(talk(server.address(), client({.ca_file = file("wild")}), name)), SessionEnd)
            << name;
        EXPECT_THROW(run_task(talk(server.address(), client({.ca_file = file("mail")}), name)), SessionEnd)
            << name;
    }
}

TEST_F(Tls, WithoutACertificateEveryAttemptFailsWithAReason) {
    const auto context = TlsContext::server({.cert_file = "none"});
    EXPECT_FALSE(context->usable());
    TestServer server{describe, implicit(context)};
    EXPECT_THROW(run_task(talk(server.address(), client(), "")), SessionEnd);
    EXPECT_TRUE(server.sessions_become(0));
    EXPECT_TRUE(server.logged("no certificate is configured"));
    std::ofstream{file("broken")} << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    EXPECT_NE(TlsContext::server(options("broken"))->problem().find("cannot use the certificate in"),
              std::string::npos);
}

TEST_F(Tls, OldVersionsAreNamedAndNeverEnabled) {
    TlsOptions with = options("mail");
    with.allowed_versions = {"ssl2", "ssl3", "tls1", "tls1_2", "tls9"};
    const auto context = TlsContext::server(with);
    ASSERT_TRUE(context->usable()) << context->problem();
    EXPECT_EQ(context->warnings().size(), 4U);
    TestServer server{describe, implicit(context)};
    EXPECT_EQ(run_task(talk(server.address(), client(), "")).info.version, "TLSv1.2");
    EXPECT_THROW(run_task(talk(server.address(), client({.allowed_versions = {"tls1_3"}}), "")), SessionEnd);
    EXPECT_THROW(
        run_task(talk(server.address(),
                      client({.allowed_versions = {"tls1"}, .cipher_suite = "ALL:@SECLEVEL=0"}), "")),
        SessionEnd);
}

TEST_F(Tls, AReloadChangesTheCertificateForNewConnectionsOnly) {
    const auto context = TlsContext::server(options("mail"));
    TestServer server{describe, implicit(context)};
    EXPECT_NO_THROW(run_task(talk(server.address(), client({.ca_file = file("mail")}), "mail.example.org")));
    EXPECT_FALSE(context->reload(options("missing")));
    EXPECT_NO_THROW(run_task(talk(server.address(), client({.ca_file = file("mail")}), "mail.example.org")));
    ASSERT_TRUE(context->reload(options("wild")));
    EXPECT_THROW(run_task(talk(server.address(), client({.ca_file = file("mail")}), "mail.example.org")),
                 SessionEnd);
    EXPECT_NO_THROW(run_task(talk(server.address(), client({.ca_file = file("wild")}), "x.example.net")));
}

TEST_F(Tls, ClientCertificatesAreVerifiedAndMayBeRequired) {
    make("alice", {"alice"});
    make("mallory", {"mallory"});
    TlsOptions with = options("mail");
    with.ca_file = file("alice");
    with.client_auth = TlsOptions::ClientAuth::optional;
    const auto context = TlsContext::server(with);
    TestServer server{describe, implicit(context)};
    EXPECT_EQ(run_task(talk(server.address(), client({.cert_file = file("alice")}), "")).line,
              "TLSv1.3||CN=alice|32|0|32");
    EXPECT_EQ(run_task(talk(server.address(), client(), "")).line, "TLSv1.3|||32|0|32");
    EXPECT_THROW(run_task(talk(server.address(), client({.cert_file = file("mallory")}), "")), SessionEnd);
    with.client_auth = TlsOptions::ClientAuth::required;
    ASSERT_TRUE(context->reload(with));
    EXPECT_THROW(run_task(talk(server.address(), client(), "")), SessionEnd);
    EXPECT_NO_THROW(run_task(talk(server.address(), client({.cert_file = file("alice")}), "")));
    with.ca_file = "none";
    EXPECT_FALSE(TlsContext::server(with)->usable());
}

TEST_F(Tls, WhatCameBeforeTheHandshakeIsDropped) {
    const auto context = TlsContext::server(options("mail"));
    TestServer server{[&](std::unique_ptr<Stream> stream) -> Task<> {
        const Line first = co_await stream->read_line(100);
        if (first.text != "STARTTLS") co_return;
        if (stream->buffered().empty()) co_await stream->fill(100);  // the injected command is there now
        stream->send("220\r\n");
        const std::size_t dropped = co_await stream->start_tls(context);
        stream->send("dropped " + std::to_string(dropped) + "\r\n");
        co_await stream->flush();
        const Line next = co_await stream->read_line(100);
        stream->send(next.text);
        stream->send("\r\n");
        co_await stream->close();
    }};
    const auto attack = [&](Endpoint to, std::shared_ptr<const TlsContext> with) -> Task<std::string> {
        ConnectOptions plain;
        plain.to = to;
        auto stream = co_await connect(std::move(plain));
        stream->send("STARTTLS\r\n");
        co_await stream->flush();
        stream->send("EVIL\r\n");
        co_await stream->flush();
        co_await stream->read_line(100);
        std::string name = "mail.example.org";
        TlsPeer expected{name};
        co_await stream->start_tls_client(with, std::move(expected));
        std::string heard;
        const Line dropped = co_await stream->read_line(100);
        heard = std::string{dropped.text} + ",";
        stream->send("NOOP\r\n");
        co_await stream->flush();
        const Line echoed = co_await stream->read_line(100);
        heard += echoed.text;
        co_return heard;
    };
    EXPECT_EQ(run_task(attack(server.address(), client({.ca_file = file("mail")}))), "dropped 6,NOOP");
}

TEST_F(Tls, AHandshakeThatDoesNotMoveEnds) {
    TlsOptions with = options("mail");
    with.handshake_timeout = 1s;
    TestServer server{describe, implicit(TlsContext::server(with))};
    TestPeer peer{server.address()};
    peer.say("\x16\x03\x01");
    EXPECT_EQ(peer.hear_all(), "");
    EXPECT_TRUE(server.sessions_become(0));
    TestPeer plain{server.address()};
    plain.say("EHLO example.org\r\nthis is no TLS\r\n");
    plain.hear_all();
    EXPECT_TRUE(server.sessions_become(0));
    EXPECT_EQ(server.listener->totals().failed, 2U);
}

TEST_F(Tls, MegabytesGoThroughWhole) {
    const auto context = TlsContext::server(options("mail"));
    std::string much(3'000'000, 'x');
    for (std::size_t i = 0; i < much.size(); i += 101) much[i] = static_cast<char>(i);
    TestServer server{[&](std::unique_ptr<Stream> stream) -> Task<> {
                          std::string all;
                          co_await stream->read_exactly(all, much.size());
                          stream->send("head");
                          co_await stream->write(all);
                          stream->send(all);
                          co_await stream->close();
                      },
                      implicit(context)};
    const auto exchange = [&](Endpoint to, std::shared_ptr<const TlsContext> with) -> Task<bool> {
        ConnectOptions options;
        options.to = to;
        options.tls = with;
        auto stream = co_await connect(std::move(options));
        co_await stream->write(much);
        std::string all;
        co_await stream->read_exactly(all, 4 + 2 * much.size());
        co_return all == "head" + much + much;
    };
    EXPECT_TRUE(run_task(exchange(server.address(), client())));
}

TEST_F(Tls, TheCertificateFileIsPrivateAndOpenSslAcceptsIt) {
    struct stat state {};
    ASSERT_EQ(::stat(file("mail").c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777, 0600U);
    if (std::system("command -v openssl >/dev/null") != 0) GTEST_SKIP() << "no openssl program";
    const std::string verify = "openssl verify -verify_hostname mail.example.org -CAfile " + file("mail")
                               + " " + file("mail") + " >/dev/null 2>&1";
    EXPECT_EQ(std::system(verify.c_str()), 0);
    EXPECT_FALSE(write_self_signed_certificate(file("bad"), {"a,DNS:b"}));
    EXPECT_FALSE(write_self_signed_certificate("/nonexistent/x.pem", {"a"}));
    const auto says_version = [](std::unique_ptr<Stream> stream) -> Task<> {
        stream->send(stream->tls()->version + "\r\n");
        co_await stream->close();
    };
    TestServer server{says_version, implicit(TlsContext::server(options("mail")))};
    const std::string probe =  // which hears the server out
        "timeout 120 openssl s_client -quiet -ign_eof -verify_return_error -verify_hostname mail.example.org "
        "-CAfile "
        + file("mail") + " -connect " + server.address().text() + " 2>/dev/null </dev/null | grep -q TLSv1.3";
    EXPECT_EQ(std::system(probe.c_str()), 0);
}

}  // namespace
}  // namespace postrider::net
