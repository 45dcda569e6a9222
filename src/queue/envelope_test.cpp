#include "queue/envelope.h"

#include <gtest/gtest.h>

#include "queue/queue.h"

namespace postrider::queue {
namespace {

Envelope full_envelope() {
    Envelope e;
    e.reverse_path = {"alice", "example.org"};
    e.envid = "id \x01 with anything";
    e.return_full = true;
    e.smtputf8 = true;
    e.body = BodyType::binary;
    e.authenticated = "alice@example.org";
    e.client = "2001:db8::1";
    e.helo = "client.example";
    e.arrival = Time{std::chrono::microseconds{1'800'000'000'123'456}};
    Recipient r;
    r.address = {"bob", "example.net"};
    r.original = "rfc822;bob@example.net";
    r.notify = Notify::success | Notify::delay;
    r.state = Recipient::State::held;
    r.status = "4.4.4";
    r.diagnostic = "why";
    e.recipients = {r, r};
    e.recipients[1].address = {"ünï", "bücher.example"};
    return e;
}

TEST(Envelope, SurvivesEncoding) {
    Envelope e = full_envelope();
    std::string bytes;
    encode(bytes, e);
    auto back = decode_envelope(bytes);
    ASSERT_TRUE(back);
    std::string again;
    encode(again, *back);
    EXPECT_EQ(again, bytes);
    EXPECT_EQ(back->arrival, e.arrival);
    EXPECT_EQ(back->recipients[1].address, e.recipients[1].address);
    EXPECT_EQ(back->recipients[0].state, Recipient::State::held);
}

TEST(Envelope, RefusesEveryTruncationAndNewerVersions) {
    std::string bytes;
    encode(bytes, full_envelope());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_envelope(std::string_view{bytes}.substr(0, size))) << size;
    EXPECT_FALSE(decode_envelope(bytes + "x"));
    bytes[0] = 99;
    EXPECT_FALSE(decode_envelope(bytes));
}

TEST(Notify, UnsaidMeansFailureOnly) {
    Recipient r;
    EXPECT_TRUE(r.wants(Notify::failure));
    EXPECT_FALSE(r.wants(Notify::success));
    r.notify = Notify::never;
    EXPECT_FALSE(r.wants(Notify::failure));
}

TEST(RetryDelay, DoublesUpToTheLongest) {
    using namespace std::chrono_literals;
    EXPECT_EQ(retry_delay(1, 300s, 28800s), 300s);
    EXPECT_EQ(retry_delay(2, 300s, 28800s), 600s);
    EXPECT_EQ(retry_delay(7, 300s, 28800s), 19200s);
    EXPECT_EQ(retry_delay(8, 300s, 28800s), 28800s);
    EXPECT_EQ(retry_delay(1000, 300s, 28800s), 28800s);
}

TEST(QueueId, IsShownAsAtLeastSixHexDigits) {
    EXPECT_EQ(to_string(QueueId{0x0f12be}), "0F12BE");
    EXPECT_EQ(to_string(QueueId{0x123456789}), "123456789");
    EXPECT_EQ(parse_queue_id("0f12BE"), QueueId{0x0f12be});
    EXPECT_FALSE(parse_queue_id("0f12BEx"));
    EXPECT_FALSE(parse_queue_id(""));
}

}  // namespace
}  // namespace postrider::queue
