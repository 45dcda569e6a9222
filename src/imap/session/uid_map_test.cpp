#include "imap/session/uid_map.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace postrider::imap {
namespace {

UidSet set_of(const std::set<std::uint32_t>& uids) {
    UidSet set;
    for (std::uint32_t uid : uids) append(set, Uid{uid});
    return set;
}

std::set<std::uint32_t> numbers(const UidSet& set) {
    std::set<std::uint32_t> all;
    for (UidRun run : set)
        for (std::uint32_t uid = run.first.value(); uid <= run.last.value(); ++uid) all.insert(uid);
    return all;
}

TEST(UidSets, DoWhatSetsDo) {
    std::mt19937 random{7};
    for (int round = 0; round < 2000; ++round) {
        std::set<std::uint32_t> a, b, both, rest, all;
        for (int i = random() % 20; i > 0; --i) a.insert(1 + random() % 30);
        for (int i = random() % 20; i > 0; --i) b.insert(1 + random() % 30);
        for (std::uint32_t uid : a) (b.contains(uid) ? both : rest).insert(uid);
        all = a;
        all.insert(b.begin(), b.end());
        EXPECT_EQ(intersect(set_of(a), set_of(b)), set_of(both));
        EXPECT_EQ(subtract(set_of(a), set_of(b)), set_of(rest));
        EXPECT_EQ(unite(set_of(a), set_of(b)), set_of(all));
        EXPECT_EQ(count(set_of(a)), a.size());
        for (std::uint32_t uid = 1; uid <= 31; ++uid)
            EXPECT_EQ(contains(set_of(a), Uid{uid}), a.contains(uid));
    }
}

TEST(UidSets, HoldTheGreatestUid) {
    Uid top{UINT32_MAX};
    UidSet all{{Uid{1}, top}};
    EXPECT_EQ(subtract(all, UidSet{{Uid{5}, top}}), (UidSet{{Uid{1}, Uid{4}}}));
    EXPECT_EQ(unite(all, UidSet{{top, top}}), all);
    EXPECT_EQ(intersect(all, UidSet{{top, top}}), (UidSet{{top, top}}));
}

TEST(UidMap, NumbersMessagesAsAListWould) {
    std::mt19937 random{8};
    for (int round = 0; round < 500; ++round) {
        std::vector<std::uint32_t> list;
        UidMap map;
        std::uint32_t next = 1;
        for (int step = 0; step < 30; ++step) {
            if (random() % 3 != 0) {
                next += random() % 3;
                list.push_back(next);
                map.append(UidSet{{Uid{next}, Uid{next}}});
                ++next;
            } else if (!list.empty()) {
                auto at = list.begin() + static_cast<std::ptrdiff_t>(random() % list.size());
                map.remove(UidSet{{Uid{*at}, Uid{*at}}});
                list.erase(at);
            }
            ASSERT_EQ(map.size(), list.size());
            for (std::size_t i = 0; i < list.size(); ++i) ASSERT_EQ(map.number_of(Uid{list[i]}), i + 1);
            EXPECT_FALSE(map.number_of(Uid{next}));
            SequenceSet set;
            for (int i = random() % 4; i >= 0; --i) {
                std::uint32_t first = 1 + random() % 12;
                set.ranges.push_back({first, first + static_cast<std::uint32_t>(random() % 4)});
            }
            std::set<std::uint32_t> wanted;
            auto ranges = set.resolve(map.size());
            for (auto range : ranges)
                for (std::uint32_t n = range.first; n <= range.last && n <= list.size(); ++n)
                    wanted.insert(list[n - 1]);
            ASSERT_EQ(numbers(map.at(ranges)), wanted);
            std::set<std::uint32_t> found;
            for (std::uint32_t n : numbers(numbers_of(map, map.at(ranges)))) found.insert(list[n - 1]);
            ASSERT_EQ(found, wanted);
        }
    }
}

}  // namespace
}  // namespace postrider::imap
