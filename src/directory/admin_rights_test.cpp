#include <gtest/gtest.h>

#include "directory/permissions.h"
#include "directory/test_directory.h"

namespace postrider::directory {
namespace {

class AdminRightsTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(d().create_admin("eve", "", "", Directory::AdminKind::delegated));
        ASSERT_TRUE(d().create_admin_group("helpers", ""));
    }
    Directory& d() { return *t.directory; }
    bool may(std::string_view permission, DomainId domain = {}) {
        return d().admin_may(Principal::user, "eve", permission, domain).value();
    }
    Result<> set(Principal kind, std::string_view name, std::vector<std::string> parents,
                 std::vector<AdminRight> rights) {
        return d().set_admin_rights(kind, name, {std::move(parents), std::move(rights)});
    }

    TestDirectory t;
};

TEST_F(AdminRightsTest, WhoWasMadeBeforeRightsMayDoEverythingAndADelegatedOneNothing) {
    ASSERT_TRUE(d().create_admin("old", "", ""));
    EXPECT_TRUE(*d().admin_may(Principal::user, "old", "manageLog"));
    EXPECT_TRUE(*d().admin_may(Principal::user, "admin", "manageLog"));
    EXPECT_FALSE(may("manageLog"));
    t.reopen();
    EXPECT_TRUE(d().admin("old")->super_user);
    EXPECT_FALSE(d().admin("eve")->super_user);
}

TEST_F(AdminRightsTest, TheNearerWordCounts) {
    ASSERT_TRUE(set(Principal::group, "helpers", {},
                    {{"manageAccounts", t.domain, true}, {"manageGroups", t.domain, true}}));
    ASSERT_TRUE(set(Principal::user, "eve", {"Helpers"}, {{"manageGroups", t.domain, false}}));
    EXPECT_TRUE(may("manageAccounts", t.domain));
    EXPECT_FALSE(may("manageGroups", t.domain));
    EXPECT_FALSE(may("manageAccounts", DomainId{99}));
}

TEST_F(AdminRightsTest, AtOneDistanceDenyCountsBeforeGrant) {
    ASSERT_TRUE(d().create_admin_group("others", ""));
    ASSERT_TRUE(set(Principal::group, "helpers", {}, {{"manageLog", {}, true}}));
    ASSERT_TRUE(set(Principal::group, "others", {}, {{"manageLog", {}, false}}));
    ASSERT_TRUE(set(Principal::user, "eve", {"helpers", "others"}, {}));
    EXPECT_FALSE(may("manageLog"));
}

TEST_F(AdminRightsTest, TheDomainCountsBeforeAnyDomain) {
    ASSERT_TRUE(set(Principal::user, "eve", {},
                    {{"manageAccountsOnAnyDomain", {}, true}, {"manageAccounts", t.domain, false}}));
    EXPECT_FALSE(may("manageAccounts", t.domain));
    EXPECT_TRUE(may("manageAccounts", DomainId{99}));
    EXPECT_TRUE(may("manageAccountsOnAnyDomain"));
}

TEST_F(AdminRightsTest, RefusesWhatIsNoPermissionThereAndGroupsAboveThemselves) {
    EXPECT_FALSE(set(Principal::user, "eve", {}, {{"manageLog", t.domain, true}}));
    EXPECT_FALSE(set(Principal::user, "eve", {}, {{"manageAccounts", {}, true}}));
    EXPECT_FALSE(set(Principal::user, "eve", {"nobody"}, {}));
    EXPECT_FALSE(set(Principal::group, "helpers", {"helpers"}, {}));
    ASSERT_TRUE(d().create_admin_group("inner", ""));
    ASSERT_TRUE(set(Principal::group, "inner", {"helpers"}, {}));
    EXPECT_FALSE(set(Principal::group, "helpers", {"inner"}, {}));
}

TEST_F(AdminRightsTest, AGroupWithMembersGoesOnlyByForce) {
    ASSERT_TRUE(set(Principal::user, "eve", {"helpers"}, {}));
    EXPECT_EQ(d().delete_admin_group("helpers", Directory::Delete::refuse_when_not_empty).error().kind,
              DirectoryError::in_use);
    ASSERT_TRUE(d().delete_admin_group("helpers", Directory::Delete::forced));
    EXPECT_TRUE(d().admin_rights(Principal::user, "eve")->parents.empty());
}

TEST_F(AdminRightsTest, RightsOnDomainsThatAreGoneArePurgedAndARemovedAdministratorLeavesNone) {
    ASSERT_TRUE(
        set(Principal::user, "eve", {}, {{"manageAccounts", t.domain, true}, {"manageLog", {}, true}}));
    ASSERT_TRUE(d().delete_domain(t.domain, Directory::Delete::forced));
    EXPECT_EQ(*d().purge_admin_rights(), 1u);
    EXPECT_EQ(d().admin_rights(Principal::user, "eve")->rights.size(), 1u);
    ASSERT_TRUE(d().delete_admin("eve"));
    ASSERT_TRUE(d().create_admin("eve", "", "", Directory::AdminKind::delegated));
    EXPECT_FALSE(may("manageLog"));
}

TEST_F(AdminRightsTest, EveryPermissionOfADomainIsSpelledOnce) {
    for (const DomainPermission& one : domain_permissions()) {
        EXPECT_EQ(domain_permission(one.name), one.name);
        if (one.on_any_domain.empty()) continue;
        EXPECT_EQ(server_permission(one.on_any_domain), one.on_any_domain);
    }
    EXPECT_EQ(server_permission("MANAGELOG"), "manageLog");
}

TEST_F(AdminRightsTest, ContactInformationIsKeptUntilItIsEmptyOrItsAccountGoes) {
    AccountId ann = t.account("ann");
    ASSERT_TRUE(d().change_contact(ann, {{"phone", "1"}, {"company", "Ex"}}));
    ASSERT_TRUE(d().change_contact(ann, {{"phone", ""}, {"title", "Dr."}}));
    EXPECT_EQ(*d().contact(ann), (ExplicitValues{{"company", "Ex"}, {"title", "Dr."}}));
    EXPECT_FALSE(d().change_contact(ann, {{"notes", std::string(5000, 'x')}}));
    std::size_t before = t.keys();
    ASSERT_TRUE(d().delete_account(ann));
    EXPECT_FALSE(d().contact(ann));
    EXPECT_LT(t.keys(), before);
}

TEST_F(AdminRightsTest, SeveralValuesChangeAtOnceOrNone) {
    AccountId ann = t.account("ann");
    auto level = SettingsLevel::account(ann);
    using Change = Directory::ValueChange;
    const Change good[] = {{"mboxCount", "7"}, {"messageCount", "8"}};
    ASSERT_TRUE(d().change_values(level, good));
    const Change bad[] = {{"mboxCount", "9"}, {"messageCount", "many"}};
    EXPECT_FALSE(d().change_values(level, bad));
    EXPECT_EQ((*d().effective(ann))->mbox_count, 7u);
    const Change back[] = {{"mboxCount", std::nullopt}};
    ASSERT_TRUE(d().change_values(level, back));
    EXPECT_EQ((*d().explicit_values(level)).size(), 1u);
}

}  // namespace
}  // namespace postrider::directory
