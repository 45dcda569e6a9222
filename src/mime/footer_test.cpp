#include "mime/footer.h"

#include <gtest/gtest.h>

#include "mime/description.h"
#include "mime/header.h"
#include "mime/section.h"

namespace postrider::mime {
namespace {

const Footer ascii{"Example Ltd", "<p>Example Ltd</p>"};
const Footer umlaut{"K\xc3\xb6ln", "<p>K\xc3\xb6ln</p>"};

std::string with(std::string_view message, const Footer& footer) {
    return append_footer(message, footer).value_or("unchanged");
}

std::string part(const std::string& message, std::vector<std::uint32_t> path) {
    return read_binary(message, describe(message).parts, path).value();
}

TEST(Footer, GoesBelowPlainTextAndTouchesNothingElse) {
    EXPECT_EQ(with("From: a@b.c\r\nSubject: x\r\n\r\nHello\r\n", ascii),
              "From: a@b.c\r\nSubject: x\r\n\r\nHello\r\n\r\nExample Ltd\r\n");
    EXPECT_EQ(with("Subject: x\r\n\r\nno line end", ascii),
              "Subject: x\r\n\r\nno line end\r\n\r\nExample Ltd\r\n");
}

TEST(Footer, LabelsAndEncodesWhatNeedsIt) {
    EXPECT_EQ(with("Subject: x\r\n\r\nHello\r\n", umlaut),
              "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
              "quoted-printable\r\n"
              "MIME-Version: 1.0\r\n\r\nHello\r\n\r\nK=C3=B6ln\r\n");
    std::string latin = with(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1; format=flowed\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\nSch\xf6n\r\n",
        umlaut);
    EXPECT_NE(latin.find("Content-Type: text/plain; charset=utf-8;\r\n\tformat=\"flowed\"\r\n"),
              std::string::npos);
    EXPECT_NE(latin.find("Content-Transfer-Encoding: 8bit\r\n"), std::string::npos);
    EXPECT_TRUE(latin.ends_with("Sch\xc3\xb6n\r\n\r\nK\xc3\xb6ln\r\n"));
    // US-ASCII fits every charset that we append to: the label stays.
    std::string same = with(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\nSch\xf6n\r\n",
        ascii);
    EXPECT_TRUE(same.ends_with("Sch\xf6n\r\n\r\nExample Ltd\r\n"));
    EXPECT_NE(same.find("iso-8859-1"), std::string::npos);
}

TEST(Footer, KeepsBase64AndQuotedPrintable) {
    std::string coded = with(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nSGFsbG8NCg==\r\n",
        umlaut);
    EXPECT_NE(coded.find("base64"), std::string::npos);
    EXPECT_EQ(part(coded, {1}), "Hallo\r\n\r\nK\xc3\xb6ln\r\n");
    std::string quoted = with(
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><BODY>H=E4</BODY></html>\r\n",
        umlaut);
    EXPECT_EQ(part(quoted, {1}), "<html><BODY>H\xe4\r\n<p>K&#246;ln</p>\r\n</BODY></html>\r\n");
}

TEST(Footer, ReadsUtf16AsUtf8) {
    std::string message = with(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-16le\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nSABpAA==\r\n",
        ascii);
    EXPECT_NE(message.find("charset=utf-8"), std::string::npos);
    EXPECT_EQ(part(message, {1}), "Hi\r\n\r\nExample Ltd\r\n");
}

constexpr std::string_view mixed =
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    "--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
    "--a\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
    "--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
    "--r\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n"
    "--r\r\nContent-Type: text/plain\r\nContent-ID: <x>\r\n\r\nnot a body\r\n--r--\r\n"
    "--a--\r\n"
    "--m\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nattached\r\n"
    "--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--m--\r\n";

TEST(Footer, FindsTheTextsOfAlternativesInMixedMail) {
    std::string message = with(mixed, ascii);
    EXPECT_EQ(part(message, {1, 1}), "plain\r\n\r\nExample Ltd");
    EXPECT_EQ(part(message, {1, 2, 1}), "<b>html</b>\r\n<p>Example Ltd</p>");
    EXPECT_EQ(part(message, {1, 2, 2}), "not a body");
    EXPECT_EQ(part(message, {2}), "attached");
    EXPECT_NE(message.find("\r\n\r\ninner text\r\n--m--"), std::string::npos);
    EXPECT_EQ(describe(message).parts.size(), describe(mixed).parts.size());
}

TEST(Footer, IsNotAppendedTwice) {
    std::string once = with(mixed, ascii);
    EXPECT_FALSE(append_footer(once, ascii));
    std::string html = with("MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<body>x</body>\r\n", umlaut);
    EXPECT_FALSE(append_footer(html, umlaut));
}

TEST(Footer, LeavesSignedAndEncryptedMailAlone) {
    const std::string_view cases[] = {
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nx\r\n--s\r\n"
        "Content-Type: application/pgp-signature\r\n\r\ny\r\n--s--\r\n",
        "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nx\r\n",
        "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=s\r\n\r\n--s\r\n\r\nx\r\n--s--\r\n",
        "Subject: x\r\n\r\nHi\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nx\r\n",
        "MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tDQo=\r\n",
        "DKIM-Signature: v=1\r\nSubject: x\r\n\r\nHi\r\n",
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=s\r\n\r\n--s\r\n\r\nx\r\n--s--\r\n",
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=s\r\n\r\n--s\r\n\r\nx\r\n--s\r\n"
        "Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/signed; "
        "boundary=t\r\n\r\n--t\r\n\r\nx\r\n--t--\r\n"
        "--s--\r\n",
    };
    for (std::string_view message : cases) EXPECT_FALSE(append_footer(message, ascii)) << message;
}

TEST(Footer, LeavesWhatHasNoTextOrThatItCannotReadAlone) {
    const std::string_view cases[] = {
        "Subject: no body\r\n",
        "MIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\r\nx\r\n",
        "MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: x-uue\r\n\r\nx\r\n",
        "MIME-Version: 1.0\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n",
    };
    for (std::string_view message : cases) EXPECT_FALSE(append_footer(message, ascii)) << message;
    EXPECT_FALSE(append_footer("Subject: x\r\n\r\nHi\r\n", {}));
}

TEST(Footer, NeverWritesADelimiter) {
    EXPECT_FALSE(
        append_footer("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"m\"\r\n\r\n"
                      "--m\r\n\r\nx\r\n--m--\r\n",
                      {"fine\n--m--\n", ""}));
}

/// The line end before a delimiter is that of the header when a part is empty (found by footer_fuzz).
TEST(Footer, KeepsTheDelimiterBehindAnEmptyPart) {
    const std::string message =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\n--b\r\n\r\nsecond\r\n--b--\r\n";
    ASSERT_EQ(describe(message).parts.size(), 3u);
    for (const Footer& footer : {ascii, umlaut}) {
        const std::string changed = with(message, footer);
        EXPECT_EQ(describe(changed).parts.size(), 3u) << changed;
        EXPECT_NE(changed.find("\r\n--b\r\n\r\nsecond"), std::string::npos) << changed;
    }
}

TEST(Footer, KeepsABoundaryWithWhichTheMessageBreaksOff) {
    const std::string message =
        "Content-Type: multipart/alternative; boundary=b\r\nMIME-Version: 1.0\r\n\r\n--b\r\n\r\none\r\n--b";
    const auto changed = append_footer(message, {"",
                                                 "<p>F\xc3\xbc\xc3\x9f"
                                                 "e</p>"});
    ASSERT_TRUE(changed);
    EXPECT_EQ(describe(*changed).parts.size(), describe(message).parts.size()) << *changed;
    const std::string in_its_header =
        "Content-Type: multipart/alternative; boundary=b\r\nMIME-Version: 1.0\r\n\r\n--b\r\n"
        "Content-Type: multipart/alternative; boundary=c\r\n--b\r\n\r\none\r\n--b--\r\n";
    const auto second = append_footer(in_its_header, {"",
                                                      "<p>F\xc3\xbc\xc3\x9f"
                                                      "e</p>"});
    ASSERT_TRUE(second);
    EXPECT_EQ(describe(*second).parts.size(), describe(in_its_header).parts.size()) << *second;
}

TEST(Footer, StuffsFlowedLines) {
    std::string message =
        with("MIME-Version: 1.0\r\nContent-Type: text/plain; format=flowed\r\n\r\nflow \r\n",
             {"-- \nFrom us \n>x", ""});
    EXPECT_TRUE(message.ends_with("flow \r\n\r\n-- \r\n From us\r\n >x\r\n")) << message;
}

TEST(Footer, MakesOneFormFromTheOther) {
    EXPECT_EQ(plain_text_of("<p>A &amp; B</p>\n<div>C<br>D</div>"), "A & B\nC\nD");
    std::string html =
        with("MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n", {"A & B\nC", ""});
    EXPECT_NE(html.find("<div>A &amp; B<br>\r\nC</div>"), std::string::npos) << html;
    std::string text = with("Subject: x\r\n\r\nx\r\n", {"", "<p>A &lt; B</p>"});
    EXPECT_TRUE(text.ends_with("\r\n\r\nA < B\r\n")) << text;
}

}  // namespace
}  // namespace postrider::mime
