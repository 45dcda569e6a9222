#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "delivery/test_house.h"
#include "filter/chain/chain.h"
#include "queue/keys.h"

/// Filters between reception and folders: what each level may say, and who has the last word.
namespace postrider::delivery {
namespace {

using filter::Action;
using filter::Finding;
using queue::Recipient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* text = "From: x@example.net\r\nTo: alice@example.org\r\nSubject: hello\r\n\r\nbody\r\n";

/// Says what it is told to.
class Scripted final : public filter::ConfiguredScanner {
public:
    Finding scan(const filter::Subject& subject) override {
        ++asked;
        seen = subject.message;
        hurried = subject.until.has_value();
        return finding;
    }
    std::string title() const override { return "Test(127.0.0.1:1)"; }
    const std::string& name() const override { return name_; }
    filter::ScannerKind kind() const override { return filter::ScannerKind::socket; }
    Action action_for(const Finding& found) const override {
        if (found.kind == Finding::Kind::failed) return Action::requeue;
        return found.kind == Finding::Kind::match ? on_match : Action::pass;
    }
    filter::ScannerStatus status() const override { return {}; }

    Finding finding{Finding::Kind::pass, "clean", {}, {}, {}, {}};
    Action on_match = Action::reject;
    std::atomic<int> asked = 0;
    std::string seen;
    bool hurried = false;

private:
    std::string name_ = "AV:Test";
};

class FakeCatalogue final : public filter::Catalogue {
public:
    std::shared_ptr<const filter::Steps> server() const override { return server_; }
    std::shared_ptr<const filter::Steps> domain(DomainId) const override { return domain_; }
    std::shared_ptr<const filter::Steps> account(AccountId account) const override {
        auto at = accounts_.find(account.value());
        return at == accounts_.end() ? nullptr : at->second;
    }

    std::shared_ptr<const filter::Steps> object(const mime::AddrSpec& address) const override {
        auto at = objects_.find(address.text());
        return at == objects_.end() ? nullptr : at->second;
    }
    std::shared_ptr<const filter::SwitchedOff> switched_off(AccountId account) const override {
        auto at = off_.find(account.value());
        return at == off_.end() ? nullptr : at->second;
    }

    std::shared_ptr<filter::Steps> server_, domain_;
    std::map<std::uint64_t, std::shared_ptr<filter::Steps>> accounts_;
    std::map<std::string, std::shared_ptr<filter::Steps>> objects_;
    std::map<std::uint64_t, std::shared_ptr<const filter::SwitchedOff>> off_;
};

class Filtered : public testing::Test {
protected:
    Filtered() {
        house.intake->filter_by(&parts, house.router.get());
        house.processor->filter_by(&parts);
    }
    static void add(std::shared_ptr<filter::Steps>& steps, const std::string& script) {
        auto compiled = sieve::compile(script);
        ASSERT_TRUE(compiled) << compiled.error().front().shown();
        if (!steps) steps = std::make_shared<filter::Steps>();
        filter::Step step;
        step.name = "test" + std::to_string(steps->size());
        step.script = compiled->script;
        steps->push_back(std::move(step));
    }
    static void add(std::shared_ptr<filter::Steps>& steps, std::shared_ptr<Scripted> scanner,
                    bool relay = false) {
        if (!steps) steps = std::make_shared<filter::Steps>();
        filter::Step step;
        step.name = scanner->name();
        step.relay = relay;
        step.scanner = std::move(scanner);
        steps->push_back(std::move(step));
    }
    std::shared_ptr<filter::Steps>& of(const std::string& name) {
        auto entry = house.directory->account(*mime::parse_addr_spec(name + "@example.org")).value();
        return catalogue.accounts_[entry->id.value()];
    }
    mailstore::Result<Accepted> send(std::initializer_list<std::string_view> to, std::string message = text,
                                     bool waits = false) {
        queue::Envelope envelope;
        envelope.reverse_path = *mime::parse_addr_spec("x@example.net");
        for (std::string_view address : to) {
            Recipient recipient;
            recipient.address = *mime::parse_addr_spec(address);
            envelope.recipients.push_back(std::move(recipient));
        }
        return house.send(std::move(envelope), std::move(message), Intake::Quota::checked, waits);
    }
    /// As a client whose answer waits for scanners.
    mailstore::Result<Accepted> wait_for(std::initializer_list<std::string_view> to) {
        return send(to, text, true);
    }
    std::size_t in(const std::string& name, const std::string& folder = "INBOX") {
        return house.messages(name + "@example.org", folder).size();
    }

    /// What filters write goes its own way: it is there soon after the message.
    template <class Condition>
    static bool soon(const Condition& condition) {
        return eventually(condition);
    }

    TestHouse house{TestHouse::Sends::to_virtual_queues};
    FakeCatalogue catalogue;
    filter::Memory memory{house.store->kv(), house.clock};
    filter::ChainParts parts{catalogue, *house.directory, *house.store,
                             memory,    house.clock,      "mail.example.org"};
};

TEST_F(Filtered, TheLastWordAboutTheFolderCounts) {
    add(catalogue.server_, "require \"fileinto\"; fileinto \"Junk\";");
    add(of("alice"),
        "require \"fileinto\"; if header :contains \"subject\" \"hello\" { fileinto \"Trash\"; }");
    ASSERT_TRUE(send({"alice@example.org", "bob@example.org"}));
    EXPECT_EQ(in("alice"), 0u);
    EXPECT_EQ(in("alice", "Junk"), 0u);
    EXPECT_EQ(in("alice", "Trash"), 1u);
    EXPECT_EQ(in("bob", "Junk"), 1u);
    EXPECT_THAT(house.entries(), IsEmpty());
}

class FakeMessenger final : public filter::Messenger {
public:
    bool available() const override { return there; }
    void tell(const sieve::Notification& notice) override {
        const std::lock_guard lock{mutex};
        told.push_back(notice.xmpp_to + ": " + notice.text);
    }
    std::vector<std::string> all() {
        const std::lock_guard lock{mutex};
        return told;
    }
    std::atomic<bool> there = true;
    std::mutex mutex;
    std::vector<std::string> told;
};

TEST_F(Filtered, PeopleAreToldByXmppOnceTheMessageIsThere) {
    FakeMessenger messenger;
    parts.messenger = &messenger;
    add(of("alice"),
        "require [\"enotify\", \"fileinto\"];"
        "if valid_notify_method \"xmpp:alice@im.example.org\" { fileinto \"Junk\"; }"
        "notify :message \"mail\" \"xmpp:alice@im.example.org\";");
    add(of("bob"), "require [\"enotify\", \"reject\"]; notify \"xmpp:bob@im.example.org\"; reject \"no\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_TRUE(soon([&] { return !messenger.all().empty(); }));
    EXPECT_EQ(in("alice", "Junk"), 1u);
    ASSERT_TRUE(send({"bob@example.org"}));
    messenger.there = false;
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_EQ(in("alice"), 1u) << "no such method without a server";
    EXPECT_EQ(messenger.all(), std::vector<std::string>{"alice@im.example.org: mail"});
}

TEST_F(Filtered, WhatSaysNothingLeavesItWhereItWas) {
    add(catalogue.server_, "require \"fileinto\"; fileinto \"Junk\";");
    add(of("alice"), "if header :contains \"subject\" \"other\" { discard; }");
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_EQ(in("alice", "Junk"), 1u);
}

TEST_F(Filtered, DiscardedMailIsAcceptedAndGone) {
    add(of("alice"), "discard;");
    auto accepted = send({"alice@example.org"});
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->id, QueueId{});
    EXPECT_FALSE(accepted->refusals[0]);
    EXPECT_EQ(in("alice"), 0u);
}

TEST_F(Filtered, WhatAllRejectIsRefusedAtOnce) {
    add(of("alice"), "require \"reject\"; reject \"No\\nthank you\";");
    auto accepted = send({"alice@example.org"});
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->id, QueueId{});
    ASSERT_TRUE(accepted->refusals[0]);
    EXPECT_FALSE(accepted->refusals[0]->temporary);
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, WhatSomeRejectIsReported) {
    add(of("alice"), "require \"reject\"; reject \"No thank you\";");
    auto accepted = send({"alice@example.org", "bob@example.org"});
    ASSERT_TRUE(accepted);
    EXPECT_FALSE(accepted->refusals[0]);
    EXPECT_EQ(in("bob"), 1u);
    EXPECT_EQ(house.work(), 1u);  // the report leaves for example.net
    auto entries = house.entries();
    ASSERT_THAT(entries, SizeIs(1));
    EXPECT_TRUE(entries[0].envelope.reverse_path.null());
    EXPECT_EQ(entries[0].envelope.recipients[0].address.text(), "x@example.net");
    EXPECT_THAT(*house.store->read(entries[0].blob).value(), HasSubstr("No thank you"));
}

TEST_F(Filtered, FlagsFoldersAndAddedHeadersArriveWithTheCopy) {
    add(of("alice"),
        "require [\"fileinto\", \"mailbox\", \"imap4flags\", \"editheader\"];"
        "addheader \"X-Filter\" \"yes\"; fileinto :create :flags \"\\\\Seen\" \"New/Place\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    auto messages = house.messages("alice@example.org", "New/Place");
    ASSERT_THAT(messages, SizeIs(1));
    EXPECT_THAT(messages[0],
                testing::StartsWith("Return-Path: <x@example.net>\r\nDelivered-To: alice@example.org\r\n"
                                    "X-Filter: yes\r\nFrom: "));
    auto account =
        house.store->account(house.directory->account({"alice", "example.org"}).value()->id).value();
    EXPECT_EQ(account->folder("New/Place").value().unseen, 0u);
}

TEST_F(Filtered, AChangedMessageIsStoredForWhomItWasChanged) {
    add(of("alice"), "require \"editheader\"; deleteheader \"Subject\";");
    ASSERT_TRUE(send({"alice@example.org", "bob@example.org"}));
    auto changed = house.messages("alice@example.org");
    ASSERT_THAT(changed, SizeIs(1));
    EXPECT_THAT(changed[0], Not(HasSubstr("Subject")));
    EXPECT_THAT(house.messages("bob@example.org"), ElementsAre(HasSubstr("Subject: hello")));
}

TEST_F(Filtered, RedirectedMailGoesThroughTheFiltersOfWhomItGoesTo) {
    add(of("alice"), "redirect \"bob@example.org\";");
    add(of("bob"), "require \"fileinto\"; fileinto \"Archive\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    house.work();
    EXPECT_EQ(in("alice"), 0u);
    EXPECT_EQ(in("bob", "Archive"), 1u);
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, WhatIsRedirectedAwayLeavesUnderTheDomainThatForwards) {
    add(of("alice"), "require \"copy\"; redirect :copy \"who@example.com\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_EQ(in("alice"), 1u);
    auto entries = house.entries();
    ASSERT_THAT(entries, SizeIs(1));
    ASSERT_THAT(entries[0].envelope.recipients, SizeIs(1));
    EXPECT_EQ(entries[0].envelope.recipients[0].address.text(), "who@example.com");
    EXPECT_EQ(entries[0].envelope.recipients[0].forwarded_by, "example.org");
}

TEST_F(Filtered, MailThatGoesInACircleIsKept) {
    add(of("alice"), "redirect \"bob@example.org\";");
    add(of("bob"), "redirect \"alice@example.org\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    for (int i = 0; i < 5; ++i) house.work();
    EXPECT_EQ(in("alice") + in("bob"), 1u);
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, ACircleThatChangesTheMessageEndsToo) {
    add(of("alice"), "require \"editheader\"; addheader \"X-A\" \"a\"; redirect \"bob@example.org\";");
    add(of("bob"), "require \"editheader\"; addheader \"X-B\" \"b\"; redirect \"alice@example.org\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_TRUE(soon([&] { return in("alice") + in("bob") == 1; }));
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, AnAbsenceIsToldOnce) {
    add(of("alice"), "require \"vacation\"; vacation :days 3 \"I am away\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    ASSERT_TRUE(soon([&] { return house.entries().size() == 1; }));
    ASSERT_TRUE(send({"alice@example.org"}));
    house.clock.advance(std::chrono::hours{73});
    ASSERT_TRUE(send({"alice@example.org"}));
    ASSERT_TRUE(soon([&] { return house.entries().size() == 2; }));
    EXPECT_EQ(in("alice"), 3u);
    auto reply = *house.store->read(house.entries()[0].blob).value();
    EXPECT_THAT(reply, HasSubstr("I am away"));
    EXPECT_THAT(reply, HasSubstr("Message-ID: <"));
    EXPECT_TRUE(house.entries()[0].envelope.reverse_path.null());
}

TEST_F(Filtered, WhatWaitsForAScannerIsFilteredFromTheQueue) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding.spam_level = 7;
    add(catalogue.server_, scanner);
    add(of("alice"),
        "require [\"spamtest\", \"fileinto\", \"relational\", \"comparator-i;ascii-numeric\"];"
        "if spamtest :value \"ge\" :comparator \"i;ascii-numeric\" \"6\" { fileinto \"Junk\"; }");
    ASSERT_TRUE(send({"alice@example.org", "bob@example.org"}));
    EXPECT_EQ(scanner->asked, 0);
    EXPECT_EQ(house.work(), 1u);
    EXPECT_EQ(scanner->asked, 1);
    EXPECT_THAT(house.messages("alice@example.org", "Junk"),
                ElementsAre(HasSubstr("X-AxigenSpam-Level: 7\r\n")));
    EXPECT_EQ(in("bob"), 1u);
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, WhoWaitsForScannersHearsWhatTheyRefuse) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding = {Finding::Kind::match, "Eicar FOUND", {}, 5, {}, {}};
    add(catalogue.server_, scanner);
    auto refused = wait_for({"alice@example.org"});
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->id, QueueId{});
    ASSERT_TRUE(refused->refusals.at(0));
    EXPECT_THAT(refused->refusals[0]->text, HasSubstr("Eicar FOUND"));
    EXPECT_TRUE(scanner->hurried);
    EXPECT_THAT(house.entries(), IsEmpty()) << "no report, nothing stored";

    scanner->finding = {Finding::Kind::pass, "clean", 1, {}, {}, {}};
    ASSERT_TRUE(wait_for({"alice@example.org"}));
    EXPECT_THAT(house.messages("alice@example.org"), ElementsAre(HasSubstr("X-AxigenSpam-Level: 1\r\n")));
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, WhatAScannerHasNotAnsweredInTimeGoesToTheQueue) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding = {Finding::Kind::failed, "no answer in time", {}, {}, {}, {}};
    add(catalogue.server_, scanner);
    auto taken = wait_for({"alice@example.org"});
    ASSERT_TRUE(taken);
    EXPECT_FALSE(taken->refusals.at(0));
    EXPECT_EQ(in("alice"), 0u);
    ASSERT_THAT(house.entries(), SizeIs(1));
    scanner->finding = {Finding::Kind::pass, "clean", {}, {}, {}, {}};
    house.work();
    EXPECT_FALSE(scanner->hurried);
    EXPECT_EQ(in("alice"), 1u);
}

TEST_F(Filtered, WhatIsAskedFirstChangesRecipientsTextAndTime) {
    Changes changes;
    changes.add = {"bob@example.org", "nobody@example.org", "bob@example.org"};
    changes.drop = {"ALICE@example.org"};
    changes.payload = std::string{"X-Seen: yes\r\n"} + text;
    house.intake->ask_first(
        [&](const queue::Envelope&, std::string_view) -> std::optional<Changes> { return changes; });
    ASSERT_TRUE(send({"alice@example.org", "carol@example.org"}));
    EXPECT_EQ(in("alice"), 0u);
    EXPECT_THAT(house.messages("bob@example.org"), ElementsAre(HasSubstr("X-Seen: yes\r\n")));
    EXPECT_THAT(house.messages("carol@example.org"), ElementsAre(HasSubstr("X-Seen: yes\r\n")));
    EXPECT_TRUE(house.memory_log.contains("The policy cannot add the recipient <nobody@example.org>"));

    changes = {};
    changes.delay = std::chrono::seconds{600};
    ASSERT_TRUE(send({"alice@example.org"}));
    house.work();
    EXPECT_EQ(in("alice"), 0u);
    house.clock.advance(std::chrono::seconds{601});
    house.work();
    EXPECT_EQ(in("alice"), 1u);
}

TEST_F(Filtered, AScannerThatIsDownHoldsTheMailAndTheWholeChainIsRepeated) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding = {Finding::Kind::failed, "connection refused", {}, {}, {}, {}};
    add(catalogue.server_, scanner);
    ASSERT_TRUE(send({"alice@example.org"}));
    for (int i = 0; i < 100; ++i) {
        house.work();
        house.clock.advance(std::chrono::hours{1});
    }
    EXPECT_EQ(in("alice"), 0u);
    ASSERT_THAT(house.entries(), SizeIs(1));
    EXPECT_THAT(house.entries()[0].envelope.recipients[0].diagnostic, HasSubstr("connection refused"));
    scanner->finding = {Finding::Kind::pass, "clean", {}, {}, {}, {}};
    house.work();
    EXPECT_EQ(in("alice"), 1u);
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, WhenAScannerComesBackWhatWaitedForItIsDueAtOnce) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding = {Finding::Kind::failed, "connection refused", {}, {}, {}, {}};
    add(catalogue.server_, scanner);
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_EQ(house.work(), 1u);
    scanner->finding = {Finding::Kind::pass, "clean", {}, {}, {}, {}};
    EXPECT_EQ(house.work(), 0u) << "it waits";
    house.processor->release_scanned_by("AV:Other");
    EXPECT_EQ(house.work(), 0u);
    house.processor->release_scanned_by("AV:Test");
    EXPECT_EQ(house.work(), 1u);
    EXPECT_EQ(in("alice"), 1u);
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, AnAccountSwitchesOffWhatItMay) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding = {Finding::Kind::match, "a game", {}, {}, {}, {}};
    add(catalogue.server_, scanner);
    auto off = std::make_shared<filter::SwitchedOff>();
    off->names.insert(scanner->name());
    catalogue.off_[house.directory->account(*mime::parse_addr_spec("bob@example.org")).value()->id.value()] =
        off;
    ASSERT_TRUE(send({"alice@example.org", "bob@example.org"}));
    house.work();
    EXPECT_EQ(in("alice"), 0u);
    EXPECT_EQ(in("bob"), 1u);
}

TEST_F(Filtered, WhatAGroupsFiltersDoIsDoneForMailThatComesToIt) {
    house.directory->create_group(house.domain, "team").value();
    ASSERT_TRUE(house.directory->add_member(house.directory->object(house.domain, "team")->id,
                                            *mime::parse_addr_spec("alice@example.org")));
    add(catalogue.objects_["team@example.org"], "require \"fileinto\"; fileinto \"Trash\";");
    ASSERT_TRUE(send({"team@example.org"}));
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_EQ(in("alice", "Trash"), 1u);
    EXPECT_EQ(in("alice"), 1u);
}

TEST_F(Filtered, AFolderThatAScriptMakesIsSubscribed) {
    add(of("alice"), "require [\"fileinto\", \"mailbox\"]; fileinto :create \"New place\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    auto entry = house.directory->account(*mime::parse_addr_spec("alice@example.org")).value();
    auto box = mailstore::open_or_create(*house.store, entry->id).value();
    EXPECT_TRUE(box->folder("New place")->subscribed);
}

TEST_F(Filtered, ScriptsReadAnnotationsAndFindFoldersByTheirIds) {
    auto entry = house.directory->account(*mime::parse_addr_spec("alice@example.org")).value();
    auto box = mailstore::open_or_create(*house.store, entry->id).value();
    auto made = box->create_folder("Kept").value();
    ASSERT_TRUE(box->annotate(made.id, {{"/private/comment", "here"}}));
    const std::string id = fmt::format("F{:x}-{:x}", entry->id.value(), made.uid_validity);
    add(of("alice"),
        "require [\"fileinto\", \"mboxmetadata\", \"mailboxid\"];"
        "if allof (metadata :is \"Kept\" \"/private/comment\" \"here\", mailboxidexists \""
            + id + "\") { fileinto :mailboxid \"" + id + "\" \"Elsewhere\"; }");
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_EQ(in("alice", "Kept"), 1u);
}

TEST_F(Filtered, WhatAScannerFindsGoesBackOrIsHeldOrIsDropped) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding = {Finding::Kind::match, "Eicar FOUND", {}, 5, {}, {}};
    add(catalogue.server_, scanner);
    ASSERT_TRUE(send({"alice@example.org"}));
    house.work();
    ASSERT_THAT(house.entries(), SizeIs(1));  // the report
    EXPECT_THAT(*house.store->read(house.entries()[0].blob).value(), HasSubstr("Eicar FOUND"));

    scanner->on_match = Action::discard;
    ASSERT_TRUE(send({"alice@example.org"}));
    house.work();
    EXPECT_THAT(house.entries(), SizeIs(1));

    scanner->on_match = Action::quarantine;
    ASSERT_TRUE(send({"alice@example.org"}));
    house.work();
    ASSERT_THAT(house.entries(), SizeIs(2));
    const Recipient held = house.entries()[1].envelope.recipients[0];
    EXPECT_EQ(held.state, Recipient::State::held);
    EXPECT_THAT(held.diagnostic, HasSubstr("AV:Test: Eicar FOUND"));
    EXPECT_EQ(in("alice"), 0u);

    scanner->on_match = Action::pass;
    ASSERT_TRUE(send({"alice@example.org"}));
    house.work();
    EXPECT_THAT(house.messages("alice@example.org"), ElementsAre(HasSubstr("X-AxigenVirus-Level: 5\r\n")));
}

TEST_F(Filtered, ALevelIsOnlyEverRaisedAndThereOnce) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding.spam_level = 4;
    add(catalogue.server_, scanner);
    ASSERT_TRUE(send({"alice@example.org"}, std::string{"X-AxigenSpam-Level: 2\r\n"} + text));
    ASSERT_TRUE(send({"bob@example.org"}, std::string{"X-AxigenSpam-Level: 9\r\n"} + text));
    house.work();
    auto raised = house.messages("alice@example.org");
    ASSERT_THAT(raised, SizeIs(1));
    EXPECT_THAT(raised[0], HasSubstr("X-AxigenSpam-Level: 4\r\n"));
    EXPECT_THAT(raised[0], Not(HasSubstr("X-AxigenSpam-Level: 2")));
    EXPECT_THAT(house.messages("bob@example.org"), ElementsAre(HasSubstr("X-AxigenSpam-Level: 9\r\n")));
}

TEST_F(Filtered, MailForOtherHostsIsScannedWhereThatIsAskedFor) {
    auto scanner = std::make_shared<Scripted>();
    scanner->finding = {Finding::Kind::match, "spam", {}, {}, {}, {}};
    add(catalogue.server_, scanner);
    ASSERT_TRUE(send({"who@example.com"}));
    EXPECT_EQ(house.work(), 0u);  // in its virtual queue already
    EXPECT_EQ(scanner->asked, 0);
    catalogue.server_.reset();
    add(catalogue.server_, scanner, true);
    ASSERT_TRUE(send({"who@example.com"}));
    EXPECT_EQ(house.work(), 1u);
    EXPECT_EQ(scanner->asked, 1);
}

TEST_F(Filtered, AScriptThatFailsKeepsTheMailAndTellsItsOwnerOnceADay) {
    add(of("alice"),
        "redirect \"a@x.org\"; redirect \"b@x.org\"; redirect \"c@x.org\"; redirect \"d@x.org\"; "
        "redirect \"e@x.org\"; redirect \"f@x.org\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    ASSERT_TRUE(send({"alice@example.org"}));
    auto messages = house.messages("alice@example.org");
    ASSERT_THAT(messages, SizeIs(3));
    EXPECT_EQ(
        std::ranges::count_if(messages, [](const auto& m) { return m.find("does not work") != m.npos; }), 1);
    EXPECT_THAT(house.entries(), IsEmpty());
}

TEST_F(Filtered, EachStepIsLoggedWithTheMessage) {
    add(of("alice"), "require \"fileinto\"; fileinto \"Junk\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    EXPECT_TRUE(
        house.memory_log.contains("PROCESSING:00000001: Start filter test0 of type script filter from domain "
                                  "object <alice@example.org>"));
}

TEST_F(Filtered, AChangedCopyOfQueuedMailIsMadeOnceThoughTheServerDies) {
    auto scanner = std::make_shared<Scripted>();
    add(catalogue.server_, scanner);
    add(of("alice"), "require \"editheader\"; deleteheader \"Subject\";");
    ASSERT_TRUE(send({"alice@example.org"}));
    auto entry = house.queue->take_due(house.clock.now(), 1).value().at(0);
    house.processor->process(entry);
    EXPECT_EQ(in("alice"), 1u);
    // As if what the entry has become had been lost: its record is as before, the copy is there.
    kv::Batch batch;
    queue::Queue::add(entry, batch);
    batch.put(queue::keys::changed(entry.id, house.directory->account({"alice", "example.org"}).value()->id,
                                   "INBOX"),
              "");
    ASSERT_TRUE(house.store->kv().write(std::move(batch)));
    house.processor->process(entry);
    EXPECT_EQ(in("alice"), 1u);
}

}  // namespace
}  // namespace postrider::delivery
