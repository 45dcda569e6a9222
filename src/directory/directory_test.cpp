#include "directory/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/test_directory.h"
#include "settings/account.h"

namespace postrider::directory {
namespace {

using testing::ElementsAre;

template <class T>
DirectoryError error_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result.has_value() ? DirectoryError{} : result.error().kind;
}

class DirectoryTest : public testing::Test {
protected:
    TestDirectory t;
    Directory& d() { return *t.directory; }

    const AccountEntry* mailbox(std::string_view local, std::string_view domain = "example.org") {
        route_ = d().route({std::string{local}, std::string{domain}});
        auto* box = std::get_if<Mailbox>(&route_);
        return box == nullptr ? nullptr : box->account.get();
    }
    std::string folder() { return std::get<Mailbox>(route_).folder; }
    template <class What>
    bool goes(std::string_view local, std::string_view domain = "example.org") {
        return std::holds_alternative<What>(d().route({std::string{local}, std::string{domain}}));
    }

private:
    Route route_;
};

TEST_F(DirectoryTest, ANewDomainHasAPostmasterAndAnOwnerOfItsPublicFolders) {
    auto domain = d().domain("EXAMPLE.org");
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->name, "example.org");
    EXPECT_NE(domain->public_account, AccountId{});
    EXPECT_NE(domain->public_account, domain->postmaster);
    ASSERT_TRUE(mailbox("PostMaster"));
    EXPECT_EQ(mailbox("postmaster")->id, domain->postmaster);
}

TEST_F(DirectoryTest, ABarePostmasterBelongsToThePrimaryDomain) {
    EXPECT_EQ(mailbox("Postmaster", "")->address, "postmaster@example.org");  // the only domain
    ASSERT_TRUE(d().create_domain({"example.net", ""}));
    EXPECT_TRUE(goes<NotLocal>("postmaster", ""));
    d().set_primary_domain("Example.NET");
    EXPECT_EQ(mailbox("postmaster", "")->address, "postmaster@example.net");
    EXPECT_TRUE(goes<NotLocal>("alice", ""));
}

TEST_F(DirectoryTest, LocalPartsAreComparedWithoutRegardToCase) {
    AccountId alice = t.account("Alice");
    ASSERT_TRUE(mailbox("aLICE"));
    EXPECT_EQ(mailbox("alice")->id, alice);
    EXPECT_EQ(mailbox("alice")->address, "Alice@example.org");
    AccountId greek = t.account("Ιωάννης");
    ASSERT_TRUE(mailbox("ιωάννησ"));  // final sigma folds as sigma does
    EXPECT_EQ(mailbox("ΙΩΆΝΝΗΣ")->id, greek);
}

TEST_F(DirectoryTest, ADetailNamesAFolder) {
    t.account("alice");
    ASSERT_TRUE(mailbox("alice+Lists/Dev"));
    EXPECT_EQ(folder(), "Lists/Dev");
    ASSERT_TRUE(mailbox("alice+"));
    EXPECT_EQ(folder(), "");
    ASSERT_TRUE(mailbox("alice+a+b"));
    EXPECT_EQ(folder(), "a+b");
    ASSERT_TRUE(mailbox("alice+\xff"));  // no folder has such a name: INBOX
    EXPECT_EQ(folder(), "");
    EXPECT_TRUE(goes<Unknown>("+folder"));
    EXPECT_TRUE(goes<Unknown>("nobody+folder"));
    ASSERT_TRUE(mailbox("postmaster+x"));
    EXPECT_EQ(folder(), "x");
}

TEST_F(DirectoryTest, AliasesOfAccountAndDomainReachTheAccount) {
    AccountId alice = t.account("alice");
    ASSERT_TRUE(d().add_account_alias(alice, "Sales"));
    ASSERT_TRUE(d().add_domain_alias(t.domain, "example.com"));
    ASSERT_TRUE(mailbox("sales", "example.com"));
    EXPECT_EQ(mailbox("sales", "example.com")->id, alice);
    EXPECT_EQ(error_of(d().add_account_alias(alice, "SALES")), DirectoryError::exists);
    ASSERT_TRUE(d().remove_account_alias(alice, "saleS"));
    EXPECT_TRUE(goes<Unknown>("sales"));
    EXPECT_EQ(error_of(d().remove_account_alias(alice, "sales")), DirectoryError::not_found);
    ASSERT_TRUE(d().remove_domain_alias(t.domain, "EXAMPLE.com"));
    EXPECT_TRUE(goes<NotLocal>("alice", "example.com"));
}

TEST_F(DirectoryTest, NamesAreUniqueOverAllKindsOfObjects) {
    t.account("alice");
    EXPECT_EQ(error_of(d().create_group(t.domain, "ALICE")), DirectoryError::exists);
    auto group = d().create_group(t.domain, "team");
    ASSERT_TRUE(group);
    ASSERT_TRUE(d().add_object_alias(*group, "crew"));
    EXPECT_EQ(error_of(d().create_account(t.domain, {"crew", "", "", ""})), DirectoryError::exists);
    EXPECT_EQ(error_of(d().create_folder_recipient(t.domain, "team", "News")), DirectoryError::exists);
    EXPECT_EQ(error_of(d().create_account(t.domain, {"Postmaster", "", "", ""})), DirectoryError::exists);
    ASSERT_TRUE(d().delete_object(*group));
    EXPECT_TRUE(d().create_account(t.domain, {"crew", "", "", ""}));
}

TEST_F(DirectoryTest, BadNamesAreRefused) {
    for (const char* name : {"", ".a", "a.", "a..b", "a b", "a@b", "a+b", "a\"b", "a(b", "\xff", "a\x01",
                             "a\xe2\x80\xae"
                             "b"})
        EXPECT_EQ(error_of(d().create_account(t.domain, {name, "", "", ""})), DirectoryError::bad_name)
            << name;
    EXPECT_EQ(error_of(d().create_account(t.domain, {std::string(65, 'a'), "", "", ""})),
              DirectoryError::bad_name);
    for (const char* name : {"", ".", "a..b", "-a.org", "a b.org", "exa_mple!.org", "a.org.", "a\x01.org"})
        EXPECT_EQ(error_of(d().create_domain({name, ""})), DirectoryError::bad_name) << name;
}

TEST_F(DirectoryTest, InternationalDomainsAreOneInEitherSpelling) {
    auto id =
        d().create_domain({"B\xc3\x9c"
                           "cher.example",
                           ""});
    ASSERT_TRUE(id);
    EXPECT_EQ(d().domain(*id)->name,
              "b\xc3\xbc"
              "cher.example");
    EXPECT_TRUE(d().is_local_domain("xn--bcher-kva.example"));
    EXPECT_EQ(error_of(d().create_domain({"XN--bcher-kva.example", ""})), DirectoryError::exists);
}

TEST_F(DirectoryTest, ACatchAllTakesWhatNobodyIsNamed) {
    AccountId alice = t.account("alice");
    EXPECT_TRUE(goes<Unknown>("nobody"));
    EXPECT_EQ(error_of(d().set_catch_all(t.domain, Domain::CatchAll::account, "bob")),
              DirectoryError::not_found);
    ASSERT_TRUE(d().set_catch_all(t.domain, Domain::CatchAll::account, "Alice"));
    ASSERT_TRUE(mailbox("nobody+x"));
    EXPECT_EQ(mailbox("nobody")->id, alice);
    ASSERT_TRUE(d().rename_account(alice, "alicia"));
    ASSERT_TRUE(mailbox("nobody"));
    EXPECT_EQ(mailbox("nobody")->name, "alicia");
    ASSERT_TRUE(d().set_catch_all(t.domain, Domain::CatchAll::folder, "Strays"));
    Route route = d().route({"nobody", "example.org"});
    ASSERT_TRUE(std::holds_alternative<PublicFolder>(route));
    EXPECT_EQ(std::get<PublicFolder>(route).owner, d().domain(t.domain)->public_account);
    EXPECT_EQ(std::get<PublicFolder>(route).folder, "Strays");
    ASSERT_TRUE(d().set_catch_all(t.domain, Domain::CatchAll::disabled, ""));
    EXPECT_TRUE(goes<Unknown>("nobody"));
}

TEST_F(DirectoryTest, WhatIsSwitchedOffIsDisabledNotUnknown) {
    AccountId alice = t.account("alice");
    ASSERT_TRUE(d().change_account(alice, {.enabled = false}));
    EXPECT_TRUE(goes<Disabled>("alice"));
    ASSERT_TRUE(d().change_account(alice, {.enabled = true}));
    EXPECT_TRUE(mailbox("alice"));
    ASSERT_TRUE(d().change_account(d().domain(t.domain)->postmaster, {.enabled = false}));
    EXPECT_TRUE(mailbox("postmaster"));
    ASSERT_TRUE(d().change_domain(t.domain, {.enabled = false}));
    EXPECT_TRUE(goes<Disabled>("alice"));
}

TEST_F(DirectoryTest, ADeletedAccountIsGoneAndItsIdIsNotUsedAgain) {
    AccountId alice = t.account("alice");
    ASSERT_TRUE(d().delete_account(alice));
    EXPECT_TRUE(goes<Unknown>("alice"));
    EXPECT_EQ(error_of(d().account(alice)), DirectoryError::not_found);
    t.reopen();
    EXPECT_GT(t.account("alice").value(), alice.value());
    EXPECT_EQ(error_of(d().delete_account(d().domain(t.domain)->postmaster)), DirectoryError::not_allowed);
}

TEST_F(DirectoryTest, ADomainKeepsItsStorageLocationsAndItsNameByLocation) {
    using Numbers = std::vector<std::uint16_t>;
    auto change = [&](std::optional<Numbers> numbers, std::optional<std::string> name) {
        DomainChange what;
        what.locations = std::move(numbers);
        what.location_name = std::move(name);
        return d().change_domain(t.domain, what);
    };
    EXPECT_EQ(d().domain(t.domain)->locations, Numbers{0});
    ASSERT_TRUE(change(Numbers{7, 3, 9}, "/srv/domains/example.org"));
    t.reopen();
    EXPECT_EQ(d().domain(t.domain)->locations, (Numbers{7, 3, 9}));
    EXPECT_EQ(d().domain_at("/srv/domains/example.org")->id, t.domain);
    EXPECT_EQ(d().domain_at(""), nullptr);

    EXPECT_FALSE(change(Numbers{}, {}));
    EXPECT_FALSE(change(Numbers{4, 4}, {}));
    EXPECT_FALSE(change({}, std::string(5000, 'x')));
    NewDomain other{"example.net", "", {0}, "/srv/domains/example.org"};
    EXPECT_FALSE(d().create_domain(other));
    other.location_name.clear();
    other.locations = {2, 5};
    ASSERT_TRUE(d().create_domain(other));
    DomainChange what;
    what.appender.emplace().text = "below";
    what.assigned_ip = "192.0.2.1";
    ASSERT_TRUE(d().change_domain(t.domain, what));
    t.reopen();
    const auto domain = d().domain(t.domain);
    EXPECT_EQ(domain->locations, (Numbers{7, 3, 9}));
    EXPECT_EQ(domain->assigned_ip, "192.0.2.1");
    EXPECT_EQ(domain->appender->text, "below");
    ASSERT_TRUE(change(Numbers{1}, ""));
    t.reopen();
    EXPECT_EQ(d().domain(t.domain)->locations, Numbers{1});
    EXPECT_EQ(d().domain("example.net")->locations, (Numbers{2, 5}));
}

TEST_F(DirectoryTest, EverythingIsThereAfterReopening) {
    AccountId alice = t.account("alice");
    ASSERT_TRUE(d().add_account_alias(alice, "sales"));
    ASSERT_TRUE(d().add_domain_alias(t.domain, "example.com"));
    ASSERT_TRUE(d().set_credentials(alice, "secret bytes"));
    ASSERT_TRUE(d().change_account(alice, {.must_change_password = true, .full_name = "Alice Liddell"}));
    t.reopen();
    auto found = mailbox("sales", "example.com");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->full_name, "Alice Liddell");
    EXPECT_TRUE(found->must_change_password);
    EXPECT_EQ(found->password_version, 1u);
    EXPECT_THAT(found->aliases, ElementsAre("sales"));
    EXPECT_EQ(d().credentials(alice)->bytes, "secret bytes");
}

TEST_F(DirectoryTest, RenamingADomainKeepsIdsAndMovesGroupMembers) {
    AccountId alice = t.account("alice");
    auto other = d().create_domain({"other.example", ""});
    auto group = d().create_group(*other, "all");
    ASSERT_TRUE(d().add_member(*group, {"alice", "example.org"}));
    ASSERT_TRUE(d().rename_domain(t.domain, "example.com"));
    EXPECT_TRUE(goes<NotLocal>("alice"));
    ASSERT_TRUE(mailbox("alice", "example.com"));
    EXPECT_EQ(mailbox("alice", "example.com")->id, alice);
    EXPECT_EQ(mailbox("alice", "example.com")->address, "alice@example.com");
    EXPECT_THAT(*(*d().group(*group))->members, ElementsAre(mime::AddrSpec{"alice", "example.com"}));
    EXPECT_EQ(d().membership({"ALICE", "example.com"})->size(), 1u);
    EXPECT_TRUE(d().membership({"alice", "example.org"})->empty());
    ASSERT_TRUE(d().create_domain({"example.org", ""}));
    t.reopen();
    EXPECT_EQ(mailbox("alice", "example.com")->id, alice);
}

TEST_F(DirectoryTest, RenamingAnAccountMovesItsPlaceInGroups) {
    AccountId alice = t.account("alice");
    auto group = d().create_group(t.domain, "all");
    ASSERT_TRUE(d().add_member(*group, {"Alice", "example.org"}));
    ASSERT_TRUE(d().rename_account(alice, "alicia"));
    EXPECT_TRUE(goes<Unknown>("alice"));
    EXPECT_EQ(mailbox("alicia")->id, alice);
    EXPECT_THAT(*(*d().group(*group))->members, ElementsAre(mime::AddrSpec{"alicia", "example.org"}));
    ASSERT_TRUE(d().rename_account(alice, "ALICIA"));
    EXPECT_EQ(mailbox("alicia")->name, "ALICIA");
    EXPECT_EQ(d().list(t.domain, ObjectKind::account)->objects.size(), 2u);
}

TEST_F(DirectoryTest, AForcedDeletionTakesEverythingEvenAfterACrash) {
    auto id = *d().create_domain({"gone.example", ""});
    for (int i = 0; i < 30; ++i)
        ASSERT_TRUE(d().create_account(id, {"user" + std::to_string(i), "x", "", ""}));
    auto its_class = d().create_class(id, "staff");
    ASSERT_TRUE(d().set_value(SettingsLevel::account_class(*its_class), "totalMessageCount", "5"));
    EXPECT_EQ(error_of(d().delete_domain(id, Directory::Delete::refuse_when_not_empty)),
              DirectoryError::in_use);
    std::size_t before = t.keys();
    ASSERT_TRUE(d().delete_domain(id, Directory::Delete::forced));
    EXPECT_FALSE(d().is_local_domain("gone.example"));
    EXPECT_LT(t.keys(), before);
    std::size_t clean = t.keys();
    t.reopen();
    EXPECT_EQ(t.keys(), clean);
    ASSERT_TRUE(d().create_domain({"empty.example", ""}));
    EXPECT_TRUE(d().delete_domain(d().domain("empty.example")->id, Directory::Delete::refuse_when_not_empty));
    EXPECT_EQ(t.keys(), clean);
}

TEST_F(DirectoryTest, GroupsWithinGroupsAreExpandedAndLoopsEnd) {
    t.account("alice");
    t.account("bob");
    auto a = *d().create_group(t.domain, "a");
    auto b = *d().create_group(t.domain, "b");
    auto off = *d().create_group(t.domain, "off");
    std::vector<mime::AddrSpec> members{
        {"alice", "example.org"}, {"b", "example.org"}, {"x", "remote.example"}, {"off", "example.org"}};
    ASSERT_TRUE(d().add_members(a, members));
    ASSERT_TRUE(d().add_member(b, {"A", "example.org"}));
    ASSERT_TRUE(d().add_member(b, {"ALICE", "example.org"}));
    ASSERT_TRUE(d().add_member(b, {"bob", "example.org"}));
    ASSERT_TRUE(d().add_member(off, {"y", "remote.example"}));
    ASSERT_TRUE(d().change_object(off, {.enabled = false}));
    Route route = d().route({"a", "example.org"});
    ASSERT_TRUE(std::holds_alternative<Expansion>(route));
    auto all = d().expand(std::get<Expansion>(route));
    ASSERT_TRUE(all);
    EXPECT_FALSE(all->truncated);
    EXPECT_THAT(all->members,
                ElementsAre(mime::AddrSpec{"alice", "example.org"}, mime::AddrSpec{"x", "remote.example"},
                            mime::AddrSpec{"bob", "example.org"}));
}

TEST_F(DirectoryTest, AForwarderAndAFolderRecipientHaveTheirWays) {
    auto forwarder = *d().create_group(t.domain, "away", ObjectKind::forwarder);
    ASSERT_TRUE(d().add_member(forwarder, {"me", "remote.example"}));
    EXPECT_TRUE(goes<Expansion>("away"));
    auto recipient = *d().create_folder_recipient(t.domain, "news", "Public/News");
    Route route = d().route({"NEWS", "example.org"});
    ASSERT_TRUE(std::holds_alternative<PublicFolder>(route));
    EXPECT_EQ(std::get<PublicFolder>(route).folder, "Public/News");
    ASSERT_TRUE(d().change_object(recipient, {.folder = "Other"}));
    EXPECT_EQ((*d().folder_recipient(recipient))->folder, "Other");
    EXPECT_EQ(error_of(d().change_object(forwarder, {.folder = "Other"})), DirectoryError::bad_value);
}

TEST_F(DirectoryTest, ListsArePagedInOrderAndByPrefix) {
    for (const char* name : {"carol", "Bob", "alice", "bert"}) t.account(name);
    auto first = d().list(t.domain, ObjectKind::account, "", "", 2);
    ASSERT_TRUE(first);
    ASSERT_EQ(first->objects.size(), 2u);
    EXPECT_EQ(first->objects[0].name, "alice");
    EXPECT_EQ(first->objects[1].name, "bert");
    auto rest = d().list(t.domain, ObjectKind::account, "", first->next, 10);
    ASSERT_EQ(rest->objects.size(), 3u);
    EXPECT_EQ(rest->objects[0].name, "Bob");
    EXPECT_EQ(rest->next, "");
    EXPECT_EQ(d().list(t.domain, ObjectKind::account, "B")->objects.size(), 2u);
    EXPECT_EQ(d().list(t.domain, ObjectKind::account, "B", "bert")->objects.size(), 1u);
    EXPECT_TRUE(d().list(t.domain, ObjectKind::group)->objects.empty());
}

TEST_F(DirectoryTest, LoginNamesMayLeaveOutTheDomain) {
    AccountId alice = t.account("alice");
    ASSERT_TRUE(d().add_account_alias(alice, "sales"));
    auto other = *d().create_domain({"other.example", ""});
    auto other_alice = *d().create_account(other, {"alice", "", "", ""});
    d().set_primary_domain("example.org");
    EXPECT_EQ(d().login_name("alice")->account->id, alice);
    EXPECT_EQ(d().login_name("ALICE@Example.ORG")->account->id, alice);
    EXPECT_EQ(d().login_name("alice", "other.example")->account->id, other_alice);
    EXPECT_TRUE(d().login_name("sales")->by_alias);
    EXPECT_FALSE(d().login_name("alice")->by_alias);
    EXPECT_EQ(error_of(d().login_name("alice+Work@example.org")), DirectoryError::not_found);
    EXPECT_EQ(d().login_name("alice+Work@example.org", "", true)->folder, "Work");
    for (const char* bad : {"", "@example.org", "alice@", "alice@nowhere.example", "+x", "al ice"})
        EXPECT_EQ(error_of(d().login_name(bad, "", true)), DirectoryError::not_found) << bad;
}

TEST_F(DirectoryTest, SettingsAreInheritedAndExplicitValuesWin) {
    AccountId alice = t.account("alice");
    AccountId bob = t.account("bob");
    auto count = [&](AccountId id) { return (*d().effective(id))->total_message_count; };
    EXPECT_EQ(count(alice), 0u);
    ASSERT_TRUE(d().set_value(SettingsLevel::server(), "totalMessageCount", "10"));
    EXPECT_EQ(count(alice), 10u);
    ASSERT_TRUE(d().set_value(SettingsLevel::domain(t.domain), "totalmessagecount", "20"));
    EXPECT_EQ(count(alice), 20u);
    auto staff = *d().create_class(t.domain, "Staff");
    ASSERT_TRUE(d().set_class(alice, "staff"));
    EXPECT_EQ(count(alice), 20u);
    ASSERT_TRUE(d().set_value(SettingsLevel::account_class(staff), "totalMessageCount", "30"));
    EXPECT_EQ(count(alice), 30u);
    EXPECT_EQ(count(bob), 20u);
    ASSERT_TRUE(d().set_value(SettingsLevel::account(alice), "totalMessageCount", "40"));
    EXPECT_EQ(count(alice), 40u);
    EXPECT_EQ(d().explicit_values(SettingsLevel::account(alice))->size(), 1u);
    t.reopen();
    EXPECT_EQ(count(alice), 40u);
    ASSERT_TRUE(d().set_class(alice, ""));
    EXPECT_EQ(count(alice), 40u);
    ASSERT_TRUE(d().reset_value(SettingsLevel::account(alice), "totalMessageCount"));
    EXPECT_EQ(count(alice), 20u);
    EXPECT_EQ(error_of(d().set_value(SettingsLevel::account(alice), "totalMessageCount", "many")),
              DirectoryError::bad_value);
    EXPECT_EQ(error_of(d().set_value(SettingsLevel::account(alice), "noSuchThing", "1")),
              DirectoryError::bad_value);
    EXPECT_EQ(error_of(d().set_value(SettingsLevel::account(AccountId{999}), "totalMessageCount", "1")),
              DirectoryError::not_found);
}

TEST_F(DirectoryTest, AServiceMustBeAllowedAtEveryLevel) {
    AccountId alice = t.account("alice");
    auto imap = [&] { return *d().service_allowed(**d().account(alice), Service::imap); };
    EXPECT_TRUE(imap());
    ASSERT_TRUE(d().set_value(SettingsLevel::account(alice), "services", "(pop3)"));
    EXPECT_FALSE(imap());
    ASSERT_TRUE(d().reset_value(SettingsLevel::account(alice), "services"));
    EXPECT_TRUE(imap());
    ASSERT_TRUE(d().change_domain(t.domain, {.services = Services{Service::pop3}}));
    EXPECT_FALSE(imap());
    ASSERT_TRUE(d().change_domain(t.domain, {.services = all_services()}));
    EXPECT_TRUE(imap());
    d().set_server_services({Service::pop3});
    EXPECT_FALSE(imap());
}

TEST_F(DirectoryTest, AClassInUseIsKept) {
    AccountId alice = t.account("alice");
    auto staff = *d().create_class(t.domain, "staff");
    EXPECT_EQ(error_of(d().create_class(t.domain, "STAFF")), DirectoryError::exists);
    ASSERT_TRUE(d().set_class(alice, "staff"));
    EXPECT_EQ(error_of(d().delete_class(staff)), DirectoryError::in_use);
    ASSERT_TRUE(d().rename_class(staff, "people"));
    EXPECT_EQ((*d().account(alice))->account_class, "people");
    ASSERT_TRUE(d().delete_account(alice));
    EXPECT_TRUE(d().delete_class(staff));
    EXPECT_TRUE(d().classes(t.domain)->empty());
}

TEST_F(DirectoryTest, CredentialsAreRefreshedOnlyWhileTheyAreCurrent) {
    AccountId alice = t.account("alice");
    EXPECT_EQ(*d().set_credentials(alice, "one"), 1u);
    EXPECT_TRUE(*d().refresh_credentials(alice, 1, "one and more"));
    EXPECT_EQ(*d().set_credentials(alice, "two"), 2u);
    EXPECT_FALSE(*d().refresh_credentials(alice, 1, "late"));
    EXPECT_EQ(d().credentials(alice)->bytes, "two");
}

TEST_F(DirectoryTest, TheBuiltInAdministratorIsAlwaysThere) {
    EXPECT_TRUE(d().admin("Admin")->built_in);
    EXPECT_EQ(error_of(d().delete_admin("admin")), DirectoryError::not_allowed);
    EXPECT_EQ(error_of(d().create_admin("ADMIN", "", "")), DirectoryError::exists);
    ASSERT_TRUE(d().set_admin_credentials("admin", "bytes"));
    ASSERT_TRUE(d().create_admin("eve", "the deputy", "x"));
    t.reopen();
    EXPECT_EQ(d().admin_credentials("admin")->bytes, "bytes");
    EXPECT_EQ(d().admins()->size(), 2u);
    ASSERT_TRUE(d().delete_admin("EVE"));
    EXPECT_EQ(error_of(d().admin("eve")), DirectoryError::not_found);
}

TEST_F(DirectoryTest, ManyAccountsAtOnceAreAllOrNone) {
    std::vector<NewAccount> accounts;
    for (int i = 0; i < 100; ++i) accounts.push_back({"user" + std::to_string(i), "", "", ""});
    accounts.push_back({"USER7", "", "", ""});
    EXPECT_EQ(error_of(d().create_accounts(t.domain, accounts)), DirectoryError::exists);
    EXPECT_TRUE(goes<Unknown>("user1"));
    accounts.pop_back();
    EXPECT_TRUE(d().create_accounts(t.domain, accounts));
    EXPECT_TRUE(mailbox("user99"));
}

TEST_F(DirectoryTest, ChangesAreTold) {
    std::vector<ChangeEvent::Kind> told;
    d().on_change([&](const ChangeEvent& event) { told.push_back(event.kind); });
    AccountId alice = t.account("alice");
    ASSERT_TRUE(d().set_credentials(alice, "x"));
    ASSERT_TRUE(d().delete_account(alice));
    EXPECT_THAT(told, ElementsAre(ChangeEvent::Kind::account_created, ChangeEvent::Kind::password_changed,
                                  ChangeEvent::Kind::account_deleted));
}

}  // namespace
}  // namespace postrider::directory
