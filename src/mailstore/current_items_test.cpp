#include <random>

#include "mailstore/fixture_for_tests.h"
#include "mailstore/records.h"

namespace postrider::mailstore {
namespace {

using Items = StoreTest;
using Mode = FlagChange::Mode;

TEST_F(Items, WhatMemoryKnowsOfAFolderIsWhatItsRecordsSay) {
    const FolderId inbox = id_of(bob, "INBOX"), sent = id_of(bob, "Sent");
    std::mt19937 random{20261121};
    auto all = [&](FolderId folder) {
        std::vector<std::pair<Uid, std::string>> found;
        const auto view = *account(bob)->view(folder);
        EXPECT_TRUE(view->each_item(every_uid(), [&](const Item& item) {
            put(found.emplace_back(item.uid, std::string{}).second, item);
            return true;
        }));
        return found;
    };
    for (int i = 1; i <= 30; ++i) {
        auto one = submission({bob}, message("s"));
        if (i % 3 == 0) one.targets[0].prefix = "X-Spam-Level: 9\r\n";
        ASSERT_TRUE(submit(std::move(one)));
    }
    for (int i = 0; i < 60; ++i) {
        const auto known = all(inbox);  // from now on in memory
        ASSERT_EQ(known.size(), info(bob, "INBOX").messages);
        UidSet some;
        for (const auto& [uid, record] : known)
            if (random() % 4 == 0) append(some, uid);
        const std::string keyword = fmt::format("k{}", random() % 3);
        const auto mode = static_cast<Mode>(random() % 3);
        switch (random() % 8) {
            case 0: ASSERT_TRUE(account(bob)->copy(inbox, some, sent)); break;
            case 1: ASSERT_TRUE(account(bob)->copy(inbox, some, inbox)); break;
            case 2: {
                UidSet few;
                if (!some.empty()) few.push_back(some.front());
                ASSERT_TRUE(account(bob)->expunge(inbox, few, false));
                break;
            }
            case 3: ASSERT_TRUE(account(bob)->expunge(inbox, std::nullopt, true)); break;
            case 4:
                ASSERT_TRUE(account(bob)->store(inbox,
                                                {{some.empty() ? Uid{1} : some.back().first, highest_uid}},
                                                {Mode::add, mailstore::deleted, {}}));
                break;
            default: ASSERT_TRUE(account(bob)->store(inbox, some, {mode, flagged, {keyword}})); break;
        }
        if (info(bob, "INBOX").messages < 20) deliver(bob, "more");
        const auto inbox_before = all(inbox), sent_before = all(sent);
        if (i % 6 != 0) continue;
        reopen();  // memory knows nothing of what was before
        ASSERT_EQ(all(inbox), inbox_before);
        ASSERT_EQ(all(sent), sent_before);
    }
    expect_sound();
}

}  // namespace
}  // namespace postrider::mailstore
