#include <gtest/gtest.h>

#include "relay/wire/command.h"
#include "relay/wire/dots.h"
#include "relay/wire/extensions.h"
#include "relay/wire/reply.h"

namespace postrider::relay {
namespace {

Reply read(std::initializer_list<std::string_view> lines) {
    ReplyReader reader;
    ReplyReader::State state = ReplyReader::State::more;
    for (const std::string_view line : lines) state = reader.take(line);
    EXPECT_EQ(state, ReplyReader::State::done);
    return reader.take_reply();
}

std::string stuffed(std::string_view message) {
    std::string out;
    DotStuffer pieces{message};
    for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) out.append(piece);
    return out.append(DotStuffer::end(message));
}

TEST(Replies, HaveOneOrMoreLinesAndAnEnhancedCode) {
    // RFC 5321 §4.2.1, RFC 2034 §6
    const Reply one = read({"250 2.1.5 Recipient ok"});
    EXPECT_EQ(one.code, 250);
    EXPECT_EQ(one.status, "2.1.5");
    EXPECT_EQ(one.line(), "250 2.1.5 Recipient ok");
    const Reply more = read({"550-5.7.1 Go", "550-5.7.1 a\tway", "550 5.7.1 now"});
    EXPECT_EQ(more.status, "5.7.1");
    EXPECT_EQ(more.line(), "550 5.7.1 Go a way now");
    EXPECT_EQ(read({"250"}).code, 250);
    EXPECT_EQ(read({"250-first", "250"}).text, "first\n");
}

TEST(Replies, WithACodeOfAnotherClassHaveNoEnhancedCode) {
    EXPECT_EQ(read({"550 2.0.0 mixed up"}).status, "");
    EXPECT_EQ(read({"550 2.0.0 mixed up"}).status_or("0.0"), "5.0.0");
    EXPECT_EQ(read({"450 no code"}).status_or("2.0"), "4.2.0");
    EXPECT_EQ(enhanced_code("5.1.1"), "5.1.1");
    EXPECT_EQ(enhanced_code("5.1111.1 x"), "");
    EXPECT_EQ(enhanced_code("5.1.1x"), "");
    EXPECT_EQ(enhanced_code("3.1.1 x"), "");
}

TEST(Replies, ThatAreNoneAreToldFromThoseThatAre) {
    for (const std::string_view line : {"", "25", "hello", "650 x", "2x0 y", "250x", "\xff\xff\xff"}) {
        ReplyReader reader;
        EXPECT_EQ(reader.take(line), ReplyReader::State::malformed) << line;
    }
}

TEST(Replies, WithoutAnEndAreGivenUp) {
    ReplyReader reader;
    ReplyReader::State state = ReplyReader::State::more;
    std::size_t lines = 0;
    while (state == ReplyReader::State::more && ++lines < 100'000) state = reader.take("250-and on");
    EXPECT_EQ(state, ReplyReader::State::malformed);
    EXPECT_LE(lines, max_reply_lines + 1);
}

TEST(Replies, AreShownWithoutControlsAndCut) {
    EXPECT_EQ(read({"550 a\x01z\x7f"}).line(), "550 a z ");
    EXPECT_LE(read({std::string{"550 "} + std::string(4000, 'x')}).line().size(), 800U);
    EXPECT_EQ(read({"550 \xff\xfe"}).line(), "550 ??");
}

TEST(Offers, AreReadFromTheAnswerToEhlo) {
    // RFC 5321 §4.1.1.1, appendix D, with what else there is
    const Extensions e = parse_extensions(
        "foo.com greets bar.com\n8BITMIME\nsize 14680064\nDSN\nHELP\nPIPELINING\nCHUNKING\nBINARYMIME\n"
        "AUTH plain CRAM-MD5\nSMTPUTF8\nSTARTTLS\nREQUIRETLS\nDELIVERBY 240\nMT-PRIORITY MIXER\n"
        "LIMITS RCPTMAX=50 MAILMAX=x OTHER");
    EXPECT_TRUE(e.eight_bit_mime && e.size && e.dsn && e.pipelining && e.chunking && e.binary_mime
                && e.smtputf8 && e.starttls && e.require_tls && e.deliver_by && e.mt_priority);
    EXPECT_EQ(e.size_limit, 14'680'064U);
    EXPECT_EQ(e.deliver_by_min, 240);
    EXPECT_EQ(e.rcpt_max, 50U);
    EXPECT_EQ(e.mail_max, 0U);
    EXPECT_EQ(e.auth, (std::vector<std::string>{"PLAIN", "CRAM-MD5"}));
}

TEST(Offers, OfNothingAreNothing) {
    EXPECT_FALSE(parse_extensions("PIPELINING").pipelining) << "the first line is the server's name";
    EXPECT_FALSE(parse_extensions("x\nBINARYMIME").binary_mime) << "RFC 3030 §3: not without CHUNKING";
    EXPECT_EQ(parse_extensions("x\nSIZE many").size_limit, 0U);
}

TEST(Offers, MayCarryMoreThanTheLeastTimeOfDeliverBy) {  // RFC 2852 §3
    EXPECT_EQ(parse_extensions("x\nDELIVERBY 60,X-later").deliver_by_min, 60);
    EXPECT_TRUE(parse_extensions("x\nDELIVERBY ,X-later").deliver_by);
    EXPECT_EQ(parse_extensions("x\nDELIVERBY ,X-later").deliver_by_min, 0);
}

TEST(Commands, CarryTheParametersOfTheRfcs) {
    std::string out;
    MailParameters mail;
    mail.size = 500'000;
    mail.body = MailParameters::Body::eight_bit;
    mail.dsn = true;
    mail.return_unsaid = false;
    mail.envid = "QQ 314+159";
    append_mail(out, "Alice@Example.ORG", mail);
    EXPECT_EQ(out,
              "MAIL FROM:<Alice@Example.ORG> SIZE=500000 BODY=8BITMIME RET=HDRS ENVID=QQ+20314+2B159\r\n");
    out.clear();
    queue::Recipient to;
    to.notify = queue::Notify::success | queue::Notify::delay;
    to.original = "rfc822;Bob=x@Example.COM";
    mail.dsn = true;
    append_rcpt(out, "Bob@Example.COM", to, mail);
    EXPECT_EQ(out, "RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+3Dx@Example.COM\r\n");
    out.clear();
    mail.dsn = false;
    append_rcpt(out, "Bob@Example.COM", to, mail);
    EXPECT_EQ(out, "RCPT TO:<Bob@Example.COM>\r\n");
}

TEST(Commands, AskForNoticeOfDelayWhereNobodyLooksAtTheTime) {  // RFC 2852 §4.1.4.2
    using queue::Notify;
    MailParameters mail;
    mail.dsn = mail.ask_delay = true;
    const auto said = [&](std::uint8_t notify) {
        queue::Recipient to;
        to.notify = notify;
        std::string out;
        append_rcpt(out, "b@example.com", to, mail);
        return out.substr(out.find(' ', 5));
    };
    EXPECT_EQ(said(Notify::unsaid), " NOTIFY=FAILURE,DELAY\r\n");
    EXPECT_EQ(said(Notify::success), " NOTIFY=SUCCESS,DELAY\r\n");
    EXPECT_EQ(said(Notify::failure | Notify::delay), " NOTIFY=FAILURE,DELAY\r\n");
    EXPECT_EQ(said(Notify::never), " NOTIFY=NEVER\r\n");
}

TEST(Commands, TakeWhatUtf8NeedsInEitherForm) {
    std::string out;
    append_utf8_xtext(out, "d\xc3\xb6rte@x+y\\", false);
    EXPECT_EQ(out, "d\\x{F6}rte@x\\x{2B}y\\x{5C}");
    out.clear();
    append_utf8_xtext(out, "d\xc3\xb6rte", true);
    EXPECT_EQ(out, "d\xc3\xb6rte");
}

TEST(Paths, GoWithoutSmtputf8WhereOnlyTheDomainIsNotAscii) {
    EXPECT_EQ(path_text({"a b", "example.org"}, false), "\"a b\"@example.org");
    EXPECT_EQ(path_text({"info",
                         "b\xc3\xbc"
                         "cher.example"},
                        false),
              "info@xn--bcher-kva.example");
    EXPECT_EQ(path_text({"info",
                         "b\xc3\xbc"
                         "cher.example"},
                        true),
              "info@b\xc3\xbc"
              "cher.example");
    EXPECT_EQ(path_text({"b\xc3\xbc", "example.org"}, false), std::nullopt);
    EXPECT_EQ(path_text({}, false), "");
}

TEST(Dots, AreDoubledAtLineStartsAndNowhereElse) {
    struct Case {
        std::string_view in, out;
    } cases[] = {
        {"a\r\n", "a\r\n.\r\n"},
        {"", ".\r\n"},
        {".\r\n", "..\r\n.\r\n"},
        {"..\r\n", "...\r\n.\r\n"},
        {"a.b\r\n.c.\r\n.\r\n", "a.b\r\n..c.\r\n..\r\n.\r\n"},
        {"no end", "no end\r\n.\r\n"},
        {"a\n.\nb\r\n", "a\n..\nb\r\n.\r\n"},  // a bare LF must not help anybody to end the data
        {"a\r.b\r\n", "a\r.b\r\n.\r\n"},
        {"\r\n.", "\r\n..\r\n.\r\n"},
    };
    for (const Case& c : cases) EXPECT_EQ(stuffed(c.in), c.out) << c.in;
}

}  // namespace
}  // namespace postrider::relay
