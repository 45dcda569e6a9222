#include "queue/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::queue {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* original = "From: Alice <alice@example.org>\r\nSubject: hello\r\n\r\nthe body\r\n";

struct Case {
    Case() {
        envelope.reverse_path = {"alice", "example.org"};
        envelope.envid = "QQ314159";
        envelope.helo = "client.example.org";
        envelope.arrival = Time{std::chrono::seconds{1'800'000'000}};
        recipient.address = {"bob", "example.net"};
        recipient.original = "rfc822;Bob@example.net";
        recipient.status = "5.1.1";
        recipient.diagnostic = "550 5.1.1 No such\r\nuser";
        recipient.remote_host = "mx.example.net";
        recipient.last_attempt = Time{std::chrono::seconds{1'800'000'060}};
        recipient.attempts = 3;
        options.host = "mail.example.org";
        options.now = Time{std::chrono::seconds{1'800'000'061}};
        options.boundary = "boundary";
    }
    Report make(Action action = Action::failed) const {
        return make_report(action, envelope, {&recipient}, original, options);
    }
    Envelope envelope;
    Recipient recipient;
    ReportOptions options;
};

TEST(Report, RepeatsUntilWhenTheMessageWasToBeHeldBackAndToBeThere) {
    Case c;
    c.envelope.release_asked = "for;3600";
    c.envelope.deliver_by = DeliverBy{Time{std::chrono::seconds{1'800'000'060}}};
    EXPECT_THAT(c.make().message, HasSubstr("Deliver-By-Date: Fri, 15 Jan 2027 08:01:00 +0000\r\n"
                                            "Future-Release-Request: for;3600\r\n\r\n"));
}

TEST(Report, SaysToProgramsWhatRfc3464AsksFor) {
    Case c;
    const std::string text = c.make().message;
    EXPECT_THAT(text, HasSubstr("Content-Type: multipart/report; report-type=delivery-status;"));
    EXPECT_THAT(text, HasSubstr("\r\n--boundary\r\nContent-Type: message/delivery-status\r\n\r\n"
                                "Original-Envelope-Id: QQ314159\r\n"
                                "Reporting-MTA: dns; mail.example.org\r\n"
                                "Received-From-MTA: dns; client.example.org\r\n"
                                "Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
                                "\r\n"
                                "Original-Recipient: rfc822;Bob@example.net\r\n"
                                "Final-Recipient: rfc822; bob@example.net\r\n"
                                "Action: failed\r\n"
                                "Status: 5.1.1\r\n"
                                "Remote-MTA: dns; mx.example.net\r\n"
                                "Diagnostic-Code: smtp; 550 5.1.1 No such  user\r\n"
                                "Last-Attempt-Date: Fri, 15 Jan 2027 08:01:00 +0000\r\n"));
    EXPECT_THAT(text, HasSubstr("Subject: Permanent failure notice\r\n"));
    EXPECT_THAT(text, HasSubstr("Attempts made: 3\r\n"));
    EXPECT_THAT(text, HasSubstr("<bob@example.net>\r\n    550 5.1.1 No such  user\r\n"));
    EXPECT_TRUE(text.ends_with("\r\n--boundary--\r\n"));
}

TEST(Report, ReturnsAsMuchAsWasAskedFor) {
    Case c;
    EXPECT_THAT(c.make().message, HasSubstr("text/rfc822-headers"));
    EXPECT_THAT(c.make().message, Not(HasSubstr("the body")));
    c.options.notice.attach = Attach::full;
    EXPECT_THAT(c.make().message,
                HasSubstr("message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nFrom:"));
    EXPECT_THAT(c.make().message, HasSubstr("the body"));
    EXPECT_THAT(c.make(Action::delayed).message, Not(HasSubstr("the body"))) << "only what failed comes back";
    c.envelope.return_headers = true;
    EXPECT_THAT(c.make().message, Not(HasSubstr("the body"))) << "RET=HDRS";
    c.envelope.return_headers = false;
    c.envelope.return_full = true;
    c.options.notice.attach = Attach::header;
    EXPECT_THAT(c.make().message, HasSubstr("the body")) << "RET=FULL";
    c.envelope.require_tls = true;
    EXPECT_THAT(c.make().message, Not(HasSubstr("the body"))) << "RFC 8689 section 5";
    c.options.notice.attach = Attach::none;
    EXPECT_THAT(c.make().message, Not(HasSubstr("Subject: hello")));
}

TEST(Report, UsesTheAdministratorsWords) {
    Case c;
    c.options.notice.sender = "postmaster@%serverName%";
    c.options.notice.subject = "Nicht zugestellt: Müll";
    c.options.notice.message = "An %mailFrom%\nLeider nicht";
    c.options.notice.rcpt_message = "* %NDRRCPTADDRESS% %unknown% 100%";
    c.options.notice.footer = "%ndrRetryCount% mal versucht";
    const Report report = c.make();
    EXPECT_EQ(report.sender, "postmaster@mail.example.org");
    EXPECT_THAT(report.message, HasSubstr("<postmaster@mail.example.org>\r\n"));
    EXPECT_THAT(report.message, HasSubstr("Subject: =?UTF-8?B?"));
    EXPECT_THAT(report.message, HasSubstr("\r\n\r\nAn alice@example.org\r\nLeider nicht\r\n"));
    EXPECT_THAT(report.message, HasSubstr("* bob@example.net %unknown% 100%\r\n"));
    EXPECT_THAT(report.message, HasSubstr("3 mal versucht\r\n"));
}

TEST(Report, TellsOfADelayWhatFollows) {
    Case c;
    c.options.remaining_attempts = 16;
    c.options.next_attempt = Time{std::chrono::seconds{1'800'003'600}};
    c.options.give_up = Time{std::chrono::seconds{1'800'300'000}};
    const std::string text = c.make(Action::delayed).message;
    EXPECT_THAT(text, HasSubstr("Subject: Temporary failure notice\r\n"));
    EXPECT_THAT(text, HasSubstr("Attempts that follow: 16, the next on Fri, 15 Jan 2027 09:00:00 +0000\r\n"));
    EXPECT_THAT(text, HasSubstr("Action: delayed\r\n"));
    EXPECT_THAT(text, HasSubstr("Will-Retry-Until: Mon, 18 Jan 2027 19:20:00 +0000\r\n"));
}

TEST(Report, WritesInternationalAddressesForWhoReadsThem) {
    Case c;
    c.recipient.address = {"jörg", "bücher.example"};
    c.recipient.original = "utf-8;jörg@bücher.example";
    std::string text = c.make().message;  // RFC 6533 §3: a sender without SMTPUTF8
    EXPECT_THAT(text, HasSubstr("Content-Type: message/delivery-status\r\n"));
    EXPECT_THAT(text, HasSubstr("Original-Recipient: utf-8;j\\x{F6}rg@b\\x{FC}cher.example\r\n"));
    EXPECT_THAT(text, HasSubstr("Final-Recipient: utf-8; j\\x{F6}rg@b\\x{FC}cher.example\r\n"));
    EXPECT_FALSE(c.make().smtputf8);
    c.envelope.smtputf8 = true;
    text = c.make().message;
    EXPECT_THAT(text, HasSubstr("Content-Type: message/global-delivery-status\r\n"));
    EXPECT_THAT(text, HasSubstr("Final-Recipient: utf-8; jörg@bücher.example\r\n"));
    EXPECT_THAT(text, HasSubstr("Content-Type: message/global-headers\r\n"));
    EXPECT_TRUE(c.make().smtputf8);
    EXPECT_TRUE(c.make().eight_bit);
}

TEST(Report, KeepsAPeersWordsInTheirLine) {
    Case c;
    c.recipient.diagnostic = "550 x\r\nBcc: everybody@example.org\r\n\r\n--boundary--";
    c.envelope.envid = "a\r\nb";
    const std::string text = c.make().message;
    EXPECT_THAT(text, Not(HasSubstr("\r\nBcc:")));
    EXPECT_THAT(text, HasSubstr("Original-Envelope-Id: a  b\r\n"));
    c.recipient.remote_host.clear();
    EXPECT_THAT(c.make().message, HasSubstr("Diagnostic-Code: x-postrider; 550 x"));
}

TEST(Expand, ReplacesWhatItKnows) {
    const Variables known{{"a", "1"}, {"long", "%a%"}};
    EXPECT_EQ(expand("%a%%A% % %% %b% %long%", known), "11 % %% %b% %a%");
    EXPECT_EQ(expand("", known), "");
    EXPECT_EQ(expand("%a", known), "%a");
}

}  // namespace
}  // namespace postrider::queue
