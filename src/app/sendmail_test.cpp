#include "app/sendmail.h"

#include <gmock/gmock.h>

#include "queue/envelope.h"

namespace postrider::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Mode = SendmailCall::Mode;

SendmailCall parsed(std::vector<std::string> arguments, std::string_view program = "sendmail") {
    auto call = parse_sendmail(program, arguments);
    EXPECT_TRUE(call) << (call ? "" : call.error());
    return call.value_or(SendmailCall{});
}

TEST(SendmailOptions, AreReadAsProgramsWriteThem) {
    auto php = parsed({"-t", "-i", "-fweb@example.org"});
    EXPECT_TRUE(php.read_recipients);
    EXPECT_FALSE(php.dot_ends);
    EXPECT_EQ(php.sender, "web@example.org");
    auto mutt = parsed({"-oem", "-oi", "-f", "me@example.org", "--", "you@example.net", "-odd@example.net"});
    EXPECT_FALSE(mutt.dot_ends);
    EXPECT_THAT(mutt.recipients, ElementsAre("you@example.net", "-odd@example.net"));
    auto cron = parsed({"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"});
    EXPECT_EQ(cron.full_name, "CronDaemon");
    EXPECT_THAT(cron.recipients, ElementsAre("root"));
    auto together = parsed({"-tif", "<>"});
    EXPECT_TRUE(together.sender_given);
    EXPECT_EQ(together.sender, "");
    auto dsn = parsed({"-N", "success,delay", "-R", "full", "-V", "id", "a@b"});
    EXPECT_EQ(dsn.notify, queue::Notify::success | queue::Notify::delay);
    EXPECT_TRUE(dsn.return_full);
    EXPECT_EQ(dsn.envid, "id");
}

TEST(SendmailOptions, SayWhatIsAskedFor) {
    EXPECT_EQ(parsed({}, "mailq").mode, Mode::queue);
    EXPECT_EQ(parsed({}, "newaliases").mode, Mode::aliases);
    EXPECT_EQ(parsed({"-bp"}).mode, Mode::queue);
    EXPECT_EQ(parsed({"-bs"}).mode, Mode::smtp);
    EXPECT_EQ(parsed({"-q30m"}).mode, Mode::retry);
    EXPECT_EQ(parsed({"-bm", "a@b"}).mode, Mode::send);
    for (std::vector<std::string> wrong :
         {std::vector<std::string>{"-bd"}, {"-f"}, {"-Z"}, {"-N", "never,delay"}, {"-R", "some"}})
        EXPECT_FALSE(parse_sendmail("sendmail", wrong)) << wrong[0];
}

TEST(SendmailMessage, TakesRecipientsFromTheHeaderAndHidesBcc) {
    SendmailCall call;
    call.read_recipients = true;
    call.recipients = {"extra@example.org"};
    auto made = compose(
        "To: Team: a@example.org, \"B, b\" <b@example.org>;\nCc: root\nBcc: hidden@example.org,\n "
        "other@example.org\n"
        "Subject: x\n\nBcc: not a header\n",
        call);
    EXPECT_THAT(made.recipients, ElementsAre("extra@example.org", "a@example.org", "b@example.org", "root",
                                             "hidden@example.org", "other@example.org"));
    EXPECT_EQ(made.message,
              "To: Team: a@example.org, \"B, b\" <b@example.org>;\r\nCc: root\r\nSubject: x\r\n\r\nBcc: not "
              "a header\r\n");
}

TEST(SendmailMessage, GoesToTheResentRecipientsAloneWhenItIsSentAgain) {
    SendmailCall call;
    call.read_recipients = true;
    auto made = compose("Resent-To: new@example.org\nTo: old@example.org\n\nx\n", call);
    EXPECT_THAT(made.recipients, ElementsAre("new@example.org"));
}

TEST(SendmailMessage, EndsAtADotUnlessToldOtherwise) {
    SendmailCall call;
    EXPECT_EQ(compose("A: b\n\none\n.\ntwo\n", call).message, "A: b\r\n\r\none\r\n");
    call.dot_ends = false;
    EXPECT_EQ(compose("A: b\n\none\n.\ntwo", call).message, "A: b\r\n\r\none\r\n.\r\ntwo\r\n");
}

TEST(SendmailMessage, HasWholeLineEnds) {
    EXPECT_EQ(compose("From me Thu Jan  1\nA: b\r\n\r\none\rtwo\n", {}).message,
              "A: b\r\n\r\none\r\ntwo\r\n");
    EXPECT_EQ(compose("", {}).message, "");
    EXPECT_EQ(compose("just a body\n", {}).message, "just a body\r\n");
}

}  // namespace
}  // namespace postrider::app
