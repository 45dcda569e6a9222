#include <gtest/gtest.h>

#include "xmpp/wire/element.h"
#include "xmpp/wire/jid.h"
#include "xmpp/wire/stream_reader.h"

namespace postrider::xmpp {
namespace {

using Kind = StreamReader::Event::Kind;

const std::string head =
    "<?xml version='1.0'?><stream:stream from='im.example.com' id='t7' to='juliet@im.example.com' "
    "version='1.0' "
    "xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

std::vector<StreamReader::Event> read(std::string_view octets, StreamReader::Limits limits = {}) {
    StreamReader reader{limits};
    reader.feed(octets);
    std::vector<StreamReader::Event> events;
    while (auto event = reader.next()) events.push_back(std::move(*event));
    return events;
}

std::string problem(const std::string& body, StreamReader::Limits limits = {}) {
    const auto events = read(head + body, limits);
    return events.back().kind == Kind::failed ? events.back().problem : "none";
}

TEST(XmppStream, IsReadAsInTheExamplesOfTheRfc) {  // RFC 6120 §9.1.1
    const auto events = read(head
                             + "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
                               "</starttls></stream:features>\n <message from='juliet@im.example.com/balcony' "
                               "to='romeo@example.net' type='chat' xml:lang='en'><body>Art thou not Romeo, and a "
                               "Montague &amp; all?</body></message></stream:stream>");
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(events[0].kind, Kind::opened);
    EXPECT_TRUE(events[0].element.is(ns::streams, "stream"));
    EXPECT_EQ(events[0].element.attribute("version"), "1.0");
    EXPECT_TRUE(events[1].element.is(ns::streams, "features"));
    const Element* tls = events[1].element.child(ns::tls, "starttls");
    ASSERT_NE(tls, nullptr);
    EXPECT_NE(tls->child(ns::tls, "required"), nullptr);
    EXPECT_EQ(events[2].element.attribute("to"), "romeo@example.net");
    EXPECT_EQ(events[2].element.child(ns::client, "body")->text, "Art thou not Romeo, and a Montague & all?");
    EXPECT_EQ(events[3].kind, Kind::closed);
}

TEST(XmppStream, MayComeOctetByOctet) {
    StreamReader reader;
    unsigned stanzas = 0;
    for (const char c : head + "<presence/><message><body>x</body></message>") {
        reader.feed({&c, 1});
        while (auto event = reader.next()) stanzas += event->kind == Kind::element ? 1 : 0;
    }
    EXPECT_EQ(stanzas, 2U);
}

TEST(XmppStream, HoldsNothingThatIsForbidden) {  // RFC 6120 §11.1
    EXPECT_EQ(problem("<!-- x -->"), "a comment is not allowed in a stream");
    EXPECT_EQ(problem("<?php x ?>"), "a processing instruction is not allowed in a stream");
    EXPECT_EQ(problem("<message>&bomb;</message>").find("not well-formed"), 0U);
    EXPECT_EQ(problem("words").find("there is text"), 0U);
    EXPECT_EQ(problem("<message></presence>").find("not well-formed"), 0U);
    EXPECT_EQ(problem("<body>\xc3</body>").find("not well-formed"), 0U);
    EXPECT_EQ(read(std::string_view{"<\0a\0/\0>\0", 8}).back().problem, "not UTF-8");
    EXPECT_EQ(read("\xff\xfe<a>").back().problem, "not UTF-8");
    const auto bomb = read("<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><x>&b;</x>");
    ASSERT_EQ(bomb.size(), 1U);
    EXPECT_EQ(bomb[0].problem, "a document type is not allowed in a stream");
}

TEST(XmppStream, EndsWhereLimitsArePassed) {
    const StreamReader::Limits limits{10'000, 5, 10};
    EXPECT_EQ(problem("<a><b><c><d/></c></b></a>", limits), "none");
    EXPECT_EQ(problem("<a><b><c><d><e/></d></c></b></a>", limits), "elements are nested too deep");
    EXPECT_EQ(problem("<a>" + std::string(10'001, 'x') + "</a>", limits), "a stanza is too long");
    EXPECT_EQ(problem("<a b='" + std::string(20'000, 'x'), limits), "a stanza is too long");
    EXPECT_EQ(problem("<" + std::string(20'000, 'x'), limits), "a stanza is too long");
    std::string many = "<a>";
    for (int i = 0; i < 12; ++i) many += "<b/>";
    EXPECT_EQ(problem(many, limits), "a stanza has too many elements");
    // Many stanzas and much white space are no long stanza.
    std::string stream;
    for (int i = 0; i < 1000; ++i) stream += "<presence/>\n" + std::string(50, ' ');
    EXPECT_EQ(problem(stream, limits), "none");
}

TEST(XmppStream, SaysNothingAfterItsEnd) {
    EXPECT_EQ(read(head + "</stream:stream><presence/>").back().kind, Kind::closed);
    EXPECT_EQ(read("<a></b><c/>").size(), 2U);
}

TEST(XmppElement, IsWrittenWithWhatXmlNeeds) {
    Element message{ns::client, "message"};
    message.set("to", "o'neil@example.org").add(Element{ns::client, "body"}.say("1 < 2 & \"3\"\r\n"));
    message.add(Element{ns::ping, "ping"});
    EXPECT_EQ(to_xml(message),
              "<message to='o&apos;neil@example.org'><body>1 &lt; 2 &amp; &quot;3&quot;&#13;&#10;</body>"
              "<ping xmlns='urn:xmpp:ping'/></message>");
}

TEST(XmppElement, CannotBeMadeToHoldMarkupOrWhatXmlHasNot) {
    Element message{ns::client, "message"};
    message.set("to", "x'/><iq a='").say(std::string{"a\0b\x01", 4} + "\xff\xc3\xa4\xef\xbf\xbf]]>");
    StreamReader reader;
    reader.feed(head);
    reader.feed(to_xml(message));
    (void)reader.next();
    const auto event = reader.next();
    ASSERT_TRUE(event && event->kind == Kind::element);
    EXPECT_EQ(event->element.attribute("to"), "x'/><iq a='");
    EXPECT_EQ(event->element.text,
              "a\xef\xbf\xbd"
              "b\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd]]>");
    EXPECT_FALSE(reader.next());
}

TEST(XmppAddress, HasThreeParts) {  // RFC 7622 §3.5
    struct Case {
        std::string_view text, local, domain, resource;
    };
    for (const Case& one : {Case{"juliet@example.com", "juliet", "example.com", ""},
                            {"juliet@example.com/foo", "juliet", "example.com", "foo"},
                            {"juliet@example.com/foo bar", "juliet", "example.com", "foo bar"},
                            {"juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"},
                            {"foo\\20bar@example.com", "foo\\20bar", "example.com", ""},
                            {"fussball@EXAMPLE.com.", "fussball", "example.com", ""},
                            {"example.com", "", "example.com", ""},
                            {"a.example.com/b@example.net", "", "a.example.com", "b@example.net"}}) {
        const auto jid = parse_jid(one.text);
        ASSERT_TRUE(jid) << one.text;
        EXPECT_EQ(*jid, (Jid{std::string{one.local}, std::string{one.domain}, std::string{one.resource}}));
    }
    for (std::string_view none : {"\"juliet\"@example.com", "foo bar@example.com", "juliet@example.com/",
                                  "@example.com/", "henryiv@", "", "a@b@c", "a\n@example.com"})
        EXPECT_FALSE(parse_jid(none)) << none;
    EXPECT_FALSE(parse_jid(std::string(1024, 'a') + "@example.com"));
}

}  // namespace
}  // namespace postrider::xmpp
