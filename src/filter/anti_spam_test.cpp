#include "filter/anti_spam.h"

#include "filter/spam/generated_corpus.h"
#include "filter/test_store.h"
#include "mailstore/fixture_for_tests.h"

namespace postrider::filter {
namespace {

class AntiSpamTest : public mailstore::StoreTest {
protected:
    void SetUp() override {
        mailstore::StoreTest::SetUp();
        directory = std::move(*directory::Directory::open(store->kv(), clock));
        auto made = directory->create_domain({"example.org", ""});
        ASSERT_TRUE(made) << made.error().what;
        domain = *made;
        ann = directory->create_account(domain, {"ann", "", "Ann", "", {}, false}).value();
        auto opened = AntiSpam::open({store->kv(), *store, *directory, clock, metrics, logger, "localhost",
                                      [](const mime::AddrSpec&, std::string) { return true; }},
                                     {});
        ASSERT_TRUE(opened) << opened.error();
        all = std::move(*opened);
    }
    void TearDown() override {
        all.reset();
        directory.reset();
    }
    void add(ListOwner owner, ListColour colour, std::string_view pattern) {
        ASSERT_TRUE(all->lists().add(owner, colour, pattern));
    }
    ListVerdict of_server(std::string_view from, bool failed = false) {
        return all->listed(domain, {address(from)}, failed);
    }
    ListVerdict of_ann(std::string_view from, bool failed = false) {
        return all->listed(ann, {address(from)}, failed);
    }
    void set(std::string_view name, std::string_view value) {
        ASSERT_TRUE(directory->set_value(directory::SettingsLevel::account(ann), name, value));
    }
    SystemClock clock;
    observe::Metrics metrics;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<AntiSpam> all;
    DomainId domain;
    AccountId ann;
};

TEST_F(AntiSpamTest, TheServersListsComeBeforeTheDomains) {
    add(ListOwner::server(), ListColour::black, "bad.example");
    add(ListOwner::domain(domain), ListColour::white, "x@bad.example");
    add(ListOwner::domain(domain), ListColour::white, "good.example");
    EXPECT_EQ(of_server("x@bad.example"), ListVerdict::black);
    EXPECT_EQ(of_server("x@good.example"), ListVerdict::white);
    EXPECT_EQ(of_server("x@good.example", true), ListVerdict::none) << "it may be forged";
    EXPECT_EQ(of_server("x@bad.example", true), ListVerdict::black);
    EXPECT_EQ(all->listed(DomainId{99}, {address("x@good.example")}, false), ListVerdict::none);
}

TEST_F(AntiSpamTest, WhomAnAccountHasMetIsWhiteAndNeverBlackUnlessItSaysOtherwise) {
    EXPECT_EQ(of_ann("bob@example.com"), ListVerdict::none);
    all->confirmation().written_to(ann, {address("bob@example.com")});
    EXPECT_EQ(of_ann("Bob@example.com"), ListVerdict::white);
    EXPECT_EQ(of_ann("bob@example.com", true), ListVerdict::none);
    add(ListOwner::account(ann), ListColour::black, "example.com");
    EXPECT_EQ(of_ann("bob@example.com"), ListVerdict::none);
    EXPECT_EQ(of_ann("eve@example.com"), ListVerdict::black);
    set("blacklistExcludeAddressBook", "no");
    EXPECT_EQ(of_ann("bob@example.com"), ListVerdict::black);
    ASSERT_TRUE(all->lists().reset(ListOwner::account(ann), ListColour::black));
    set("whitelistIncludeAddressBook", "no");
    EXPECT_EQ(of_ann("bob@example.com"), ListVerdict::none);
}

TEST_F(AntiSpamTest, AllAboutAnAccountGoesWithIt) {
    GeneratedCorpus corpus{1};
    add(ListOwner::account(ann), ListColour::black, "example.com");
    all->confirmation().written_to(ann, {address("bob@example.com")});
    all->spam().sorted(ann, 5, features_of(corpus.spam()), MailClass::spam);
    ASSERT_TRUE(all->spam().flush());
    kv::Batch batch;
    AntiSpam::erase(ann, batch);
    ASSERT_TRUE(store->kv().write(std::move(batch)));
    std::string id;
    for (int shift = 56; shift >= 0; shift -= 8) id += static_cast<char>(ann.value() >> shift);
    for (auto cursor = store->kv().scan("U", "V"); cursor->valid(); cursor->next()) {
        const std::string_view key = cursor->key();
        EXPECT_NE(key.substr(key.starts_with("Ul") ? 3 : 2, 8), id) << key.substr(0, 2);
    }
}

TEST_F(AntiSpamTest, NewSettingsCountAtOnceAndBadOnesAreNamed) {
    AntiSpamSettings settings;
    settings.bans.failed_logins = 1;
    EXPECT_TRUE(all->reconfigure(settings).empty());
    EXPECT_TRUE(all->bans().note("192.0.2.1", Offence::failed_login));
    settings.bans.exclusions = {"rubbish"};
    settings.rates.exclusions = {"rubbish"};
    EXPECT_EQ(all->reconfigure(settings).size(), 2U);
}

}  // namespace
}  // namespace postrider::filter
