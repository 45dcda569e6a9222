#include <random>

#include "mailstore/fixture_for_tests.h"
#include "mailstore/records.h"

namespace postrider::mailstore {
namespace {

/// How a record is damaged.
enum class How { garbage, cut, bit, emptied, gone };
constexpr How every_how[] = {How::garbage, How::cut, How::bit, How::emptied, How::gone};

/// Damages records of bob's account, repairs it, and looks whether it opens and what is lost.
class Damage : public StoreTest {
protected:
    void SetUp() override {
        QuotaLimits limits;
        limits.undelete_for = std::chrono::hours{24};
        quota.set(bob, limits);
        StoreTest::SetUp();
        auto mail = account(bob);
        ASSERT_TRUE(mail->create_folder("Work/Old"));
        ASSERT_TRUE(mail->subscribe("Work/Old", true));
        for (int i = 1; i <= 6; ++i) {
            deliver(bob, fmt::format("inbox {}", i));
            Account::NewItem one{message(fmt::format("old {}", i)), i % 2 ? seen : flagged, {"Label"}, {}};
            one.mark = fmt::format("mark {}", i);
            ASSERT_TRUE(mail->append(id_of(bob, "Work/Old"), {one}));
        }
        ASSERT_TRUE(submit(submission({bob, eve}, message("shared"))));
        ASSERT_TRUE(mail->copy(id_of(bob, "INBOX"), UidSet{{Uid{1}, Uid{2}}}, id_of(bob, "Archive")));
        ASSERT_TRUE(mail->expunge(id_of(bob, "INBOX"), UidSet{{Uid{5}, Uid{6}}}, false));
        ASSERT_TRUE(mail->annotate(FolderId{0}, {{"/private/comment", "mine"}}));
        ASSERT_TRUE(mail->set_access_list(id_of(bob, "Archive"), "eve may read", {}));
        ASSERT_TRUE(
            mail->mark_seen_by(eve, id_of(bob, "Archive"), UidSet{{Uid{1}, Uid{1}}}, Account::Seen::yes, {}));
        for (const char* path : {"INBOX", "Work/Old", "Archive"})
            for (Uid uid : uids(bob, path)) texts.insert(text(bob, path, uid));
        ASSERT_EQ(texts.size(), 11u);
    }

    /// Keys of one family that are bob's (or, of blobs, everybody's).
    std::vector<std::string> keys_of(char letter) {
        std::vector<std::string> keys;
        const bool shared = std::string_view{"bzLM"}.find(letter) != std::string_view::npos;
        const auto range = account_range(letter, bob);
        const std::string begin(1, letter), end(1, static_cast<char>(letter + 1));
        auto cursor = shared ? store->kv().scan(begin, end) : store->kv().scan(range.begin, range.end);
        for (; cursor->valid(); cursor->next()) keys.emplace_back(cursor->key());
        return keys;
    }

    void damage(const std::string& key, How how) {
        auto value = store->kv().get(key);
        ASSERT_TRUE(value && *value);
        std::string bytes = **value;
        kv::Batch batch;
        switch (how) {
            case How::garbage: bytes = "\xff garbage \xff"; break;
            case How::cut: bytes.resize(bytes.size() / 2); break;
            case How::bit:
                if (!bytes.empty()) bytes[random() % bytes.size()] ^= static_cast<char>(1u << random() % 8);
                break;
            case How::emptied: bytes.clear(); break;
            case How::gone: break;
        }
        if (how == How::gone)
            batch.erase(key);
        else
            batch.put(key, bytes);
        ASSERT_TRUE(store->kv().write(std::move(batch)));
    }

    /// Every message of bob's, wherever it now is.
    std::multiset<std::string> all_texts() {
        std::multiset<std::string> found;
        const auto folders = account(bob)->folders().value_or(std::vector<FolderInfo>{});
        for (const FolderInfo& folder : folders) {
            if (!folder.selectable) continue;
            for (Uid uid : uids(bob, folder.path)) found.insert(text(bob, folder.path, uid));
        }
        return found;
    }

    void repaired() {
        store.reset();
        open();
        auto findings = store->repair(bob, {});
        ASSERT_TRUE(findings) << findings.error().what;
        ASSERT_TRUE(store->account(bob));
        ASSERT_TRUE(info(bob, "INBOX").selectable);
        deliver(bob, "after");
        reopen();
        ASSERT_TRUE(store->account(bob));
    }
    /// Bytes that nobody refers to any more may be left: they cost space and nothing else.
    void expect_sound_but_for_leftovers() {
        auto findings = store->verify({});
        ASSERT_TRUE(findings);
        for (const auto& finding : *findings)
            if (finding.account != eve && finding.what.find("references and has") == std::string::npos
                && finding.what.find("to be freed") == std::string::npos)
                ADD_FAILURE() << finding.account.value() << ": " << finding.what;
    }

    std::set<std::string> texts;
    std::mt19937 random{1};
};

class DamageOf : public Damage, public ::testing::WithParamInterface<std::tuple<char, How>> {};

/// One record after the other of that kind, each in a store repaired before.
TEST_P(DamageOf, OneRecordIsRepairedAndNoMessageIsLost) {
    const auto [letter, how] = GetParam();
    const auto keys = keys_of(letter);
    ASSERT_FALSE(keys.empty()) << "nothing of kind " << letter;
    for (std::size_t i = 0; i < keys.size(); i += std::max<std::size_t>(1, keys.size() / 3)) {
        auto there = store->kv().get(keys[i]);
        if (!there || !*there) continue;  // an earlier repair has made it unnecessary
        SCOPED_TRACE(fmt::format("record {} of {}", i, keys.size()));
        damage(keys[i], how);
        repaired();
        if (HasFatalFailure()) return;
        const auto found = all_texts();
        // A bit that changes what a record says, and not that it can be read, cannot be told from the truth:
        // a message may have become another's copy.
        const bool told = how != How::bit || (letter != 'i' && letter != 'b');
        for (const std::string& one : texts) EXPECT_TRUE(!told || found.contains(one)) << one.substr(0, 120);
        expect_sound_but_for_leftovers();
    }
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<char, How>>& one) {
    constexpr const char* words[] = {"Garbage", "Cut", "Bit", "Emptied", "Gone"};
    const char letter = std::get<0>(one.param);
    return std::string{letter >= 'a' ? "small_" : "capital_"} + letter
           + words[static_cast<int>(std::get<1>(one.param))];
}

INSTANTIATE_TEST_SUITE_P(EveryKind, DamageOf,
                         ::testing::Combine(::testing::Values('a', 'f', 's', 'n', 'p', 'r', 'i', 'd', 'u',
                                                              'j', 'c', 'b', 'L', 'M'),
                                            ::testing::ValuesIn(every_how)),
                         name_of);

/// Many records of any kind at once: the account opens, and whatever has its item and its bytes is there.
TEST_F(Damage, ManyRecordsAtRandom) {
    const char* const longer = std::getenv("POSTRIDER_LONG");
    const int rounds = longer && *longer == '1' ? 60 : 6;
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE(round);
        std::vector<std::string> keys;
        for (char letter : {'a', 'f', 's', 'n', 'p', 'r', 'i', 'd', 'u', 'j', 'c', 'b', 'z'}) {
            const auto some = keys_of(letter);
            keys.insert(keys.end(), some.begin(), some.end());
        }
        std::set<std::string> intact = texts;
        for (int i = 0; i < 8; ++i) {
            const std::string& key = keys[random() % keys.size()];
            auto there = store->kv().get(key);
            if (!there || !*there) continue;
            if (key[0] == 'i' || key[0] == 'b' || key[0] == 'd')
                intact.clear();  // together they can lose one
            damage(key, every_how[random() % std::size(every_how)]);
        }
        repaired();
        if (HasFatalFailure()) return;
        const auto found = all_texts();
        for (const std::string& one : intact) EXPECT_TRUE(found.contains(one)) << one.substr(0, 120);
        expect_sound_but_for_leftovers();
        texts.clear();
        const auto now = all_texts();
        texts.insert(now.begin(), now.end());
    }
}

TEST_F(Damage, AnAccountWithoutItsRecordIsNotTakenForANewOne) {
    damage(keys_of('a').at(0), How::gone);
    reopen();
    EXPECT_EQ(open_or_create(*store, bob).error().kind, MailError::corrupt);
    EXPECT_FALSE(submit(submission({bob, eve}, message("x")))->targets[0].ok);
    repaired();
    const auto found = all_texts();
    for (const std::string& one : texts) EXPECT_TRUE(found.contains(one));
    expect_sound();
}

}  // namespace
}  // namespace postrider::mailstore
