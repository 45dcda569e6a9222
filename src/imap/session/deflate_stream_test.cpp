#include "imap/session/deflate_stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "imap/session/test_service.h"
#include "net/fake_stream.h"
#include "net/run_task.h"

namespace postrider::imap {
namespace {

/// The other end.
class Peer {
public:
    Peer() {
        inflateInit2(&in_, -15);
        deflateInit2(&out_, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
    }
    ~Peer() {
        inflateEnd(&in_);
        deflateEnd(&out_);
    }
    std::string pack(std::string_view plain, int flush = Z_SYNC_FLUSH) {
        std::string packed(plain.size() + 1000, '\0');
        out_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
        out_.avail_in = static_cast<uInt>(plain.size());
        out_.next_out = reinterpret_cast<Bytef*>(packed.data());
        out_.avail_out = static_cast<uInt>(packed.size());
        deflate(&out_, flush);
        packed.resize(packed.size() - out_.avail_out);
        return packed;
    }
    std::string unpack(std::string_view packed) {
        std::string plain(1 << 20, '\0');
        in_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        in_.avail_in = static_cast<uInt>(packed.size());
        in_.next_out = reinterpret_cast<Bytef*>(plain.data());
        in_.avail_out = static_cast<uInt>(plain.size());
        ended_ = inflate(&in_, Z_SYNC_FLUSH) == Z_STREAM_END;
        behind_.assign(packed.substr(packed.size() - in_.avail_in));
        plain.resize(plain.size() - in_.avail_out);
        return plain;
    }
    bool ended() const { return ended_; }
    const std::string& behind() const { return behind_; }  ///< the end of what ended

private:
    z_stream in_{}, out_{};
    bool ended_ = false;
    std::string behind_;
};

net::Task<> talk(net::Stream& stream, std::string& heard, std::size_t want) {
    while (heard.size() < want) {
        (void)co_await stream.fill(100);
        heard += stream.buffered();
        stream.consume(stream.buffered().size());
    }
    stream.send("* first\r\n");
    stream.send(std::string(100'000, 'x'));
    co_await stream.flush();
    std::string more(300'000, 'y');
    co_await stream.write(more);
}

TEST(DeflateStream, CarriesWhatPlainStreamsCarryInAnyPieces) {
    Peer peer;
    std::string said(50'000, 'a');
    said += "end\r\n";
    net::FakeStream below;
    below.feed_each(peer.pack(said).substr(0, 20));
    Peer again;
    std::string packed = again.pack(said);
    net::FakeStream other;
    other.feed_each(packed);
    DeflateStream stream{other};
    std::string heard;
    net::run_task(talk(stream, heard, said.size()));
    EXPECT_EQ(heard, said);
    std::string out = again.unpack(other.output());
    EXPECT_EQ(out, "* first\r\n" + std::string(100'000, 'x') + std::string(300'000, 'y'));
    EXPECT_LT(other.output().size(), 10'000u);
}

TEST(DeflateStream, HoldsNoMoreThanItIsAskedForOfABomb) {
    Peer peer;
    net::FakeStream below;
    below.feed(peer.pack(std::string(900'000, '\0')));
    DeflateStream stream{below};
    auto fill = [](net::Stream& from, std::size_t& most) -> net::Task<> {
        for (int i = 0; i < 5; ++i) {
            (void)co_await from.fill(5000);
            most = std::max(most, from.buffered().size());
        }
    };
    std::size_t most = 0;
    net::run_task(fill(stream, most));
    EXPECT_EQ(most, 5000u);
}

TEST(DeflateStream, EndsASessionThatSaysNonsense) {
    net::FakeStream below;
    below.feed("\xff\xff\xff\xff plain text");
    DeflateStream stream{below};
    auto fill = [](net::Stream& from) -> net::Task<> { (void)co_await from.fill(5000); };
    EXPECT_THROW(net::run_task(fill(stream)), net::SessionEnd);
}

TEST(Compress, IsForAWholeSession) {  // RFC 4978 §3
    TestService service;
    TestClient client{service};
    client.login();
    EXPECT_TRUE(client.result("COMPRESS LZW").starts_with("NO"));
    client.say("a COMPRESS DEFLATE\r\n");
    EXPECT_EQ(client.reply(), "a OK DEFLATE begins");
    Peer peer;
    client.say(peer.pack("b CAPABILITY\r\nc COMPRESS DEFLATE\r\nd IDLE\r\n"));
    std::string heard;
    while (heard.find("+ idling\r\n") == std::string::npos) heard += peer.unpack(client.peer().hear(1));
    EXPECT_EQ(heard.find("COMPRESS=DEFLATE"), std::string::npos);
    EXPECT_NE(heard.find("c NO [COMPRESSIONACTIVE]"), std::string::npos);
    client.say(peer.pack("DONE\r\ne LOGOUT\r\n"));
    while (heard.find("e OK LOGOUT completed\r\n") == std::string::npos) {
        std::string more = client.peer().hear(1);
        if (more.empty()) break;
        heard += peer.unpack(more);
    }
    EXPECT_NE(heard.find("d OK IDLE completed\r\n* BYE"), std::string::npos);
    EXPECT_NE(heard.find("e OK LOGOUT completed\r\n"), std::string::npos);
}

/// RFC 8437 §4.1: compression ends behind the command and behind its answer. `behind` is what the client says
/// in plain.
void leave(TestClient& client, Peer& peer, const std::string& packed, const std::string& behind) {
    client.say(packed + behind);
    std::string heard;
    while (!peer.ended()) {
        std::string more = client.peer().hear(1);
        ASSERT_FALSE(more.empty());
        heard += peer.unpack(more);
    }
    EXPECT_NE(heard.find("You are nobody again\r\n"), std::string::npos) << heard;
    heard = peer.behind();
    if (behind.empty()) client.say("n LOGIN bob@example.org secret\r\n");
    while (heard.find("n OK") == std::string::npos || !heard.ends_with("\r\n")) {
        std::string more = client.peer().hear(1);
        ASSERT_FALSE(more.empty());
        heard += more;
    }
    EXPECT_NE(heard.find("COMPRESS=DEFLATE"), std::string::npos) << "it may begin again: " << heard;
}

TEST(Compress, EndsWithUnauthenticate) {
    TestService service;
    for (int round = 0; round < 4; ++round) {
        SCOPED_TRACE(round);
        TestClient client{service};
        client.login();
        client.say("a COMPRESS DEFLATE\r\n");
        ASSERT_EQ(client.reply(), "a OK DEFLATE begins");
        Peer peer;
        const std::string login = "n LOGIN bob@example.org secret\r\n";
        // 2: the client stops without saying so; 3: it says so later.
        std::string packed = peer.pack("u UNAUTHENTICATE\r\n", round < 2 ? Z_FINISH : Z_SYNC_FLUSH);
        if (round == 3) packed += peer.pack("", Z_FINISH);
        leave(client, peer, packed, round % 2 == 1 ? login : "");
        client.say("o COMPRESS DEFLATE\r\n");
        ASSERT_EQ(client.reply(), "o OK DEFLATE begins");
        Peer again;
        client.say(again.pack("p UNAUTHENTICATE\r\nq NOOP\r\n"));
        std::string heard;
        while (heard.find("q OK") == std::string::npos) heard += again.unpack(client.peer().hear(1));
        EXPECT_NE(heard.find("p BAD"), std::string::npos);
    }
}

}  // namespace
}  // namespace postrider::imap
