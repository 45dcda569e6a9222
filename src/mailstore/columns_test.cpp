#include "mailstore/columns.h"

#include <atomic>
#include <thread>

#include "mailstore/fixture_for_tests.h"
#include "mailstore/records.h"

namespace postrider::mailstore {
namespace {

class ColumnsOfAFolder : public StoreTest {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        account = store->account(bob).value();
        inbox = account->folder("INBOX").value().id;
    }
    void add(int messages) {
        std::vector<Account::NewItem> items;
        for (int i = 0; i < messages; ++i) {
            items.emplace_back().payload = message("number " + std::to_string(added++), 10);
        }
        ASSERT_TRUE(account->append(inbox, std::move(items)));
    }
    std::shared_ptr<Columns> columns(Made how = Made::now) {
        return columns_of(*account->view(inbox).value(), how);
    }
    static UidSet with_subject(const Columns& columns, std::string_view folded) {
        auto answer = columns.containing(Columns::Field::subject, folded, UidSet{{Uid{1}, Uid{1000}}});
        return answer.yes;
    }

    std::shared_ptr<Account> account;
    FolderId inbox;
    int added = 0;
};

TEST_F(ColumnsOfAFolder, AreMadeWhenTheyAreWantedAndThenFollow) {
    add(20);
    EXPECT_FALSE(columns(Made::if_there));
    auto made = columns();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->rows(), 20u);
    EXPECT_EQ(with_subject(*made, "NUMBER 7"), (UidSet{{Uid{8}, Uid{8}}}));
    EXPECT_EQ(made->containing(Columns::Field::from, "ANN <ANN@", {{Uid{1}, Uid{5}}}).yes,
              (UidSet{{Uid{1}, Uid{5}}}));
    EXPECT_TRUE(made->containing(Columns::Field::cc, "ANN", {{Uid{1}, Uid{5}}}).yes.empty());
    constexpr std::int64_t day = 20'777;  // 2026-11-20
    EXPECT_EQ(made->sent(day, day, {{Uid{3}, Uid{4}}}).yes, (UidSet{{Uid{3}, Uid{4}}}));
    EXPECT_TRUE(made->sent(day + 1, INT64_MAX, {{Uid{3}, Uid{4}}}).yes.empty());
    EXPECT_EQ(made->sent(day, day, {{Uid{19}, Uid{25}}}).missing, (UidSet{{Uid{21}, Uid{25}}}));
    add(5);
    EXPECT_EQ(columns(Made::if_there), made) << "the same, with what came";
    EXPECT_EQ(with_subject(*made, "NUMBER 2"), (UidSet{{Uid{3}, Uid{3}}, {Uid{21}, Uid{25}}}));
    auto record = Columns::Reading{*made, Columns::Reading::Ranks::yes};
    ASSERT_TRUE(record.row(Uid{25}));
    EXPECT_EQ(record.row(Uid{26}), nullptr);
    ASSERT_TRUE(record.row(Uid{1})) << "back again";
    EXPECT_LT(record.rank_of(record.row(Uid{1})->base_subject),
              record.rank_of(record.row(Uid{2})->base_subject));
}

TEST_F(ColumnsOfAFolder, AreMadeForTheSecondWhoWouldReadSomeOfThemAgain) {
    add(640);
    auto asked = [&](std::uint64_t looks) {
        return columns_of(*account->view(inbox).value(), Made::when_worth, looks);
    };
    EXPECT_FALSE(asked(500)) << "once is no habit";
    EXPECT_FALSE(columns(Made::if_there)) << "who only noted something made nothing";
    auto made = asked(1);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->rows(), 640u);

    ASSERT_TRUE(account->expunge(inbox, UidSet{{Uid{1}, Uid{640}}}, false));
    add(3'200);
    columns();  // made anew
    store.reset();
    open();
    account = store->account(bob).value();
    int questions = 1;
    for (; !asked(10); ++questions) ASSERT_LT(questions, 100);
    EXPECT_EQ(questions, 10) << "ten looks are little in 3,200 messages";
}

TEST_F(ColumnsOfAFolder, AreMadeAnewWhenMostOfThemIsExpunged) {
    add(1500);
    auto before = columns();
    ASSERT_TRUE(before);
    ASSERT_TRUE(account->expunge(inbox, UidSet{{Uid{1}, Uid{1000}}}, false));
    EXPECT_EQ(columns(), before) << "that many rows too many are borne";
    ASSERT_TRUE(account->expunge(inbox, UidSet{{Uid{1001}, Uid{1450}}}, false));
    auto after = columns();
    ASSERT_TRUE(after);
    EXPECT_NE(after, before);
    EXPECT_EQ(after->rows(), account->folder(inbox).value().messages);
}

TEST_F(ColumnsOfAFolder, AnswerManySessionsWhileMailArrives) {
    add(50);
    std::atomic<bool> done = false;
    auto ask = [&] {
        while (!done) {
            auto view = account->view(inbox).value();
            auto now = columns_of(*view, Made::now);
            ASSERT_TRUE(now);
            const UidSet all = view->uids().value();
            EXPECT_EQ(now->containing(Columns::Field::subject, "NUMBER", all).yes, all);
            Columns::Reading reading{*now, Columns::Reading::Ranks::yes};
            const auto* const first = reading.row(Uid{1});
            const auto* const last = reading.row(all.back().last);
            ASSERT_TRUE(first && last);
            EXPECT_NE(reading.rank_of(first->subject), reading.rank_of(last->subject));
        }
    };
    std::thread one{ask}, two{ask};
    for (int i = 0; i < 100; ++i) add(1 + i % 3);
    done = true;
    one.join();
    two.join();
}

TEST_F(ColumnsOfAFolder, AreNotKeptWhenTheyTakeTooMuchMemory) {
    add(4);
    options.roster_items = 4;
    store.reset();
    open();
    account = store->account(bob).value();
    EXPECT_FALSE(columns());
    EXPECT_FALSE(columns()) << "and not tried again and again";
    EXPECT_FALSE(columns(Made::if_there));
}

TEST_F(ColumnsOfAFolder, HaveWhatADamagedDescriptionHides) {
    add(10);
    kv::Batch batch;
    batch.put(description_key(bob, inbox, Uid{4}), "?");
    ASSERT_TRUE(store->kv().write(std::move(batch), kv::Durability::soon));
    auto made = columns();
    ASSERT_TRUE(made);
    EXPECT_EQ(with_subject(*made, "NUMBER 3"), (UidSet{{Uid{4}, Uid{4}}}));
}

}  // namespace
}  // namespace postrider::mailstore
