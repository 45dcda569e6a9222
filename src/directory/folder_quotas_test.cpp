#include "directory/folder_quotas.h"

#include <gtest/gtest.h>

#include "directory/test_directory.h"

namespace postrider::directory {
namespace {

const FolderId inbox{1}, junk{2};

TEST(FolderQuotaBook, KnowsAFoldersOwnQuotaUntilItGoes) {
    TestDirectory house;
    const AccountId ann = house.account("ann"), bob = house.account("bob");
    FolderQuotaBook book{*house.store};
    ASSERT_TRUE(book.open());
    EXPECT_EQ(book.of(ann, inbox).value(), std::nullopt);
    const FolderQuota small{.message_size_kb = 1024, .message_count = 20};
    ASSERT_TRUE(book.set(ann, {{inbox, small}}));
    EXPECT_EQ(book.of(ann, inbox).value(), small);
    EXPECT_EQ(book.of(ann, junk).value(), std::nullopt);
    EXPECT_EQ(book.of(bob, inbox).value(), std::nullopt);
    ASSERT_TRUE(book.set(ann, {{junk, small}}));
    EXPECT_EQ(book.of(ann), (FolderQuotas{{junk, small}}));
    ASSERT_TRUE(book.set(ann, {}));
    EXPECT_EQ(book.of(ann, junk).value(), std::nullopt);
    EXPECT_EQ(book.of(ann), FolderQuotas{});
}

TEST(FolderQuotaBook, FindsAfterAStartWhoseFoldersHaveAny) {
    TestDirectory house;
    const AccountId ann = house.account("ann"), bob = house.account("bob");
    const FolderQuota small{.message_size_kb = 0, .message_count = 20};
    {
        FolderQuotaBook book{*house.store};
        ASSERT_TRUE(book.open());
        ASSERT_TRUE(book.set(ann, {{inbox, small}}));
        ASSERT_TRUE(book.set(bob, {{inbox, small}, {junk, {}}}));
    }
    house.reopen();
    FolderQuotaBook book{*house.store};
    ASSERT_TRUE(book.open());
    EXPECT_EQ(book.of(ann, inbox).value(), small);
    EXPECT_EQ(book.of(bob, junk).value(), FolderQuota{}) << "no limit, whatever holds for each";
    kv::Batch batch;
    FolderQuotaBook::forget(bob, batch);
    ASSERT_TRUE(house.store->write(std::move(batch)));
    EXPECT_EQ(book.of(bob, inbox).value(), std::nullopt);
    EXPECT_EQ(book.of(ann, inbox).value(), small) << "the next owner's are not touched";
}

TEST(FolderQuotaBook, TakesNoMoreThanItReads) {
    TestDirectory house;
    FolderQuotaBook book{*house.store};
    FolderQuotas many;
    for (std::uint32_t i = 0; i <= max_folder_quotas; ++i) many[FolderId{i}] = {};
    EXPECT_EQ(book.set(house.account("ann"), many).error().kind, DirectoryError::bad_value);
}

}  // namespace
}  // namespace postrider::directory
