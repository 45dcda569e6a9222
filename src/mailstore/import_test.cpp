#include "mailstore/fixture_for_tests.h"

namespace postrider::mailstore {
namespace {

using Import = StoreTest;

TEST_F(Import, AFolderWithoutAPastTakesOverUids) {
    auto made = account(bob)->create_folder("Old");
    ASSERT_TRUE(made);
    auto adopted = account(bob)->adopt_uids(made->id, 1'234'567, Uid{1});
    ASSERT_TRUE(adopted) << adopted.error().what;
    EXPECT_EQ(adopted->uid_validity, 1'234'567u);
    std::vector<Account::NewItem> items(3);
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].payload = message(fmt::format("{}", i));
        items[i].mark = fmt::format("mark {}", i);
    }
    items[0].uid = Uid{100};
    items[1].uid = Uid{4'000'000};
    items[2].uid = Uid{50};  // too late
    auto appended = account(bob)->append(made->id, items);
    ASSERT_TRUE(appended);
    EXPECT_EQ(appended->uids, (std::vector<Uid>{Uid{100}, Uid{4'000'000}, Uid{4'000'001}}));
    EXPECT_TRUE(account(bob)->has_import_mark("mark 1").value_or(false));
    EXPECT_FALSE(account(bob)->has_import_mark("mark 9").value_or(true));
    EXPECT_EQ(account(bob)->adopt_uids(made->id, 99, Uid{1})->uid_validity, 1'234'567u) << "it has a past";
    EXPECT_EQ(account(bob)->adopt_uids(made->id, 1'234'567, Uid{9})->uid_next, Uid{4'000'002});
    EXPECT_EQ(account(bob)->adopt_uids(made->id, 1'234'567, Uid{5'000'000})->uid_next, Uid{5'000'000});
    auto twice = account(bob)->append(made->id, {items[0]});
    ASSERT_TRUE(twice);
    EXPECT_EQ(twice->uids, std::vector<Uid>{Uid{}});
    EXPECT_EQ(info(bob, "Old").messages, 3u);
    const FolderId other = account(bob)->create_folder("Other")->id;
    EXPECT_NE(account(bob)->adopt_uids(other, 1'234'567, Uid{1})->uid_validity, 1'234'567u) << "taken";
    reopen();
    EXPECT_EQ(uids(bob, "Old"), appended->uids);
    EXPECT_EQ(text(bob, "Old", Uid{4'000'000}), message("1"));
    expect_sound();
    ASSERT_TRUE(account(bob)->forget_import_marks());
    EXPECT_FALSE(account(bob)->has_import_mark("mark 1").value_or(true));
}

}  // namespace
}  // namespace postrider::mailstore
