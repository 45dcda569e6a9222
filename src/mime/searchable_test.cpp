#include "mime/searchable.h"

#include <gtest/gtest.h>

using namespace postrider::mime;

namespace {

std::vector<std::string> texts(std::string_view message, const SearchLimits& limits = {}) {
    std::vector<std::string> found;
    auto visit = [&](std::string_view text) {
        found.emplace_back(text);
        return true;
    };
    each_text(message, describe(message).parts, visit, limits);
    return found;
}

}  // namespace

TEST(Searchable, TextPartsAreDecoded) {
    EXPECT_EQ(
        texts("Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
              "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
              "quoted-printable\r\n\r\ncaf=E9\r\n"
              "--b\r\nContent-Type: text/html\r\n\r\n<p>one &amp; <b>two</b>\r\n"
              "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "
              "filename*=utf-8''%C3%A4.pdf\r\n\r\nxyz\r\n"
              "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: "
              "=?utf-8?Q?in=C3=A4?=\r\n\r\ninner\r\n--b--\r\n"),
        (std::vector<std::string>{"caf\u00e9", "one & two", "\u00e4.pdf", "Subject: in\u00e4\n", "inner"}));
}

TEST(Searchable, LimitsHold) {
    std::string message = "\r\n" + std::string(1000, 'x');
    EXPECT_EQ(texts(message, {.max_part = 10})[0].size(), 10u);
    EXPECT_EQ(texts(message, {.max_total = 20})[0].size(), 20u);
}

TEST(Searchable, AVisitorMayStop) {
    std::string message =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--";
    int count = 0;
    each_text(message, describe(message).parts, [&](std::string_view) { return ++count < 1; });
    EXPECT_EQ(count, 1);
}
