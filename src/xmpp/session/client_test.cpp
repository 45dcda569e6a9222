#include "xmpp/session/client.h"

#include <gtest/gtest.h>

#include "net/fake_stream.h"
#include "net/run_task.h"
#include "text/base64.h"

namespace postrider::xmpp {
namespace {

const std::string head =
    "<?xml version='1.0'?><stream:stream from='im.example.com' id='1' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";

std::string features(const std::string& what) {
    return head + "<stream:features>" + what + "</stream:features>";
}
const std::string start_tls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const std::string bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
const std::string success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

std::string mechanisms(const std::string& name) {
    return "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>" + name
           + "</mechanism></mechanisms>";
}
std::string bound(const std::string& jid) {
    return "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>" + jid
           + "</jid></bind></iq>";
}

class XmppSession : public ::testing::Test {
protected:
    /// What the server says, a piece each time that the client waits. @return what went wrong; ""
    std::string open(const std::vector<std::string>& said, TlsUse tls = TlsUse::verify) {
        auto stream = std::make_unique<net::FakeStream>();
        stream_ = stream.get();
        for (const std::string& piece : said) stream->feed(piece);
        Client::Options options;
        options.jid = {"postrider", "im.example.com", ""};
        options.password = "secret";
        options.tls = tls;
        client_ = std::make_unique<Client>(std::move(stream), std::move(options));
        return run([this]() -> net::Task<> { co_await client_->open(); });
    }
    template <class Work>
    std::string run(Work work) {
        try {
            net::run_task(work());
        } catch (const std::exception& error) {
            return error.what();
        }
        return {};
    }
    std::string said() { return stream_->take_output(); }

    std::unique_ptr<Client> client_;
    net::FakeStream* stream_ = nullptr;
};

TEST_F(XmppSession, IsSecuredLoggedInAndBound) {  // RFC 6120 §9.1
    ASSERT_EQ(open({features(start_tls), proceed, features(mechanisms("PLAIN")), success, features(bind),
                    bound("postrider@im.example.com/77")}),
              "");
    EXPECT_TRUE(stream_->secure());
    EXPECT_EQ(client_->bound(), (Jid{"postrider", "im.example.com", "77"}));
    const std::string all = said();
    EXPECT_NE(all.find("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
                       + text::encode_base64(std::string_view{"\0postrider\0secret", 17}) + "</auth>"),
              std::string::npos)
        << all;
    // Who we are is said only after TLS.
    EXPECT_LT(all.find("<starttls"), all.find("from='postrider@im.example.com'"));
    EXPECT_NE(all.find("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
              std::string::npos);
}

TEST_F(XmppSession, OfAnOlderServerIsAlsoEstablished) {  // RFC 3921 §3
    const std::string session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>";
    EXPECT_EQ(
        open({features(start_tls), proceed, features(mechanisms("PLAIN")), success, features(bind + session),
              bound("postrider@im.example.com/1"), "<iq type='result' id='session'/>"}),
        "");
    EXPECT_NE(said().find("<iq type='set' id='session'>"), std::string::npos);
}

TEST_F(XmppSession, ShowsNoPasswordWithoutTheTlsThatIsAskedFor) {
    EXPECT_EQ(open({features(mechanisms("PLAIN"))}),
              "the server does not offer STARTTLS, which is asked for here");
    EXPECT_EQ(open({features(start_tls), "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"}),
              "the server refuses STARTTLS");
    EXPECT_EQ(said().find("<auth"), std::string::npos);
    // Where TLS is not asked for, the password still is not shown in the clear.
    EXPECT_EQ(open({features(mechanisms("PLAIN"))}, TlsUse::may),
              "the server offers no way to log in that is safe here");
    EXPECT_EQ(open({features("")}, TlsUse::none), "the server offers no way to log in");
}

TEST_F(XmppSession, SaysWhyTheServerDoesNotWantUs) {
    const std::string no =
        "<failure "
        "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>Wrong\npassword</text></failure>";
    EXPECT_EQ(open({features(start_tls), proceed, features(mechanisms("PLAIN")), no}),
              "cannot log in: not-authorized (Wrong password)");
    EXPECT_EQ(
        open({head
              + "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"}),
        "the server says: host-unknown");
    EXPECT_EQ(open({"220 mail.example.com ESMTP\r\n"}).find("what the server sends is no XMPP"), 0U);
    EXPECT_EQ(open({"<html xmlns='http://www.w3.org/1999/xhtml'>"}), "the server does not open a stream");
    EXPECT_EQ(open({head + "</stream:stream>"}), "the server has closed the stream");
}

TEST_F(XmppSession, TrustsNoServerThatDoesNotProveThatItKnowsThePassword) {  // RFC 5802 §3
    EXPECT_EQ(open({features(start_tls), proceed, features(mechanisms("SCRAM-SHA-1")), success}),
              "the server has not proved that it knows the password");
    EXPECT_NE(open({features(start_tls), proceed, features(mechanisms("SCRAM-SHA-1")),
                    "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>!!</challenge>"})
                  .find("challenge is broken"),
              std::string::npos);
}

TEST_F(XmppSession, TakesWhatIsInjectedBeforeTlsForNothing) {
    EXPECT_EQ(open({features(start_tls), proceed + features(mechanisms("PLAIN")) + success}),
              "the script says so")
        << "what came in the clear must not go on behind the handshake";
}

TEST_F(XmppSession, AnswersWhatServersAskAndGivesTheRest) {  // RFC 6120 §8.2.3, XEP-0199
    ASSERT_EQ(open({features(start_tls), proceed, features(mechanisms("PLAIN")), success, features(bind),
                    bound("postrider@im.example.com/1")}),
              "");
    (void)said();
    stream_->feed(
        "<iq from='im.example.com' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>"
        "<iq from='x@example.net' type='get' id='v'><query xmlns='jabber:iq:version'/></iq>"
        "<iq type='result' id='old'/><message from='bob@example.org'><body>hi</body></message>");
    std::vector<Element> heard;
    const std::string problem = run([&]() -> net::Task<> {
        while (true) {
            auto stanza = co_await client_->receive();
            if (stanza) heard.push_back(std::move(*stanza));
        }
    });
    ASSERT_EQ(heard.size(), 2U) << problem;
    EXPECT_EQ(heard[1].child(ns::client, "body")->text, "hi");
    EXPECT_EQ(said(),
              "<iq to='im.example.com' id='p' type='result'/><iq to='x@example.net' id='v' type='error'>"
              "<error type='cancel'><service-unavailable "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

TEST_F(XmppSession, EndsWithItsEnd) {  // RFC 6120 §4.4
    ASSERT_EQ(open({features(start_tls), proceed, features(mechanisms("PLAIN")), success, features(bind),
                    bound("postrider@im.example.com/1")}),
              "");
    (void)said();
    stream_->feed("</stream:stream>");
    run([this]() -> net::Task<> { co_await client_->close(); });
    EXPECT_EQ(said(), "</stream:stream>");
    EXPECT_TRUE(stream_->closed());
}

}  // namespace
}  // namespace postrider::xmpp
