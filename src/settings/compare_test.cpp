#include "settings/compare.h"

#include <gmock/gmock.h>

#include "settings/test_root.h"

namespace postrider::settings {
namespace {

using test::Root;

std::vector<std::string> keys(const Root& a, const Root& b) {
    std::vector<std::string> all;
    for (const Difference& one : differences(test::root_table(), &a, &b))
        all.push_back(one.key + (one.restart ? "!" : ""));
    return all;
}

TEST(Differences, NameEachSettingThatDiffers) {
    Root a, b;
    EXPECT_TRUE(keys(a, b).empty());
    b.imap.greeting = "other";
    b.imap.service.max_errors = 3;
    b.server.log.path = "elsewhere";
    EXPECT_THAT(keys(a, b),
                testing::UnorderedElementsAre("imap.greetingsText", "imap.maxErrors", "log.path"));
}

TEST(Differences, LookIntoSetsAndNameTheSet) {
    Root a, b;
    b.imap.listeners[0].rules.deny.push_back({"10.0.0.0/8", true, 1});
    EXPECT_THAT(keys(a, b), testing::ElementsAre("imap.listeners"));
    b = a;
    b.imap.listeners.push_back({});
    EXPECT_THAT(keys(a, b), testing::ElementsAre("imap.listeners"));
}

TEST(Differences, SayWhatNeedsARestart) {
    Root a, b;
    b.server.domains.push_back({});
    EXPECT_THAT(keys(a, b), testing::ElementsAre("domainStorageParams!"));
    b = a;
    b.server.server_name = "new.example.org";
    EXPECT_THAT(keys(a, b), testing::ElementsAre("serverName"));
}

}  // namespace
}  // namespace postrider::settings
