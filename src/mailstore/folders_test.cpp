#include "mailstore/fixture_for_tests.h"
#include "mailstore/names.h"

namespace postrider::mailstore {
namespace {

using Folders = StoreTest;

std::vector<std::string> paths(Account& account) {
    std::vector<std::string> all;
    auto list = account.folders();
    for (const FolderInfo& folder : *list) all.push_back(folder.path);
    return all;
}

TEST_F(Folders, ANewAccountHasTheSpecialUseFoldersSubscribed) {
    EXPECT_EQ(paths(*account(bob)),
              (std::vector<std::string>{"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"}));
    auto list = account(bob)->folders();
    for (const FolderInfo& folder : *list) EXPECT_TRUE(folder.subscribed) << folder.path;
    EXPECT_EQ(info(bob, "Junk").special_use, SpecialUse::junk);
    EXPECT_EQ(info(bob, "inbox").id, info(bob, "INBOX").id);
    EXPECT_EQ(store->create_account(bob).error().kind, MailError::exists);
    EXPECT_EQ(store->account(nobody).error().kind, MailError::no_such_account);
}

TEST_F(Folders, CreatingMakesParentsAndSurvivesReopening) {
    auto made = account(bob)->create_folder("Projects/2026/Post", FolderKind::mail, SpecialUse::none);
    ASSERT_TRUE(made) << made.error().what;
    EXPECT_EQ(made->path, "Projects/2026/Post");
    EXPECT_EQ(account(bob)->create_folder("Projects/2026").error().kind, MailError::exists);
    EXPECT_EQ(account(bob)->create_folder("inbox").error().kind, MailError::exists);
    const FolderInfo before = info(bob, "Projects/2026/Post");
    reopen();
    const FolderInfo after = info(bob, "Projects/2026/Post");
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.uid_validity, before.uid_validity);
    EXPECT_EQ(account(bob)->folder(before.id)->path, "Projects/2026/Post");
    expect_sound();
}

TEST_F(Folders, NamesAreChecked) {
    const std::string long_component(256, 'x'), long_path = [] {
        std::string path = "a";
        for (int i = 0; i < 20; ++i) path += "/a";
        return path;
    }();
    for (std::string name : {std::string{}, std::string{"/a"}, std::string{"a/"}, std::string{"a//b"},
                             std::string{"a\tb"}, std::string{"\xff"}, std::string{"\xed\xa0\x80"},
                             std::string{"\xc2\x85"}, long_component, long_path, std::string(1001, 'y')})
        EXPECT_EQ(account(bob)->create_folder(name).error().kind, MailError::bad_name) << name;
    EXPECT_TRUE(account(bob)->create_folder("Entw\xc3\xbcrfe & mehr"));
    EXPECT_TRUE(account(bob)->create_folder(std::string(255, 'x')));
    EXPECT_EQ(*normal_path("iNbOx/Sub"), "INBOX/Sub");
    EXPECT_EQ(*normal_path("inboxes"), "inboxes");
}

TEST_F(Folders, DeletingAParentLeavesItsName) {
    ASSERT_TRUE(account(bob)->create_folder("a/b"));
    const FolderInfo parent = info(bob, "a");
    ASSERT_TRUE(account(bob)->delete_folder(parent.id));
    EXPECT_FALSE(info(bob, "a").selectable);
    EXPECT_EQ(account(bob)->view(parent.id).error().kind, MailError::no_such_folder);
    EXPECT_EQ(account(bob)->delete_folder(parent.id).error().kind, MailError::has_children);
    EXPECT_EQ(account(bob)->delete_folder(id_of(bob, "INBOX")).error().kind, MailError::inbox);
    auto again = account(bob)->create_folder("a");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->selectable);
    EXPECT_GT(again->uid_validity, parent.uid_validity);
    ASSERT_TRUE(account(bob)->delete_folder(id_of(bob, "a/b")));
    ASSERT_TRUE(account(bob)->delete_folder(again->id));
    EXPECT_EQ(account(bob)->folder("a").error().kind, MailError::no_such_folder);
    reopen();
    EXPECT_EQ(account(bob)->folder("a").error().kind, MailError::no_such_folder);
}

TEST_F(Folders, DeletingAFolderFreesItsMessages) {
    ASSERT_TRUE(account(bob)->create_folder("x"));
    ASSERT_TRUE(account(bob)->append(id_of(bob, "x"), {{message("1")}, {message("2")}}));
    ASSERT_TRUE(account(bob)->delete_folder(id_of(bob, "x")));
    EXPECT_EQ(account(bob)->quota().used_messages, 0u);
    EXPECT_EQ(account(bob)->quota().used_bytes, 0u);
    expect_sound();
}

TEST_F(Folders, AFolderMadeAnewHasAHigherUidValidity) {
    const auto first = account(bob)->create_folder("x")->uid_validity;
    ASSERT_TRUE(account(bob)->delete_folder(id_of(bob, "x")));
    EXPECT_GT(account(bob)->create_folder("x")->uid_validity, first);
}

TEST_F(Folders, RenamingMovesWhatLiesInTheFolder) {
    ASSERT_TRUE(account(bob)->create_folder("a/b/c"));
    const FolderId c = id_of(bob, "a/b/c"), a = id_of(bob, "a");
    ASSERT_TRUE(account(bob)->subscribe("a/b", true));
    EXPECT_EQ(account(bob)->rename_folder(a, "a/b/x").error().kind, MailError::bad_name);
    EXPECT_EQ(account(bob)->rename_folder(a, "Trash").error().kind, MailError::exists);
    ASSERT_TRUE(account(bob)->rename_folder(id_of(bob, "a/b"), "new/parent/b2"));
    EXPECT_EQ(account(bob)->folder(c)->path, "new/parent/b2/c");
    EXPECT_TRUE(info(bob, "new/parent/b2").subscribed);
    auto names = account(bob)->subscriptions();
    EXPECT_NE(std::find(names->begin(), names->end(), "a/b"), names->end());
    EXPECT_TRUE(account(bob)->folder("a"));
    reopen();
    EXPECT_EQ(account(bob)->folder(c)->path, "new/parent/b2/c");
    expect_sound();
}

TEST_F(Folders, RenamingInboxMovesItsMessagesAndLeavesIt) {
    deliver(bob, "1");
    deliver(bob, "2");
    ASSERT_TRUE(account(bob)->create_folder("INBOX/sub"));
    ASSERT_TRUE(account(bob)->rename_folder(id_of(bob, "INBOX"), "old mail"));
    EXPECT_EQ(info(bob, "INBOX").messages, 0u);
    EXPECT_EQ(info(bob, "old mail").messages, 2u);
    EXPECT_TRUE(account(bob)->folder("INBOX/sub"));
    EXPECT_EQ(deliver(bob, "3"), Uid{3});
    expect_sound();
}

TEST_F(Folders, RenamingInboxIsOneChange) {
    for (int i = 0; i < 3; ++i) deliver(bob, std::to_string(i));
    ASSERT_TRUE(account(bob)->create_folder("taken"));
    EXPECT_EQ(account(bob)->rename_folder(id_of(bob, "INBOX"), "taken").error().kind, MailError::exists);
    quota.set(bob, {.folder_messages = 2});
    EXPECT_EQ(account(bob)->rename_folder(id_of(bob, "INBOX"), "too/full").error().kind,
              MailError::over_quota);
    EXPECT_EQ(account(bob)->folder("too").error().kind,
              MailError::no_such_folder);  // not even the new folder
    EXPECT_EQ(info(bob, "INBOX").messages, 3u);
    quota.set(bob, {});
    const ModSeq before = account(bob)->highest_modseq();
    auto woken = std::make_shared<int>(0);
    auto watch = account(bob)->watch({}, [woken] { ++*woken; });
    ASSERT_TRUE(account(bob)->rename_folder(id_of(bob, "INBOX"), "a/b"));
    EXPECT_EQ(*woken, 1);
    EXPECT_EQ(uids(bob, "a/b"), (std::vector<Uid>{Uid{1}, Uid{2}, Uid{3}}));
    auto changes = account(bob)->changes(before);
    ASSERT_TRUE(changes);
    std::vector<Change::Kind> kinds;
    for (const Change& change : changes->changes) kinds.push_back(change.kind);
    using Kind = Change::Kind;
    EXPECT_EQ(kinds, (std::vector<Kind>{Kind::folder, Kind::folder, Kind::expunged, Kind::added}));
    reopen();
    EXPECT_EQ(info(bob, "a/b").messages, 3u);
    expect_sound();
}

TEST_F(Folders, SubscriptionsMayNameWhatIsNotThere) {
    ASSERT_TRUE(account(bob)->subscribe("not/there", true));
    ASSERT_TRUE(account(bob)->subscribe("Junk", false));
    EXPECT_FALSE(info(bob, "Junk").subscribed);
    reopen();
    auto names = account(bob)->subscriptions();
    EXPECT_NE(std::find(names->begin(), names->end(), "not/there"), names->end());
    EXPECT_EQ(std::find(names->begin(), names->end(), "Junk"), names->end());
}

TEST_F(Folders, TheQuotaOfFoldersCounts) {
    quota.set(bob, {.folders = 7});
    EXPECT_TRUE(account(bob)->create_folder("one"));
    EXPECT_EQ(account(bob)->create_folder("two").error().kind, MailError::over_quota);
    EXPECT_EQ(account(bob)->quota().used_folders, 7u);
}

TEST_F(Folders, ADeletedAccountIsGoneAndItsMailFreed) {
    deliver(bob, "1");
    auto held = account(bob);
    ASSERT_TRUE(store->delete_account(bob));
    EXPECT_EQ(store->account(bob).error().kind, MailError::no_such_account);
    EXPECT_EQ(held->folders().error().kind, MailError::no_such_account);
    EXPECT_FALSE(submit(submission({bob}, message("2")))->targets[0].ok);
    expect_sound();
    ASSERT_TRUE(store->create_account(bob));
    EXPECT_EQ(info(bob, "INBOX").messages, 0u);
    expect_sound();
}

TEST_F(Folders, AnAccountMarkedInAnothersBatchIsGoneWhereverTheServerStops) {
    deliver(bob, "1");
    deliver(eve, "2");
    kv::Batch batch;
    store->mark_deleted(bob, batch);
    store->mark_deleted(eve, batch);
    store->mark_deleted(nobody, batch);  // never had folders
    ASSERT_TRUE(store->kv().write(std::move(batch), kv::Durability::now));
    // The store looks for unfinished deletions when it begins; where it came to that late, these are its own.
    const auto deleted = [&](AccountId account) {
        const auto ok = store->delete_account(account);
        return ok || ok.error().kind == MailError::no_such_account;
    };
    EXPECT_TRUE(deleted(bob));
    EXPECT_TRUE(deleted(nobody));
    EXPECT_EQ(store->delete_account(bob).error().kind, MailError::no_such_account);
    reopen();  // eve's turn never came
    EXPECT_EQ(store->account(eve).error().kind, MailError::no_such_account);
    EXPECT_TRUE(eventually([&] { return store->report().locations[0].second.live_bytes == 0; }));
    EXPECT_EQ(store->report().messages, 0u);
    EXPECT_EQ(store->report().locations[0].second.live_bytes, 0u);
    expect_sound();
}

TEST_F(Folders, KeepWhatIsNotedAboutThemUntilTheyAreDeleted) {
    auto made = account(bob)->create_folder("Noted");
    ASSERT_TRUE(made);
    ASSERT_TRUE(
        account(bob)->annotate(made->id, {{"/private/b", "2"}, {"/private/a", std::string{"\0x", 2}}}));
    ASSERT_TRUE(account(bob)->annotate(FolderId{0}, {{"/private/mine", "3"}}));
    EXPECT_GT(info(bob, "Noted").highest_modseq, made->highest_modseq);  // RFC 7162 §3.2
    reopen();
    auto noted = account(bob)->annotations(made->id);
    ASSERT_TRUE(noted);
    ASSERT_EQ(noted->size(), 2u);
    EXPECT_EQ((*noted)[0].name, "/private/a");
    EXPECT_EQ((*noted)[0].value, (std::string{"\0x", 2}));
    ASSERT_TRUE(
        account(bob)->annotate(made->id, {{"/private/b", std::nullopt}, {"/private/none", std::nullopt}}));
    EXPECT_EQ(account(bob)->annotations(made->id)->size(), 1u);
    EXPECT_EQ(account(bob)->annotations(FolderId{0})->size(), 1u);
    std::vector<Account::AnnotationChange> many;
    for (std::size_t i = 0; i <= max_annotations; ++i) many.push_back({"/private/" + std::to_string(i), ""});
    EXPECT_EQ(account(bob)->annotate(made->id, many).error().kind, MailError::too_much);
    EXPECT_EQ(account(bob)->annotate(FolderId{9999}, {{"/private/x", ""}}).error().kind,
              MailError::no_such_folder);
    ASSERT_TRUE(account(bob)->delete_folder(made->id));
    EXPECT_TRUE(account(bob)->annotations(made->id)->empty());
    expect_sound();
}

/// What people see at the top and is not their own cannot be had by their folders, whoever makes them.
TEST_F(Folders, NamesThatLeadElsewhereAreRefused) {
    auto mail = account(bob);
    for (const char* path : {"Other Users", "Other Users/eve"}) {
        auto made = mail->create_folder(path);
        ASSERT_FALSE(made) << path;
        EXPECT_EQ(made.error().kind, MailError::bad_name);
    }
    ASSERT_TRUE(mail->create_folder("Work/Other Users"));
    EXPECT_EQ(mail->rename_folder(id_of(bob, "Work"), "Other Users/x").error().kind, MailError::bad_name);
    EXPECT_TRUE(mail->rename_folder(id_of(bob, "Work"), "Other users"));
}

}  // namespace
}  // namespace postrider::mailstore
