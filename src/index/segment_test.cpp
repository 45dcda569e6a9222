#include "index/segment.h"

#include <gtest/gtest.h>

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "base/test_folder.h"
#include "index/builder.h"
#include "index/merge.h"
#include "index/random_text_for_tests.h"
#include "index/reader.h"
#include "mailstore/uid_set.h"
#include "text/fold.h"

namespace postrider::index {
namespace {

using mailstore::UidSet;

constexpr FolderId inbox{1}, sent{2};

std::shared_ptr<const Segment> written(Builder& builder, const std::filesystem::path& path) {
    auto ok = builder.write(path, false);
    EXPECT_TRUE(ok) << ok.error();
    auto segment = Segment::open(path);
    EXPECT_TRUE(segment) << segment.error();
    return segment ? *segment : nullptr;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(Segment, SaysWhichMessagesContainAText) {
    TestFolder folder;
    Builder builder;
    builder.begin({inbox, Uid{3}});
    builder.add(Field::subject, "Meeting on Friday");
    builder.add(Field::body, "We meet at noon.");
    builder.begin({inbox, Uid{5}});
    builder.add(Field::body, "Nothing on Friday");
    builder.begin({sent, Uid{1}});
    builder.add(Field::body, "friday");
    Reader reader{{written(builder, folder.path() / "a")}};

    EXPECT_EQ(reader.covered(inbox), (UidSet{{Uid{3}, Uid{3}}, {Uid{5}, Uid{5}}}));
    auto found = [&](FolderId where, Fields fields, std::string_view key) {
        return reader.find(where, fields, text::fold_unicode(key)).yes;
    };
    EXPECT_EQ(found(inbox, Field::body, "FRI"), (UidSet{{Uid{5}, Uid{5}}}));
    EXPECT_EQ(found(inbox, Field::subject, "riday"), (UidSet{{Uid{3}, Uid{3}}}));
    EXPECT_EQ(found(inbox, Field::subject | Field::body, "friday"),
              (UidSet{{Uid{3}, Uid{3}}, {Uid{5}, Uid{5}}}));
    EXPECT_EQ(found(sent, Field::body, "friday"), (UidSet{{Uid{1}, Uid{1}}}));
    EXPECT_EQ(found(inbox, Field::body, "nobody"), UidSet{});
    EXPECT_EQ(reader.find(inbox, Field::body, "ON FRIDAY").maybe, (UidSet{{Uid{5}, Uid{5}}}));
    EXPECT_EQ(reader.find(inbox, Field::body, "").maybe, reader.covered(inbox));
}

TEST(Segment, KeepsWhatAttachmentsSay) {
    TestFolder folder;
    Builder builder;
    builder.begin({inbox, Uid{1}});
    builder.begin({inbox, Uid{2}});
    builder.keep_text("a contract in a file");
    Reader reader{{written(builder, folder.path() / "a")}};
    EXPECT_EQ(reader.attachment_text(inbox, Uid{2}), "a contract in a file");
    EXPECT_EQ(reader.attachment_text(inbox, Uid{1}), "");
    EXPECT_EQ(reader.attachment_text(sent, Uid{2}), "");
}

TEST(Segment, RefusesEveryDamagedFile) {
    TestFolder folder;
    Builder builder;
    builder.begin({inbox, Uid{1}});
    builder.add(Field::body, "some words that are kept");
    const auto path = folder.path() / "a";
    written(builder, path);
    const std::string good = read_file(path);
    auto opens = [&](const std::string& bytes) {
        std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
        return Segment::open(path).has_value();
    };
    EXPECT_TRUE(opens(good));
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x10);
        EXPECT_FALSE(opens(bad)) << i;
        EXPECT_FALSE(i % 7 == 0 && opens(good.substr(0, i))) << i;
    }
    EXPECT_FALSE(opens(good + 'x'));
}

/// The same file as it was before there were junctions.
std::string as_first_version(std::string bytes) {
    constexpr std::size_t less = sizeof(SegmentHeader) - header_size_1;
    bytes.resize(bytes.size() - 8);
    std::memcpy(bytes.data(), segment_magic_1, sizeof segment_magic_1);
    for (std::size_t at : {offsetof(SegmentHeader, folders_at), offsetof(SegmentHeader, uids_at),
                           offsetof(SegmentHeader, dictionary_at), offsetof(SegmentHeader, blocks_at),
                           offsetof(SegmentHeader, postings_at), offsetof(SegmentHeader, texts_at),
                           offsetof(SegmentHeader, text_bytes_at), offsetof(SegmentHeader, file_size)}) {
        std::uint64_t place;
        std::memcpy(&place, bytes.data() + at, sizeof place);
        place -= less;
        std::memcpy(bytes.data() + at, &place, sizeof place);
    }
    bytes.erase(header_size_1, less);
    const std::string hashed = bytes.substr(header_size_1) + bytes.substr(0, header_size_1);
    const std::uint64_t sum = XXH3_64bits(hashed.data(), hashed.size());
    return bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
}

TEST(Segment, KnowsWhatStandsSideBySideInABody) {
    TestFolder folder;
    Builder builder;
    for (const char* text : {"the last offer of all", "the offer lasts", "last\r\noffer", "a blast offers"}) {
        builder.begin({inbox, Uid{static_cast<std::uint32_t>(builder.documents()) + 1}});
        builder.add(Field::body, text);
    }
    builder.begin({inbox, Uid{5}});
    builder.add(Field::header, "X-Note: last offer");
    auto segment = written(builder, folder.path() / "a");
    auto maybe = [](std::shared_ptr<const Segment> one, Fields fields, std::string_view key) {
        return Reader{{std::move(one)}}.find(inbox, fields, key).maybe;
    };
    const UidSet both{{Uid{1}, Uid{1}}, {Uid{4}, Uid{4}}};
    EXPECT_EQ(maybe(segment, Field::body, "LAST OFFER"), both);
    EXPECT_EQ(maybe(segment, Field::body | Field::header, "LAST OFFER"),
              (UidSet{{Uid{1}, Uid{1}}, {Uid{4}, Uid{5}}}));
    EXPECT_EQ(maybe(segment, Field::header, "LAST OFFER"), (UidSet{{Uid{5}, Uid{5}}}));
    EXPECT_EQ(maybe(segment, Field::body, "THE LAST OFFER"), (UidSet{{Uid{1}, Uid{1}}}));
    EXPECT_EQ(maybe(segment, Field::body, "OFFER LAST"), (UidSet{{Uid{2}, Uid{2}}}));

    // Of a file without junctions all that has the words; the same when it was merged with one that has them.
    std::ofstream{folder.path() / "old", std::ios::binary}
        << as_first_version(read_file(folder.path() / "a"));
    auto old = Segment::open(folder.path() / "old");
    ASSERT_TRUE(old) << old.error();
    EXPECT_TRUE((*old)->filter(0).empty());
    EXPECT_EQ(maybe(*old, Field::body, "LAST OFFER"), (UidSet{{Uid{1}, Uid{1}}, {Uid{3}, Uid{4}}}));
    builder.begin({inbox, Uid{6}});
    builder.add(Field::body, "the offer is the last");
    builder.begin({inbox, Uid{7}});
    builder.add(Field::body, "a last offer");
    auto count = merge(
        {*old, written(builder, folder.path() / "b")}, folder.path() / "c", [](DocumentId) { return true; },
        [] { return true; });
    ASSERT_TRUE(count) << count.error();
    EXPECT_EQ(maybe(*Segment::open(folder.path() / "c"), Field::body, "LAST OFFER"),
              (UidSet{{Uid{1}, Uid{1}}, {Uid{3}, Uid{4}}, {Uid{7}, Uid{7}}}));
}

/// Random texts in two folders, some of them lost when segments are merged.
TEST(Segment, AgreesWithALookAtTheTextsBeforeAndAfterMerging) {
    TestFolder folder;
    std::mt19937 random{5};
    std::map<DocumentId, std::string> texts;
    std::set<DocumentId> dead;
    std::vector<std::shared_ptr<const Segment>> segments;
    std::uint32_t next[3] = {1, 1, 1};
    for (int part = 0; part < 5; ++part) {
        Builder builder;
        for (FolderId where : {inbox, sent}) {
            for (int i = 0; i < 60; ++i) {
                const DocumentId id{where, Uid{next[where.value()]}};
                next[where.value()] += 1 + random() % 3;
                std::string& text = texts[id] = random_text(random, 1 + random() % 60);
                builder.begin(id);
                builder.add(Field::body, text);
                builder.keep_text(text);
                if (random() % 4 == 0) dead.insert(id);
            }
        }
        segments.push_back(written(builder, folder.path() / std::to_string(part)));
    }
    std::vector<std::string> some;
    for (const auto& [id, text] : texts) some.push_back(text::fold_unicode(text));
    std::size_t maybe = 0;
    auto check = [&](const Reader& reader, bool with_dead) {
        for (int k = 0; k < 600; ++k) {
            std::string key = text::fold_unicode(random_text(random, 1 + random() % 3));
            if (k % 2 == 0) {
                const std::string& text = some[random() % some.size()];
                key = text.substr(random() % text.size(), 1 + random() % 30);
            }
            for (FolderId where : {inbox, sent}) {
                const Found found = reader.find(where, Field::body, key);
                const UidSet covered = reader.covered(where);
                for (const auto& [id, text] : texts) {
                    if (id.folder != where) continue;
                    const bool lives = with_dead || !dead.contains(id);
                    ASSERT_EQ(contains(covered, id.uid), lives);
                    if (!lives) continue;
                    const bool truth = text::fold_unicode(text).find(key) != std::string::npos;
                    ASSERT_TRUE(truth || !contains(found.yes, id.uid)) << key;
                    ASSERT_TRUE(!truth || contains(found.yes, id.uid) || contains(found.maybe, id.uid))
                        << key;
                    maybe += contains(found.maybe, id.uid);
                    ASSERT_TRUE(k > 0 || reader.attachment_text(where, id.uid) == text);
                }
            }
        }
    };
    check(Reader{segments}, true);
    segments.push_back(segments[1]);  // the same documents twice, as after a crash
    auto lives = [&](DocumentId id) { return !dead.contains(id); };
    auto count = merge(segments, folder.path() / "merged", lives, [] { return true; });
    ASSERT_TRUE(count) << count.error();
    EXPECT_EQ(*count, texts.size() - dead.size());
    check(Reader{{*Segment::open(folder.path() / "merged")}}, false);
    EXPECT_GT(maybe, 1000u);
}

}  // namespace
}  // namespace postrider::index
