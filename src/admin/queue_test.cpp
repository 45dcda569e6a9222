#include <gmock/gmock.h>

#include "admin/fixture_for_tests.h"
#include "admin/mqview.h"
#include "queue/destinations.h"

namespace postrider::admin {
namespace {

using queue::Recipient;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Error::Kind;

/// Messages in virtual queues, as delivery leaves them there.
class QueueOperations : public AdminTest {
protected:
    std::string wait(std::string_view to, std::uint32_t attempts, std::string diagnostic,
                     std::chrono::seconds until = std::chrono::seconds{3600}) {
        const QueueId id = hold(to);
        auto taken = queue->take(id).value();
        queue::Entry after = *taken.entry;
        Recipient& r = after.envelope.recipients[0];
        r.state = Recipient::State::pending;
        r.destination = r.address.domain;
        r.attempts = attempts;
        r.diagnostic = std::move(diagnostic);
        r.status = "4.4.1";
        r.next_attempt = queue::full_seconds(clock.now()) + until;
        after.envelope.arrival = clock.now();
        after.plan(clock.now());
        EXPECT_TRUE(queue->put_back(*taken.entry, after));
        return queue::to_string(id);
    }
    std::vector<std::string> listed(Json filters) {
        std::vector<std::string> ids;
        const Json found = ok("queue list", filters);
        for (const Json& row : found["messages"]) ids.push_back(row["id"]);
        return ids;
    }
};

TEST_F(QueueOperations, FilterByWhatIsKnownOfAMessage) {
    const std::string one = wait("bob@one.example", 1, "no answer"),
                      two = wait("eve@two.example", 3, "TLS is broken"),
                      held = queue::to_string(hold("x@y.example"));
    EXPECT_THAT(listed({}), ElementsAre(one, two, held));
    EXPECT_THAT(listed({{"recipient", "bob@"}}), ElementsAre(one));
    EXPECT_THAT(listed({{"recipient", "*@T?O.example"}}), ElementsAre(two));
    EXPECT_THAT(listed({{"recipient", "b*"}, {"destination", "two"}}), ElementsAre());
    EXPECT_THAT(listed({{"destination", "one"}}), ElementsAre(one));
    EXPECT_THAT(listed({{"failure", "tls"}}), ElementsAre(two));
    EXPECT_THAT(listed({{"failure", "4.4.1"}, {"attempts", 2}}), ElementsAre(two));
    EXPECT_THAT(listed({{"state", "held"}}), ElementsAre(held));
    EXPECT_THAT(listed({{"state", "Relay"}}), ElementsAre(one, two));
    EXPECT_THAT(listed({{"sender", "ann@"}, {"larger", "1M"}}), ElementsAre());
    EXPECT_THAT(listed({{"smaller", "1k"}, {"state", "Relay"}}), ElementsAre(one, two));
    EXPECT_THAT(listed({{"older", "1h"}, {"destination", "e"}}), ElementsAre());
    clock.advance(2h);
    EXPECT_THAT(listed({{"older", "1h"}, {"destination", "e"}}), ElementsAre(one, two));
    EXPECT_EQ(ok("queue list", {{"state", "Relay"}, {"count", true}})["count"], 2);
    EXPECT_EQ(error("queue list", {{"larger", "1Q"}}), Kind::bad_value);
    EXPECT_EQ(error("queue list", {{"older", "99999999999999999999d"}}), Kind::bad_value);
}

TEST_F(QueueOperations, QuarantineIsListedDeliveredAndDeleted) {
    const std::string held = queue::to_string(hold("x@y.example"));
    const std::string one = queue::to_string(quarantine("bob@one.example", "AV:ClamAV: Eicar FOUND"));
    const std::string two = queue::to_string(quarantine("eve@two.example", "AV:Spam: True"));
    const auto ids = [&](Json filters = {}) {
        std::vector<std::string> found;
        const Json listed = ok("quarantine list", filters);
        for (const Json& row : listed["messages"]) found.push_back(row["id"]);
        return found;
    };
    EXPECT_THAT(ids(), ElementsAre(one, two));
    EXPECT_THAT(ids({{"failure", "eicar"}}), ElementsAre(one));
    EXPECT_THAT(listed({{"state", "Quarantined"}}), ElementsAre(one, two));
    EXPECT_EQ(error("quarantine deliver"), Kind::usage) << "not all by accident";
    EXPECT_EQ(ok("quarantine deliver", {{"id", held}})["changed"], 0) << "it is held for another reason";
    EXPECT_EQ(ok("quarantine deliver", {{"id", one}})["changed"], 1);
    EXPECT_EQ(wakes, 2);
    const auto due = queue->take_due(clock.now(), 10).value();
    ASSERT_EQ(due.size(), 1u);
    EXPECT_TRUE(due[0].envelope.recipients[0].unfiltered);
    EXPECT_EQ(due[0].envelope.recipients[0].state, Recipient::State::pending);
    queue->let_go(due[0].id);
    EXPECT_EQ(ok("quarantine delete", {{"all", true}})["changed"], 1);
    EXPECT_THAT(ids(), ElementsAre());
    EXPECT_THAT(listed({}), testing::UnorderedElementsAre(held, one));
}

TEST_F(QueueOperations, ChangeAllThatAFilterFinds) {
    wait("bob@one.example", 1, "no answer");
    wait("eve@one.example", 1, "no answer");
    const std::string two = wait("eve@two.example", 1, "no answer");
    EXPECT_EQ(error("queue hold"), Kind::usage) << "not all by accident";
    EXPECT_EQ(error("queue hold", {{"id", two}, {"all", true}}), Kind::usage);
    EXPECT_EQ(ok("queue hold", {{"destination", "one"}})["changed"], 2);
    EXPECT_EQ(listed({{"state", "Held"}}).size(), 2u);
    EXPECT_EQ(ok("queue destinations")["destinations"].size(), 1u);
    EXPECT_EQ(ok("queue release", {{"all", true}})["changed"], 2);
    EXPECT_EQ(wakes, 1);
    EXPECT_EQ(queue->take_due(clock.now(), 10)->size(), 2u) << "their route is looked up again";
    EXPECT_EQ(ok("queue delete", {{"all", true}})["being_delivered"], 2);
    EXPECT_TRUE(listed({{"recipient", "two"}}).empty());
}

TEST_F(QueueOperations, RetryForgetsRouteAndSchedule) {
    const std::string id = wait("bob@one.example", 4, "no answer");
    EXPECT_EQ(ok("queue retry", {{"id", id}})["changed"], 1);
    const Json shown = ok("queue show", {{"id", id}})["recipients"][0];
    EXPECT_EQ(shown["destination"], "");
    EXPECT_EQ(shown["attempts"], 4);
    EXPECT_EQ(queue->take_due(clock.now(), 10)->size(), 1u);
}

TEST_F(QueueOperations, LeaveAloneWhatIsBeingSent) {
    const std::string id = wait("bob@one.example", 1, "no answer");
    context->is_sending = [](QueueId) { return true; };
    EXPECT_EQ(error("queue hold", {{"id", id}}), Kind::in_use);
    EXPECT_EQ(ok("queue list")["messages"][0]["state"], "Sending");
    EXPECT_EQ(ok("queue hold", {{"all", true}})["being_delivered"], 1);
}

TEST_F(QueueOperations, BounceOwesAReport) {
    const std::string id = wait("bob@one.example", 1, "no answer");
    ok("queue bounce", {{"id", id}, {"reason", "Go away"}});
    auto entry = queue->find(*queue::parse_queue_id(id)).value();
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->envelope.recipients[0].owed, Recipient::failure);
    EXPECT_EQ(entry->envelope.recipients[0].diagnostic, "Go away");
    EXPECT_EQ(ok("queue list")["messages"][0]["state"], "Send Failure");
    EXPECT_EQ(queue->take_due(clock.now(), 10)->size(), 1u);
}

TEST_F(QueueOperations, ShowVirtualQueues) {
    wait("a@one.example", 1, "no answer");
    wait("b@one.example", 1, "no answer");
    wait("c@two.example", 0, "", 0s);
    queue::DestinationState down;
    down.failures = 2;
    down.down_until = clock.now() + 1h;
    down.last_failure = clock.now();
    down.status = "4.4.1";
    down.why = "no answer";
    kv::Batch batch;
    queue::Destinations::put_state("one.example", down, batch);
    ASSERT_TRUE(store->kv().write(std::move(batch)));
    const Json all = ok("queue destinations")["destinations"];
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0]["destination"], "one.example");
    EXPECT_EQ(all[0]["state"], "down");
    EXPECT_EQ(all[0]["messages"], 2);
    EXPECT_EQ(all[0]["why"], "4.4.1 no answer");
    EXPECT_EQ(all[1]["state"], "ready");
    EXPECT_EQ(ok("queue destinations", {{"down", true}})["destinations"].size(), 1u);
    EXPECT_EQ(ok("queue destinations", {{"limit", 1}})["next"], "one.example");
    EXPECT_EQ(ok("queue destinations", {{"after", "one.example"}})["destinations"].size(), 1u);

    EXPECT_EQ(ok("queue force")["destinations"], 2);
    const queue::Destinations destinations{store->kv()};
    EXPECT_EQ(destinations.state("one.example")->failures, 0u);
    EXPECT_EQ(destinations
                  .due("one.example", destinations.state("one.example")->epoch, clock.now(), 10,
                       [](QueueId) { return false; })
                  ->size(),
              2u);
}

TEST_F(QueueOperations, MqviewHasItsLayout) {
    const std::string id = wait("johnd@localdomain", 2, "no\nanswer");
    const std::string text = mqview_text(ok("queue show", {{"id", id}}), "../00/S5F4E");
    EXPECT_EQ(text,
              "Mail Queue view of file : ../00/S5F4E\nID : " + id
                  + "\nState : PROCESSED\nFlags : 00\nLast Data Version : 00\nNumber of RCPTs : 1\n"
                    "Next Send Schedule : 2024-12-18T01:00:00Z\nRetry Count : 2\n"
                    "Reverse Path : ann@example.org\nAuthenticated Path : \n"
                    "RCPT information for: johnd@localdomain\nState : PROCESSED\nData Version : 00\n"
                    "Filter Info : \nDestination mbox: localdomain\nFailure Info : 4.4.1 no?answer\n"
                    "Local Delivery : \n");
}

TEST(StatusFile, NamesAnId) {
    EXPECT_EQ(status_file(QueueId{0x5f4e}), "00/S5F4E");
    EXPECT_EQ(status_file(QueueId{0x0f12be}), "0F/S12BE");
    EXPECT_EQ(id_of_status_file("S12BE", "/var/queue/0F"), QueueId{0x0f12be});
    EXPECT_EQ(id_of_status_file("../00/S5F4E", "/anywhere"), QueueId{0x5f4e});
    EXPECT_EQ(id_of_status_file("0F12BE", "/anywhere"), QueueId{0x0f12be});
    EXPECT_FALSE(id_of_status_file("S12345", "/0F"));
    EXPECT_FALSE(id_of_status_file("Sxyz", "/0F"));
    EXPECT_FALSE(id_of_status_file("", ""));
}

}  // namespace
}  // namespace postrider::admin
