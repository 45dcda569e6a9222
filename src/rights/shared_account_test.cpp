#include "rights/shared_account.h"

#include "mailstore/uid_set.h"
#include "rights/test_house.h"

namespace postrider::rights {
namespace {

using mailstore::FlagChange;
using mailstore::MailError;
using mailstore::UidSet;

struct SharedAccountTest : testing::Test, House {
    SharedAccountTest() {
        box = make(owner(ann), "team");
        uid = add(*own(ann), box, "first").value().uids[0];
    }
    Principal to_bob() { return Principal::account(bob->id); }
    std::shared_ptr<SharedAccount> bobs() { return seen_by(bob, owner(ann)); }
    UidSet one() const { return {{uid, uid}}; }
    std::uint8_t flags(mailstore::Account& account, FolderId folder, Uid which) {
        return account.view(folder).value()->item(which).value()->flags.system;
    }

    FolderId box;
    Uid uid;
};

/// What each right alone allows: the twelve operations of a folder against the ten rights. The owner grants
/// one right, the operation is tried on a fresh folder, and the table says whether it is done.
TEST_F(SharedAccountTest, EachOperationNeedsItsRights) {
    struct Operation {
        const char* name;
        std::string_view needs;  ///< every one of these; with all of them it is done
        std::function<bool(SharedAccount&, FolderId)> run;
    };
    FolderId target = make(owner(bob), "mine");
    auto bobs_own = own(bob);
    std::string next = "x";
    const Operation operations[] = {
        {"list", "l",
         [&](SharedAccount& a, FolderId f) {
             const auto all = a.folders().value();
             return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.id == f; });
         }},
        {"select", "r", [&](SharedAccount& a, FolderId f) { return a.select(f).has_value(); }},
        {"changes", "r", [&](SharedAccount& a, FolderId f) { return a.changes(ModSeq{0}, f).has_value(); }},
        {"append", "i", [&](SharedAccount& a, FolderId f) { return add(a, f, "new").has_value(); }},
        {"copy away", "r",
         [&](SharedAccount& a, FolderId f) {
             auto done = carry(a, f, mailstore::every_uid(), *bobs_own, target, false);
             return done && !done->to.empty();
         }},
        {"move away", "rte",
         [&](SharedAccount& a, FolderId f) {
             auto done = carry(a, f, mailstore::every_uid(), *bobs_own, target, true);
             return done && !done->to.empty();
         }},
        {"copy there", "i",
         [&](SharedAccount& a, FolderId f) {
             add(*bobs_own, target, "mine").value();
             auto done = carry(*bobs_own, target, mailstore::every_uid(), a, f, false);
             return done && !done->to.empty();
         }},
        {"flag", "rw",
         [&](SharedAccount& a, FolderId f) {
             return a.store(f, mailstore::every_uid(), {FlagChange::Mode::add, mailstore::flagged, {}}, {})
                 .has_value();
         }},
        {"keyword", "rw",
         [&](SharedAccount& a, FolderId f) {
             return a.store(f, mailstore::every_uid(), {FlagChange::Mode::add, 0, {"Word"}}, {}).has_value();
         }},
        {"mark deleted", "rt",
         [&](SharedAccount& a, FolderId f) {
             return a.store(f, mailstore::every_uid(), {FlagChange::Mode::add, mailstore::deleted, {}}, {})
                 .has_value();
         }},
        {"mark read for all", "rs",
         [&](SharedAccount& a, FolderId f) {
             (void)a.store(f, mailstore::every_uid(), {FlagChange::Mode::add, mailstore::seen, {}}, {});
             return own(ann)->folder(f)->unseen == 0;
         }},
        {"mark read for himself", "r",
         [&](SharedAccount& a, FolderId f) {
             (void)a.store(f, mailstore::every_uid(), {FlagChange::Mode::add, mailstore::seen, {}}, {});
             auto view = a.view(f);
             return view && (*view)->info().unseen == 0;
         }},
        {"expunge", "e",
         [&](SharedAccount& a, FolderId f) {
             UidSet all = mailstore::every_uid();
             (void)own(ann)->store(f, all, {FlagChange::Mode::add, mailstore::deleted, {}}, {});
             return a.expunge(f, std::nullopt, true).has_value();
         }},
        {"create below", "k",
         [&](SharedAccount& a, FolderId f) {
             const std::string path = "Other Users/ann/" + own(ann)->folder(f)->path + "/below";
             return a.create_folder(path, mailstore::FolderKind::mail, mailstore::SpecialUse::none)
                 .has_value();
         }},
        {"rename", "xk",
         [&](SharedAccount& a, FolderId f) {
             const std::string path = own(ann)->folder(f)->path;
             const std::string up = path.substr(0, path.rfind('/'));
             return a.rename_folder(f, "Other Users/ann/" + up + "/renamed").has_value();
         }},
        {"delete", "x", [&](SharedAccount& a, FolderId f) { return a.delete_folder(f).has_value(); }},
        {"annotate", "lw",
         [&](SharedAccount& a, FolderId f) {
             return a.annotate(f, {{"/shared/comment", "text"}}).has_value();
         }},
        {"read annotations", "lr",
         [&](SharedAccount& a, FolderId f) { return a.annotations(f).has_value(); }},
    };
    const std::string_view all = "lrswikxtea";
    int made = 0;
    for (const Operation& operation : operations) {
        // Granted all but one of what it needs it is refused; granted just that, done.
        for (char withheld : std::string{all} + "-") {
            std::string granted;
            for (char letter : operation.needs)
                if (letter != withheld) granted += letter;
            const bool complete = granted.size() == operation.needs.size();
            if (!complete || withheld == '-') {
                const std::string parent = "p" + std::to_string(++made);
                FolderId above = make(owner(ann), parent), folder = make(owner(ann), parent + "/f");
                add(*own(ann), folder, "one").value();
                if (!granted.empty()) {
                    grant(owner(ann), folder, to_bob(), granted);
                    if (granted.find('k') != std::string::npos) grant(owner(ann), above, to_bob(), "k");
                }
                EXPECT_EQ(operation.run(*bobs(), folder), complete) << operation.name << " with " << granted;
            }
        }
        // Every other right by itself does not help.
        for (char letter : all) {
            if (operation.needs.find(letter) != std::string_view::npos) continue;
            FolderId folder = make(owner(ann), "q" + std::to_string(++made) + "/f");
            add(*own(ann), folder, "one").value();
            grant(owner(ann), folder, to_bob(), std::string(1, letter));
            EXPECT_FALSE(operation.run(*bobs(), folder)) << operation.name << " with " << letter;
            // A denial takes away what everybody is granted.
            grant(owner(ann), folder, Principal::everyone(domain), all);
        }
    }
}

TEST_F(SharedAccountTest, WhatIsNotGrantedAtAllIsNotThere) {
    EXPECT_EQ(bobs()->folder(box).error().kind, MailError::no_such_folder);
    EXPECT_EQ(bobs()->folder("Other Users/ann/team").error().kind, MailError::no_such_folder);
    EXPECT_TRUE(bobs()->folders()->empty());
    grant(owner(ann), box, to_bob(), "i");
    EXPECT_TRUE(bobs()->folder(box)) << "who may add must be able to name it";
    EXPECT_TRUE(bobs()->folders()->empty()) << "and does not see it";
    EXPECT_EQ(bobs()->view(box).error().kind, MailError::no_permission);
}

TEST_F(SharedAccountTest, AWayLeadsToWhatIsSeen) {
    FolderId deep = make(owner(ann), "a/b/c");
    grant(owner(ann), deep, to_bob(), "lr");
    std::string shown;
    const auto all = bobs()->folders().value();
    for (const auto& one : all) shown += one.path + (one.selectable ? "* " : " ");
    EXPECT_EQ(shown, "Other Users/ann Other Users/ann/a Other Users/ann/a/b Other Users/ann/a/b/c* ");
}

TEST_F(SharedAccountTest, EachReadsForHimselfWhereReadingIsNotShared) {
    grant(owner(ann), box, to_bob(), "lr");
    grant(owner(ann), box, Principal::account(eve->id), "lrs");
    auto eves = seen_by(eve, owner(ann));
    EXPECT_EQ(bobs()->folder(box)->unseen, 1u);
    auto shared = bobs();
    auto stored = shared->store(box, one(), {FlagChange::Mode::add, mailstore::seen, {}}, {});
    ASSERT_TRUE(stored);
    EXPECT_EQ(flags(*shared, box, uid), mailstore::seen);
    EXPECT_EQ(shared->folder(box)->unseen, 0u);
    EXPECT_EQ(flags(*own(ann), box, uid), 0);
    EXPECT_EQ(flags(*eves, box, uid), 0);
    ASSERT_TRUE(eves->store(box, one(), {FlagChange::Mode::add, mailstore::seen, {}}, {}));
    EXPECT_EQ(flags(*own(ann), box, uid), mailstore::seen);
    ASSERT_TRUE(shared->store(box, one(), {FlagChange::Mode::replace, 0, {}}, {}));
    EXPECT_EQ(flags(*shared, box, uid), 0);
    EXPECT_EQ(flags(*own(ann), box, uid), mailstore::seen);
}

TEST_F(SharedAccountTest, OfFlagsThatMayNotBeSetTheRestIsSet) {
    grant(owner(ann), box, to_bob(), "lrit");
    auto stored = bobs()->store(
        box, one(), {FlagChange::Mode::add, mailstore::deleted | mailstore::flagged, {"Word"}}, {});
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->changed[0].flags.system, mailstore::deleted);
    EXPECT_EQ(flags(*own(ann), box, uid), mailstore::deleted);
    ASSERT_TRUE(own(ann)->store(box, one(), {FlagChange::Mode::replace, mailstore::flagged, {}}, {}));
    ASSERT_TRUE(bobs()->store(box, one(), {FlagChange::Mode::replace, mailstore::deleted, {}}, {}));
    EXPECT_EQ(flags(*own(ann), box, uid), mailstore::deleted | mailstore::flagged)
        << "a replacement leaves alone what may not be changed";
    auto added = add(*bobs(), box, "new", mailstore::seen | mailstore::flagged | mailstore::deleted).value();
    EXPECT_EQ(flags(*own(ann), box, added.uids[0]), mailstore::deleted);
    EXPECT_EQ(flags(*bobs(), box, added.uids[0]), mailstore::deleted | mailstore::seen);
}

TEST_F(SharedAccountTest, CopiesHaveTheFlagsThatTheReaderSeesAndMaySet) {
    grant(owner(ann), box, to_bob(), "lri");
    ASSERT_TRUE(own(ann)->store(box, one(), {FlagChange::Mode::add, mailstore::flagged, {}}, {}));
    ASSERT_TRUE(bobs()->store(box, one(), {FlagChange::Mode::add, mailstore::seen, {}}, {}));
    auto inbox = own(bob)->folder("INBOX").value();
    auto copied = carry(*bobs(), box, one(), *own(bob), inbox.id, false).value();
    EXPECT_EQ(flags(*own(bob), inbox.id, copied.to[0]), mailstore::seen | mailstore::flagged);
    auto back = carry(*own(bob), inbox.id, mailstore::every_uid(), *bobs(), box, false).value();
    EXPECT_EQ(flags(*own(ann), box, back.to[0]), 0);
    EXPECT_EQ(flags(*bobs(), box, back.to[0]), mailstore::seen);
}

TEST_F(SharedAccountTest, WhoMakesAFolderHasAllRightsOnIt) {
    grant(owner(ann), box, to_bob(), "lrk");
    auto made = bobs()->create_folder("Other Users/ann/team/sub/deep", mailstore::FolderKind::mail,
                                      mailstore::SpecialUse::none);
    ASSERT_TRUE(made) << made.error().what;
    EXPECT_EQ(made->path, "Other Users/ann/team/sub/deep");
    EXPECT_EQ(letters_of(bob, owner(ann), made->id), "lrswipkxteacd");
    EXPECT_EQ(letters_of(eve, owner(ann), made->id), "");
    EXPECT_EQ(
        bobs()
            ->create_folder("Other Users/ann/else", mailstore::FolderKind::mail, mailstore::SpecialUse::none)
            .error()
            .kind,
        MailError::no_permission);
}

TEST_F(SharedAccountTest, ARightTakenAwayEndsWhatASessionMayDo) {
    grant(owner(ann), box, to_bob(), "lrw");
    auto session = bobs();
    ASSERT_TRUE(session->view(box));
    ASSERT_TRUE(sharing->remove(owner(ann), box, to_bob()));
    EXPECT_EQ(session->view(box).error().kind, MailError::no_such_folder);
    EXPECT_FALSE(session->store(box, one(), {FlagChange::Mode::add, mailstore::flagged, {}}, {}));
}

TEST_F(SharedAccountTest, PrivateNotesAreEachPersonsOwn) {
    grant(owner(ann), box, to_bob(), "lrw");
    ASSERT_TRUE(own(ann)->annotate(box, {{"/private/comment", "ann's"}, {"/shared/comment", "ours"}}));
    ASSERT_TRUE(bobs()->annotate(box, {{"/private/comment", "bob's"}}));
    const auto seen = bobs()->annotations(box).value();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0].value, "bob's");
    EXPECT_EQ(seen[1].value, "ours");
}

TEST_F(SharedAccountTest, PathsNameTheirOwner) {
    EXPECT_EQ(sharing->at(bob, "INBOX").value(), nullptr);
    EXPECT_EQ(sharing->at(bob, "Other Users/bob/INBOX").error().kind, MailError::no_such_folder);
    EXPECT_EQ(sharing->at(bob, "Other Users/nobody/INBOX").error().kind, MailError::no_such_folder);
    EXPECT_EQ(sharing->at(bob, "Other Users").error().kind, MailError::no_such_folder);
    EXPECT_EQ(sharing->at(bob, "Other Users/ann/INBOX").value()->root(), "Other Users/ann");
    EXPECT_EQ(sharing->at(bob, "Public Folders/x").value()->root(), "Public Folders");
}

}  // namespace
}  // namespace postrider::rights
