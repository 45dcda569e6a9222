#include "admin/log_story.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/test_folder.h"

namespace postrider::admin {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// One line at the given second of noon.
std::string at(int second, std::string_view rest) {
    std::string text = "2026-11-20 12:00:00 +0000 08 mx ";
    text[17] = static_cast<char>('0' + second / 10);
    text[18] = static_cast<char>('0' + second % 10);
    return text.append(rest).append("\n");
}

class LogStory : public testing::Test {
protected:
    void SetUp() override {
        std::ofstream out{folder_.path() / "default.txt"};
        out << at(0, "SERVER:00000000: Postrider is running")
            << at(1, "SMTP-IN:00000001: [10.0.0.1:25] connection accepted from [192.0.2.7:5000]")
            << at(1, "SMTP-IN:00000002: [10.0.0.1:25] connection accepted from [192.0.2.8:5000]")
            << at(2,
                  "SMTP-IN:00000001: New mail <a@x> received from h (192.0.2.7) with envelope from "
                  "<Ann@example.org>, recipients=1 (bob@example.net), size=1, enqueued with id 00001F")
            << at(2, "PROCESSING:0000001F: Start processing mail")
            << at(2, "PROCESSING:00000020: Start processing mail")
            << at(3, "SMTP-OUT:00000009: Relaying mail 00001F to mx.example.net [198.51.100.1]")
            << at(3,
                  "SMTP-IN:00000001: New mail <b@x> received from h (192.0.2.7) with envelope from "
                  "<ann@example.org>, recipients=1 (eve@example.net), size=1, enqueued with id 000020")
            << at(4, "SMTP-IN:00000002: Refused <bob@example.net> from [192.0.2.8]: relaying denied")
            << at(4, "SMTP-IN:00000002: Connection closed")
            << at(5, "PROCESSING:0000001F: Mail removed from queue")
            << at(6, "SMTP-IN:00000001: Connection closed");
    }
    std::vector<Story> find(const StoryQuery& query) {
        auto stories = find_stories(folder_.path(), query);
        EXPECT_TRUE(stories) << stories.error();
        return stories ? *stories : std::vector<Story>{};
    }
    TestFolder folder_;
};

TEST_F(LogStory, FollowsAQueueEntryThroughAllServices) {
    StoryQuery query;
    query.queue_id = "1f";
    auto stories = find(query);
    ASSERT_THAT(stories, SizeIs(1));
    EXPECT_EQ(stories[0].queue_id, "00001F");
    EXPECT_THAT(stories[0].lines,
                ElementsAre(HasSubstr("connection accepted from [192.0.2.7"), HasSubstr("<a@x>"),
                            HasSubstr("Start processing"), HasSubstr("Relaying"), HasSubstr("removed")));
}

TEST_F(LogStory, TellsTheMessagesOfOneSessionApart) {
    StoryQuery query;
    query.sender = "ann@example.org";
    query.recipient = "eve@";
    auto stories = find(query);
    ASSERT_THAT(stories, SizeIs(1));
    EXPECT_EQ(stories[0].queue_id, "000020");
    EXPECT_THAT(stories[0].lines, ElementsAre(HasSubstr("0000020: Start"), HasSubstr("<b@x>")));
}

TEST_F(LogStory, FindsWhatWasRefused) {
    StoryQuery query;
    query.recipient = "bob@example.net";
    query.client = "192.0.2.8";
    auto stories = find(query);
    ASSERT_THAT(stories, SizeIs(1));
    EXPECT_EQ(stories[0].queue_id, "");
    EXPECT_THAT(stories[0].lines, SizeIs(3));
}

TEST_F(LogStory, KeepsTheLatestOfMany) {
    StoryQuery query;
    query.client = "192.0.2.";
    query.max_stories = 1;
    auto stories = find(query);
    ASSERT_THAT(stories, SizeIs(1));
    EXPECT_THAT(stories[0].lines, Contains(HasSubstr("relaying denied")));
}

TEST_F(LogStory, SaysNothingOfOtherTimes) {
    StoryQuery query;
    query.queue_id = "1F";
    query.since = Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + std::chrono::hours{13}};
    EXPECT_THAT(find(query), SizeIs(0));
}

TEST(LogStoryFolder, ThatIsNotThereIsSaid) {
    EXPECT_THAT(find_stories("/nowhere/at/all", StoryQuery{}).error(), HasSubstr("/nowhere/at/all"));
}

}  // namespace
}  // namespace postrider::admin
