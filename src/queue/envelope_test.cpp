#include "queue/envelope.h"

#include <gtest/gtest.h>

#include "base/codec.h"
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

TEST(Envelope, RefusesATimeThatNoClockShows) {
    Envelope e = full_envelope();
    std::string bytes;
    encode(bytes, e);
    std::string time;
    put_be(time, std::uint64_t{1'800'000'000'123'456});
    const auto at = bytes.find(time);
    ASSERT_NE(at, std::string::npos);
    bytes[at] = '\x7f';
    EXPECT_FALSE(decode_envelope(bytes));
    bytes[at] = '\x80';
    EXPECT_FALSE(decode_envelope(bytes));
}

TEST(Entry, SurvivesEncodingAndRefusesNumbersThatDoNotFit) {
    Entry e;
    e.blob = BlobId{9};
    e.envelope = full_envelope();
    e.size = UINT32_MAX;
    e.wake = Time{std::chrono::seconds{1'800'000'000}};
    const std::string bytes = encode(e);
    auto back = decode_entry(QueueId{9}, bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(encode(*back), bytes);
    EXPECT_EQ(back->wake, e.wake);

    std::string fields;  // of a record that is right up to its envelope
    encode(fields, e.envelope);
    auto record = [&](std::uint64_t size, std::uint64_t attempts, std::uint64_t due) {
        std::string out{'\1'};
        put_be(out, std::uint64_t{9});
        put_varint(out, size);
        put_varint(out, attempts);
        put_be(out, due);
        return out + fields;
    };
    EXPECT_TRUE(decode_entry(QueueId{9}, record(1, 1, 1)));
    EXPECT_FALSE(decode_entry(QueueId{9}, record(1ull << 32, 1, 1)));
    EXPECT_FALSE(decode_entry(QueueId{9}, record(1, 1ull << 32, 1)));
    EXPECT_FALSE(decode_entry(QueueId{9}, record(1, 1, 1ull << 62)));
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
