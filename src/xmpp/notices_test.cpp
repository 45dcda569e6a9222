#include "xmpp/notices.h"

#include <gtest/gtest.h>

#include "base/test_eventually.h"
#include "dns/fake_resolver.h"
#include "net/test_server.h"
#include "observe/memory_log.h"

namespace postrider::xmpp {
namespace {

using namespace std::chrono_literals;
using Kind = StreamReader::Event::Kind;

const std::string head =
    "<?xml version='1.0'?><stream:stream from='im.example.com' id='1' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";

/// A server that lets anybody in, in the clear, and keeps what it is sent.
struct FakeServer {
    std::atomic<int> refuse = 0;  ///< so many sessions end before the log-in
    std::atomic<int> deaf = 0;    ///< so many take messages and then are gone without an answer
    std::atomic<int> sessions = 0;
    std::mutex mutex;
    std::vector<std::string> messages;

    std::vector<std::string> heard() {
        std::lock_guard lock{mutex};
        return messages;
    }
    net::Task<> serve(std::unique_ptr<net::Stream> stream) {
        ++sessions;
        if (refuse > 0) {
            --refuse;
            co_await stream->close();
            co_return;
        }
        bool logged_in = false;
        StreamReader reader;
        try {
            while (true) {
                const auto filled = co_await stream->fill();
                (void)filled;
                reader.feed(stream->buffered());
                stream->consume(stream->buffered().size());
                bool again = false;
                while (auto event = reader.next()) {
                    std::string answer;
                    if (event->kind == Kind::closed) answer = "</stream:stream>";
                    if (event->kind == Kind::opened)
                        answer = head + "<stream:features>"
                                 + (logged_in ? "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
                                              : "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                                                "<mechanism>CRAM-MD5</mechanism></mechanisms>")
                                 + "</stream:features>";
                    const Element& one = event->element;
                    const std::string id{one.attribute("id")};
                    if (one.is(ns::sasl, "auth"))
                        answer = "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>PDFAeD4=</challenge>";
                    if (one.is(ns::sasl, "response")) {
                        answer = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
                        logged_in = again = true;
                    }
                    if (one.is(ns::client, "message")) {
                        std::lock_guard lock{mutex};
                        messages.push_back(std::string{one.attribute("to")} + " "
                                           + one.child(ns::client, "body")->text);
                        if (one.attribute("to") == "nobody@im.example.com")
                            answer =
                                "<message type='error' from='nobody@im.example.com'><error type='cancel'>"
                                "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
                                "</message>";
                    }
                    if (one.is(ns::client, "iq") && id == "bind")
                        answer =
                            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                            "<jid>us@im.example.com/1</jid></bind></iq>";
                    if (one.is(ns::client, "iq") && id.starts_with("p")) {
                        if (deaf > 0) {
                            --deaf;
                            co_await stream->close();
                            co_return;
                        }
                        answer = "<iq type='result' id='" + id + "'/>";
                    }
                    stream->send(answer);
                }
                co_await stream->flush();
                if (again) reader = StreamReader{};
            }
        } catch (const net::SessionEnd&) {
        }
        co_await stream->close();
    }
};

class XmppNotices : public ::testing::Test {
protected:
    XmppNotices() { configure({}); }
    ~XmppNotices() override { notices_.stop(); }

    void configure(std::function<void(XmppSettings&)> change) {
        XmppSettings settings;
        settings.jid = "us@im.example.com";
        settings.password = "secret";
        settings.host = "127.0.0.1";
        settings.port = server_.address().port;
        settings.tls = TlsUse::none;
        if (change) change(settings);
        EXPECT_EQ(notices_.configure(settings, log_.logger()), "");
    }
    bool heard(std::size_t many) {
        eventually([&] { return fake_.heard().size() >= many; });
        return fake_.heard().size() == many;
    }
    bool nothing_waits() {
        return eventually([&] { return notices_.state().waiting == 0; });
    }

    FakeServer fake_;
    net::TestServer server_{
        [this](std::unique_ptr<net::Stream> stream) { return fake_.serve(std::move(stream)); }};
    dns::FakeResolver dns_;
    ManualClock clock_{Time{} + 1000h};
    observe::Metrics metrics_;
    observe::MemoryLog log_;
    Notices notices_{dns_, clock_, metrics_, "/", {60s, 20ms, 50ms}};
};

TEST_F(XmppNotices, AreSentInOneSession) {
    notices_.start();
    EXPECT_TRUE(notices_.tell({"bob@im.example.com", "", "one"}));
    ASSERT_TRUE(heard(1));
    EXPECT_TRUE(notices_.tell({"bob@im.example.com", "", "two"}));
    ASSERT_TRUE(heard(2));
    EXPECT_TRUE(nothing_waits());
    EXPECT_EQ(fake_.heard(), (std::vector<std::string>{"bob@im.example.com one", "bob@im.example.com two"}));
    EXPECT_EQ(fake_.sessions, 1);
    EXPECT_EQ(metrics_.counter("xmpp.sent", "").value(), 2U);
}

TEST_F(XmppNotices, ThatWaitedAreSentWhenTheServerIsBack) {
    fake_.refuse = 2;
    notices_.start();
    for (int i = 0; i < 120; ++i)
        EXPECT_TRUE(notices_.tell({fmt::format("bob{}@im.example.com", i % 10), "", std::to_string(i)}));
    ASSERT_TRUE(nothing_waits());
    EXPECT_EQ(fake_.heard().size(), 120U);
    EXPECT_EQ(fake_.sessions, 3);
    EXPECT_EQ(metrics_.counter("xmpp.failures", "").value(), 2U);
}

TEST_F(XmppNotices, AreSentAgainWhenTheServerMayNotHaveReadThem) {
    fake_.deaf = 1;
    notices_.start();
    EXPECT_TRUE(notices_.tell({"bob@im.example.com", "", "one"}));
    ASSERT_TRUE(nothing_waits());
    EXPECT_EQ(fake_.heard().size(), 2U);
}

TEST_F(XmppNotices, ThatTheServerRefusesAreNotTriedAgain) {
    notices_.start();
    EXPECT_TRUE(notices_.tell({"nobody@im.example.com", "", "one"}));
    ASSERT_TRUE(nothing_waits());
    EXPECT_EQ(fake_.heard().size(), 1U);
    EXPECT_TRUE(eventually(
        [&] { return log_.contains("nobody@im.example.com cannot be told by XMPP: item-not-found"); }));
}

TEST_F(XmppNotices, AreLimitedInNumberAndTime) {
    configure([](XmppSettings& settings) { settings.max_waiting = 20; });
    EXPECT_TRUE(notices_.tell({"bob@im.example.com", "", "1"}));
    EXPECT_TRUE(notices_.tell({"bob@im.example.com", "", "2"}));
    EXPECT_FALSE(notices_.tell({"bob@im.example.com", "", "3"})) << "a tenth for one";
    for (int i = 0; i < 18; ++i)
        EXPECT_TRUE(notices_.tell({fmt::format("bob{}@im.example.com", i), "", "x"}));
    EXPECT_FALSE(notices_.tell({"carol@im.example.com", "", "x"}));
    EXPECT_FALSE(notices_.tell({"no address", "", "x"}));
    EXPECT_EQ(notices_.state().waiting, 20U);
    clock_.advance(2h);
    notices_.start();
    EXPECT_TRUE(nothing_waits());
    EXPECT_TRUE(log_.contains("20 notices could not be sent by XMPP in time"));
    EXPECT_TRUE(fake_.heard().empty());
    EXPECT_TRUE(notices_.tell({"carol@im.example.com", "", "y"})) << "there is room again";
    EXPECT_TRUE(heard(1));
}

TEST_F(XmppNotices, AreForNobodyWithoutAServer) {
    configure([](XmppSettings& settings) { settings.jid.clear(); });
    EXPECT_FALSE(notices_.available());
    EXPECT_FALSE(notices_.tell({"bob@im.example.com", "", "x"}));
    EXPECT_EQ(notices_.check(), "no XMPP server is configured");
    XmppSettings wrong;
    wrong.jid = "no address@";
    EXPECT_EQ(notices_.configure(wrong, log_.logger()),
              "xmpp.jid: \"no address@\" is not the address of an account");
    EXPECT_FALSE(notices_.available());
}

TEST_F(XmppNotices, CanBeCheckedWithoutSendingOne) {
    EXPECT_EQ(notices_.check(), "");
    fake_.refuse = 1;
    EXPECT_NE(notices_.check(), "");
}

TEST_F(XmppNotices, FindTheServerByTheDomain) {  // RFC 6120 §3.2
    configure([](XmppSettings& settings) { settings.host.clear(); });
    dns_.add("_xmpp-client._tcp.im.example.com", dns::Type::srv,
             dns::srv_rdata({5, 0, server_.address().port, "host.example.net"}));
    dns_.add("host.example.net", dns::Type::a, dns::address_rdata("127.0.0.1"));
    EXPECT_EQ(notices_.check(), "");
    dns_.remove("_xmpp-client._tcp.im.example.com", dns::Type::srv);
    EXPECT_NE(notices_.check().find("im.example.com cannot be found"), std::string::npos);
}

TEST(XmppNotice, IsAMessageOfRfc5437) {
    const Notice notice{"romeo@im.example.org", "Mail", "You have mail", Notice::Urgency::low};
    EXPECT_EQ(to_xml(stanza_of(notice, "n1")),
              "<message to='romeo@im.example.org' id='n1' type='headline'><subject>Mail</subject>"
              "<body>You have mail</body><headers xmlns='http://jabber.org/protocol/shim'>"
              "<header name='Urgency'>low</header></headers></message>");
    const Notice urgent{"romeo@im.example.org", "", std::string(20'000, 'x'), Notice::Urgency::high};
    const Element stanza = stanza_of(urgent, "n2");
    EXPECT_EQ(stanza.attribute("type"), "normal");
    EXPECT_EQ(stanza.child(ns::client, "body")->text.size(), max_notice_text);
}

}  // namespace
}  // namespace postrider::xmpp
