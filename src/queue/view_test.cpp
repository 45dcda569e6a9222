#include "queue/view.h"

#include <gtest/gtest.h>

#include "base/codec.h"

namespace postrider::queue {
namespace {

Entry full_entry() {
    Entry e;
    e.id = QueueId{77};
    e.blob = BlobId{77};
    e.size = 4096;
    e.envelope.reverse_path = {"alice", "example.org"};
    e.envelope.envid = "id";
    e.envelope.arrival = Time{std::chrono::microseconds{1'800'000'000'123'456}};
    e.envelope.priority = -3;
    e.envelope.require_tls = true;
    e.envelope.return_headers = true;
    e.envelope.deliver_by = DeliverBy{Time{1'800'000'100s}, DeliverBy::Mode::give_back, true};
    e.envelope.release = Time{1'800'000'050s};
    e.envelope.release_asked = "for;50";
    e.envelope.authenticated = "alice@example.org";
    Recipient r;
    r.address = {"bob", "example.net"};
    r.destination = "example.net";
    r.attempts = 2;
    r.next_attempt = Time{1'800'000'600s};
    r.last_attempt = Time{1'800'000'000s};
    r.epoch = 5;
    r.remote_host = "mx.example.net";
    r.status = "4.2.0";
    r.diagnostic = "450 later";
    e.envelope.recipients = {r, r, r};
    e.envelope.recipients[1].address.local = "eve";
    e.envelope.recipients[1].forwarded_by = "forward.example";
    e.envelope.recipients[0].unfiltered = true;
    e.envelope.recipients[2] = {};
    e.envelope.recipients[2].address = {"carol", "example.org"};
    e.envelope.recipients[2].state = Recipient::State::failed;
    e.envelope.recipients[2].owed = Recipient::failure;
    e.plan(Time{1'800'000'000s});
    return e;
}

TEST(EntryView, SeesWhatTheDecoderSees) {
    const Entry e = full_entry();
    const std::string bytes = encode(e);
    auto back = decode_entry(e.id, bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(encode(*back), bytes);
    EXPECT_EQ(back->envelope.recipients[1].destination, "example.net");
    EXPECT_EQ(back->envelope.recipients[1].epoch, 5u);
    EXPECT_EQ(back->envelope.recipients[0].forwarded_by, "");
    EXPECT_TRUE(back->envelope.recipients[0].unfiltered);
    EXPECT_FALSE(back->envelope.recipients[1].unfiltered);
    EXPECT_EQ(back->envelope.recipients[1].forwarded_by, "forward.example");
    EXPECT_EQ(back->envelope.deliver_by->mode, DeliverBy::Mode::give_back);
    EXPECT_EQ(back->envelope.release, e.envelope.release);
    EXPECT_EQ(back->envelope.release_asked, "for;50");

    EntryView view;
    for (int twice = 0; twice < 2; ++twice) {
        ASSERT_TRUE(view.read(e.id, bytes));
        EXPECT_EQ(view.size, 4096u);
        EXPECT_EQ(view.wake, 1'800'000'000u);
        EXPECT_EQ(view.sender_local, "alice");
        EXPECT_EQ(view.priority, -3);
        EXPECT_EQ(view.release, 1'800'000'050u);
        EXPECT_EQ(view.arrival, 1'800'000'000'123'456u);
        ASSERT_EQ(view.recipients.size(), 3u);
        EXPECT_EQ(view.recipients[1].destination, "example.net");
        EXPECT_EQ(view.recipients[1].next_attempt, 1'800'000'600u);
        EXPECT_EQ(view.recipients[0].diagnostic, "450 later");
        EXPECT_EQ(view.recipients[2].owed, Recipient::failure);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(view.read(e.id, std::string_view{bytes}.substr(0, size))) << size;
}

TEST(EntryView, ReadsRecordsOfTheFirstVersion) {
    std::string bytes{'\1'};
    put_be(bytes, std::uint64_t{9});
    put_varint(bytes, 100);
    put_varint(bytes, 2);
    put_be(bytes, std::uint64_t{1'800'000'000});
    bytes.push_back('\1');  // envelope
    for (const char* text : {"alice", "example.org", "envid"}) put_string(bytes, text);
    bytes.push_back('\1');
    bytes.push_back('\0');
    for (const char* text : {"", "192.0.2.1", "client"}) put_string(bytes, text);
    put_be(bytes, std::uint64_t{1'799'999'999'000'000});
    put_varint(bytes, 1);
    for (const char* text : {"bob", "example.org", ""}) put_string(bytes, text);
    bytes.push_back('\0');
    bytes.push_back('\0');
    put_string(bytes, "4.2.2");
    put_string(bytes, "Mailbox full");
    auto entry = decode_entry(QueueId{9}, bytes);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->attempts(), 2u);
    EXPECT_EQ(*entry->next_attempt(), Time{1'800'000'000s});
    EXPECT_TRUE(entry->envelope.return_full);
    EntryView view;
    ASSERT_TRUE(view.read(QueueId{9}, bytes));
    EXPECT_EQ(view.recipients[0].attempts, 2u);
    EXPECT_EQ(view.recipients[0].next_attempt, 1'800'000'000u);
    EXPECT_EQ(view.recipients[0].diagnostic, "Mailbox full");
}

TEST(EntryView, HasAWordForEachState) {
    struct {
        Recipient::State state;
        const char* destination;
        std::uint32_t attempts;
        const char* word;
    } cases[] = {
        {Recipient::State::pending, "", 0, "Received"},
        {Recipient::State::pending, "", 1, "Local error"},
        {Recipient::State::pending, "example.net", 0, "Processed"},
        {Recipient::State::pending, "example.net", 1, "Relay error"},
        {Recipient::State::held, "", 0, "Held"},
        {Recipient::State::failed, "", 1, "Send Failure"},
        {Recipient::State::sent, "", 0, "Sent"},
    };
    for (const auto& c : cases) {
        EntryView view;
        EntryView::Recipient r;
        r.state = c.state;
        r.destination = c.destination;
        r.attempts = c.attempts;
        view.recipients.push_back(r);
        EXPECT_EQ(state_word(view, false), c.word);
        EXPECT_EQ(state_word(view, true), "Sending");
    }
}

}  // namespace
}  // namespace postrider::queue
