#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/test_server.h"

namespace postrider::net {
namespace {

using namespace std::chrono_literals;

Task<> echo_lines(std::unique_ptr<Stream> stream) {
    while (true) {
        const Line line = co_await stream->read_line(1000);
        if (line.kind == Line::Kind::too_long) stream->send("too long");
        if (line.kind == Line::Kind::bare_lf) stream->send("bare ");
        stream->send(line.text);
        stream->send("\r\n");
        co_await stream->flush();
        if (line.text == "quit") break;
    }
    co_await stream->close();
}

TEST(Stream, LinesAreReadHoweverTheyArrive) {
    TestServer server{echo_lines};
    TestPeer peer{server.address()};
    peer.say("one\r\ntwo\r\nth");
    EXPECT_EQ(peer.hear(10), "one\r\ntwo\r\n");
    for (const char c : std::string{"ree\r\n"}) peer.say(std::string(1, c));
    EXPECT_EQ(peer.hear(7), "three\r\n");
    peer.say("a\rb\nquit\r\n");
    EXPECT_EQ(peer.hear_all(), "bare a\rb\r\nquit\r\n");
}

TEST(Stream, AnEndlessLineIsThrownAwayAndTheNextOneIsHeard) {
    TestServer server{echo_lines};
    TestPeer peer{server.address()};
    std::thread talker{[&] {
        for (int i = 0; i < 100; ++i) peer.say(std::string(100'000, 'x'));
        peer.say("\r\n" + std::string(1000, 'y') + "\r\n" + std::string(1001, 'z') + "\r\nquit\r\n");
    }};
    EXPECT_EQ(peer.hear_all(), "too long\r\n" + std::string(1000, 'y') + "\r\ntoo long\r\nquit\r\n");
    talker.join();
}

TEST(Stream, ManyMegabytesGoBothWays) {
    std::string sent(10'000'000, 'a');
    for (std::size_t i = 0; i < sent.size(); i += 997) sent[i] = static_cast<char>('a' + i % 26);
    TestServer server{[&](std::unique_ptr<Stream> stream) -> Task<> {
        std::string all = "got:";
        co_await stream->read_exactly(all, sent.size());
        stream->send("head");
        co_await stream->write(all);
        stream->send(all);
        co_await stream->flush_if_large();
        co_await stream->close();
    }};
    TestPeer peer{server.address()};
    std::string heard;
    std::thread listener{[&] { heard = peer.hear_all(); }};
    peer.say(sent);
    listener.join();
    EXPECT_TRUE(heard == "headgot:" + sent + "got:" + sent);
}

TEST(Stream, APrematureCloseEndsTheSession) {
    std::atomic<int> ended = 0;
    TestServer server{[&](std::unique_ptr<Stream> stream) -> Task<> {
        try {
            co_await stream->read_line(100);
        } catch (const SessionEnd& end) {
            if (end.reason() == SessionEnd::Reason::closed) ++ended;
            throw;
        }
    }};
    TestPeer{server.address()}.say("half a li");
    EXPECT_TRUE(eventually([&] { return ended == 1; }));
    EXPECT_TRUE(server.sessions_become(0));
}

TEST(Stream, AWakeFromAnotherThreadInterruptsFillButNotALine) {
    std::mutex mutex;
    Stream::WakeHandle handle;
    TestServer server{[&](std::unique_ptr<Stream> stream) -> Task<> {
        {
            std::lock_guard lock{mutex};
            handle = stream->wake_handle();
        }
        stream->send("ready\r\n");
        co_await stream->flush();
        const Line line = co_await stream->read_line(100);
        stream->send(line.text);
        co_await stream->flush();
        for (int i = 0; i < 3; ++i) {
            const Stream::Filled filled = co_await stream->fill();
            stream->send(filled == Stream::Filled::woken ? "W" : "D");
            if (filled == Stream::Filled::data) stream->consume(1);
            co_await stream->flush();
        }
        co_await stream->close();
    }};
    TestPeer peer{server.address()};
    EXPECT_EQ(peer.hear(7), "ready\r\n");
    const auto wake = [&] {
        std::lock_guard lock{mutex};
        handle.wake();
    };
    wake();  // seen by the first fill, not by read_line
    std::this_thread::sleep_for(20ms);
    peer.say("line\r\n");
    EXPECT_EQ(peer.hear(5), "lineW");
    wake();
    EXPECT_EQ(peer.hear(1), "W");
    peer.say("x");
    EXPECT_EQ(peer.hear_all(), "D");
    wake();  // the stream is gone: nothing happens
}

TEST(Stream, SilenceEndsTheSessionWithItsFarewell) {
    const auto words = std::make_shared<Farewell>(Farewell{"421 too slow\r\n", "421 bye\r\n"});
    ListenerOptions options;
    options.idle_timeout = 1s;
    options.farewell = words;
    TestServer server{echo_lines, options};
    TestPeer peer{server.address()};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(peer.hear_all(), "421 too slow\r\n");
    const auto waited = std::chrono::steady_clock::now() - start;
    EXPECT_GE(waited, 900ms);
}

TEST(Stream, OneByteASecondDoesNotOutliveTheDeadline) {
    TestServer server{[&](std::unique_ptr<Stream> stream) -> Task<> {
        stream->idle_timeout(600s);
        stream->deadline_after(2s);
        const Line line = co_await stream->read_line(1000);
        stream->send(line.text);
        co_await stream->flush();
    }};
    TestPeer peer{server.address()};
    // Each octet is sooner than the idle time after the one before it, so only the deadline ends it.
    EXPECT_TRUE(eventually([&] {
        peer.say("x");
        peer.hear(1, 300ms);
        return server.listener->totals().accepted == 1 && server.listener->sessions() == 0;
    }));
}

TEST(Stream, APeerThatDoesNotReadEndsByTimeToo) {
    std::atomic<bool> timed_out = false;
    TestServer server{[&](std::unique_ptr<Stream> stream) -> Task<> {
        stream->idle_timeout(1s);
        const std::string much(50'000'000, 'x');
        try {
            co_await stream->write(much);
        } catch (const SessionEnd& end) {
            timed_out = end.reason() == SessionEnd::Reason::timeout;
        }
        stream->send("more");
        co_await stream->close();  // neither throws nor waits
    }};
    TestPeer peer{server.address()};
    EXPECT_EQ(peer.hear(1), "x");
    EXPECT_TRUE(server.sessions_become(0));
    EXPECT_TRUE(timed_out);
}

TEST(Stream, ABusyClientDoesNotStarveItsNeighbour) {
    TestServer server{echo_lines, {}, 1};
    std::atomic<bool> stop = false;
    std::thread hog{[&] {
        TestPeer peer{server.address()};
        std::string many;
        for (int i = 0; i < 20'000; ++i) many += "x\r\n";
        std::thread reader{[&] {
            while (!stop) peer.hear(100'000, 100ms);
        }};
        while (!stop) peer.say(many);
        reader.join();
    }};
    TestPeer peer{server.address()};
    std::this_thread::sleep_for(100ms);
    for (int i = 0; i < 20; ++i) {
        peer.say("hello\r\n");
        EXPECT_EQ(peer.hear(7), "hello\r\n");
    }
    // Without turns it would wait as long as the other one talks: hear() would give up.
    stop = true;
    hog.join();
}

}  // namespace
}  // namespace postrider::net
