#include "settings/inherit.h"

#include <gtest/gtest.h>

#include "settings/account.h"

namespace postrider::settings {
namespace {

struct Chain {
    Overrides server, domain, account_class, account;
    std::vector<Level> levels() const {
        return {{Scope::server, &server},
                {Scope::domain, &domain},
                {Scope::account_class, &account_class},
                {Scope::account, &account}};
    }
    Effective<AccountSettings> effective() const { return settings::effective(account_table(), levels()); }
};

TEST(Inheritance, TheInnermostExplicitValueCounts) {
    Chain chain;
    EXPECT_EQ(chain.effective().values, AccountSettings{});
    EXPECT_EQ(chain.effective().from("mboxCount"), std::nullopt);
    ASSERT_TRUE(chain.server.set(account_table(), "totalMessageSize", "1000"));
    ASSERT_TRUE(chain.domain.set(account_table(), "TOTALMESSAGESIZE", "2000"));
    ASSERT_TRUE(chain.domain.set(account_table(), "services", "(imap)"));
    ASSERT_TRUE(chain.account_class.set(account_table(), "totalMessageSize", "3000"));
    ASSERT_TRUE(chain.account.set(account_table(), "imapConnectionCount", "3"));
    auto all = chain.effective();
    EXPECT_EQ(all.values.total_message_size_kb, 3000U);
    EXPECT_EQ(all.from("totalMessageSize"), Scope::account_class);
    EXPECT_EQ(all.values.services, Set<AccountService>{AccountService::imap});
    EXPECT_EQ(all.from("services"), Scope::domain);
    EXPECT_EQ(all.values.imap_connection_count, 3U);
    EXPECT_EQ(all.from("imapConnectionCount"), Scope::account);
}

TEST(Inheritance, ResetBringsBackTheLevelAbove) {
    Chain chain;
    ASSERT_TRUE(chain.domain.set(account_table(), "mboxCount", "10"));
    ASSERT_TRUE(chain.account.set(account_table(), "mboxCount", "20"));
    EXPECT_EQ(chain.effective().values.mbox_count, 20U);
    EXPECT_TRUE(chain.account.reset("MboxCount"));
    EXPECT_FALSE(chain.account.reset("mboxCount"));
    EXPECT_EQ(chain.effective().values.mbox_count, 10U);
    EXPECT_EQ(chain.effective().from("mboxCount"), Scope::domain);
}

TEST(Inheritance, AnExplicitDefaultIsStillExplicit) {
    Chain chain;
    ASSERT_TRUE(chain.domain.set(account_table(), "mboxCount", "10"));
    ASSERT_TRUE(chain.account.set(account_table(), "mboxCount", "0"));
    EXPECT_EQ(chain.effective().values.mbox_count, 0U);
    EXPECT_EQ(chain.effective().from("mboxCount"), Scope::account);
}

TEST(Inheritance, ALevelMayBeMissing) {
    Overrides domain;
    ASSERT_TRUE(domain.set(account_table(), "mboxCount", "10"));
    const Level levels[] = {{Scope::domain, &domain}, {Scope::account_class, nullptr}};
    EXPECT_EQ(effective_values(account_table(), levels).mbox_count, 10U);
}

TEST(Overrides, RefuseWhatTheTableRefuses) {
    Overrides values;
    auto set = values.set(account_table(), "imapConnectionCount", "1000");
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().problem, "1000 is out of range");
    EXPECT_EQ(set.error().allowed, "1 to 999");
    EXPECT_EQ(values.set(account_table(), "colour", "blue").error().problem,
              "there is no setting \"colour\"");
    EXPECT_EQ(values.set(account_table(), "services", "(imap webmail)").error().problem,
              "not in this build: webmail");
    EXPECT_FALSE(values.set(account_table(), "services", "(imap"));
    EXPECT_TRUE(values.empty());
}

TEST(Overrides, KeepTheFilesSpelling) {
    Overrides values;
    ASSERT_TRUE(values.set(account_table(), "passunchangeable", "TRUE"));
    ASSERT_TRUE(values.set(account_table(), "requiredPasswordCharacters", "(digits, LOWER)"));
    ASSERT_TRUE(values.set(account_table(), "passUnchangeable", "no"));
    EXPECT_EQ(values.all(),
              (std::vector<std::pair<std::string, std::string>>{
                  {"passUnchangeable", "no"}, {"requiredPasswordCharacters", "(lower digits)"}}));
    EXPECT_EQ(values.find("PASSUNCHANGEABLE"), "no");
}

TEST(Overrides, ComeBackFromTheirBytes) {
    Overrides values;
    EXPECT_EQ(Overrides::decode(values.encode()), values);
    ASSERT_TRUE(values.set(account_table(), "mboxCount", "5"));
    ASSERT_TRUE(values.set(account_table(), "services", "()"));
    std::string bytes = values.encode();
    EXPECT_EQ(bytes, std::string("\x01\x02\x09mboxCount\x01"
                                 "5\x08services\x02()",
                                 26));
    EXPECT_EQ(Overrides::decode(bytes), values);
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(Overrides::decode(bytes.substr(0, i))) << i;
    EXPECT_FALSE(Overrides::decode(bytes + "x"));
    EXPECT_FALSE(Overrides::decode("\x02"));
    EXPECT_FALSE(Overrides::decode(std::string("\x01\xff\xff\xff\xff\x0f", 6)));
}

TEST(Overrides, OfANewerServerAreKeptButDoNotCount) {
    std::string bytes(
        "\x01\x02\x09mboxCount\x03"
        "abc\x06newOne\x01"
        "1",
        25);
    auto values = Overrides::decode(bytes);
    ASSERT_TRUE(values);
    const Level levels[] = {{Scope::account, &*values}};
    auto all = effective(account_table(), levels);
    EXPECT_EQ(all.values, AccountSettings{});
    EXPECT_EQ(all.from("mboxCount"), std::nullopt);
    EXPECT_EQ(values->encode(), bytes);
}

}  // namespace
}  // namespace postrider::settings
