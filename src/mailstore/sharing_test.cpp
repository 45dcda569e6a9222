#include "mailstore/fixture_for_tests.h"

// What others than the owner do in an account: access lists, what readers have read, mail that crosses over.

namespace postrider::mailstore {
namespace {

class Sharing : public StoreTest {
protected:
    Uid put(AccountId owner, FolderId folder, std::string_view subject, std::uint8_t flags = 0) {
        Account::NewItem item;
        item.payload = message(subject);
        item.flags = flags;
        std::vector<Account::NewItem> items;
        items.push_back(std::move(item));
        auto done = account(owner)->append(folder, std::move(items));
        EXPECT_TRUE(done);
        return done ? done->uids.front() : Uid{};
    }
    std::optional<Item> item(AccountId owner, FolderId folder, Uid uid) {
        auto view = account(owner)->view(folder).value();
        return view->item(uid).value();
    }
};

TEST_F(Sharing, AccessListsAreKeptAndGoWithTheirFolder) {
    auto box = account(bob)->create_folder("team").value();
    ASSERT_TRUE(account(bob)->set_access_list(box.id, "some bytes"));
    ASSERT_TRUE(account(bob)->set_access_list(FolderId{0}, "of the whole account"));
    reopen();
    auto all = account(bob)->access_lists().value();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].folder, FolderId{0});
    EXPECT_EQ(all[0].list, "of the whole account");
    EXPECT_EQ(all[1].folder, box.id);
    EXPECT_EQ(all[1].list, "some bytes");
    ASSERT_TRUE(account(bob)->delete_folder(box.id));
    EXPECT_EQ(account(bob)->access_lists()->size(), 1u);
    ASSERT_TRUE(account(bob)->set_access_list(FolderId{0}, ""));
    EXPECT_TRUE(account(bob)->access_lists()->empty());
    EXPECT_EQ(account(bob)->set_access_list(box.id, "x").error().kind, MailError::no_such_folder);
}

TEST_F(Sharing, TheShapeIsAnotherAfterEachChangeOfNamesOrAccessAndNeverOneThatWas) {
    std::set<std::uint64_t> seen{account(bob)->shape()};
    auto changed = [&] { return seen.insert(account(bob)->shape()).second; };
    auto box = account(bob)->create_folder("a").value();
    EXPECT_TRUE(changed());
    ASSERT_TRUE(account(bob)->rename_folder(box.id, "b"));
    EXPECT_TRUE(changed());
    ASSERT_TRUE(account(bob)->set_access_list(box.id, "x"));
    EXPECT_TRUE(changed());
    put(bob, box.id, "mail changes no shape");
    EXPECT_FALSE(changed());
    ASSERT_TRUE(account(bob)->delete_folder(box.id));
    EXPECT_TRUE(changed());
    EXPECT_NE(account(bob)->shape(), account(eve)->shape());
}

TEST_F(Sharing, WhatAReaderHasReadIsHisAlone) {
    auto box = account(bob)->create_folder("team").value();
    Uid first = put(bob, box.id, "one"), second = put(bob, box.id, "two");
    const ModSeq before = item(bob, box.id, first)->modseq;
    auto stored = account(bob)->mark_seen_by(eve, box.id, {{first, first}}, Account::Seen::yes);
    ASSERT_TRUE(stored);
    EXPECT_TRUE(stored->anything);
    ASSERT_EQ(stored->changed.size(), 1u);
    EXPECT_EQ(stored->changed[0].flags.system, seen);
    EXPECT_EQ(item(bob, box.id, first)->flags.system, 0);
    EXPECT_GT(item(bob, box.id, first)->modseq, before) << "a client that caches must look again";
    EXPECT_EQ(account(bob)->seen_by(eve, box.id).value(), (UidSet{{first, first}}));
    EXPECT_TRUE(account(bob)->seen_by(bob, box.id)->empty());
    EXPECT_FALSE(account(bob)->mark_seen_by(eve, box.id, {{first, first}}, Account::Seen::yes)->anything);
    ASSERT_TRUE(account(bob)->mark_seen_by(eve, box.id, {{first, second}}, Account::Seen::yes));
    reopen();
    EXPECT_EQ(account(bob)->seen_by(eve, box.id).value(), (UidSet{{first, second}}));
    ASSERT_TRUE(account(bob)->mark_seen_by(eve, box.id, {{first, first}}, Account::Seen::no));
    EXPECT_EQ(account(bob)->seen_by(eve, box.id).value(), (UidSet{{second, second}}));
    auto late = account(bob)->mark_seen_by(eve, box.id, {{second, second}}, Account::Seen::no, ModSeq{1});
    EXPECT_EQ(late->modified, (UidSet{{second, second}}));
}

TEST_F(Sharing, MailCrossesBetweenAccountsWithTheSameBytes) {
    auto from = account(bob)->create_folder("team").value();
    auto to = account(eve)->create_folder("mine").value();
    Uid uid = put(bob, from.id, "crossing", flagged | seen);
    ASSERT_TRUE(account(bob)->store(from.id, {{uid, uid}}, {FlagChange::Mode::add, 0, {"Blue"}}));
    ASSERT_TRUE(account(eve)->store(to.id, {{put(eve, to.id, "other"), Uid{9}}},
                                    {FlagChange::Mode::add, 0, {"Red"}}));
    auto copied = account(eve)->copy_from(bob, from.id, {{uid, uid}}, to.id);
    ASSERT_TRUE(copied) << copied.error().what;
    ASSERT_EQ(copied->to.size(), 1u);
    auto copy = item(eve, to.id, copied->to[0]);
    EXPECT_EQ(copy->blob, item(bob, from.id, uid)->blob);
    EXPECT_EQ(copy->flags.system, flagged | seen);
    auto keywords = account(eve)->folder(to.id)->keywords;
    ASSERT_EQ(keywords.size(), 2u);
    EXPECT_EQ(keywords[1], "Blue");
    EXPECT_TRUE(copy->flags.keyword(1));

    const UidSet none;
    auto moved = account(eve)->move_from(bob, from.id, {{uid, uid}}, to.id, {flagged | seen, false, &none});
    ASSERT_TRUE(moved);
    copy = item(eve, to.id, moved->to[0]);
    EXPECT_EQ(copy->flags.system, flagged);
    EXPECT_FALSE(copy->flags.keyword(1));
    EXPECT_FALSE(item(bob, from.id, uid));
    EXPECT_EQ(account(bob)->folder(from.id)->messages, 0u);
    EXPECT_EQ(account(bob)->quota().used_messages, 0u);
    EXPECT_EQ(account(eve)->folder(to.id)->messages, 3u);
    ASSERT_TRUE(account(eve)->expunge(to.id, std::nullopt, false));
    expect_sound();
}

TEST_F(Sharing, WhatComesFromAnotherAccountCountsAgainstTheQuota) {
    auto from = account(bob)->create_folder("team").value();
    auto to = account(eve)->create_folder("mine").value();
    Uid uid = put(bob, from.id, "large");
    QuotaLimits limits;
    limits.bytes = 10;
    quota.set(eve, limits);
    EXPECT_EQ(account(eve)->move_from(bob, from.id, {{uid, uid}}, to.id).error().kind, MailError::over_quota);
    EXPECT_TRUE(item(bob, from.id, uid));
}

TEST(UidSets, AreUnitedIntersectedAndTakenFromEachOther) {
    const UidSet a{{Uid{1}, Uid{5}}, {Uid{9}, Uid{9}}}, b{{Uid{3}, Uid{4}}, {Uid{6}, Uid{8}}};
    EXPECT_EQ(unite(a, b), (UidSet{{Uid{1}, Uid{9}}}));
    EXPECT_EQ(intersect(a, b), (UidSet{{Uid{3}, Uid{4}}}));
    EXPECT_EQ(subtract(a, b), (UidSet{{Uid{1}, Uid{2}}, {Uid{5}, Uid{5}}, {Uid{9}, Uid{9}}}));
    EXPECT_EQ(subtract(a, every_uid()), UidSet{});
    EXPECT_TRUE(contains(a, Uid{5}));
    EXPECT_FALSE(contains(a, Uid{6}));
    std::uint32_t random = 7;
    auto some = [&] {
        UidSet set;
        for (std::uint32_t uid = 1; uid < 60; ++uid)
            if ((random = random * 1664525 + 1013904223) >> 31) append(set, Uid{uid});
        return set;
    };
    for (int i = 0; i < 200; ++i) {
        const UidSet x = some(), y = some();
        for (std::uint32_t uid = 1; uid < 60; ++uid) {
            EXPECT_EQ(contains(unite(x, y), Uid{uid}), contains(x, Uid{uid}) || contains(y, Uid{uid}));
            EXPECT_EQ(contains(intersect(x, y), Uid{uid}), contains(x, Uid{uid}) && contains(y, Uid{uid}));
            EXPECT_EQ(contains(subtract(x, y), Uid{uid}), contains(x, Uid{uid}) && !contains(y, Uid{uid}));
        }
    }
}

}  // namespace
}  // namespace postrider::mailstore
