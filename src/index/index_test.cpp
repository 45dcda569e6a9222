#include "index/index.h"

#include <fstream>

#include "index/pace.h"
#include "index/shelf.h"
#include "mailstore/fixture_for_tests.h"

namespace postrider::index {
namespace {

using mailstore::UidSet;

class IndexTest : public mailstore::StoreTest {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        open_index();
    }
    void TearDown() override { index.reset(); }

    void open_index() {
        index.reset();
        index = Index::open(*store, metrics, index_options());
    }
    Options index_options() {
        Options made;
        made.directory = scratch.path() / "index";
        made.log = logger;
        made.delay = std::chrono::milliseconds{10};
        made.builder_memory = builder_memory;
        return made;
    }
    UidSet subject(std::string_view folded) {
        return index->reader(bob)->find(id_of(bob, "INBOX"), Field::subject, folded).yes;
    }
    std::vector<std::filesystem::path> files() {
        std::vector<std::filesystem::path> all;
        for (const auto& entry : std::filesystem::recursive_directory_iterator{scratch.path() / "index"})
            if (entry.is_regular_file()) all.push_back(entry.path());
        return all;
    }

    observe::Metrics metrics;
    std::size_t builder_memory = 24u << 20;
    std::unique_ptr<Index> index;
};

TEST_F(IndexTest, CoversWhatHasArrivedOnceItIsCaughtUp) {
    deliver(bob, "first offer");
    EXPECT_EQ(index->reader(bob)->covered(id_of(bob, "INBOX")), UidSet{});
    ASSERT_TRUE(index->catch_up(bob));
    EXPECT_EQ(subject("OFFER"), (UidSet{{Uid{1}, Uid{1}}}));
    deliver(bob, "second offer");
    ASSERT_TRUE(index->catch_up(bob));
    EXPECT_EQ(subject("OFFER"), (UidSet{{Uid{1}, Uid{2}}}));
    EXPECT_EQ(subject("SECOND"), (UidSet{{Uid{2}, Uid{2}}}));
    auto status = index->status(bob);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->messages, 2u);
    EXPECT_EQ(status->covered, 2u);
    EXPECT_EQ(status->files, 2u);
}

TEST_F(IndexTest, CopiesAreFoundInTheirFolderToo) {
    deliver(bob, "offer");
    ASSERT_TRUE(index->catch_up(bob));
    ASSERT_TRUE(account(bob)->copy(id_of(bob, "INBOX"), {{Uid{1}, Uid{1}}}, id_of(bob, "Archive")));
    ASSERT_TRUE(index->catch_up(bob));
    EXPECT_EQ(index->reader(bob)->find(id_of(bob, "Archive"), Field::subject, "OFFER").yes,
              (UidSet{{Uid{1}, Uid{1}}}));
}

TEST_F(IndexTest, IsThereAgainAfterARestart) {
    deliver(bob, "offer");
    ASSERT_TRUE(index->catch_up(bob));
    open_index();
    EXPECT_EQ(subject("OFFER"), (UidSet{{Uid{1}, Uid{1}}}));
}

TEST_F(IndexTest, FindsByItselfWhatChanged) {
    deliver(bob, "before");
    index->start();
    EXPECT_TRUE(eventually([&] { return index->status(bob)->covered >= 1; }));
    EXPECT_EQ(subject("BEFORE"), (UidSet{{Uid{1}, Uid{1}}}));
    deliver(bob, "after");
    EXPECT_TRUE(eventually([&] { return index->status(bob)->covered >= 2; }));
    EXPECT_EQ(subject("AFTER"), (UidSet{{Uid{2}, Uid{2}}}));
    index->stop();
    EXPECT_EQ(index->status().waiting_accounts, 0u);
    EXPECT_GE(index->status().indexed, 2u);
}

TEST(Pace, WaitsWhileChangesComeInByTheThousandButNotForEver) {
    Pace pace;
    Pace::Moment now{std::chrono::hours{1}};
    EXPECT_TRUE(pace.now_is_the_time(0, now));
    EXPECT_TRUE(pace.now_is_the_time(900, now += std::chrono::seconds{1}));
    int waited = 0;
    while (!pace.now_is_the_time(25'000, now += std::chrono::seconds{5})) ++waited;
    EXPECT_EQ(waited, 11);
    EXPECT_FALSE(pace.now_is_the_time(25'000, now += std::chrono::seconds{5}));
    EXPECT_TRUE(pace.now_is_the_time(100, now += std::chrono::seconds{5}));
}

TEST_F(IndexTest, CanBeSwitchedOffAndOnWhileItRuns) {
    auto until = [&](std::size_t covered) {
        eventually([&] { return index->status(bob)->covered >= covered; });
        return index->status(bob)->covered;
    };
    deliver(bob, "first");
    index->start();
    EXPECT_EQ(until(1), 1u);
    index->configure(false, std::chrono::milliseconds{10}, true);
    EXPECT_EQ(index->reader(bob), nullptr);
    deliver(bob, "second");
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_EQ(index->status(bob)->covered, 1u);
    index->configure(true, std::chrono::milliseconds{5}, true);
    EXPECT_EQ(until(2), 2u);
    EXPECT_EQ(subject("SECOND"), (UidSet{{Uid{2}, Uid{2}}}));
    index->stop();
    index->configure(true, std::chrono::milliseconds{5}, true);  // does not begin by itself
    deliver(bob, "third");
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_EQ(index->status(bob)->covered, 2u);
}

TEST_F(IndexTest, ADamagedFileIsMadeAgain) {
    deliver(bob, "first");
    ASSERT_TRUE(index->catch_up(bob));
    deliver(bob, "second");
    ASSERT_TRUE(index->catch_up(bob));
    index.reset();
    auto all = files();
    ASSERT_EQ(all.size(), 2u);
    std::ranges::sort(all);
    std::filesystem::resize_file(all[0], std::filesystem::file_size(all[0]) - 9);
    open_index();
    EXPECT_EQ(index->reader(bob)->covered(id_of(bob, "INBOX")), (UidSet{{Uid{2}, Uid{2}}}));
    open_index();  // the server died before it was made again
    ASSERT_TRUE(index->catch_up(bob));
    EXPECT_EQ(index->reader(bob)->covered(id_of(bob, "INBOX")), (UidSet{{Uid{1}, Uid{2}}}));
    EXPECT_EQ(subject("FIRST"), (UidSet{{Uid{1}, Uid{1}}}));
}

TEST_F(IndexTest, ManyFilesBecomeFewWithoutWhatWasExpunged) {
    for (int i = 0; i < 12; ++i) {
        deliver(bob, "message " + std::to_string(i));
        if (i == 3) {
            ASSERT_TRUE(account(bob)->expunge(id_of(bob, "INBOX"), UidSet{{Uid{2}, Uid{2}}}, false));
        }
        ASSERT_TRUE(index->catch_up(bob));
    }
    EXPECT_LT(index->status(bob)->files, 7u);
    EXPECT_EQ(files().size(), index->status(bob)->files);
    EXPECT_EQ(index->reader(bob)->covered(id_of(bob, "INBOX")),
              (UidSet{{Uid{1}, Uid{1}}, {Uid{3}, Uid{12}}}));
    EXPECT_EQ(subject("MESSAGE"), (UidSet{{Uid{1}, Uid{1}}, {Uid{3}, Uid{12}}}));
    open_index();
    EXPECT_EQ(subject("11"), (UidSet{{Uid{12}, Uid{12}}}));
}

TEST_F(IndexTest, LittleMemoryMakesSeveralFilesInOneGo) {
    builder_memory = 64 * 1024;
    open_index();
    for (int i = 0; i < 20; ++i) deliver(bob, "message " + std::to_string(i));
    ASSERT_TRUE(index->catch_up(bob));
    EXPECT_EQ(index->status(bob)->covered, 20u);
    EXPECT_EQ(subject("MESSAGE"), (UidSet{{Uid{1}, Uid{20}}}));
}

TEST_F(IndexTest, CanBeThrownAwayAndMadeAgain) {
    deliver(bob, "offer");
    ASSERT_TRUE(index->catch_up(bob));
    const auto held = index->reader(bob);
    index->rebuild(bob);
    EXPECT_EQ(index->reader(bob)->covered(id_of(bob, "INBOX")), UidSet{});
    EXPECT_TRUE(files().empty());
    EXPECT_EQ(held->find(id_of(bob, "INBOX"), Field::subject, "OFFER").yes.size(), 1u);  // still good
    ASSERT_TRUE(index->catch_up(bob));
    EXPECT_EQ(subject("OFFER"), (UidSet{{Uid{1}, Uid{1}}}));
    index->forget(bob);
    EXPECT_TRUE(files().empty());
}

TEST_F(IndexTest, AttachmentsAreFoundByWhatTheySay) {
    auto made = index_options();
    made.attachments = [](std::string_view, const mime::Description&) {
        return std::string{"signed contract"};
    };
    index = Index::open(*store, metrics, made);
    deliver(bob, "offer");
    ASSERT_TRUE(index->catch_up(bob));
    const FolderId inbox = id_of(bob, "INBOX");
    EXPECT_EQ(index->reader(bob)->find(inbox, Field::body, "CONTRACT").yes, (UidSet{{Uid{1}, Uid{1}}}));
    EXPECT_EQ(index->reader(bob)->attachment_text(inbox, Uid{1}), "signed contract");
}

TEST(ToBeMerged, AreSegmentsOfAboutTheSameSize) {
    EXPECT_TRUE(to_be_merged({1, 1, 1, 1, 1}).empty());
    EXPECT_EQ(to_be_merged({100, 1, 2, 3, 4, 5, 6}), (std::vector<std::size_t>{1, 2, 3, 4, 5, 6}));
    EXPECT_TRUE(to_be_merged({5'000'000, 5'000'000, 5'000'000, 5'000'000, 5'000'000, 5'000'000}).empty());
}

}  // namespace
}  // namespace postrider::index
