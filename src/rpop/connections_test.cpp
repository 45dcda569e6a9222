#include "rpop/connections.h"

#include <gtest/gtest.h>

#include "directory/test_directory.h"
#include "rpop/templates.h"

namespace postrider::rpop {
namespace {

using namespace std::chrono_literals;

struct House : directory::TestDirectory {
    House() : connections{*store, *directory, clock, std::string(32, 'k')} { ann = account("ann"); }
    static Change change() {
        Change change;
        change.host = "pop.example.net";
        change.user = "ann";
        change.password = "secret";
        return change;
    }
    Connections connections;
    AccountId ann;
};

TEST(Connections, AreDueAtOnceAndThenAfterAPause) {
    House house;
    auto made = house.connections.add(house.ann, House::change());
    ASSERT_TRUE(made);
    EXPECT_EQ(made->port, 995);
    auto due = house.connections.due(house.clock.now(), 10);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].connection, *made);
    EXPECT_EQ(house.connections.password(due[0].connection), "secret");
    EXPECT_EQ(made->sealed_password.find("secret"), std::string::npos);
    Status after = due[0].status;
    after.next = house.clock.now() + house.connections.pause(*made, after);
    house.connections.finish(*made, due[0].status, after);
    EXPECT_TRUE(house.connections.due(house.clock.now(), 10).empty());
    house.clock.advance(10min);
    EXPECT_EQ(house.connections.due(house.clock.now(), 10).size(), 1u);
}

TEST(Connections, WaitLongerAfterFailuresButNotForGood) {
    House house;
    auto made = house.connections.add(house.ann, House::change());
    Status status;
    EXPECT_EQ(house.connections.pause(*made, status), 10min);
    status.failures = 3;
    EXPECT_EQ(house.connections.pause(*made, status), 80min);
    status.failures = 1000;
    EXPECT_EQ(house.connections.pause(*made, status), 24h);
    made->interval = 30min;
    status.failures = 0;
    EXPECT_EQ(house.connections.pause(*made, status), 30min);
}

TEST(Connections, ARunThatWasAskedForMeanwhileIsNotForgotten) {
    House house;
    auto made = house.connections.add(house.ann, House::change());
    auto due = house.connections.due(house.clock.now(), 10);
    house.clock.advance(5s);
    ASSERT_TRUE(house.connections.run_now(house.ann, made->id));
    Status after = due[0].status;
    after.next = house.clock.now() + 10min;
    house.connections.finish(due[0].connection, due[0].status, after);
    EXPECT_EQ(house.connections.due(house.clock.now(), 10).size(), 1u);
}

TEST(Connections, RefuseWhatCannotBe) {
    House house;
    auto refused = [&](auto spoil) {
        Change change = House::change();
        spoil(change);
        return !house.connections.add(house.ann, change).has_value();
    };
    EXPECT_TRUE(refused([](Change& c) { c.host.reset(); }));
    EXPECT_TRUE(refused([](Change& c) { c.user = "a\r\nDELE 1"; }));
    EXPECT_TRUE(refused([](Change& c) { c.password = "a\nb"; }));
    EXPECT_TRUE(refused([](Change& c) { c.password.reset(); }));
    EXPECT_TRUE(refused([](Change& c) { c.port = 0; }));
    EXPECT_TRUE(refused([](Change& c) { c.folder = ""; }));
    EXPECT_TRUE(house.connections.list(house.ann)->empty());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(house.connections.add(house.ann, House::change()));
    EXPECT_TRUE(refused([](Change&) {}));
}

TEST(Connections, NumbersAreNeverGivenTwiceAndWhatWasSeenGoesWithThem) {
    House house;
    auto first = house.connections.add(house.ann, House::change());
    ASSERT_TRUE(house.connections.mark_seen(*first, "uid-1"));
    EXPECT_EQ(house.connections.seen(*first).size(), 1u);
    ASSERT_TRUE(house.connections.remove(house.ann, first->id));
    EXPECT_TRUE(house.connections.seen(*first).empty());
    auto second = house.connections.add(house.ann, House::change());
    EXPECT_NE(first->id, second->id);
    house.connections.remove_all(house.ann);
    EXPECT_TRUE(house.connections.due(house.clock.now(), 10).empty());
    for (auto cursor = house.store->scan("P", "Q"); cursor->valid(); cursor->next())
        ADD_FAILURE() << "left: " << cursor->key();
}

TEST(Connections, AnotherMailboxBeginsAnew) {
    House house;
    auto made = house.connections.add(house.ann, House::change());
    Status status;
    status.uid_validity = 5;
    status.last_uid = 9;
    ASSERT_TRUE(house.connections.progress(*made, status));
    Change port;
    port.port = 1110;
    ASSERT_TRUE(house.connections.update(house.ann, made->id, port));
    EXPECT_EQ(house.connections.find(house.ann, made->id)->status.last_uid, 9u);
    Change protocol;
    protocol.protocol = Protocol::imap;
    ASSERT_TRUE(house.connections.update(house.ann, made->id, protocol));
    EXPECT_EQ(house.connections.find(house.ann, made->id)->status.last_uid, 0u);
    EXPECT_EQ(house.connections.find(house.ann, made->id)->connection.port, 993);
}

TEST(Connections, RecordsComeBackAsTheyWereAndDamageIsSeen) {
    Connection c;
    c.host = "h";
    c.user = "u";
    c.sealed_password = std::string("\0x", 2);
    c.keep = false;
    c.interval = 7min;
    c.days = 3;
    EXPECT_EQ(decode_connection(encode(c)), c);
    Status s;
    s.result = "fine";
    s.last_uid = 77;
    s.fetched = 1'000'000;
    EXPECT_EQ(decode_status(encode(s)), s);
    const std::string bytes = encode(c);
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(decode_connection(bytes.substr(0, i)));
}

TEST(Templates, KnowTheLargeProviders) {
    for (auto name : {"gmail", "outlook", "office365", "yahoo", "icloud", "gmx", "web.de", "aol", "fastmail",
                      "zoho", "yandex", "mail.ru"})
        EXPECT_NE(find_template(name), nullptr) << name;
    EXPECT_EQ(find_template("GMail", Protocol::pop3)->port, 995);
    EXPECT_EQ(find_template("icloud", Protocol::pop3), nullptr);
}

}  // namespace
}  // namespace postrider::rpop
