#include "mime/description.h"
#include "mime/message_id.h"

#include <gtest/gtest.h>

#include "mime/corpus.h"
#include "mime/fetch_syntax.h"

using namespace postrider;
using namespace postrider::mime;

namespace {

/// What must hold of any description, whatever the message.
void expect_sound(std::string_view message, const Description& d, const std::string& what) {
    ASSERT_FALSE(d.parts.empty()) << what;
    EXPECT_EQ(d.parts[0].header_begin, 0u) << what;
    EXPECT_EQ(d.parts[0].body_end, message.size()) << what;
    for (std::size_t i = 0; i < d.parts.size(); ++i) {
        const Part& part = d.parts[i];
        EXPECT_LE(part.header_begin, part.body_begin) << what << ' ' << i;
        EXPECT_LE(part.body_begin, part.body_end) << what << ' ' << i;
        EXPECT_LE(part.body_end, message.size()) << what << ' ' << i;
        if (i == 0) continue;
        ASSERT_LT(part.parent, i) << what;
        const Part& parent = d.parts[part.parent];
        EXPECT_NE(parent.kind, Part::leaf) << what << ' ' << i;
        EXPECT_GE(part.header_begin, parent.body_begin) << what << ' ' << i;
        EXPECT_LE(part.body_end, parent.body_end) << what << ' ' << i;
    }
    EXPECT_TRUE(FetchSyntax::envelope(d.envelope)) << what << '\n' << d.envelope;
    EXPECT_TRUE(FetchSyntax::body(d.body, false)) << what << '\n' << d.body;
    EXPECT_TRUE(FetchSyntax::body(d.body_structure, true)) << what << '\n' << d.body_structure;
    auto again = Description::decode(d.encode());
    ASSERT_TRUE(again) << what;
    EXPECT_EQ(again->encode(), d.encode()) << what;
}

std::string envelope(std::string_view header) {
    return describe(std::string{header} + "\r\nbody\r\n").envelope;
}
std::string structure(std::string_view message) {
    return describe(message).body_structure;
}

}  // namespace

TEST(Envelope, IsTheExampleOfRfc9051) {
    EXPECT_EQ(
        envelope("Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
                 "From: Terry Gray <gray@cac.washington.example>\r\n"
                 "Subject: IMAP4rev2 WG mtg summary and minutes\r\n"
                 "To: imap@cac.washington.example\r\n"
                 "Cc: minutes@CNRI.Reston.VA.US.example, John Klensin <KLENSIN@MIT.EDU.example>\r\n"
                 "Message-ID: <B27397-0100000@cac.washington.example>\r\n"),
        R"x(("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" )x"
        R"((("Terry Gray" NIL "gray" "cac.washington.example")) )"
        R"((("Terry Gray" NIL "gray" "cac.washington.example")) )"
        R"((("Terry Gray" NIL "gray" "cac.washington.example")) )"
        R"(((NIL NIL "imap" "cac.washington.example")) )"
        R"(((NIL NIL "minutes" "CNRI.Reston.VA.US.example")("John Klensin" NIL "KLENSIN" "MIT.EDU.example")) NIL NIL )"
        R"("<B27397-0100000@cac.washington.example>"))");
}

TEST(Envelope, OfAnEmptyHeaderIsAllNil) {
    EXPECT_EQ(envelope(""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    EXPECT_EQ(describe("").envelope, "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    EXPECT_EQ(envelope("Subject:\r\nTo: \r\n"), R"((NIL "" NIL NIL NIL NIL NIL NIL NIL NIL))");
}

TEST(Envelope, WhatIsNotPlainIsEscapedOrALiteral) {
    EXPECT_EQ(envelope("Subject: a \"b\" \\c\r\n"), R"((NIL "a \"b\" \\c" NIL NIL NIL NIL NIL NIL NIL NIL))");
    EXPECT_EQ(envelope("Subject: caf\xe9\r\n"), "(NIL {4}\r\ncaf\xe9 NIL NIL NIL NIL NIL NIL NIL NIL)");
    EXPECT_EQ(envelope("Subject: fold\r\n ed\r\n"), R"((NIL "fold ed" NIL NIL NIL NIL NIL NIL NIL NIL))");
    EXPECT_EQ(envelope(std::string_view{"Subject: n\0ul\r\n", 15}),
              R"((NIL "nul" NIL NIL NIL NIL NIL NIL NIL NIL))");
    EXPECT_EQ(envelope("Subject: =?utf-8?Q?=C3=A4?=\r\n"),
              R"((NIL "=?utf-8?Q?=C3=A4?=" NIL NIL NIL NIL NIL NIL NIL NIL))");
    EXPECT_EQ(envelope("Subject: a\rb\r\n"), R"((NIL "ab" NIL NIL NIL NIL NIL NIL NIL NIL))");
}

TEST(Envelope, GroupsSourceRoutesAndRepeatedFieldsAreShown) {
    EXPECT_EQ(envelope("To: A Group:Ed <ed@x.test>;, @nobody\r\nCc: Hidden:;\r\nBcc: "
                       "<@r.test:u@v.test>\r\nTo: z@x.test\r\n"),
              R"((NIL NIL NIL NIL NIL ((NIL NIL "A Group" NIL)("Ed" NIL "ed" "x.test")(NIL NIL NIL NIL))"
              R"((NIL NIL "" "nobody")(NIL NIL "z" "x.test")) ((NIL NIL "Hidden" NIL)(NIL NIL NIL NIL)) )"
              R"(((NIL "@r.test" "u" "v.test")) NIL NIL))");
}

TEST(Envelope, SenderAndReplyToStandForThemselvesWhenGiven) {
    EXPECT_EQ(
        envelope("From: a@x.test\r\nSender: s@x.test\r\nReply-To:\r\n"),
        R"((NIL NIL ((NIL NIL "a" "x.test")) ((NIL NIL "s" "x.test")) ((NIL NIL "a" "x.test")) NIL NIL NIL NIL NIL))");
}

TEST(BodyStructure, IsWhatTheScriptedTestExpects) {
    std::string text = corpus::read(TESTDATA "/imap-scripted/fetch-bodystructure.mbox");
    Description d = describe(corpus::crlf(text.substr(text.find('\n') + 1)));
    EXPECT_EQ(d.body, R"((("TEXT" "X-MYOWN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 7 1) "MIXED"))");
    EXPECT_EQ(d.body_structure,
              R"((("TEXT" "X-MYOWN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 7 1 NIL NIL NIL NIL) "MIXED" )"
              R"(("BOUNDARY" "foo bar") NIL NIL NIL))");
}

TEST(BodyStructure, OfAPlainMessage) {
    EXPECT_EQ(structure("Subject: x\r\n\r\none\r\ntwo\r\n"),
              R"(("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 10 2 NIL NIL NIL NIL))");
    EXPECT_EQ(structure(""), R"(("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 0 0 NIL NIL NIL NIL))");
    EXPECT_EQ(structure("Content-Type: text/html\r\n\r\n<p>"),
              R"(("TEXT" "HTML" ("CHARSET" "us-ascii") NIL NIL "7BIT" 3 0 NIL NIL NIL NIL))");
}

TEST(BodyStructure, ShowsEveryField) {
    EXPECT_EQ(
        structure(
            "Content-Type: image/png; name=\"a \\\"b\\\".png\"; x*0*=utf-8''a; x*1=b\r\n"
            "Content-Transfer-Encoding: BASE64 (really)\r\nContent-ID: <i@d>\r\nContent-Description: A "
            "picture\r\n"
            "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\nContent-Disposition: attachment; filename=a.png\r\n"
            "Content-Language: en, de-DE\r\nContent-Location: http://x.test/a\r\n\r\nAAAA\r\n"),
        R"(("IMAGE" "PNG" ("NAME" "a \"b\".png" "X*0*" "utf-8''a" "X*1" "b") "<i@d>" "A picture" "BASE64" 6 )"
        R"("Q2hlY2sgSW50ZWdyaXR5IQ==" ("ATTACHMENT" ("FILENAME" "a.png")) ("en" "de-DE") "http://x.test/a"))");
    EXPECT_EQ(structure("Content-Type: a/b\r\nContent-Disposition: inline\r\nContent-Language: en\r\n\r\n"),
              R"(("A" "B" NIL NIL NIL "7BIT" 0 NIL ("INLINE" NIL) "en" NIL))");
}

TEST(BodyStructure, EnclosedMessagesHaveEnvelopeBodyAndLines) {
    EXPECT_EQ(
        structure("Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/plain; "
                  "charset=utf-8\r\n\r\nhi\r\n"),
        R"(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 60 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) )"
        R"(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 4 1 NIL NIL NIL NIL) 4 NIL NIL NIL NIL))");
}

TEST(BodyStructure, MultipartDigestHoldsMessages) {
    Description d = describe(
        "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: one\r\n\r\n1\r\n--b\r\n\r\n"
        "Subject: two\r\n\r\n2\r\n--b--\r\n");
    ASSERT_EQ(d.parts.size(), 5u);
    EXPECT_EQ(d.parts[1].kind, Part::message);
    EXPECT_EQ(d.parts[2].number, 0);
    EXPECT_EQ(d.parts[3].number, 2);
    EXPECT_NE(d.body.find(R"("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 17 (NIL "one")"), d.body.npos) << d.body;
}

TEST(BodyStructure, AMultipartWithoutPartsHasAnEmptyText) {
    Description d = describe("Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing here\r\n");
    EXPECT_EQ(d.body, R"((("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 0 0) "MIXED"))");
    EXPECT_EQ(d.parts.size(), 2u);
}

TEST(BodyStructure, InvalidTypesArePlainText) {
    for (const char* type : {"text", "multipart/mixed", "multipart/mixed; boundary=\"\"", "garbage here", ""})
        EXPECT_EQ(describe("Content-Type: " + std::string{type} + "\r\n\r\n--x\r\n").parts[0].type,
                  "text/plain")
            << type;
}

TEST(Describe, BoundariesAreWholeLinesAndInnermostFirst) {
    Description d = describe(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: multipart/alternative; boundary=b-1\r\n\r\n"
        "--b-1\r\n\r\none\r\n--b-1--\r\nepilogue\r\n--b  \r\n\r\n--bx\r\n --b\r\ntwo\r\n--b--");
    ASSERT_EQ(d.parts.size(), 4u);
    EXPECT_EQ(d.parts[2].parent, 1);
    EXPECT_EQ(d.parts[3].parent, 0);
    EXPECT_EQ(d.parts[3].number, 2);
    EXPECT_EQ(d.parts[3].lines, 2u);
}

TEST(Describe, AnOuterBoundaryEndsWhatIsOpenWithin) {
    std::string message =
        "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; "
        "boundary=i\r\n\r\n"
        "--i\r\nContent-Type: text/plain\r\n--o\r\n\r\nnext\r\n--o--\r\n";
    Description d = describe(message);
    expect_sound(message, d, "cut");
    ASSERT_EQ(d.parts.size(), 4u);
    EXPECT_EQ(d.parts[3].parent, 0);
}

TEST(Describe, LimitsLeaveTheRestOpaque) {
    std::string message;
    for (int i = 0; i < 200; ++i) message += "Content-Type: message/rfc822\r\n\r\n";
    Description deep = describe(message);
    EXPECT_EQ(deep.parts.size(), 51u);
    EXPECT_EQ(deep.parts.back().type, "application/octet-stream");
    expect_sound(message, deep, "deep");

    message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 3000; ++i) message += "--b\r\n\r\nx\r\n";
    Description wide = describe(message);
    EXPECT_EQ(wide.parts.size(), 1000u);
    expect_sound(message, wide, "wide");

    message = "X: " + std::string(100, 'y') + "\r\nSubject: late\r\n\r\n";
    EXPECT_EQ(describe(message, {.max_header_bytes = 50}).envelope,
              "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    EXPECT_EQ(describe(message, {.max_header_bytes = 50}).parts[0].body_begin, message.size());
}

TEST(Describe, PreviewIsTheFirstWordsOfTheText) {
    EXPECT_EQ(describe("Subject: x\r\n\r\n> quoted\r\n\r\nHello  there,\r\nBob\r\n").preview,
              "Hello there, Bob");
    EXPECT_EQ(describe("Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
                       "quoted-printable\r\n\r\n"
                       "<html><head><title>T</title><style>p{}</style></head><p>caf=E9 &amp; "
                       "<b>bar</b></p><!-- no --><div>end</div>")
                  .preview,
              "caf\u00e9 & bar end");
    EXPECT_EQ(describe("Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=").preview, "Hello");
    EXPECT_LE(describe("\r\n" + std::string(5000, 'x')).preview.size(), 256u);
    EXPECT_EQ(describe("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: "
                       "text/html\r\n\r\n<p>h\r\n--b\r\n"
                       "\r\nplain\r\n--b--")
                  .preview,
              "plain");
}

TEST(Describe, TellsThreadsDatesAndAttachments) {
    Description d = describe(
        "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <c@x>\r\nReferences: <a@x> <b@x>\r\n"
        "Subject: Re: [list] hi\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"
        "--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b--\r\n");
    EXPECT_EQ(d.sent, 880127706);
    EXPECT_EQ(d.message_id, "c@x");
    EXPECT_EQ(d.base_subject, "hi");
    EXPECT_EQ(d.thread_key, describe("Message-ID: <a@x>\r\n\r\n").thread_key);
    EXPECT_EQ(d.thread_key, describe("In-Reply-To: <a@x>\r\nMessage-ID: <z@x>\r\n\r\n").thread_key);
    EXPECT_TRUE(d.has_attachment);
    EXPECT_FALSE(describe("\r\ntext").has_attachment);
    EXPECT_TRUE(describe("Content-Disposition: attachment\r\n\r\ntext").has_attachment);
}

TEST(Describe, APrefixCountsAsIfItWereOneText) {
    std::string prefix = "Received: by x\r\n\twith SMTP\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n";
    for (const auto& path : corpus::messages(TESTDATA "/mime")) {
        std::string message = corpus::crlf(corpus::read(path));
        Description apart = describe(message, {}, prefix);
        EXPECT_EQ(apart.encode(), describe(prefix + message).encode()) << path;
        EXPECT_EQ(apart.sent, 880127706);
    }
    Description headless = describe("no header\r\n", {}, prefix + "\r\n");
    EXPECT_EQ(headless.parts[0].body_begin, prefix.size() + 2);
    EXPECT_EQ(headless.preview, "no header");
}

TEST(Describe, RecordsComeBackAndDamagedOnesDoNot) {
    Description d = describe(
        "Date: Thu, 13 Feb 1969 23:32:54 -0330\r\nSubject: x\r\nContent-Type: multipart/x-own; "
        "boundary=b\r\n\r\n"
        "--b\r\nContent-Transfer-Encoding: x-own\r\n\r\ntext\r\n--b--\r\n");
    std::string record = d.encode();
    auto again = Description::decode(record);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->sent, d.sent);
    EXPECT_EQ(again->parts[1].encoding, "x-own");
    EXPECT_EQ(again->parts[0].type, "multipart/x-own");
    EXPECT_EQ(again->parts[1].body_end, d.parts[1].body_end);
    auto listing = Listing::decode(record);
    ASSERT_TRUE(listing);
    EXPECT_EQ(listing->body_structure, d.body_structure);
    EXPECT_EQ(listing->body, d.body);
    EXPECT_EQ(listing->envelope, d.envelope);
    for (std::size_t size = 0; size < record.size(); ++size)
        EXPECT_FALSE(Description::decode(record.substr(0, size)));
    EXPECT_FALSE(Description::decode(record + "x"));
    auto summary = Summary::decode(record);
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->envelope, d.envelope);
    EXPECT_EQ(summary->base_subject, "x");
    EXPECT_EQ(summary->sent, d.sent);
    record[0] = 3;
    EXPECT_FALSE(Description::decode(record));
    EXPECT_FALSE(Listing::decode(record));
}

TEST(Describe, KeepsWhomAMessageAnswersAndReadsRecordsThatDoNot) {
    Description d = describe(
        "Subject: Re: x\r\nMessage-ID: <c@x>\r\nReferences: <a@x>\r\n <b@x>\r\nIn-Reply-To: <z@x>\r\n\r\n");
    EXPECT_EQ(d.references, (std::vector<std::uint64_t>{thread_key("a@x"), thread_key("b@x")}));
    auto record = d.encode();
    auto summary = Summary::decode(record);  // looks into the record
    ASSERT_TRUE(summary && summary->references_known && summary->reply);
    ASSERT_EQ(summary->references(), 2u);
    EXPECT_EQ(summary->reference(1), thread_key("b@x"));
    Description answer = describe("In-Reply-To: <z@x> <y@x>\r\n\r\n");
    EXPECT_EQ(answer.references, (std::vector<std::uint64_t>{thread_key("z@x")}));
    d.references_known = false;  // a record of version 1
    record = d.encode();
    summary = Summary::decode(record);
    ASSERT_TRUE(summary);
    EXPECT_FALSE(summary->references_known);
    EXPECT_EQ(summary->message_id, "c@x");
    EXPECT_TRUE(Description::decode(record));
}

TEST(Corpus, EveryMessageHasASoundDescription) {
    auto paths = corpus::messages(TESTDATA "/mime");
    ASSERT_GT(paths.size(), 30u);
    for (const auto& path : paths) {
        std::string raw = corpus::read(path);
        for (const std::string& message : {raw, corpus::crlf(raw)}) {
            expect_sound(message, describe(message), path.filename().string());
            // Cut anywhere, as a lost connection or a damaged store would.
            for (std::size_t size = 0; size < message.size(); size += 97) {
                std::string_view cut = std::string_view{message}.substr(0, size);
                expect_sound(cut, describe(cut), path.filename().string() + " cut");
            }
        }
    }
}
