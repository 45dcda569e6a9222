#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/test_house.h"

namespace postrider::delivery {
namespace {

using queue::Notify;
using queue::Recipient;
using testing::HasSubstr;

constexpr const char* text = "Subject: hello\r\n\r\nbody\r\n";

queue::Envelope envelope(std::string_view from, std::initializer_list<std::string_view> to,
                         std::uint8_t notify = Notify::unsaid) {
    queue::Envelope made;
    if (!from.empty()) made.reverse_path = *mime::parse_addr_spec(from);
    for (std::string_view address : to) {
        Recipient recipient;
        recipient.address = *mime::parse_addr_spec(address);
        recipient.notify = notify;
        made.recipients.push_back(std::move(recipient));
    }
    return made;
}

TEST(Delivery, PutsLocalMailIntoItsFolderWithoutAQueueEntry) {
    TestHouse house;
    ASSERT_TRUE(house.send(envelope("x@example.net", {"alice@example.org"}), text));
    auto messages = house.messages("alice@example.org");
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(
        messages[0],
        "Return-Path: <x@example.net>\r\nDelivered-To: alice@example.org\r\nSubject: hello\r\n\r\nbody\r\n");
    EXPECT_TRUE(house.entries().empty());
}

TEST(Delivery, ExpandsGroupsWithinGroupsOnceForEachMember) {
    TestHouse house;
    auto inner = house.directory->create_group(house.domain, "inner").value();
    auto outer = house.directory->create_group(house.domain, "outer").value();
    ASSERT_TRUE(house.directory->add_member(inner, {"alice", "example.org"}));
    ASSERT_TRUE(house.directory->add_member(inner, {"outer", "example.org"}));  // a loop
    ASSERT_TRUE(house.directory->add_member(outer, {"inner", "example.org"}));
    ASSERT_TRUE(house.directory->add_member(outer, {"alice", "example.org"}));
    ASSERT_TRUE(house.directory->add_member(outer, {"bob", "example.org"}));
    ASSERT_TRUE(house.send(envelope("x@example.net", {"outer@example.org", "alice@example.org"}), text));
    EXPECT_EQ(house.messages("alice@example.org").size(), 1u);
    EXPECT_EQ(house.messages("bob@example.org").size(), 1u);
}

TEST(Delivery, HoldsWhatIsAddressedElsewhereAndSaysWhy) {
    TestHouse house;
    ASSERT_TRUE(house.send(envelope("alice@example.org", {"bob@example.org", "who@example.net"}), text));
    EXPECT_EQ(house.messages("bob@example.org").size(), 1u);
    EXPECT_EQ(house.work(), 1u);
    auto entries = house.entries();
    ASSERT_EQ(entries.size(), 1u);
    ASSERT_EQ(entries[0].envelope.recipients.size(), 1u);
    const Recipient& held = entries[0].envelope.recipients[0];
    EXPECT_EQ(held.address.text(), "who@example.net");
    EXPECT_EQ(held.state, Recipient::State::held);
    EXPECT_EQ(held.status, "4.4.4");
    EXPECT_THAT(held.diagnostic, HasSubstr("does not send to other hosts"));
    EXPECT_FALSE(entries[0].next_attempt());
    EXPECT_EQ(house.work(), 0u) << "held mail is not tried again by itself";
}

TEST(Delivery, ReportsSuccessToWhoAskedForIt) {
    TestHouse house;
    auto asked = envelope("alice@example.org", {"bob@example.org"}, Notify::success);
    asked.envid = "QQ314159";
    asked.recipients[0].original = "rfc822;Bob@example.org";
    ASSERT_TRUE(house.send(std::move(asked), text));
    EXPECT_EQ(house.messages("bob@example.org").size(), 0u) << "the queue delivers it";
    EXPECT_EQ(house.work(), 1u);
    EXPECT_EQ(house.messages("bob@example.org").size(), 1u);
    auto reports = house.messages("alice@example.org");
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_THAT(reports[0], HasSubstr("Content-Type: multipart/report; report-type=delivery-status"));
    EXPECT_THAT(reports[0], HasSubstr("Original-Envelope-Id: QQ314159\r\n"));
    EXPECT_THAT(reports[0], HasSubstr("Original-Recipient: rfc822;Bob@example.org\r\n"));
    EXPECT_THAT(
        reports[0],
        HasSubstr("Final-Recipient: rfc822; bob@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n"));
    EXPECT_THAT(reports[0], HasSubstr("Return-Path: <>\r\n"));
    EXPECT_TRUE(house.entries().empty());
}

TEST(Delivery, TriesAFullMailboxAgainAndReturnsTheMessageAtLast) {
    TestHouse house;
    // Accepted while there was room, full when the queue comes to it.
    auto asked = envelope("alice@example.org", {"bob@example.org"}, Notify::success | Notify::failure);
    asked.return_full = true;
    ASSERT_TRUE(house.send(std::move(asked), text));
    house.quotas.now.bytes = 1;
    EXPECT_EQ(house.work(), 1u);
    auto entries = house.entries();
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].envelope.recipients[0].status, "4.2.2");
    EXPECT_EQ(*entries[0].next_attempt(), house.clock.now() + 300s);
    EXPECT_EQ(house.work(), 0u) << "not before its time";
    house.clock.advance(301s);
    EXPECT_EQ(house.work(), 1u);
    EXPECT_EQ(*house.entries()[0].next_attempt(), house.clock.now() + 600s);
    house.clock.advance(601s);
    EXPECT_EQ(house.work(), 1u) << "the third and last attempt";
    EXPECT_TRUE(house.entries().size() <= 1u) << "only the report may wait: alice's mailbox is full as well";
    house.quotas.now.bytes = 0;
    house.clock.advance(24h);
    while (house.work() != 0) {
    }
    auto reports = house.messages("alice@example.org");
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_THAT(reports[0], HasSubstr("Action: failed\r\nStatus: 5.2.2\r\n"));
    EXPECT_THAT(reports[0], HasSubstr("Content-Type: message/rfc822\r\n")) << "RET=FULL";
    EXPECT_THAT(reports[0], HasSubstr("\r\nbody\r\n"));
    EXPECT_TRUE(house.messages("bob@example.org").empty());
}

TEST(Delivery, NeverReportsAboutAReport) {
    TestHouse house;
    ASSERT_TRUE(house.send(envelope("", {"bob@example.org"}, Notify::success | Notify::failure), text));
    house.quotas.now.bytes = 1;
    for (int i = 0; i < 3; ++i) {
        house.work();
        house.clock.advance(24h);
    }
    EXPECT_TRUE(house.entries().empty());
    EXPECT_TRUE(house.messages("alice@example.org").empty());
}

TEST(Delivery, TellsLmtpWhichCopyDidNotFit) {
    TestHouse house;
    house.quotas.now.messages = 1;
    ASSERT_TRUE(house.send(envelope("x@example.net", {"alice@example.org"}), text));
    // Resolved before the mailbox was full, as in a race.
    Incoming message;
    message.envelope = envelope("x@example.net", {"alice@example.org", "bob@example.org"});
    house.quotas.now.messages = 0;
    for (const Recipient& r : message.envelope.recipients)
        message.destinations.push_back(house.router->resolve(r.address));
    house.quotas.now.messages = 1;
    message.payload = text;
    std::promise<Accepted> promise;
    house.intake->accept(std::move(message), Intake::Quota::enforced,
                         [&](mailstore::Result<Accepted> result) { promise.set_value(result.value()); });
    Accepted accepted = promise.get_future().get();
    ASSERT_EQ(accepted.refusals.size(), 2u);
    ASSERT_TRUE(accepted.refusals[0]);
    EXPECT_EQ(accepted.refusals[0]->status, "4.2.2");
    EXPECT_FALSE(accepted.refusals[1]);
    EXPECT_EQ(house.messages("bob@example.org").size(), 1u);
}

TEST(Router, RefusesAFullMailboxForNow) {
    TestHouse house;
    house.quotas.now.bytes = 1000;
    EXPECT_FALSE(house.router->resolve({"alice", "example.org"}, 999).refusal);
    auto refusal = house.router->resolve({"alice", "example.org"}, 1001).refusal;
    ASSERT_TRUE(refusal);
    EXPECT_TRUE(refusal->temporary);
    EXPECT_EQ(refusal->status, "4.2.2");
}

TEST(Router, SpreadsADomainsMailOverThoseOfItsLocationsThatTakeSome) {
    TestHouse house;
    for (std::uint16_t number : {1, 2}) {
        mailstore::LocationConfig location;
        location.number = number;
        location.options.directory = house.store_path() / std::to_string(number);
        location.options.min_disk_free_bytes = 0;
        location.options.read_only = number == 2;
        ASSERT_TRUE(house.store->add_location(location));
    }
    directory::DomainChange change;
    change.locations = {0, 1, 2, 77};  // 2 is closed and 77 is not there
    ASSERT_TRUE(house.directory->change_domain(house.domain, change));
    std::map<std::uint16_t, int> went;
    for (int i = 0; i < 40; ++i) ++went[house.router->resolve({"alice", "example.org"}).location];
    EXPECT_EQ(went.size(), 2u);
    EXPECT_GE(went[0], 10);
    EXPECT_GE(went[1], 10);
    change.locations = {2};
    ASSERT_TRUE(house.directory->change_domain(house.domain, change));
    EXPECT_EQ(house.router->resolve({"alice", "example.org"}).location, 2);
}

TEST(Router, KnowsNobodyElse) {
    TestHouse house;
    auto refusal = house.router->resolve({"nobody", "example.org"}).refusal;
    ASSERT_TRUE(refusal);
    EXPECT_FALSE(refusal->temporary);
    EXPECT_EQ(refusal->status, "5.1.1");
}

TEST(Replay, MakesWhatTheContainerKept) {
    queue::Acceptance acceptance;
    acceptance.envelope = envelope("a@example.net", {"who@example.com"});
    mailstore::Target target;
    target.account = AccountId{7};
    target.folder = "Lists/Dev";
    target.flags = mailstore::seen;
    target.keywords = {"$Work"};
    target.prefix = "Return-Path: <a@example.net>\r\n";
    acceptance.targets.push_back(target);
    auto submission = Intake::replay(acceptance.encode(), text);
    ASSERT_TRUE(submission);
    ASSERT_EQ(submission->targets.size(), 1u);
    EXPECT_EQ(submission->targets[0].account, AccountId{7});
    EXPECT_EQ(submission->targets[0].folder, "Lists/Dev");
    EXPECT_EQ(submission->targets[0].keywords, std::vector<std::string>{"$Work"});
    EXPECT_EQ(submission->targets[0].prefix, target.prefix);
    EXPECT_TRUE(submission->targets[0].over_quota_allowed)
        << "what was accepted is not refused after a crash";
    EXPECT_TRUE(submission->also) << "the remote recipient goes to the queue";
    EXPECT_FALSE(Intake::replay("garbage", text));
}

}  // namespace
}  // namespace postrider::delivery
