#include <set>

#include "filter/spam/generated_corpus.h"
#include "filter/spam/learner.h"
#include "filter/spam/spam_filter.h"
#include "filter/test_store.h"
#include "mailstore/fixture_for_tests.h"

namespace postrider::filter {
namespace {

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> all;
    std::string scratch;
    each_word(text, scratch, [&](std::string_view word) { all.emplace_back(word); });
    return all;
}

TEST(Words, AreInLowerCaseWithoutWhatHidesThem) {
    using V = std::vector<std::string>;
    EXPECT_EQ(words_of("Hello, WORLD! a be see"), (V{"hello", "world!", "see"}));
    EXPECT_EQ(words_of("don't e-mail x@y.example."), (V{"don't", "e-mail", "x@y.example"}));
    EXPECT_EQ(words_of("via\xe2\x80\x8bgra"), V{"viagra"}) << "zero width space";
    EXPECT_EQ(words_of("Gr\xc3\xbc\xc3\x9f\x65 m\xc3\xa9moire"),
              (V{"gr\xc3\xbc\xc3\x9f\x65", "m\xc3\xa9moire"}));
    EXPECT_EQ(words_of("\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97"),
              (V{"\xe4\xbd\xa0\xe5\xa5\xbd", "\xe5\xa5\xbd\xe5\x90\x97"}));
    EXPECT_EQ(words_of(std::string(100, 'x')), V{std::string(30, 'x')});
    EXPECT_EQ(words_of("\xff\xfe\x80"), words_of("\xff\xfe\x80")) << "malformed text is endured";
    EXPECT_EQ(words_of("-- .. ''"), V{});
}

TEST(Features, AreEachOnceBoundedAndNeverZero) {
    GeneratedCorpus corpus{1};
    const Features all = features_of(corpus.ham(200'000));
    EXPECT_LE(all.size(), FeatureLimits{}.max_features);
    EXPECT_EQ(std::set<std::uint64_t>(all.begin(), all.end()).size(), all.size());
    EXPECT_EQ(std::ranges::count(all, 0U), 0);
    EXPECT_EQ(features_of(""), features_of(""));
    EXPECT_FALSE(features_of("no header at all").empty());
}

TEST(Features, DoNotHearWhatFiltersHaveSaid) {
    const std::string rest = "From: a@b.example\r\nSubject: words\r\n\r\ntext of some words\r\n";
    EXPECT_EQ(features_of("X-AxigenSpam-Level: 9\r\nX-Spam-Flag: YES\r\n" + rest), features_of(rest));
}

TEST(CountTable, LearningInAnyOrderIsTheSameAndUnlearningIsExact) {
    GeneratedCorpus corpus{2};
    std::vector<std::pair<Features, MailClass>> mail;
    for (int i = 0; i < 60; ++i) {
        mail.emplace_back(features_of(corpus.ham()), MailClass::ham);
        mail.emplace_back(features_of(corpus.spam()), MailClass::spam);
    }
    CountTable forward{1 << 20}, backward{1 << 20};
    for (const auto& [features, as] : mail) forward.learn(features, as);
    for (auto at = mail.rbegin(); at != mail.rend(); ++at) backward.learn(at->first, at->second);
    for (const auto& [features, as] : mail)
        for (auto feature : features) {
            const auto a = forward.find(feature), b = backward.find(feature);
            ASSERT_EQ(a.spam, b.spam);
            ASSERT_EQ(a.ham, b.ham);
        }
    EXPECT_EQ(forward.messages(MailClass::spam), 60U);
    EXPECT_NE(forward.used(), 0U);
    for (const auto& [features, as] : mail) forward.unlearn(features, as);
    EXPECT_EQ(forward.used(), 0U) << "nothing is left";
    EXPECT_EQ(forward.messages(MailClass::spam), 0U);
}

TEST(CountTable, IsStoredByPagesAndReadBack) {
    GeneratedCorpus corpus{3};
    CountTable table{1 << 16}, copy{1 << 16};
    const Features features = features_of(corpus.ham());
    table.learn(features, MailClass::ham);
    const auto pages = table.take_changed();
    EXPECT_FALSE(pages.empty());
    EXPECT_TRUE(table.take_changed().empty());
    for (auto page : pages) ASSERT_TRUE(copy.set_page(page, table.page(page)));
    for (auto feature : features) EXPECT_EQ(copy.find(feature).ham, 1U);
    EXPECT_FALSE(copy.set_page(64, std::string(4096, 'x')));
    EXPECT_FALSE(copy.set_page(0, "short"));
}

TEST(CountTable, HalvesBeforeItOverflowsAndStaysAsLargeAsItIs) {
    CountTable table{1024};
    Features one{42};
    for (int i = 0; i < 10'000; ++i) table.learn(one, MailClass::spam);
    EXPECT_LE(table.messages(MailClass::spam), CountTable::most_messages);
    EXPECT_LE(table.find(42).spam, table.messages(MailClass::spam) + 1);
    EXPECT_GE(table.find(42).spam, 1000U);
    for (std::uint64_t i = 1; i < 100'000; ++i) table.learn({i * 0x9e3779b97f4a7c15u}, MailClass::ham);
    EXPECT_LE(table.used(), 1024U);
}

class SpamFilterTest : public ::testing::Test, public TestStore {
protected:
    void SetUp() override {
        clock.advance(Time{std::chrono::seconds{1'795'168'800}} - clock.now());  // 2026-11-20 10:00
        make();
    }
    void make() {
        auto opened = SpamFilter::open(*kv, clock, metrics, logger, settings);
        ASSERT_TRUE(opened) << opened.error();
        filter = std::move(*opened);
    }
    void teach(int messages, AccountId account = {}, unsigned seed = 10) {
        GeneratedCorpus corpus{seed};
        for (int i = 0; i < messages; ++i) {
            filter->learn(features_of(corpus.ham()), MailClass::ham, account);
            filter->learn(features_of(corpus.spam()), MailClass::spam, account);
        }
    }
    unsigned level(const std::string& message, AccountId account = {}, const Surroundings& around = {}) {
        return filter->judge(message, account, around).level;
    }
    SpamSettings settings;
    std::unique_ptr<SpamFilter> filter;
    static constexpr AccountId bob{7}, eve{9};
};

TEST_F(SpamFilterTest, TellsLettersFromAdvertisementsOnceItHasSeenSome) {
    teach(40);
    GeneratedCorpus fresh{99};
    int wrong = 0;
    for (int i = 0; i < 100; ++i) {
        if (level(fresh.ham()) >= 5) ++wrong;
        if (level(fresh.spam()) < 5) ++wrong;
    }
    EXPECT_LE(wrong, 2);
    EXPECT_GE(level(fresh.spam()), 8U);
    EXPECT_EQ(level(fresh.ham()), 1U);
}

TEST_F(SpamFilterTest, WithoutTrainingOnlySignsCount) {
    GeneratedCorpus fresh{99};
    EXPECT_EQ(level(fresh.ham()), 1U);
    EXPECT_EQ(level(fresh.spam()), 1U) << "words alone are no sign";
    const std::string bad =
        "From: \"service@bank.example\" <x@evil.example>\r\nReply-To: y@other.example\r\nSubject: URGENT "
        "ACCOUNT "
        "NOTICE\r\nContent-Type: text/html\r\n\r\n<a "
        "href=\"http://evil.example/\">http://www.bank.example/</a>\r\n";
    const SpamVerdict verdict = filter->judge(bad, {}, {});
    EXPECT_GE(verdict.level, 9U) << verdict.text();
    settings.heuristics = false;
    filter->reconfigure(settings);
    EXPECT_EQ(level(bad), 1U);
}

TEST_F(SpamFilterTest, TheStandardTestMessageIsAlwaysSpam) {
    GeneratedCorpus fresh{99};
    EXPECT_EQ(level(fresh.ham() + "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"),
              10U);
}

TEST_F(SpamFilterTest, WhatOthersHaveFoundOutCounts) {
    teach(40);
    GeneratedCorpus fresh{5};
    const std::string message = fresh.spam();
    Surroundings known, forged;
    known.sender_known = true;
    forged.dmarc_passed = Surroundings::Known::no;
    forged.listed = 2;
    EXPECT_LT(level(message, {}, known), level(message));
    EXPECT_EQ(level(message, {}, forged), 10U);
}

TEST_F(SpamFilterTest, AUsersOwnJudgementCountsMoreForHimAndForNobodyElse) {
    teach(40);
    settings.users_train_server = false;
    filter->reconfigure(settings);
    GeneratedCorpus corpus{20}, fresh{99};
    for (int i = 0; i < 40; ++i) {  // he sells watches
        filter->learn(features_of(corpus.spam()), MailClass::ham, bob);
        filter->learn(features_of(corpus.ham()), MailClass::spam, bob);
    }
    const std::string message = fresh.spam();
    EXPECT_LT(level(message, bob), 5U);
    EXPECT_GE(level(message, eve), 8U);
    EXPECT_GE(level(message), 8U);
}

TEST_F(SpamFilterTest, OneAccountHasAShareOfTheServersCountsAndNoMore) {
    settings.daily_share = 10;
    filter->reconfigure(settings);
    teach(50, bob);
    EXPECT_EQ(filter->status({}).spam + filter->status({}).ham, 10U);
    EXPECT_EQ(filter->status(bob).spam, 50U);
    clock.advance(std::chrono::hours{24});
    teach(50, bob);
    EXPECT_EQ(filter->status({}).spam + filter->status({}).ham, 20U);
}

TEST_F(SpamFilterTest, AMessageIsLearnedOnceAndChangesSidesWhole) {
    GeneratedCorpus corpus{4};
    const Features features = features_of(corpus.spam());
    EXPECT_TRUE(filter->sorted(bob, 77, features, MailClass::spam));
    EXPECT_FALSE(filter->sorted(bob, 77, features, MailClass::spam));
    EXPECT_EQ(filter->status(bob).spam, 1U);
    EXPECT_TRUE(filter->sorted(bob, 77, features, MailClass::ham));
    EXPECT_EQ(filter->status(bob).spam, 0U);
    EXPECT_EQ(filter->status(bob).ham, 1U);
    EXPECT_EQ(filter->status({}).spam, 0U);
    EXPECT_EQ(filter->status({}).ham, 1U);
}

TEST_F(SpamFilterTest, WhatIsLearnedSurvivesAStartAndGoesWithItsAccount) {
    teach(10, bob);
    const auto before = filter->status(bob);
    filter.reset();
    open();
    make();
    EXPECT_EQ(filter->status(bob).used, before.used);
    EXPECT_EQ(filter->status(bob).spam, 10U);
    EXPECT_EQ(filter->status({}).spam, 10U);
    filter->forget(bob);
    EXPECT_EQ(filter->status(bob).spam, 0U);
    EXPECT_TRUE(filter->flush());
    EXPECT_EQ(filter->status({}).spam, 10U);
    ASSERT_TRUE(filter->reset({}));
    EXPECT_EQ(filter->status({}).used, 0U);
    filter.reset();
    make();
    EXPECT_EQ(filter->status({}).spam, 0U);
}

TEST_F(SpamFilterTest, OnlySoManyUsersAreInMemory) {
    GeneratedCorpus corpus{4};
    const Features features = features_of(corpus.spam());
    for (std::uint64_t i = 1; i <= SpamFilter::users_in_memory + 10; ++i)
        filter->learn(features, MailClass::spam, AccountId{i});
    for (std::uint64_t i = 1; i <= SpamFilter::users_in_memory + 10; ++i)
        EXPECT_EQ(filter->status(AccountId{i}).spam, 1U) << i;
}

class LearnerTest : public mailstore::StoreTest {
protected:
    void SetUp() override {
        options.on_transfer = {};
        mailstore::StoreTest::SetUp();
        store.reset();
        options.on_transfer = [this](const mailstore::Transferred& what) {
            if (learner) learner->transferred(what);
        };
        open();
        filter = std::move(*SpamFilter::open(store->kv(), clock, metrics, logger, {}));
        learner = std::make_unique<SpamLearner>(*filter, *store, logger);
        learner->start();
    }
    void TearDown() override {
        learner.reset();
        filter.reset();
    }
    void move(std::string_view from, std::string_view to, Uid uid) {
        auto moved = account(bob)->move(id_of(bob, from), {{uid, uid}}, id_of(bob, to));
        ASSERT_TRUE(moved) << moved.error().what;
        last = moved->to.at(0);
        learner->wait_idle();
    }
    SystemClock clock;
    observe::Metrics metrics;
    std::unique_ptr<SpamFilter> filter;
    std::unique_ptr<SpamLearner> learner;
    Uid last;
};

TEST_F(LearnerTest, WhatPeoplePutIntoJunkIsSpamAndWhatTheyTakeOutIsNot) {
    const Uid uid = deliver(bob, "cheap watches");
    EXPECT_EQ(filter->status(bob).spam, 0U) << "a delivery teaches nothing";
    move("INBOX", "Junk", uid);
    EXPECT_EQ(filter->status(bob).spam, 1U);
    move("Junk", "INBOX", last);
    EXPECT_EQ(filter->status(bob).spam, 0U);
    EXPECT_EQ(filter->status(bob).ham, 1U);
    move("INBOX", "Junk", last);
    move("Junk", "Trash", last);
    EXPECT_EQ(filter->status(bob).spam, 1U) << "who throws spam away has not changed his mind";
    const Uid other = deliver(bob, "lunch");
    move("INBOX", "Archive", other);
    EXPECT_EQ(filter->status(bob).ham, 0U) << "of no interest";
}

TEST_F(LearnerTest, ACopyIntoJunkCountsAsWell) {
    const Uid uid = deliver(bob, "cheap watches");
    ASSERT_TRUE(account(bob)->copy(id_of(bob, "INBOX"), {{uid, uid}}, id_of(bob, "Junk")));
    learner->wait_idle();
    EXPECT_EQ(filter->status(bob).spam, 1U);
    EXPECT_EQ(filter->status(eve).spam, 0U);
}

}  // namespace
}  // namespace postrider::filter
