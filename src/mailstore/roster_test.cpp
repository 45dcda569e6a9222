#include "mailstore/roster.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "mailstore/uid_set.h"

namespace postrider::mailstore {
namespace {

Item item(std::uint32_t uid, std::uint64_t modseq) {
    Item item;
    item.uid = Uid{uid};
    item.modseq = ModSeq{modseq};
    item.size = uid * 3;
    item.blob = BlobId{uid + 7};
    item.email_id = uid + 7;
    item.internal_date = 1'700'000'000 + uid;
    item.save_date = item.internal_date + 1;
    item.flags.system = static_cast<std::uint8_t>(uid % 32);
    return item;
}

struct Seen {
    std::uint64_t modseq;
    Flags flags;
    std::string prefix;
    friend bool operator==(const Seen&, const Seen&) = default;
};
using Content = std::map<std::uint32_t, Seen>;

Content content(const Roster& roster, const UidSet& uids) {
    Content all;
    roster.each(uids, [&](const Item& one) {
        all[one.uid.value()] = {one.modseq.value(), one.flags, std::string{one.prefix}};
        EXPECT_EQ(one.size, one.uid.value() * 3);
        EXPECT_EQ(one.save_date, one.internal_date + 1);
        return true;
    });
    return all;
}

TEST(Roster, FollowsAnyChangeOfTheFolder) {
    std::mt19937 random{20261120};
    Content model;
    auto roster = std::make_shared<Roster>(ModSeq{1}, ModSeq{1});
    std::uint32_t next = 1;
    std::uint64_t modseq = 1;
    for (; next <= 3000; ++next) {
        roster->append(item(next, modseq));
        model[next] = {modseq, item(next, modseq).flags, {}};
    }
    for (int step = 0; step < 100; ++step) {
        ++modseq;
        UidSet touched;
        std::vector<Item> now;
        const unsigned kinds = random() % 4;
        const auto doomed = random() % 3 == 0;
        std::string prefix = "X-Copy: 1\r\n";
        const std::uint32_t from = random() % next;
        for (auto at = model.lower_bound(from); at != model.end() && touched.size() < 40;) {
            if (random() % (1 + random() % 20) != 0) {
                ++at;
                continue;
            }
            append(touched, Uid{at->first});
            if (kinds == 0 || (doomed && random() % 2)) {
                at = model.erase(at);
                continue;
            }
            Item changed = item(at->first, modseq);
            if (random() % 3 == 0) changed.flags.set_keyword(random() % max_keywords);
            if (random() % 5 == 0) changed.prefix = prefix;
            now.push_back(changed);
            at->second = {modseq, changed.flags, std::string{changed.prefix}};
            ++at;
        }
        for (auto added = random() % 3 == 0 ? random() % 1500 : random() % 3; added > 0;
             --added, next += 1 + random() % 2) {
            append(touched, Uid{next});
            now.push_back(item(next, modseq));
            model[next] = {modseq, now.back().flags, {}};
        }
        roster = roster->with(touched, now, ModSeq{modseq}, ModSeq{modseq});
        ASSERT_EQ(content(*roster, every_uid()), model) << "step " << step;
        ASSERT_EQ(roster->size(), model.size());
        ASSERT_EQ(count(roster->uids()), model.size());
    }
}

TEST(Roster, GivesOnlyWhatIsAskedFor) {
    Roster roster{ModSeq{1}, ModSeq{1}};
    for (std::uint32_t uid = 2; uid <= 4000; uid += 2) roster.append(item(uid, 1));
    EXPECT_EQ(content(roster, {{Uid{3}, Uid{5}}, {Uid{1024}, Uid{1028}}, {Uid{3999}, Uid{5000}}}).size(),
              1u + 3u + 1u);
    EXPECT_TRUE(content(roster, {{Uid{5000}, Uid{6000}}}).empty());
    int visits = 0;
    roster.each(every_uid(), [&](const Item&) { return ++visits < 3; });
    EXPECT_EQ(visits, 3);
    EXPECT_EQ(Roster(ModSeq{1}, ModSeq{1}).uids(), UidSet{});
}

std::shared_ptr<const Roster> of(std::uint32_t items, std::uint64_t modseq) {
    auto roster = std::make_shared<Roster>(ModSeq{modseq}, ModSeq{modseq});
    for (std::uint32_t uid = 1; uid <= items; ++uid) roster->append(item(uid, modseq));
    return roster;
}

TEST(Rosters, KeepTheNewestOfTheFoldersInUse) {
    Rosters rosters{1000};
    const AccountId ann{1}, bob{2};
    rosters.put(ann, FolderId{1}, of(400, 5));
    rosters.put(ann, FolderId{1}, of(300, 4));
    EXPECT_EQ(rosters.find(ann, FolderId{1})->size(), 400u) << "an older one does not replace it";
    rosters.put(ann, FolderId{1}, of(500, 6));
    EXPECT_EQ(rosters.find(ann, FolderId{1})->size(), 500u);
    rosters.put(bob, FolderId{1}, of(400, 1));
    EXPECT_TRUE(rosters.find(ann, FolderId{1}));
    rosters.put(bob, FolderId{2}, of(300, 1));
    EXPECT_FALSE(rosters.find(bob, FolderId{1})) << "the one that was longest not used went";
    EXPECT_TRUE(rosters.find(ann, FolderId{1}));
    rosters.put(bob, FolderId{3}, of(1001, 1));
    EXPECT_FALSE(rosters.find(bob, FolderId{3})) << "larger than all may be";
    rosters.forget(ann);
    EXPECT_FALSE(rosters.find(ann, FolderId{1}));
    EXPECT_TRUE(rosters.find(bob, FolderId{2}));
}

}  // namespace
}  // namespace postrider::mailstore
