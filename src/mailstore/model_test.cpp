#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "mailstore/fixture_for_tests.h"

/// Random work against a model so simple that it is right: a map for each folder.
namespace postrider::mailstore {
namespace {

class Model : public StoreTest {
protected:
    struct Known {
        std::string text;
        std::uint8_t flags = 0;
    };
    struct Box {
        FolderId id;
        std::map<Uid, Known> items;
        Uid last;  ///< highest UID ever seen here
    };
    struct Mailboxes {
        AccountId owner;
        std::vector<Box> boxes;
        std::map<FolderId, std::set<std::uint32_t>> by_log;  ///< what a reader of the change log believes
        ModSeq read_upto;
        std::mt19937 random;
        int made = 0;
    };

    UidSet some(Mailboxes& m, const Box& box) {
        UidSet set;
        for (const auto& [uid, known] : box.items)
            if (m.random() % 3 == 0) append(set, uid);
        return set;
    }
    static bool in(const UidSet& set, Uid uid) {
        for (const UidRun& run : set)
            if (run.first <= uid && uid <= run.last) return true;
        return false;
    }
    static void arrive(Box& box, Uid uid, Known known) {
        EXPECT_GT(uid, box.last) << "UIDs ascend";
        box.last = uid;
        box.items[uid] = std::move(known);
    }

    void step(Mailboxes& m) {
        auto account = this->account(m.owner);
        Box& box = m.boxes[m.random() % m.boxes.size()];
        Box& other = m.boxes[m.random() % m.boxes.size()];
        const auto name = fmt::format("{}-{}", m.owner.value(), m.made++);
        switch (m.random() % 8) {
            case 0:
            case 1: {
                auto receipt = submit(submission({m.owner}, message(name)));
                ASSERT_TRUE(receipt);
                arrive(m.boxes[0], receipt->targets[0].uid, {message(name), 0});
                break;
            }
            case 2: {
                auto done = account->append(box.id, {{message(name), seen}, {message(name + "b")}});
                ASSERT_TRUE(done);
                arrive(box, done->uids[0], {message(name), seen});
                arrive(box, done->uids[1], {message(name + "b"), 0});
                break;
            }
            case 3:
            case 4: {
                const UidSet set = some(m, box);
                const auto bits = static_cast<std::uint8_t>(m.random() % 32);
                const bool add = m.random() % 2;
                ASSERT_TRUE(account->store(
                    box.id, set, {add ? FlagChange::Mode::add : FlagChange::Mode::remove, bits, {}}));
                for (auto& [uid, known] : box.items)
                    if (in(set, uid))
                        known.flags =
                            static_cast<std::uint8_t>(add ? known.flags | bits : known.flags & ~bits);
                break;
            }
            case 5: {
                auto done = account->copy(box.id, some(m, box), other.id);
                ASSERT_TRUE(done);
                for (std::size_t i = 0; i < done->from.size(); ++i) {
                    Known copy = box.items.at(done->from[i]);
                    arrive(other, done->to[i], std::move(copy));
                }
                break;
            }
            case 6: {
                auto done = account->move(box.id, some(m, box), other.id);
                ASSERT_TRUE(done);
                for (std::size_t i = 0; i < done->from.size(); ++i) {
                    Known moved = box.items.at(done->from[i]);
                    box.items.erase(done->from[i]);
                    arrive(other, done->to[i], std::move(moved));
                }
                break;
            }
            case 7: {
                auto done = account->expunge(box.id, std::nullopt);
                ASSERT_TRUE(done);
                std::erase_if(box.items, [&](const auto& entry) {
                    const bool gone = entry.second.flags & deleted;
                    EXPECT_EQ(gone, in(done->uids, entry.first));
                    return gone;
                });
                break;
            }
        }
    }

    void read_log(Mailboxes& m) {
        auto log_now = account(m.owner)->changes(m.read_upto);
        ASSERT_TRUE(log_now);
        ASSERT_TRUE(log_now->complete);
        m.read_upto = log_now->upto;
        for (const Change& change : log_now->changes)
            for (const UidRun& run : change.uids)
                for (std::uint32_t uid = run.first.value(); uid <= run.last.value(); ++uid) {
                    if (change.kind == Change::Kind::added) m.by_log[change.folder].insert(uid);
                    if (change.kind == Change::Kind::expunged) m.by_log[change.folder].erase(uid);
                }
    }

    void compare(Mailboxes& m) {
        read_log(m);
        for (const Box& box : m.boxes) {
            auto view = account(m.owner)->view(box.id);
            ASSERT_TRUE(view);
            std::map<Uid, std::uint8_t> there;
            ASSERT_TRUE((*view)->each_described(every_uid(), [&](const Item& item, std::string_view text) {
                EXPECT_TRUE(mime::Listing::decode(text));
                there[item.uid] = item.flags.system;
                return true;
            }));
            ASSERT_EQ(there.size(), box.items.size());
            std::set<std::uint32_t> numbers;
            std::uint32_t unseen = 0;
            for (const auto& [uid, known] : box.items) {
                ASSERT_TRUE(there.contains(uid));
                EXPECT_EQ(there[uid], known.flags);
                numbers.insert(uid.value());
                unseen += !(known.flags & seen);
            }
            EXPECT_EQ(m.by_log[box.id], numbers);
            EXPECT_EQ((*view)->info().messages, box.items.size());
            EXPECT_EQ((*view)->info().unseen, unseen);
            if (!box.items.empty()) {
                auto one = std::next(box.items.begin(), static_cast<long>(m.random() % box.items.size()));
                auto item = (*view)->item(one->first);
                ASSERT_TRUE(item && *item);
                EXPECT_EQ((*view)->message(**item).value_or("?"), one->second.text);
            }
        }
    }
};

TEST_F(Model, SeveralSessionsDoingAnythingAgreeWithIt) {
    store.reset();
    options.mark_every = std::chrono::milliseconds{20};
    open();
    std::vector<Mailboxes> all(3);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].owner = AccountId{50 + i};
        all[i].random.seed(static_cast<unsigned>(i));
        ASSERT_TRUE(store->create_account(all[i].owner));
        for (const char* path : {"INBOX", "Archive", "Trash"})
            all[i].boxes.push_back({id_of(all[i].owner, path), {}, {}});
    }
    for (int round = 0; round < 4; ++round) {
        std::vector<std::thread> threads;
        for (Mailboxes& m : all)
            threads.emplace_back([&] {
                for (int i = 0; i < 60 && !HasFatalFailure(); ++i) {
                    step(m);
                    if (i % 20 == 0) compare(m);
                    if (i % 30 == 0)  // keeps the sets small
                        for (Box& box : m.boxes) {
                            auto gone = account(m.owner)->expunge(box.id, std::nullopt, false);
                            EXPECT_TRUE(gone);
                            box.items.clear();
                        }
                }
            });
        for (auto& thread : threads) thread.join();
        for (Mailboxes& m : all) compare(m);
        expect_sound();
        reopen();
        for (Mailboxes& m : all) compare(m);
    }
}

/// Several threads share one account: what they do is counted once, and nothing is lost.
TEST_F(Model, SessionsOfOneAccountDoNotLoseEachOthersChanges) {
    std::vector<std::thread> threads;
    std::atomic<std::uint32_t> expunged_messages{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            auto bobs = account(bob);
            const FolderId inbox = bobs->folder("INBOX")->id, archive = bobs->folder("Archive")->id;
            for (int i = 0; i < 40; ++i) {
                const Uid uid = deliver(bob, fmt::format("{}/{}", t, i));
                EXPECT_TRUE(bobs->store(inbox, {{uid, uid}},
                                        {FlagChange::Mode::add, flagged, {fmt::format("k{}", t)}}));
                if (i % 4 == 0) {
                    EXPECT_EQ(bobs->move(inbox, {{uid, uid}}, archive)->to.size(), 1u);
                }
                if (i % 4 == 1)
                    expunged_messages += static_cast<std::uint32_t>(
                        count(bobs->expunge(inbox, UidSet{{uid, uid}}, false)->uids));
                if (i % 4 == 2) {
                    EXPECT_EQ(bobs->copy(inbox, {{uid, uid}}, archive)->to.size(), 1u);
                }
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(expunged_messages, 40u);
    EXPECT_EQ(info(bob, "INBOX").messages, 80u);
    EXPECT_EQ(info(bob, "Archive").messages, 80u);
    EXPECT_EQ(info(bob, "INBOX").keywords.size(), 4u);
    expect_sound();
    reopen();
    EXPECT_EQ(info(bob, "INBOX").messages, 80u);
    expect_sound();
}

}  // namespace
}  // namespace postrider::mailstore
