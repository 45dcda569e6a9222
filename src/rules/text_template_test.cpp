#include "rules/text_template.h"

#include <gtest/gtest.h>

#include "mime/header.h"
#include "text/quoted_printable.h"

namespace postrider::rules {
namespace {

TEST(TextTemplate, ReplacesWhatItKnowsAndLeavesTheRest) {
    const Placeholders values{{"ACCOUNT", "ann@example.org"}, {"USED", "%ACCOUNT%"}};
    EXPECT_EQ(fill_in("%ACCOUNT% %account% 100%% %NONE% %", values),
              "ann@example.org ann@example.org 100% %NONE% %");
    EXPECT_EQ(fill_in("%USED%", values), "%ACCOUNT%");
    EXPECT_EQ(fill_in("", values), "");
}

OwnMessage about() {
    return {{"postmaster", "example.org"},
            {"ann", "example.org"},
            "Mail server",
            "mail.example.org",
            "n.1",
            Time{std::chrono::seconds{1'800'000'000}}};
}

std::string body_of(const std::string& message) {
    return text::decode_quoted_printable(std::string_view{message}.substr(mime::header_size(message)));
}

TEST(TextTemplate, ATextWithoutHeaderGetsTheUsualSubject) {
    std::string message =
        own_message(about(), "Nearly full: %X%", "Note: all of it is text\n\nX=%X%\n", {{"X", "9"}});
    EXPECT_NE(message.find("\r\nSubject: Nearly full: 9\r\n"), std::string::npos);
    EXPECT_NE(message.find("\r\nAuto-Submitted: auto-generated\r\n"), std::string::npos);
    EXPECT_EQ(body_of(message), "Note: all of it is text\r\n\r\nX=9\r\n");
}

TEST(TextTemplate, AHeaderOfTheTextCountsAndNothingMakesASecondField) {
    std::string message =
        own_message(about(), "x", "Subject: Zu %X%\nContent-Type: text/html\nBcc: a@b.c\n\n<p>%X%</p>\n",
                    {{"X", "<\xc3\xbc>\r\nBcc: evil@example.net"}});
    std::string_view header = std::string_view{message}.substr(0, mime::header_size(message));
    EXPECT_FALSE(mime::find_field(header, "Bcc"));
    EXPECT_EQ(mime::find_fields(header, "Subject").size(), 1u);
    EXPECT_NE(header.find("text/html"), std::string_view::npos);
    EXPECT_EQ(body_of(message).substr(0, 16), "<p>&lt;\xc3\xbc&gt;\r\nB");
}

}  // namespace
}  // namespace postrider::rules
