#include <gtest/gtest.h>

#include "directory/records.h"
#include "directory/test_directory.h"

namespace postrider::directory {
namespace {

using namespace std::chrono_literals;

bool reaches(TestDirectory& house, const std::string& local, AccountId id) {
    auto route = house.directory->route({local, "example.org"});
    auto* mailbox = std::get_if<Mailbox>(&route);
    return mailbox != nullptr && mailbox->account->id == id;
}
bool unknown(TestDirectory& house, const std::string& local) {
    return std::holds_alternative<Unknown>(house.directory->route({local, "example.org"}));
}

TEST(TemporaryAlias, WorksUntilItExpiresAndNotForTheCatchAllAfterwards) {
    TestDirectory house;
    AccountId ann = house.account("ann"), bob = house.account("bob");
    ASSERT_TRUE(house.directory->set_catch_all(house.domain, Domain::CatchAll::account, "bob"));
    auto made = house.directory->add_temporary_alias(ann, "", 3600s);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->name.size(), 12u);
    EXPECT_TRUE(reaches(house, made->name, ann));
    EXPECT_FALSE(house.directory->login_name(made->name + "@example.org"));
    house.reopen();
    house.directory->set_primary_domain("example.org");
    EXPECT_TRUE(reaches(house, made->name, ann));
    house.clock.advance(3600s);
    EXPECT_TRUE(unknown(house, made->name));
    EXPECT_TRUE(reaches(house, "somebody", bob));
}

TEST(TemporaryAlias, IsNobodyElsesForThirtyDays) {
    TestDirectory house;
    AccountId ann = house.account("ann"), bob = house.account("bob");
    ASSERT_TRUE(house.directory->add_temporary_alias(ann, "shop", 60s));
    EXPECT_EQ(house.directory->add_temporary_alias(bob, "SHOP", 60s).error().kind, DirectoryError::exists);
    ASSERT_TRUE(house.directory->remove_temporary_alias(ann, "Shop"));
    EXPECT_TRUE(unknown(house, "shop"));
    EXPECT_FALSE(house.directory->remove_temporary_alias(ann, "shop"));
    EXPECT_FALSE(house.directory->add_temporary_alias(bob, "shop", 60s));
    EXPECT_FALSE(house.directory->add_account_alias(bob, "shop"));
    ASSERT_TRUE(house.directory->add_temporary_alias(ann, "shop", 60s));  // its own again
    house.clock.advance(60s + std::chrono::hours{24 * 30} - 1s);
    EXPECT_EQ(house.directory->sweep_temporary_aliases(), 0u);
    house.clock.advance(1s);
    EXPECT_EQ(house.directory->sweep_temporary_aliases(), 1u);
    EXPECT_TRUE(house.directory->account(ann).value()->temporary.empty());
    EXPECT_TRUE(house.directory->add_temporary_alias(bob, "shop", 60s));
    EXPECT_TRUE(reaches(house, "shop", bob));
}

TEST(TemporaryAlias, KeepsToTheLimitsOfTheAccount) {
    TestDirectory house;
    AccountId ann = house.account("ann");
    auto level = SettingsLevel::account(ann);
    ASSERT_TRUE(house.directory->set_value(level, "temporaryAliasesCount", "2"));
    ASSERT_TRUE(house.directory->set_value(level, "temporaryAliasesInterval", "1"));
    EXPECT_FALSE(house.directory->add_temporary_alias(ann, "a", 86'401s));
    EXPECT_FALSE(house.directory->add_temporary_alias(ann, "a", 0s));
    EXPECT_FALSE(house.directory->add_temporary_alias(ann, "ann", 60s));
    EXPECT_FALSE(house.directory->add_temporary_alias(ann, "no good", 60s));
    ASSERT_TRUE(house.directory->add_temporary_alias(ann, "a", 60s));
    ASSERT_TRUE(house.directory->add_temporary_alias(ann, "a", 86'400s));  // longer, not one more
    ASSERT_TRUE(house.directory->add_temporary_alias(ann, "b", 60s));
    EXPECT_FALSE(house.directory->add_temporary_alias(ann, "c", 60s));
    house.clock.advance(60s);
    EXPECT_TRUE(house.directory->add_temporary_alias(ann, "c", 60s));
}

TEST(TemporaryAlias, BecomesLastingAsAnAliasAndGoesWithTheAccount) {
    TestDirectory house;
    AccountId ann = house.account("ann");
    ASSERT_TRUE(house.directory->add_temporary_alias(ann, "a", 60s));
    ASSERT_TRUE(house.directory->add_temporary_alias(ann, "b", 60s));
    ASSERT_TRUE(house.directory->add_account_alias(ann, "a"));
    house.clock.advance(61s);
    EXPECT_TRUE(reaches(house, "a", ann));
    ASSERT_TRUE(house.directory->delete_account(ann));
    house.account("b");
    house.clock.advance(std::chrono::hours{24 * 31});
    EXPECT_EQ(house.directory->sweep_temporary_aliases(), 0u);
}

TEST(Appender, IsKeptWithTheDomain) {
    TestDirectory house;
    DomainChange change;
    change.appender = Appender{true, true, "text", "<p>html</p>"};
    ASSERT_TRUE(house.directory->change_domain(house.domain, change));
    house.reopen();
    EXPECT_EQ(*house.directory->domain(house.domain)->appender, *change.appender);
    change.appender->text = "\xff";
    EXPECT_FALSE(house.directory->change_domain(house.domain, change));
    change.appender->text = std::string(65'537, 'x');
    EXPECT_FALSE(house.directory->change_domain(house.domain, change));
}

TEST(AssignedIp, IsKeptWithTheDomain) {
    TestDirectory house;
    DomainChange change;
    change.assigned_ip = "2001:DB8::1";
    ASSERT_TRUE(house.directory->change_domain(house.domain, change));
    house.reopen();
    EXPECT_EQ(house.directory->domain(house.domain)->assigned_ip, "2001:db8::1");
    EXPECT_FALSE(house.directory->domain(house.domain)->appender);
    change.assigned_ip = "192.0.2.300";
    EXPECT_FALSE(house.directory->change_domain(house.domain, change));
    change.assigned_ip = "192.0.2.3";
    change.appender = Appender{true, false, "text", ""};
    ASSERT_TRUE(house.directory->change_domain(house.domain, change));
    house.reopen();
    EXPECT_EQ(house.directory->domain(house.domain)->assigned_ip, "192.0.2.3");
    EXPECT_EQ(*house.directory->domain(house.domain)->appender, *change.appender);
    change.assigned_ip = "";
    ASSERT_TRUE(house.directory->change_domain(house.domain, change));
    house.reopen();
    EXPECT_EQ(house.directory->domain(house.domain)->assigned_ip, "");
}

}  // namespace
}  // namespace postrider::directory
