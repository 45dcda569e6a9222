#include <gmock/gmock.h>

#include <fstream>

#include "admin/fixture_for_tests.h"
#include "filter/spam/generated_corpus.h"

/// Operations about who sends: bans, lists, the spam filter.
namespace postrider::admin {
namespace {

using Kind = Error::Kind;
using ::testing::HasSubstr;

TEST_F(AdminTest, ShutsNetworksOutAndLetsThemInAgain) {
    Json made =
        ok("bans add", {{"network", "192.0.2.0/24"}, {"minutes", 60}, {"reason", "guesses passwords"}});
    EXPECT_EQ(made["reason"], "guesses passwords");
    ok("bans add", {{"network", "2001:db8::1"}});
    for (int i = 0; i < 100; ++i) anti_spam->bans().note("198.51.100.1", filter::Offence::failed_login);
    Json all = ok("bans list")["bans"];
    ASSERT_EQ(all.size(), 3u);
    EXPECT_FALSE(all[1].contains("until")) << "for good";
    EXPECT_EQ(all[2]["network"], "198.51.100.1");
    EXPECT_EQ(all[2]["by_hand"], false);
    ok("bans remove", {{"network", "198.51.100.1"}});
    EXPECT_EQ(error("bans remove", {{"network", "198.51.100.1"}}), Kind::not_found);
    EXPECT_EQ(error("bans add", {{"network", "rubbish"}}), Kind::bad_value);
    EXPECT_EQ(error("bans add", {{"network", "192.0.2.7"}}), Kind::bad_value) << "it overlaps";
    EXPECT_EQ(error("bans add", {{"network", "203.0.113.1"}, {"minutes", 100'000'000}}), Kind::bad_value);
    context->anti_spam = nullptr;
    EXPECT_EQ(error("bans list"), Kind::not_running);
}

TEST_F(AdminTest, KeepsListsOfServerDomainsAndAccounts) {
    ok("account add", {{"account", "ann@example.org"}});
    ok("blacklist add", {{"pattern", "*@Bad.example"}});
    ok("blacklist add", {{"pattern", "eve@example.com"}, {"domain", "example.org"}});
    ok("whitelist add", {{"pattern", "friend@example.com"}, {"account", "ann@example.org"}});
    EXPECT_EQ(ok("blacklist list")["patterns"], Json::array({"bad.example"}));
    EXPECT_EQ(ok("blacklist list", {{"domain", "example.org"}})["patterns"],
              Json::array({"eve@example.com"}));
    EXPECT_EQ(ok("whitelist list", {{"account", "ann@example.org"}})["patterns"],
              Json::array({"friend@example.com"}));
    EXPECT_EQ(error("blacklist add", {{"pattern", "bad.example"}}), Kind::exists);
    EXPECT_EQ(error("blacklist add", {{"pattern", "a b"}}), Kind::bad_value);
    EXPECT_EQ(error("blacklist add",
                    {{"pattern", "x.example"}, {"domain", "example.org"}, {"account", "ann@example.org"}}),
              Kind::usage);
    EXPECT_EQ(error("whitelist remove", {{"pattern", "x.example"}}), Kind::not_found);
    ok("blacklist remove", {{"pattern", "bad.example"}});
    ok("blacklist reset", {{"domain", "example.org"}});
    EXPECT_TRUE(ok("blacklist list", {{"domain", "example.org"}})["patterns"].empty());
}

TEST_F(AdminTest, KnowsWhomAnAccountHasMet) {
    ok("account add", {{"account", "ann@example.org"}});
    const Json bob{{"account", "ann@example.org"}, {"address", "Bob@example.com"}};
    EXPECT_EQ(ok("collected add", bob)["released_messages"], 0);
    EXPECT_EQ(ok("collected list", {{"account", "ann@example.org"}})["addresses"][0]["address"],
              "bob@example.com");
    ok("collected remove", bob);
    EXPECT_EQ(error("collected remove", bob), Kind::not_found);
}

TEST_F(AdminTest, ConfirmsASenderByItsCode) {
    ok("account add", {{"account", "ann@example.org"}});
    const auto code =
        anti_spam->confirmation().code(id_of("ann@example.org"), *mime::parse_addr_spec("bob@example.com"));
    ASSERT_TRUE(code);
    Json bob{{"account", "ann@example.org"}, {"address", "bob@example.com"}, {"code", "wrong"}};
    EXPECT_EQ(error("collected confirm", bob), Kind::bad_value);
    bob["code"] = "confirm-" + *code;
    EXPECT_EQ(ok("collected confirm", bob)["released_messages"], 0);
    EXPECT_EQ(ok("collected list", {{"account", "ann@example.org"}})["addresses"].size(), 1U);
    bob["address"] = "eve@example.com";
    EXPECT_EQ(error("collected confirm", bob), Kind::bad_value) << "the code is one sender's";
}

TEST_F(AdminTest, TeachesTheSpamFilterAndAsksIt) {
    filter::GeneratedCorpus corpus{1};
    Json wanted = Json::array(), spam = Json::array();
    for (int i = 0; i < 40; ++i)
        for (bool is_spam : {false, true}) {
            const auto file = (scratch.path() / (std::to_string(i) + (is_spam ? ".spam" : ".ham"))).string();
            std::ofstream{file} << (is_spam ? corpus.spam() : corpus.ham());
            (is_spam ? spam : wanted).push_back(file);
        }
    EXPECT_EQ(ok("spam learn", {{"class", "spam"}, {"file", spam}})["learned"], 40);
    EXPECT_EQ(ok("spam learn", {{"class", "wanted"}, {"file", wanted}})["learned"], 40);
    EXPECT_EQ(ok("spam status")["spam_messages"], 40);
    EXPECT_GE(ok("spam test", {{"file", spam[0]}})["level"], 7);
    EXPECT_EQ(ok("spam test", {{"file", wanted[0]}})["level"], 1);
    EXPECT_EQ(error("spam test", {{"file", "/nonexistent"}}), Kind::not_found);
    EXPECT_EQ(error("spam learn", {{"class", "spam"}}), Kind::usage);
    EXPECT_EQ(error("spam learn", {{"class", "eggs"}, {"file", spam}}), Kind::bad_value);
    ok("account add", {{"account", "ann@example.org"}});
    EXPECT_EQ(ok("spam learn",
                 {{"class", "spam"}, {"account", "ann@example.org"}, {"folder", "INBOX"}})["messages"],
              0);
    ok("spam reset");
    EXPECT_EQ(ok("spam status")["spam_messages"], 0);
}

}  // namespace
}  // namespace postrider::admin
