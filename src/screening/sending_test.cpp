#include <gtest/gtest.h>

#include "screening/processing.h"
#include "screening/relaying.h"
#include "screening/reports.h"

namespace postrider::screening {
namespace {

std::shared_ptr<const policy::Program> program(std::string_view text) {
    auto built = policy::build(text);
    EXPECT_TRUE(built) << built.error().front().sentence();
    return std::make_shared<const policy::Program>(std::move(*built));
}

TEST(Relaying, OnRelayNamesHostPortTlsAndLogin) {
    auto p = program(
        R"(event onRelay { if (is (rcptDomain, "bank.example")) { set (remoteSmtpHost, "[172.30.150.10]");
        set (remoteSmtpPort, "2525"); set (sslEnabled, "yes"); set (allowedSSLVersions, "tls11 tls13 ");
        set (authUserName, "u"); set (authPassword, "p"); } })");
    const auto wishes = relay_wishes(p, {"a", "b.example"}, {"x", "bank.example"});
    ASSERT_TRUE(wishes);
    EXPECT_EQ(wishes->host, "[172.30.150.10]");
    EXPECT_EQ(wishes->port, 2525);
    EXPECT_TRUE(wishes->ssl);
    EXPECT_FALSE(wishes->tls1_2);
    EXPECT_TRUE(wishes->tls1_3);
    EXPECT_EQ(wishes->password, "p");
    EXPECT_FALSE(relay_wishes(p, {"a", "b.example"}, {"x", "other.example"}));
}

TEST(Relaying, WhatTheWizardWritesWithoutAHostIsTheUsualWay) {
    auto p = program(
        R"(event onRelay { set (remoteSmtpHost, ""); set (remoteSmtpPort, "25"); set (sslEnabled, "no"); })");
    EXPECT_FALSE(relay_wishes(p, {"a", "b.example"}, {"x", "c.example"}));
    EXPECT_FALSE(relay_wishes(nullptr, {"a", "b.example"}, {"x", "c.example"}));
}

queue::Entry entry() {
    queue::Entry e;
    e.envelope.reverse_path = {"me", "example.org"};
    queue::Recipient r;
    r.address = {"you", "example.net"};
    r.attempts = 4;
    e.envelope.recipients.push_back(r);
    return e;
}

TEST(ProcessingPolicy, ChangesWhatIsAboutToBeWorkedOn) {
    auto p = program(R"(event onProcessing {
        if (allOf (is (authUser, "me@example.org"), contains (header_Subject, "later"))) {
            set (deliveryDelay, "120");
            set (headerName, "X-Late"); set (headerValue, "%mailFrom% to %rcpt%"); call (addHeader);
            set (rcptAddress, "archive@example.org"); call (addRcpt);
            set (rcptAddress, "you@example.net"); call (discardRcpt);
            set (rcptAddress, ""); call (discardRcpt);
        } })");
    queue::Envelope envelope = entry().envelope;
    const std::string payload = "Received: by us\r\nSubject: not now, later\r\n\r\nbody\r\n";
    EXPECT_FALSE(processing_wishes(p, envelope, payload)) << "nobody has logged in";
    envelope.authenticated = "me@example.org";
    const auto wishes = processing_wishes(p, envelope, payload);
    ASSERT_TRUE(wishes);
    EXPECT_EQ(wishes->delay, 120u);
    EXPECT_EQ(wishes->add, std::vector<std::string>{"archive@example.org"});
    EXPECT_EQ(wishes->drop, std::vector<std::string>{"you@example.net"});
    EXPECT_EQ(wishes->message, "X-Late: me@example.org to you@example.net\r\n" + payload);
    EXPECT_FALSE(processing_wishes(nullptr, envelope, payload));
    EXPECT_FALSE(
        processing_wishes(program("event onConnect { set (smtpAction, \"accept\"); }"), envelope, payload));
}

TEST(Reports, ScriptsChangeTextsAndKeepPlaceholders) {
    auto p = program(
        R"(event onDeliveryFailure { set (ndrSender, "post@example.org"); set (ndrSubject, "after %ndrRetryCount%");
        set (ndrRcptMessage, "%ndrRcptAddress%: %ndrRcptFailInfo%"); set (ndrAttachSource, "full");
        if (is (mailFrom, "me@example.org")) { set (sendNdr, "no"); } })");
    const queue::Entry e = entry();
    queue::Notice notice;
    notice.footer = "kept";
    adjust_notice(p, queue::Action::failed, e, {&e.envelope.recipients[0]}, 0, notice);
    EXPECT_EQ(notice.sender, "post@example.org");
    EXPECT_EQ(notice.subject, "after 4");
    EXPECT_EQ(notice.rcpt_message, "%ndrRcptAddress%: %ndrRcptFailInfo%");
    EXPECT_EQ(notice.attach, queue::Attach::full);
    EXPECT_EQ(notice.footer, "kept");
    EXPECT_FALSE(notice.send);
}

TEST(Reports, OfSuccessHaveTextsOfTheirOwn) {
    auto p = program(R"(event onDeliverySuccess { set (dsnSubject, "there"); set (ndrSubject, "no"); })");
    const queue::Entry e = entry();
    queue::Notice notice;
    adjust_notice(p, queue::Action::delivered, e, {&e.envelope.recipients[0]}, 0, notice);
    EXPECT_EQ(notice.subject, "there");
}

TEST(Reports, TheScriptDecidesAfterHowManyAttemptsTheSenderIsTold) {
    auto p = program(R"(event onTemporaryDeliveryFailure { call (WA_Processing_temporary_ndr); }
        method WA_Processing_temporary_ndr {
            if (allOf (greaterThan (ndrRemainingRetryCount, "-1"), is (ndrRetryCount, "2"))) { set (sendNdr, "yes"); } })");
    EXPECT_EQ(tells_of_delay(p, 2, 18), true);
    EXPECT_EQ(tells_of_delay(p, 4, 16), false);
    EXPECT_EQ(tells_of_delay(program("event onDeliveryFailure { set (sendNdr, \"no\"); }"), 4, 16),
              std::nullopt);
    EXPECT_EQ(tells_of_delay(nullptr, 4, 16), std::nullopt);
}

}  // namespace
}  // namespace postrider::screening
