#include "admin/control.h"

#include <gtest/gtest.h>

#include "admin/present.h"

namespace postrider::admin {
namespace {

TEST(ControlLanguage, ReadsWhatItWrites) {
    Request request{"account add", {{"account", "ann@example.org"}, {"alias", {"a", "b"}}}};
    std::string line = request_line(request);
    ASSERT_TRUE(line.ends_with('\n'));
    auto read = parse_request(line);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->operation, request.operation);
    EXPECT_EQ(read->arguments, request.arguments);

    auto note = parse_answer(progress_line({"records", 42}));
    ASSERT_TRUE(std::holds_alternative<ProgressNote>(note));
    EXPECT_EQ(std::get<ProgressNote>(note).percent, 42);
    auto failed =
        std::get<Result>(parse_answer(answer_line(std::unexpected(Error{Error::Kind::in_use, "so it is"}))));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, Error::Kind::in_use);
    EXPECT_EQ(failed.error().what, "so it is");
}

TEST(ControlLanguage, RefusesWhatIsNoRequest) {
    for (std::string_view line :
         {"", "null", "[]", "{}", "{\"operation\":5}", "{\"operation\":\"a\",\"arguments\":[]}",
          "{\"operation\":\"a\"", "\xff\xfe", "{\"operation\":\"a\"}}"}) {
        auto read = parse_request(line);
        EXPECT_FALSE(read) << line;
    }
    std::string deep =
        "{\"operation\":\"a\",\"arguments\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    EXPECT_FALSE(parse_request(deep));
}

TEST(ControlLanguage, SendsOctetsThatAreNotUtf8AsReplacements) {
    EXPECT_EQ(answer_line(Json{{"name", "\xff"}}), "{\"result\":{\"name\":\"\xef\xbf\xbd\"}}\n");
}

TEST(Presentation, AlignsTablesAndNamesValues) {
    Json json{{"count", 2},
              {"on", true},
              {"rows", {{{"name", "a"}, {"size", 10}}, {{"name", "longer"}, {"size", 5}}}}};
    EXPECT_EQ(present(json),
              "count = 2\n"
              "on    = yes\n"
              "\n"
              "name    size\n"
              "a         10\n"
              "longer     5\n");
    EXPECT_EQ(present(Json::object()), "");
}

TEST(Presentation, ShowsNoControlCharacters) {
    EXPECT_EQ(present(Json{{"name", "a\x1b[2Jb\xc2\x9b"}}), "name = a?[2Jb?\n");
}

}  // namespace
}  // namespace postrider::admin
