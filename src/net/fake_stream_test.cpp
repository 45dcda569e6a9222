#include "net/fake_stream.h"

#include <gtest/gtest.h>

#include "net/run_task.h"

namespace postrider::net {
namespace {

Task<std::string> lines(Stream& stream, std::size_t limit) {
    std::string heard;
    try {
        while (true) {
            const Line line = co_await stream.read_line(limit);
            heard += line.kind == Line::Kind::text ? "<" : line.kind == Line::Kind::bare_lf ? "[" : "!";
            heard += line.text;
        }
    } catch (const SessionEnd& end) {
        heard += "#" + std::to_string(static_cast<int>(end.reason()));
    }
    co_return heard;
}

TEST(FakeStream, PiecesMakeTheSameLines) {
    const std::string script = "one\r\ntwo\nth\rree\r\nfourfour\r\n\r\n12345\r\n123456\r\n";
    FakeStream whole;
    whole.feed(script);
    FakeStream pieces;
    pieces.feed_each(script);
    const std::string heard = run_task(lines(whole, 5));
    EXPECT_EQ(heard, "<one[two!!<<12345!#0");
    EXPECT_EQ(run_task(lines(pieces, 5)), heard);
    FakeStream wide;
    wide.feed_each(script);
    EXPECT_EQ(run_task(lines(wide, 8)), "<one[two<th\rree<fourfour<<12345<123456#0");
}

TEST(FakeStream, TimeoutsAndStopsSayTheFarewell) {
    FakeStream stream;
    stream.farewell(std::make_shared<Farewell>(Farewell{"421 slow\r\n", "421 bye\r\n"}));
    stream.feed("x\r\n").end(SessionEnd::Reason::timeout);
    EXPECT_EQ(run_task(lines(stream, 10)), "<x#1");
    EXPECT_EQ(stream.output(), "421 slow\r\n");
}

Task<std::string> idle(Stream& stream) {
    std::string heard;
    for (int i = 0; i < 3; ++i) {
        const Stream::Filled filled = co_await stream.fill();
        heard += filled == Stream::Filled::woken ? "W" : std::string{stream.buffered()};
        stream.consume(stream.buffered().size());
    }
    co_return heard;
}

TEST(FakeStream, WakesComeFromTheScriptAndFromOutside) {
    FakeStream stream;
    stream.wake_handle().wake();
    stream.feed("data").wake_next();
    EXPECT_EQ(run_task(idle(stream)), "WdataW");
}

TEST(FakeStream, TheTestCanAnswerWhatTheSessionSays) {
    FakeStream stream;
    int asked = 0;
    stream.on_idle = [&](FakeStream& self) {
        if (++asked > 2) return false;
        self.feed("line " + std::to_string(asked) + "\r\n");
        return true;
    };
    EXPECT_EQ(run_task(lines(stream, 10)), "<line 1<line 2#0");
}

Task<std::size_t> upgrade(Stream& stream) {
    co_await stream.read_line(100);
    co_return co_await stream.start_tls(nullptr);
}

TEST(FakeStream, StartTlsDropsWhatWasInjected) {
    FakeStream stream;
    stream.feed("STARTTLS\r\nEVIL\r\n").feed("NOOP\r\n");
    EXPECT_EQ(run_task(upgrade(stream)), 6U);
    EXPECT_TRUE(stream.secure());
    EXPECT_EQ(run_task(lines(stream, 10)), "<NOOP#0");
}

}  // namespace
}  // namespace postrider::net
