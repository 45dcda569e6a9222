#include "mailstore/records.h"

#include <gtest/gtest.h>

#include "mailstore/group_sync.h"
#include "mailstore/names.h"
#include "mailstore/prefix.h"

namespace postrider::mailstore {
namespace {

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (int value : values) out.push_back(static_cast<char>(value));
    return out;
}

// The bytes of version 1, for good: whoever changes a record raises the version and keeps reading these.
TEST(Records, OfVersion1AreReadAsTheyWereWritten) {
    EXPECT_EQ(decode_store(bytes({1, 1, 1, 5})), (StoreRecord{1, true, 5}));
    EXPECT_EQ(decode_account(bytes({1, 2, 7, 9, 0x80, 1, 3, 0xe8, 7, 4})),
              (AccountRecord{2, 7, 9, 128, 3, 1000, 4}));
    EXPECT_EQ(decode_blob(bytes({1, 3, 0x80, 0x20, 100, 90, 2, 1})), (BlobRecord{{3, 4096, 100, 90}, 2, 1}));
    FolderRecord folder;
    folder.epoch = 1;
    folder.parent = FolderId{4};
    folder.name = "Old";
    folder.special_use = SpecialUse::junk;
    folder.uid_validity = 6;
    folder.n = {Uid{8}, Uid{7}, ModSeq{9}, 3, 2, 1, 300};
    folder.keywords = {"$a"};
    EXPECT_EQ(decode_folder(
                  bytes({1, 1, 4, 0, 5, 1, 6, 8, 7, 9, 3, 2, 1, 0xac, 2, 3, 'O', 'l', 'd', 1, 2, '$', 'a'})),
              folder);
    const std::string stored_item = bytes({1, 2, 3, 9, 0xac, 2, 7, 20, 1, 4, 'X', ':', 'y', '\n'});
    auto item = decode_item(Uid{5}, stored_item);  // its prefix is a view
    ASSERT_TRUE(item);
    EXPECT_EQ(item->flags.system, seen | answered);
    EXPECT_EQ(item->modseq, ModSeq{9});
    EXPECT_EQ(item->size, 300u);
    EXPECT_EQ(item->blob, BlobId{7});
    EXPECT_EQ(item->email_id, 7u);
    EXPECT_EQ(item->internal_date, 10);
    EXPECT_EQ(item->save_date, 9);
    EXPECT_EQ(item->prefix, "X:y\n");
    auto change = decode_change(bytes({1, 2, 3, 10, 2, 4, 0, 2, 3}));
    ASSERT_TRUE(change);
    EXPECT_EQ(change->kind, Change::Kind::expunged);
    EXPECT_EQ(change->uids, (UidSet{{Uid{4}, Uid{4}}, {Uid{6}, Uid{9}}}));
    EXPECT_EQ(decode_zombie(bytes({1, 10})), 5);
}

TEST(Records, ComeBackAsTheyWentIn) {
    Item item;
    item.uid = Uid{0xfffffffe};
    item.modseq = ModSeq{std::uint64_t{1} << 62};
    item.flags.system = seen | deleted;
    item.flags.set_keyword(0);
    item.flags.set_keyword(127);
    item.size = 0xffffffff;
    item.blob = BlobId{0xffff'0000'0000'0001};
    item.internal_date = std::numeric_limits<std::int64_t>::min();
    item.save_date = std::numeric_limits<std::int64_t>::max();
    item.email_id = 12;
    item.prefix = "X-A: b\r\n";
    const std::string value = encoded(item);
    auto back = decode_item(item.uid, value);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->flags, item.flags);
    EXPECT_EQ(back->internal_date, item.internal_date);
    EXPECT_EQ(back->save_date, item.save_date);
    EXPECT_EQ(back->email_id, item.email_id);
    EXPECT_EQ(back->prefix, item.prefix);
    EXPECT_EQ(encoded(*back), value);
}

TEST(Records, OfAnOrdinaryMessageAreSmall) {
    Item item;
    item.modseq = ModSeq{123'456};
    item.size = 4'000;
    item.blob = BlobId{(std::uint64_t{1} << 48) + 5'000'000};
    item.email_id = item.blob.value();
    item.internal_date = item.save_date = 1'800'000'000;
    EXPECT_LE(encoded(item).size(), 24u);
}

TEST(Records, CutOrNewerOnesAreRefused) {
    const std::string good = bytes({1, 1, 1, 5});
    for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(decode_store(good.substr(0, size)));
    EXPECT_FALSE(decode_store(good + "x"));
    EXPECT_FALSE(decode_store(bytes({2, 1, 1, 5})));
    EXPECT_FALSE(decode_blob(bytes({1, 0x80, 0, 0, 0, 0, 0})));       // there are files 00 to 7f
    EXPECT_FALSE(decode_change(bytes({1, 0, 1, 0, 2, 5, 0, 0, 0})));  // a run that does not go on
}

TEST(Records, KeysSortAsTheirNumbers) {
    EXPECT_LT(item_key(AccountId{1}, FolderId{2}, Uid{255}).view(),
              item_key(AccountId{1}, FolderId{2}, Uid{256}).view());
    EXPECT_LT(item_key(AccountId{1}, FolderId{2}, Uid{0xffffffff}).view(),
              item_key(AccountId{1}, FolderId{3}, Uid{0}).view());
    EXPECT_EQ(item_key(AccountId{1}, FolderId{2}, Uid{3}).view().size(), 17u);
}

TEST(Prefix, OnlyTraceFieldsLeaveADescriptionAsItIs) {
    EXPECT_TRUE(only_trace_fields(""));
    EXPECT_TRUE(only_trace_fields("Return-Path: <>\r\nX-Spam: yes\r\n\tvery\r\n"));
    EXPECT_FALSE(only_trace_fields("Subject: x\r\n"));
    EXPECT_FALSE(only_trace_fields("X-A: without line end"));
    EXPECT_FALSE(only_trace_fields("not a field\r\n"));
}

TEST(GroupSync, FailureReachesThoseItWasFor) {
    int calls = 0;
    GroupSync sync{[&]() -> Result<> {
        if (++calls == 1) return std::unexpected(Failure{MailError::storage, "disk"});
        return {};
    }};
    EXPECT_FALSE(sync.wait());
    EXPECT_TRUE(sync.wait());
    EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace postrider::mailstore
