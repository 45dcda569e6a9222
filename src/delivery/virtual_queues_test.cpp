#include "delivery/virtual_queues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/test_house.h"

namespace postrider::delivery {
namespace {

using queue::Notify;
using queue::Recipient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

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

class Sending : public testing::Test {
protected:
    TestHouse house{TestHouse::Sends::to_virtual_queues};
    Outbound& out() { return *house.outbound; }

    void send(std::initializer_list<std::string_view> to, std::uint8_t notify = Notify::unsaid) {
        ASSERT_TRUE(house.send(envelope("alice@example.org", to, notify), text));
    }
    /// What is due at a destination, which is taken and left for it.
    std::size_t due(const std::string& destination) {
        auto taken = out().take_destinations(100);
        std::size_t count = 0;
        for (const std::string& one : taken) {
            auto all = out().take(one, 1000);
            if (one == destination) count = all.size();
            for (const Consignment& c : all) out().settle(c, {});
            out().leave(one);
        }
        return count;
    }
    Consignment take_one(const std::string& destination) {
        auto taken = out().take_destinations(100);
        EXPECT_THAT(taken, ElementsAre(destination));
        auto all = out().take(destination, 1);
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? Consignment{} : all[0];
    }
    static Fate fate(Fate::Kind kind, std::string status, std::string diagnostic, std::size_t recipient = 0) {
        return {recipient, kind, std::move(status), std::move(diagnostic), "mx.example.net", false};
    }
    static Fate sent(std::size_t recipient = 0) {
        return fate(Fate::Kind::sent, "2.0.0", "250 2.0.0 OK", recipient);
    }
};

TEST_F(Sending, NamesDestinationsByALabelsAndLiterals) {
    DomainRoutes routes;
    EXPECT_EQ(routes.destination({}, {"a", "bücher.example"}), "xn--bcher-kva.example");
    EXPECT_EQ(routes.destination({}, {"a", "[192.0.2.1]"}), "[192.0.2.1]");
}

TEST_F(Sending, GivesEachDestinationItsOwnConsignment) {
    send({"who@example.net", "other@example.net", "she@example.com", "bob@example.org"});
    EXPECT_EQ(house.messages("bob@example.org").size(), 1u);
    auto taken = out().take_destinations(10);
    EXPECT_THAT(taken, UnorderedElementsAre("example.net", "example.com"));
    EXPECT_THAT(out().take_destinations(10), IsEmpty()) << "they are ours until leave()";
    auto net = out().take("example.net", 10), com = out().take("example.com", 10);
    ASSERT_EQ(net.size(), 1u);
    ASSERT_EQ(com.size(), 1u);
    EXPECT_EQ(net[0].recipients.size(), 2u);
    EXPECT_THAT(out().take("example.net", 10), IsEmpty());
    // Both are at work on one entry.
    out().settle(net[0], {sent(net[0].recipients[0]), sent(net[0].recipients[1])});
    ASSERT_EQ(house.entries().size(), 1u);
    out().settle(com[0], {sent(com[0].recipients[0])});
    EXPECT_TRUE(house.entries().empty());
    out().leave("example.net");
    out().leave("example.com");
    EXPECT_THAT(out().take_destinations(10), IsEmpty());
}

TEST_F(Sending, TriesOneRecipientAgainOnItsOwnScheduleAndGivesItUpAtLast) {
    send({"who@example.net", "other@example.net"});
    Consignment one = take_one("example.net");
    out().settle(one, {sent(one.recipients[0]),
                       fate(Fate::Kind::temporary, "4.2.2", "452 4.2.2 full", one.recipients[1])});
    out().leave("example.net");
    EXPECT_EQ(due("example.net"), 0u);
    house.clock.advance(299s);
    EXPECT_EQ(due("example.net"), 0u);
    house.clock.advance(2s);
    one = take_one("example.net");
    ASSERT_THAT(one.recipients, ElementsAre(1u));
    out().settle(one, {fate(Fate::Kind::temporary, "4.2.2", "452 4.2.2 full", 1)});
    out().leave("example.net");
    EXPECT_EQ(*house.entries()[0].next_attempt(), house.clock.now() + 600s);
    house.clock.advance(601s);
    one = take_one("example.net");
    out().settle(one, {fate(Fate::Kind::temporary, "4.2.2", "452 4.2.2 full", 1)});
    out().leave("example.net");
    house.work();
    EXPECT_TRUE(house.entries().empty());
    auto reports = house.messages("alice@example.org");
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_THAT(reports[0], HasSubstr("Action: failed\r\nStatus: 5.2.2\r\n"));
    EXPECT_THAT(reports[0], HasSubstr("other@example.net"));
    EXPECT_THAT(reports[0], testing::Not(HasSubstr("who@example.net")));
}

TEST_F(Sending, GoesBackUntriedWithoutFates) {
    send({"who@example.net"});
    Consignment one = take_one("example.net");
    out().settle(one, {});
    EXPECT_EQ(out().take("example.net", 10).size(), 1u);
    EXPECT_EQ(house.entries()[0].attempts(), 0u);
}

TEST_F(Sending, ADeadDestinationCostsOneProbeForAllItsMessages) {
    for (int i = 0; i < 5; ++i) send({"who@example.net"});
    Consignment first = take_one("example.net");
    out().down("example.net", "4.4.1", "no answer");
    out().settle(first, {});
    out().leave("example.net");
    for (const queue::Entry& entry : house.entries()) {
        EXPECT_EQ(entry.attempts(), 1u) << "the probe counts for what was due";
        EXPECT_EQ(entry.envelope.recipients[0].diagnostic, "no answer");
    }
    house.clock.advance(100s);
    send({"late@example.net"});
    EXPECT_THAT(out().take_destinations(10), IsEmpty()) << "what comes meanwhile waits for the probe";
    house.clock.advance(201s);
    ASSERT_THAT(out().take_destinations(10), ElementsAre("example.net"));
    auto probe = out().take("example.net", 100);
    ASSERT_EQ(probe.size(), 1u) << "one message is tried";
    EXPECT_THAT(out().take("example.net", 100), IsEmpty());
    out().down("example.net", "4.4.1", "no answer");
    out().settle(probe[0], {});
    out().leave("example.net");
    for (const queue::Entry& entry : house.entries())
        EXPECT_EQ(entry.attempts(), entry.envelope.recipients[0].address.local == "late" ? 1u : 2u);
    house.clock.advance(599s);
    EXPECT_THAT(out().take_destinations(10), IsEmpty()) << "the delay has doubled";
    house.clock.advance(2s);
    ASSERT_THAT(out().take_destinations(10), ElementsAre("example.net"));
    probe = out().take("example.net", 100);
    ASSERT_EQ(probe.size(), 1u);
    out().settle(probe[0], {sent(0)});
    out().up("example.net");
    EXPECT_EQ(out().take("example.net", 100).size(), 5u) << "when it is back, everything goes";
}

TEST_F(Sending, EverythingIsDueWhenTheDestinationIsBackAlsoWhatHadALaterSchedule) {
    send({"greylisted@example.net"});
    Consignment one = take_one("example.net");
    out().settle(one, {fate(Fate::Kind::temporary, "4.7.1", "451 later", 0)});
    send({"second@example.net"});
    one = out().take("example.net", 10).at(0);
    out().down("example.net", "4.4.1", "gone");
    out().settle(one, {});
    out().leave("example.net");
    house.clock.advance(301s);
    ASSERT_THAT(out().take_destinations(10), ElementsAre("example.net"));
    auto probe = out().take("example.net", 10);
    ASSERT_EQ(probe.size(), 1u);
    out().settle(probe[0], {sent(0)});
    out().up("example.net");
    auto rest = out().take("example.net", 10);
    ASSERT_EQ(rest.size(), 1u);
    // Its own refusal counts again from here: being released is not a licence to try all the time.
    out().settle(rest[0], {fate(Fate::Kind::temporary, "4.7.1", "451 later", 0)});
    out().up("example.net");
    EXPECT_THAT(out().take("example.net", 10), IsEmpty());
}

TEST_F(Sending, GivesUpWhatADeadDestinationKeepsTooLong) {
    send({"who@example.net"});
    for (int attempt = 0; attempt < 3; ++attempt) {
        ASSERT_THAT(out().take_destinations(10), ElementsAre("example.net")) << attempt;
        auto probe = out().take("example.net", 10);
        ASSERT_EQ(probe.size(), 1u);
        out().down("example.net", "4.4.1", "no answer");
        out().settle(probe[0], {});
        out().leave("example.net");
        house.clock.advance(9h);
    }
    house.work();
    EXPECT_TRUE(house.entries().empty());
    auto reports = house.messages("alice@example.org");
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_THAT(reports[0], HasSubstr("Status: 5.4.1\r\n"));
    EXPECT_THAT(out().take_destinations(10), IsEmpty());
    EXPECT_EQ(house.outbound->on_disk().state("example.net")->failures, 0u) << "nothing is kept for ever";
}

TEST_F(Sending, PutsUrgentMessagesFirst) {
    std::vector<int> order;
    for (int priority : {0, -3, 4, 0, 9}) {
        auto made = envelope("alice@example.org", {"who@example.net"});
        made.priority = priority;
        ASSERT_TRUE(house.send(std::move(made), text));
        house.clock.advance(1s);
    }
    out().take_destinations(10);
    for (const Consignment& one : out().take("example.net", 10))
        order.push_back(one.entry->envelope.priority);
    EXPECT_THAT(order, ElementsAre(9, 4, 0, 0, -3));
}

TEST_F(Sending, ReportsRelayedOnlyWhenTheNextHostDoesNotKnowDsn) {
    send({"a@example.net", "b@example.net"}, Notify::success | Notify::failure);
    house.work();
    Consignment one = take_one("example.net");
    Fate dsn = sent(0), plain = sent(1);
    dsn.reports_dsn = true;
    out().settle(one, {dsn, plain});
    house.work();
    EXPECT_TRUE(house.entries().empty());
    auto reports = house.messages("alice@example.org");
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_THAT(reports[0], HasSubstr("Final-Recipient: rfc822; b@example.net\r\nAction: relayed\r\n"));
    EXPECT_THAT(reports[0], testing::Not(HasSubstr("a@example.net\r\nAction")));
}

TEST_F(Sending, AfterACrashNothingIsLostAndNothingSettledComesAgain) {
    send({"a@example.net"});
    send({"b@example.net"});
    send({"c@example.com"});
    ASSERT_EQ(out().take_destinations(10).size(), 2u);
    auto net = out().take("example.net", 10);
    ASSERT_EQ(net.size(), 2u);
    out().settle(net[0], {sent(0)});
    house.restart();  // the second was being sent
    EXPECT_THAT(out().take_destinations(10), UnorderedElementsAre("example.net", "example.com"));
    auto again = out().take("example.net", 10);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].entry->id, net[1].entry->id);
}

TEST_F(Sending, AnOwedReportSurvivesACrash) {
    send({"a@example.net"});
    Consignment one = take_one("example.net");
    out().settle(one, {fate(Fate::Kind::permanent, "5.1.1", "550 5.1.1 No such user", 0)});
    house.restart();
    house.work();
    EXPECT_EQ(house.messages("alice@example.org").size(), 1u);
    EXPECT_TRUE(house.entries().empty());
}

TEST_F(Sending, ReleasesWhatWasHeldWhenTheServerDidNotSend) {
    TestHouse silent;
    ASSERT_TRUE(silent.send(envelope("alice@example.org", {"who@example.net"}), text));
    silent.work();
    EXPECT_EQ(silent.entries()[0].envelope.recipients[0].state, Recipient::State::held);
    silent.processor->release_unsent();
    EXPECT_EQ(silent.entries()[0].envelope.recipients[0].state, Recipient::State::pending);
    EXPECT_EQ(silent.work(), 1u);
}

TEST_F(Sending, HoldsBackWhatIsToBeReleasedLater) {
    auto later = envelope("alice@example.org", {"bob@example.org", "who@example.net"});
    later.release = house.clock.now() + 1h;
    ASSERT_TRUE(house.send(std::move(later), text));
    house.work();
    EXPECT_TRUE(house.messages("bob@example.org").empty());
    EXPECT_THAT(out().take_destinations(10), IsEmpty());
    house.clock.advance(1h + 1s);
    EXPECT_EQ(house.work(), 1u);
    EXPECT_EQ(house.messages("bob@example.org").size(), 1u);
    EXPECT_THAT(out().take_destinations(10), ElementsAre("example.net"));
}

TEST_F(Sending, GivesBackWhatIsLate) {
    auto urgent = envelope("alice@example.org", {"who@example.net"});
    urgent.deliver_by = queue::DeliverBy{house.clock.now() + 60s, queue::DeliverBy::Mode::give_back, false};
    ASSERT_TRUE(house.send(std::move(urgent), text));
    EXPECT_EQ(house.work(), 0u);
    house.clock.advance(61s);
    Consignment one = take_one("example.net");
    house.work();
    EXPECT_EQ(house.entries().size(), 1u) << "not while somebody is sending it";
    out().settle(one, {fate(Fate::Kind::temporary, "4.2.0", "450 later", 0)});
    house.clock.advance(31s);
    house.work();
    EXPECT_TRUE(house.entries().empty());
    auto reports = house.messages("alice@example.org");
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_THAT(reports[0], HasSubstr("Status: 5.4.7\r\n"));
}

TEST_F(Sending, TellsWhenAMessageGoesWhereNobodyLooksAtTheTime) {  // RFC 2852 §4.1.4.2
    using Mode = queue::DeliverBy::Mode;
    struct Case {
        std::uint8_t notify;
        Mode mode;
        bool trace, keeps_time, told;
    };
    const Case cases[] = {{Notify::unsaid, Mode::notify, false, false, true},
                          {Notify::unsaid, Mode::notify, false, true, false},
                          {Notify::failure, Mode::notify, false, false, true},
                          {Notify::never, Mode::notify, false, false, false},
                          {Notify::unsaid, Mode::told, false, false, false},
                          {Notify::unsaid, Mode::notify, true, true, true},
                          {Notify::unsaid, Mode::give_back, true, true, true},
                          {Notify::never, Mode::give_back, true, true, false},
                          {Notify::unsaid, Mode::give_back, false, true, false}};
    std::size_t reports = 0;
    for (const Case& one : cases) {
        auto e = envelope("alice@example.org", {"who@example.net"});
        e.recipients[0].notify = one.notify;
        e.deliver_by = queue::DeliverBy{house.clock.now() + 60s, one.mode, one.trace};
        ASSERT_TRUE(house.send(std::move(e), text));
        house.work();
        Fate went = sent(0);
        went.reports_dsn = true;
        went.keeps_time = one.keeps_time;
        out().settle(take_one("example.net"), {went});
        out().leave("example.net");
        house.work();
        reports += one.told ? 1 : 0;
        EXPECT_EQ(house.messages("alice@example.org").size(), reports) << &one - cases;
    }
    EXPECT_THAT(house.messages("alice@example.org")[0], HasSubstr("Action: relayed\r\n"));
}

TEST_F(Sending, TellsOnceThatAMessageIsLateAndGoesOn) {  // RFC 2852 §4.1.3
    auto e = envelope("alice@example.org", {"who@example.net"});
    e.deliver_by = queue::DeliverBy{house.clock.now() + 60s, queue::DeliverBy::Mode::notify, false};
    ASSERT_TRUE(house.send(std::move(e), text));
    house.work();
    Consignment one = take_one("example.net");
    out().settle(one, {fate(Fate::Kind::temporary, "4.2.0", "450 later", 0)});
    house.clock.advance(91s);
    house.work();
    const auto reports = house.messages("alice@example.org");
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_THAT(reports[0], HasSubstr("Action: delayed\r\nStatus: 4.4.7\r\n"));
    EXPECT_THAT(reports[0], HasSubstr("Diagnostic-Code: smtp; 450 later\r\n"));
    EXPECT_THAT(reports[0], HasSubstr("Deliver-By-Date: "));
    EXPECT_EQ(house.entries().size(), 1u);
}

TEST_F(Sending, ProbesOfManyMessagesAreCountedPieceByPiece) {
    for (int i = 0; i < 600; ++i) send({"who@example.net"});
    out().take_destinations(10);
    out().down("example.net", "4.4.1", "no answer");
    out().leave("example.net");
    while (house.outbound->work()) {
    }
    for (const queue::Entry& entry : house.entries()) ASSERT_EQ(entry.attempts(), 1u);
}

}  // namespace
}  // namespace postrider::delivery
