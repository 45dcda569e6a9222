#include "filter/confirm/code.h"
#include "filter/confirm/identity_confirmation.h"
#include "filter/confirm/mail_kind.h"
#include "filter/test_store.h"
#include "mailstore/fixture_for_tests.h"

namespace postrider::filter {
namespace {

using Kind = IdentityConfirmation::Decision::Kind;
using std::chrono::hours;

TEST(ConfirmationCode, IsOfOneAccountOneSenderAndOneWord) {
    const std::string code = confirmation_code("secret", AccountId{7}, address("Ann@example.org"), "word");
    EXPECT_EQ(code.size(), 12U);
    EXPECT_EQ(code, confirmation_code("secret", AccountId{7}, address("ann@example.org"), "word"));
    EXPECT_NE(code, confirmation_code("secret", AccountId{8}, address("ann@example.org"), "word"));
    EXPECT_NE(code, confirmation_code("secret", AccountId{7}, address("eve@example.org"), "word"));
    EXPECT_NE(code, confirmation_code("secret", AccountId{7}, address("ann@example.org"), "other"));
    EXPECT_NE(code, confirmation_code("Secret", AccountId{7}, address("ann@example.org"), "word"));
    EXPECT_EQ(find_code("Re: AW: Please (" + code_mark(code) + ")"), code);
    EXPECT_EQ(find_code("confirm-short confirm-" + code + "x"), code);
    EXPECT_EQ(find_code("confirm-0000000000000"), std::nullopt);
    EXPECT_EQ(find_code(""), std::nullopt);
    EXPECT_TRUE(same_code(code, code));
    EXPECT_FALSE(same_code(code, code.substr(1)));
}

TEST(NeverAnswer, KnowsProgramsListsAndBulk) {
    const mime::AddrSpec ann = address("ann@example.org");
    for (auto header :
         {"Auto-Submitted: auto-replied\r\n", "auto-submitted: auto-generated\r\n", "Precedence: bulk\r\n",
          "Precedence: List\r\n", "List-Id: <x.example>\r\n", "List-Unsubscribe: <mailto:x@y>\r\n",
          "X-Auto-Response-Suppress: All\r\n", "X-Autoreply: yes\r\n", "Feedback-ID: 1:2:3\r\n"})
        EXPECT_TRUE(never_answer(ann, header)) << header;
    for (auto header :
         {"Auto-Submitted: no\r\n", "Precedence: first-class\r\n", "Subject: List-Id: x\r\n", ""})
        EXPECT_FALSE(never_answer(ann, header)) << header;
    for (auto sender : {"MAILER-DAEMON@x.example", "no-reply@x.example", "owner-list@x.example",
                        "list-request@x.example", "bounce-77@x.example", "SRS0=abc=x@y.example"})
        EXPECT_TRUE(never_answer(address(sender), "")) << sender;
    EXPECT_TRUE(never_answer({}, ""));
}

class Collected : public ::testing::Test, public TestStore {
protected:
    CollectedAddresses collected{*kv, clock};
};

TEST_F(Collected, AreOfOneAccountAndWithoutCase) {
    using How = CollectedAddresses::How;
    EXPECT_TRUE(*collected.add(AccountId{7}, address("Ann@example.org"), How::written_to));
    EXPECT_FALSE(*collected.add(AccountId{7}, address("ann@example.org"), How::confirmed));
    EXPECT_TRUE(*collected.has(AccountId{7}, address("ANN@example.org")));
    EXPECT_FALSE(*collected.has(AccountId{8}, address("ann@example.org")));
    EXPECT_FALSE(*collected.has(AccountId{7}, {}));
    ASSERT_EQ(collected.list(AccountId{7})->size(), 1U);
    EXPECT_EQ(collected.list(AccountId{7})->at(0).address, "ann@example.org");
    EXPECT_TRUE(*collected.remove(AccountId{7}, address("ann@example.org")));
    EXPECT_FALSE(*collected.remove(AccountId{7}, address("ann@example.org")));
}

TEST_F(Collected, AreBoundedAndTheOldestGo) {
    for (std::size_t i = 0; i < CollectedAddresses::max_addresses + 1; ++i) {
        if (i % 1000 == 0) clock.advance(hours{1});
        ASSERT_TRUE(collected.add(AccountId{7}, address("a" + std::to_string(i) + "@example.org"),
                                  CollectedAddresses::How::written_to));
    }
    EXPECT_LE(records("Uc"), CollectedAddresses::max_addresses);
    EXPECT_FALSE(*collected.has(AccountId{7}, address("a5@example.org")));
    EXPECT_TRUE(*collected.has(AccountId{7}, address("a10000@example.org")));
}

class Confirmation : public mailstore::StoreTest {
protected:
    void SetUp() override {
        mailstore::StoreTest::SetUp();
        auto known = directory::Directory::open(store->kv(), clock);
        ASSERT_TRUE(known);
        directory = std::move(*known);
        auto domain = directory->create_domain({"example.org", ""});
        ASSERT_TRUE(domain) << domain.error().what;
        auto made = directory->create_account(*domain, {"bob", "", "Bob Baker", "", {}, false});
        ASSERT_TRUE(made) << made.error().what;
        id = *made;
        ASSERT_TRUE(store->create_account(id));
        set("identityConfirmation", "yes");
        make();
    }
    void TearDown() override {
        confirmation.reset();
        directory.reset();
    }
    void make() {
        confirmation.reset();
        IdentityConfirmation::Parts parts{store->kv(),
                                          *store,
                                          *directory,
                                          clock,
                                          metrics,
                                          logger,
                                          "mx.example.org",
                                          [this](const mime::AddrSpec& to, std::string message) {
                                              std::lock_guard lock{mutex};
                                              sent.emplace_back(to.text(), std::move(message));
                                              return true;
                                          }};
        auto opened = IdentityConfirmation::open(std::move(parts), settings);
        ASSERT_TRUE(opened) << opened.error();
        confirmation = std::move(*opened);
        confirmation->start();
    }
    void set(std::string_view name, std::string_view value) {
        auto ok = directory->set_value(directory::SettingsLevel::account(id), name, value);
        ASSERT_TRUE(ok) << ok.error().what;
    }
    IdentityConfirmation::Decision decide(std::string_view message,
                                          std::string_view sender = "ann@example.com", bool failed = false) {
        IdentityConfirmation::Arrival arrival;
        arrival.account = id;
        if (!sender.empty()) arrival.reverse_path = address(sender);
        arrival.message = message;
        arrival.authentication_failed = failed;
        return confirmation->decide(arrival);
    }
    std::string letter = "From: Ann <ann@example.com>\r\nSubject: Hello there\r\n\r\nHow are you?\r\n";

    ManualClock clock{Time{} + hours{24 * 365 * 56}};
    observe::Metrics metrics;
    std::unique_ptr<directory::Directory> directory;
    ConfirmSettings settings;
    std::unique_ptr<IdentityConfirmation> confirmation;
    AccountId id;
    std::mutex mutex;
    std::vector<std::pair<std::string, std::string>> sent;
};

TEST_F(Confirmation, AStrangersMailWaitsUntilHeAnswersWithTheCode) {
    auto decision = decide(letter);
    EXPECT_EQ(decision.kind, Kind::park);
    ASSERT_TRUE(decision.challenge);
    ASSERT_TRUE(account(id)->append(id_of(id, unconfirmed_folder),
                                    {{letter}, {"From: eve@example.com\r\n\r\nx\r\n"}}));
    ASSERT_TRUE(confirmation->challenge(id, decision.sender, letter));
    confirmation->wait_idle();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].first, "ann@example.com");
    const std::string& question = sent[0].second;
    EXPECT_NE(question.find("Hello there"), std::string::npos);
    EXPECT_NE(question.find("Auto-Submitted:"), std::string::npos);
    const auto code = find_code(question);
    ASSERT_TRUE(code);

    const std::string wrong = "From: ann@example.com\r\nSubject: Re: (confirm-aaaaaaaaaaaa)\r\n\r\n";
    EXPECT_EQ(decide(wrong).kind, Kind::park);
    const std::string answer =
        "From: ann@example.com\r\nSubject: Re: (" + code_mark(*code) + ")\r\n\r\nyes\r\n";
    EXPECT_EQ(decide(answer, "eve@example.com").kind, Kind::confirmed) << "by the address in From";
    EXPECT_EQ(
        decide("From: eve@example.com\r\nSubject: " + code_mark(*code) + "\r\n\r\n", "eve@example.com").kind,
        Kind::park)
        << "another's code";
    EXPECT_EQ(decide("Auto-Submitted: auto-replied\r\n" + answer).kind, Kind::park)
        << "a program has answered";
    EXPECT_EQ(decide(answer, "ann@example.com", true).kind, Kind::park) << "a forged answer";
    decision = decide(answer);
    ASSERT_EQ(decision.kind, Kind::confirmed);
    EXPECT_TRUE(confirmation->confirm(id, decision.sender));
    confirmation->wait_idle();
    EXPECT_EQ(info(id, "INBOX").messages, 1U);
    EXPECT_EQ(info(id, std::string{unconfirmed_folder}).messages, 1U) << "eve's stays";
    EXPECT_EQ(decide(letter).kind, Kind::deliver) << "known from now on";
}

TEST_F(Confirmation, TheCodeMayStandInTheBody) {
    const auto code = confirmation->code(id, address("ann@example.com"));
    ASSERT_TRUE(code);
    EXPECT_EQ(decide("From: ann@example.com\r\nSubject: yes\r\n\r\n> " + code_mark(*code) + "\r\n").kind,
              Kind::confirmed);
}

TEST_F(Confirmation, ANewWordEndsOldCodes) {
    const auto code = confirmation->code(id, address("ann@example.com"));
    set("identityConfirmationCode", "sesame");
    EXPECT_EQ(decide("From: ann@example.com\r\nSubject: " + code_mark(*code) + "\r\n\r\n").kind, Kind::park);
}

TEST_F(Confirmation, WhoIsKnownPasses) {
    confirmation->written_to(id, {address("ann@example.com")});
    EXPECT_EQ(decide(letter).kind, Kind::deliver);
    EXPECT_EQ(decide(letter, "ann@example.com", true).kind, Kind::park) << "unless it may be forged";
    IdentityConfirmation::Arrival arrival;
    arrival.account = id;
    arrival.reverse_path = address("eve@example.com");
    const std::string other = "From: eve@example.com\r\n\r\n";
    arrival.message = other;
    arrival.whitelisted = true;
    EXPECT_EQ(confirmation->decide(arrival).kind, Kind::deliver);
    arrival.whitelisted = false;
    arrival.authenticated = "carol@example.org";
    EXPECT_EQ(confirmation->decide(arrival).kind, Kind::deliver);
    arrival.authenticated.clear();
    arrival.is_spam = true;
    EXPECT_EQ(confirmation->decide(arrival).kind, Kind::deliver) << "what goes to Junk is not parked";
}

TEST_F(Confirmation, NobodyIsAskedBehindForgeriesListsProgramsAndBounces) {
    EXPECT_EQ(decide(letter, "").kind, Kind::deliver) << "a report about what was sent";
    auto decision = decide(letter, "ann@example.com", true);
    EXPECT_EQ(decision.kind, Kind::park);
    EXPECT_FALSE(decision.challenge);
    decision = decide("List-Id: <x.example>\r\n" + letter);
    EXPECT_EQ(decision.kind, Kind::park);
    EXPECT_FALSE(decision.challenge);
    EXPECT_FALSE(confirmation->challenge(id, address("no-reply@example.com"), letter));
    EXPECT_FALSE(confirmation->challenge(id, {}, letter));
}

TEST_F(Confirmation, NobodyIsAskedTwiceWithinTheDaysAndLimitsHold) {
    settings.challenges_per_account = 3;
    settings.challenges_per_sender = 1;
    confirmation->reconfigure(settings);
    EXPECT_TRUE(confirmation->challenge(id, address("a@example.com"), letter));
    EXPECT_FALSE(confirmation->challenge(id, address("A@example.com"), letter));
    clock.advance(hours{71});
    EXPECT_FALSE(confirmation->challenge(id, address("a@example.com"), letter));
    clock.advance(hours{2});
    EXPECT_TRUE(confirmation->challenge(id, address("a@example.com"), letter));
    EXPECT_TRUE(confirmation->challenge(id, address("b@example.com"), letter));
    EXPECT_TRUE(confirmation->challenge(id, address("c@example.com"), letter));
    EXPECT_FALSE(confirmation->challenge(id, address("d@example.com"), letter))
        << "the account's day is full";
    confirmation->wait_idle();
    EXPECT_EQ(sent.size(), 4U);
    make();
    EXPECT_FALSE(confirmation->challenge(id, address("c@example.com"), letter))
        << "a start forgets no question";
}

TEST_F(Confirmation, AnAccountWithoutItIsLeftAlone) {
    set("allowIdentityConfirmation", "no");
    EXPECT_EQ(decide(letter).kind, Kind::deliver);
    set("allowIdentityConfirmation", "yes");
    set("identityConfirmation", "no");
    EXPECT_EQ(decide(letter).kind, Kind::deliver);
    set("identityConfirmation", "yes");
    settings.enable = false;
    confirmation->reconfigure(settings);
    EXPECT_EQ(decide(letter).kind, Kind::deliver);
}

TEST_F(Confirmation, ASubjectCannotAddHeadersToTheQuestion) {
    const std::string hostile =
        "From: ann@example.com\r\nSubject: =?utf-8?q?x=0D=0ABcc:_eve@example.com=0D=0A=0D=0Abody?=\r\n\r\n";
    ASSERT_TRUE(confirmation->challenge(id, address("ann@example.com"), hostile));
    confirmation->wait_idle();
    ASSERT_EQ(sent.size(), 1U);
    const std::string head = sent[0].second.substr(0, sent[0].second.find("\r\n\r\n"));
    EXPECT_EQ(head.find("\r\nBcc"), std::string::npos);
}

TEST_F(Confirmation, AnOwnTextAlwaysHasTheCode) {
    set("identityConfirmationText", "Please answer. Thank you, %NAME%");
    ASSERT_TRUE(confirmation->challenge(id, address("ann@example.com"), letter));
    confirmation->wait_idle();
    ASSERT_EQ(sent.size(), 1U);
    const std::string body = sent[0].second.substr(sent[0].second.find("\r\n\r\n"));
    EXPECT_NE(body.find("Bob Baker"), std::string::npos);
    EXPECT_TRUE(find_code(body));
}

}  // namespace
}  // namespace postrider::filter
