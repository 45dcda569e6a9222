#include "rights/sharing.h"

#include "rights/test_house.h"

namespace postrider::rights {
namespace {

struct SharingTest : testing::Test, House {};

TEST_F(SharingTest, OwnersAndPostmastersHaveRightsThatNobodyCanDeny) {
    FolderId box = make(owner(ann), "team");
    grant(owner(ann), box, Principal::everyone(domain), "", true, "lrswipkxtea");
    EXPECT_EQ(letters_of(ann, owner(ann), box), "lrswipkxteacd");
    EXPECT_EQ(letters_of(postmaster, owner(ann), box), "la");
    EXPECT_EQ(letters_of(bob, owner(ann), box), "");
    FolderId open = make(publics(), "all");
    grant(publics(), open, Principal::everyone(domain), "", true, "lrswipkxtea");
    EXPECT_EQ(letters_of(postmaster, publics(), open), "lrswipkxteacd");
    EXPECT_EQ(letters_of(bob, publics(), open), "");
}

TEST_F(SharingTest, PublicFoldersAreSeenByAllUntilSomebodySaysOtherwise) {
    FolderId box = make(publics(), "news");
    EXPECT_EQ(letters_of(bob, publics(), box), "l");
    ASSERT_TRUE(sharing->remove(publics(), FolderId{0}, Principal::everyone(domain)));
    EXPECT_EQ(letters_of(bob, publics(), box), "");
    EXPECT_TRUE(sharing->entries(publics(), FolderId{0})->empty());
}

TEST_F(SharingTest, PeopleOfOtherDomainsHaveNoRights) {
    DomainId other = directory->create_domain({"example.net", ""}).value();
    directory::NewAccount account;
    account.name = "ann";
    Person stranger = directory->account(directory->create_account(other, account).value()).value();
    FolderId box = make(publics(), "news");
    EXPECT_EQ(letters_of(stranger, publics(), box), "");
    EXPECT_FALSE(sharing->principal_named(domain, "ann@example.net"));
    EXPECT_EQ(sharing->principal_named(domain, "ANN@example.org"), Principal::account(ann->id));
    EXPECT_EQ(sharing->principal_named(domain, "ann"), Principal::account(ann->id));
    EXPECT_EQ(sharing->principal_named(domain, "anyone"), Principal::everyone(domain));
}

TEST_F(SharingTest, GroupsCountWithTheGroupsInThemAtOnce) {
    AccountId inner = directory->create_group(domain, "inner").value();
    AccountId outer = directory->create_group(domain, "outer").value();
    ASSERT_TRUE(directory->add_member(outer, {"inner", "example.org"}));
    FolderId box = make(owner(ann), "team");
    grant(owner(ann), box, sharing->principal_named(domain, "outer").value(), "lr");
    EXPECT_EQ(letters_of(bob, owner(ann), box), "");
    ASSERT_TRUE(directory->add_member(inner, {"bob", "example.org"}));
    EXPECT_EQ(letters_of(bob, owner(ann), box), "lr");
    directory::ObjectChange off;
    off.enabled = false;
    ASSERT_TRUE(directory->change_object(inner, off));
    EXPECT_EQ(letters_of(bob, owner(ann), box), "");
    off.enabled = true;
    ASSERT_TRUE(directory->change_object(inner, off));
    EXPECT_EQ(letters_of(bob, owner(ann), box), "lr");
    ASSERT_TRUE(directory->remove_member(inner, {"bob", "example.org"}));
    EXPECT_EQ(letters_of(bob, owner(ann), box), "");
}

TEST_F(SharingTest, RightsGoDownTheTreeWithExceptionsAndMoveWithIt) {
    FolderId top = make(owner(ann), "top"), low = make(owner(ann), "top/low"),
             other = make(owner(ann), "other");
    grant(owner(ann), top, Principal::account(bob->id), "lr", true);
    EXPECT_EQ(letters_of(bob, owner(ann), low), "lr");
    grant(owner(ann), low, Principal::account(bob->id), "w", false, "r");
    EXPECT_EQ(letters_of(bob, owner(ann), low), "lw");
    EXPECT_EQ(letters_of(bob, owner(ann), other), "");
    ASSERT_TRUE(own(ann)->rename_folder(low, "other/low"));
    EXPECT_EQ(letters_of(bob, owner(ann), low), "w") << "what was inherited stays behind";
    grant(owner(ann), FolderId{0}, Principal::account(bob->id), "l", true);
    EXPECT_EQ(letters_of(bob, owner(ann), other), "l");
}

TEST_F(SharingTest, WhoSharesWithSomebodyIsFoundWithoutAskingEverybody) {
    auto names = [&](const Person& whom) {
        std::string all;
        const auto found = sharing->owners_for(whom).value();
        for (const Owner& one : found) all += one.name + " ";
        return all;
    };
    EXPECT_EQ(names(bob), "") << "there are no public folders";
    make(publics(), "news");
    EXPECT_EQ(names(bob), "Public Folders ");
    FolderId box = make(owner(ann), "team"), second = make(owner(ann), "second");
    grant(owner(ann), box, Principal::account(bob->id), "lr");
    grant(owner(ann), second, Principal::account(bob->id), "lr");
    EXPECT_EQ(names(bob), "Public Folders ann ");
    EXPECT_EQ(names(eve), "Public Folders ");
    ASSERT_TRUE(sharing->remove(owner(ann), box, Principal::account(bob->id)));
    EXPECT_EQ(names(bob), "Public Folders ann ") << "the other folder is still shared";
    ASSERT_TRUE(sharing->remove(owner(ann), second, Principal::account(bob->id)));
    EXPECT_EQ(names(bob), "Public Folders ");
    grant(owner(ann), box, Principal::everyone(domain), "l");
    EXPECT_EQ(names(eve), "Public Folders ann ");
    kv::Batch batch;
    Sharing::forget(store->kv(), ann->id, batch);
    ASSERT_TRUE(store->kv().write(std::move(batch)));
    EXPECT_EQ(names(eve), "Public Folders ");
    EXPECT_EQ(names(postmaster), "Public Folders ann bob eve ") << "the postmaster sees everybody";
}

TEST_F(SharingTest, TheRootOfPublicFoldersCanBeCalledOtherwise) {
    EXPECT_EQ(sharing->public_root(domain), "Public Folders");
    ASSERT_TRUE(sharing->rename_public_root(domain, "Öffentlich"));
    EXPECT_EQ(sharing->public_root(domain), "Öffentlich");
    Sharing again{*store, *directory};
    EXPECT_EQ(again.public_root(domain), "Öffentlich");
    for (std::string_view wrong : {"", "a/b", "inbox", "Other Users", "Sent"})
        EXPECT_FALSE(sharing->rename_public_root(domain, wrong)) << wrong;
}

TEST_F(SharingTest, AnAddressIsUsedByItsOwnerAndByWhoWasGrantedIt) {
    const mime::AddrSpec anns{"ann", "example.org"};
    EXPECT_TRUE(sharing->may_send_as(*ann, anns));
    EXPECT_FALSE(sharing->may_send_as(*bob, anns));
    Entry entry{Principal::account(bob->id), RightSet{Right::send_as}, {}, false};
    ASSERT_TRUE(sharing->put(owner(ann), FolderId{0}, entry));
    EXPECT_TRUE(sharing->may_send_as(*bob, anns));
    EXPECT_FALSE(sharing->may_send_as(*eve, anns));
    EXPECT_FALSE(sharing->may_send_as(*postmaster, anns));
    ASSERT_TRUE(sharing->remove(owner(ann), FolderId{0}, Principal::account(bob->id)));
    EXPECT_FALSE(sharing->may_send_as(*bob, anns));

    FolderId box = make(publics(), "support");
    ASSERT_TRUE(directory->create_folder_recipient(domain, "help", "support"));
    EXPECT_FALSE(sharing->may_send_as(*bob, {"help", "example.org"}));
    ASSERT_TRUE(sharing->put(publics(), box, entry));
    EXPECT_TRUE(sharing->may_send_as(*bob, {"help", "example.org"}));
}

TEST_F(SharingTest, AGroupsAddressIsItsMembersWhenItSaysSo) {
    const mime::AddrSpec team{"team", "example.org"};
    AccountId group = directory->create_group(domain, "team").value();
    AccountId inner = directory->create_group(domain, "inner").value();
    ASSERT_TRUE(directory->add_member(group, {"inner", "example.org"}));
    ASSERT_TRUE(directory->add_member(inner, {"bob", "example.org"}));
    EXPECT_FALSE(sharing->may_send_as(*bob, team));
    directory::ObjectChange change;
    change.send_as = true;
    ASSERT_TRUE(directory->change_object(group, change));
    EXPECT_TRUE(sharing->may_send_as(*bob, team));
    EXPECT_FALSE(sharing->may_send_as(*eve, team));
    EXPECT_FALSE(sharing->may_send_as(*bob, {"inner", "example.org"}));
    AccountId forwarder = directory->create_group(domain, "away", directory::ObjectKind::forwarder).value();
    EXPECT_EQ(directory->change_object(forwarder, change).error().kind, directory::DirectoryError::bad_value);
}

TEST_F(SharingTest, APublicFoldersAddressIsTheDomainsWhenItSaysSo) {
    const mime::AddrSpec desk{"desk", "example.org"};
    make(publics(), "Desk");
    AccountId recipient = directory->create_folder_recipient(domain, "desk", "Desk").value();
    EXPECT_FALSE(sharing->may_send_as(*bob, desk));
    directory::ObjectChange change;
    change.send_as = true;
    ASSERT_TRUE(directory->change_object(recipient, change));
    EXPECT_TRUE(sharing->may_send_as(*bob, desk));
    EXPECT_TRUE(directory->folder_recipient(recipient).value()->domain_sends_as);
    DomainId other = directory->create_domain({"example.net", ""}).value();
    directory::NewAccount account;
    account.name = "bob";
    Person stranger = directory->account(directory->create_account(other, account).value()).value();
    EXPECT_FALSE(sharing->may_send_as(*stranger, desk));
}

TEST_F(SharingTest, EntriesAreChangedAsRfc4314Says) {
    FolderId box = make(owner(ann), "team");
    const Principal to_bob = Principal::account(bob->id);
    using How = Sharing::How;
    auto change = [&](std::string_view text, How how, bool denied = false) {
        ASSERT_TRUE(
            sharing->change_rights(owner(ann), box, to_bob, rights_of_letters(text).value(), how, denied));
    };
    change("lr", How::replace);
    change("w", How::add);
    EXPECT_EQ(letters_of(bob, owner(ann), box), "lrw");
    change("w", How::replace, true);
    EXPECT_EQ(letters_of(bob, owner(ann), box), "lr");
    change("r", How::take_away);
    EXPECT_EQ(letters_of(bob, owner(ann), box), "l");
    change("", How::replace);
    EXPECT_EQ(sharing->entries(owner(ann), box)->size(), 1u) << "what is denied stays";
    change("", How::replace, true);
    EXPECT_TRUE(sharing->entries(owner(ann), box)->empty());
}

TEST_F(SharingTest, WhoIsMeantByEntriesThatChangeIsCalled) {
    FolderId box = make(owner(ann), "team");
    int bobs = 0, anns = 0;
    auto token = sharing->watch(*bob, [&] { ++bobs; });
    auto other = sharing->watch(*ann, [&] { ++anns; });
    grant(owner(ann), box, Principal::account(bob->id), "lr", false);
    EXPECT_EQ(bobs, 1);
    EXPECT_EQ(anns, 0);
    grant(owner(ann), box, Principal::everyone(domain), "lr", false);
    EXPECT_EQ(bobs, 2);
    EXPECT_EQ(anns, 1);
    token.reset();
    ASSERT_TRUE(sharing->remove(owner(ann), box, Principal::everyone(domain)));
    EXPECT_EQ(bobs, 2);
    EXPECT_EQ(anns, 2);
}

TEST_F(SharingTest, AnEntryListHasABound) {
    FolderId box = make(owner(ann), "team");
    AccessList many;
    for (std::uint64_t i = 0; i < max_entries; ++i)
        many.push_back({Principal::account(AccountId{1'000'000 + i}), RightSet{Right::lookup}, {}, false});
    ASSERT_TRUE(own(ann)->set_access_list(box, encode(many)));
    Entry entry{Principal::account(bob->id), RightSet{Right::lookup}, {}, false};
    auto done = sharing->put(owner(ann), box, entry);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, mailstore::MailError::too_much);
}

TEST_F(SharingTest, ADamagedListLetsNobodyIn) {
    FolderId box = make(owner(ann), "team");
    grant(owner(ann), FolderId{0}, Principal::account(bob->id), "lr", true);
    ASSERT_TRUE(own(ann)->set_access_list(box, "\x09 not a list"));
    EXPECT_EQ(letters_of(bob, owner(ann), box), "");
    EXPECT_EQ(letters_of(ann, owner(ann), box), "lrswipkxteacd");
}

}  // namespace
}  // namespace postrider::rights
