#include "mime/seven_bit.h"

#include <gtest/gtest.h>

namespace postrider::mime {
namespace {

using namespace std::string_literals;

TEST(SevenBit, LeavesAloneWhatFits) {
    const std::string plain = "Subject: x\r\nContent-Type: text/plain\r\n\r\nhello\r\n";
    EXPECT_EQ(to_seven_bit(plain).value(), plain);
    EXPECT_EQ(to_seven_bit("").value(), "");
}

TEST(SevenBit, MakesTextQuotedPrintableAndTheRestBase64) {
    // RFC 6152 §3
    EXPECT_EQ(to_seven_bit("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n\r\nd\xc3\xb6rte = gut\r\n")
                  .value(),
              "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n\r\nd=C3=B6rte =3D gut\r\n");
    EXPECT_EQ(to_seven_bit("MIME-Version: 1.0\r\nContent-Type: image/png\r\n"
                           "Content-Transfer-Encoding: binary\r\n\r\n\x89PNG\0\n"s)
                  .value(),
              "MIME-Version: 1.0\r\nContent-Type: image/png\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\niVBORwAK\r\n");
}

TEST(SevenBit, SaysThatNobodyKnowsTheCharsetOfABodyWithoutMime) {
    // RFC 1428 §3
    EXPECT_EQ(to_seven_bit("Subject: x\r\n\r\n\xf6\r\n").value(),
              "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n\r\n=F6\r\n");
}

TEST(SevenBit, GoesIntoPartsAndMessagesAndTouchesOnlyWhatNeedsIt) {
    const std::string in =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\npre\xc3\xa4mble\r\n--a b\r\n"
        "Content-Type: text/plain\r\n\r\nplain\r\n--a b  \r\n"
        "Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\r\n\xc3\xa4\r\n--in--\r\n"
        "--a b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n\xc3\xb6\r\n--a b--\r\nend\r\n";
    EXPECT_EQ(to_seven_bit(in).value(),
              "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n"
              "Content-Transfer-Encoding: 7bit\r\n\r\npre??mble\r\n--a b\r\n"
              "Content-Type: text/plain\r\n\r\nplain\r\n--a b\r\n"
              "Content-Type: multipart/alternative; boundary=in\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
              "--in\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n--in--\r\n"
              "--a b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
              "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=B6\r\n--a b--\r\nend\r\n");
}

TEST(SevenBit, DoesNotTouchWhatIsSigned) {
    const std::string part =
        "\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\n\xc3\xb6\r\n--s\r\n\r\nsig\r\n--s--\r\n";
    EXPECT_EQ(to_seven_bit("Content-Type: multipart/signed; boundary=s" + part).error(),
              SevenBitProblem::signed_part);
    EXPECT_EQ(to_seven_bit("Content-Type: message/partial; id=x; number=1\r\n\r\n\xc3\xb6\r\n").error(),
              SevenBitProblem::no_encoding);
    std::string ascii = "Content-Type: multipart/signed; boundary=s" + part;
    ascii.replace(ascii.find("\xc3\xb6"), 2, "oe");
    EXPECT_EQ(to_seven_bit(ascii).value(), ascii);
}

TEST(SevenBit, GivesUpOnPartsWithoutEnd) {
    std::string deep;
    for (int i = 0; i < 300; ++i) deep += "Content-Type: message/rfc822\r\n\r\n";
    EXPECT_EQ(to_seven_bit(deep + "\r\n\xc3\xb6\r\n").error(), SevenBitProblem::too_deep);
}

TEST(SevenBit, KnowsWhatIsBinary) {
    EXPECT_FALSE(is_binary("a\r\nb\r\n"));
    for (const std::string& octets : {"a\nb"s, "a\rb"s, "\0"s, "a\r"s, "a\r\r\n"s})
        EXPECT_TRUE(is_binary(octets));
    EXPECT_TRUE(has_eight_bit(std::string(100, 'x') + "\x80"));
    EXPECT_TRUE(has_eight_bit("\x80" + std::string(100, 'x')));
    EXPECT_FALSE(has_eight_bit(std::string(1000, '\x7f')));
}

}  // namespace
}  // namespace postrider::mime
