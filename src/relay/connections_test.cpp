#include "relay/connections.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "net/socket_stream.h"
#include "net/task.h"

namespace postrider::relay {
namespace {

/// Two threads of the server, as far as connections know: they share a total of two.
struct TwoThreads {
    TwoThreads() {
        total.tell_others = [this](const Connections& from) {
            Connections& other = &from == &here ? there : here;
            net::asio::post(io, [&other] { other.relieve(); });
        };
    }

    struct Asked {
        bool served = false, stopped = false;
        std::unique_ptr<Client> client;
    };
    net::Task<> wait(Connections& at, std::string key, Asked& result) {
        Connections::Place place = co_await at.ask(std::move(key));
        result.served = true;
        result.stopped = place.stopped;
        result.client = std::move(place.client);
    }
    void ask(Connections& at, std::string key, Asked& result) {
        net::asio::co_spawn(io, wait(at, std::move(key), result), net::asio::detached);
        run();
    }
    void run() {
        io.restart();
        io.run_for(std::chrono::milliseconds{1});
        while (io.poll() != 0) {
        }
    }
    std::unique_ptr<Client> client() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        ::close(ends[1]);  // nobody answers QUIT
        auto stream = std::make_unique<net::SocketStream>(io, ends[0], net::Endpoint{}, net::Endpoint{});
        Client::Options options;
        options.host = "mx.example.net";
        return std::make_unique<Client>(std::move(stream), std::move(options));
    }

    net::asio::io_context io;
    Connections::Limits limits = [] {
        Connections::Limits all;
        all.total = 2;
        return all;
    }();
    Connections::Total total;
    Connections here{limits, total}, there{limits, total};
};

TEST(Connections, WhoStarvesGetsThePlaceOfOneThatIdlesOnAnotherThread) {
    TwoThreads t;
    TwoThreads::Asked first, second, third;
    t.ask(t.here, "a", first);
    t.ask(t.here, "b", second);
    t.here.give_back("a", t.client());
    t.here.give_back("b", t.client());
    t.ask(t.there, "c", third);
    EXPECT_TRUE(third.served);
    EXPECT_FALSE(third.client);
    EXPECT_EQ(t.total.open.load(), 2u);
    EXPECT_EQ(t.total.starving.load(), 0u);
}

TEST(Connections, WhoStarvesIsToldWhenAnotherThreadLosesOne) {
    TwoThreads t;
    TwoThreads::Asked first, second, third;
    t.ask(t.here, "a", first);
    t.ask(t.here, "b", second);
    t.ask(t.there, "c", third);
    EXPECT_FALSE(third.served);
    t.here.lost("a", false);
    t.run();
    EXPECT_TRUE(third.served);
}

TEST(Connections, WhosePlaceWasTakenByAnotherThreadGoesOnStarving) {
    TwoThreads t;
    TwoThreads::Asked first, second, third, fourth;
    t.ask(t.here, "a", first);
    t.ask(t.here, "b", second);
    t.ask(t.there, "c", third);
    // The place is free for a moment, but the other thread's own starving host is quicker.
    t.ask(t.here, "d", fourth);
    t.here.lost("a", false);
    t.run();
    EXPECT_NE(third.served, fourth.served);
    EXPECT_EQ(t.total.starving.load(), 1u);
    t.here.lost("b", false);
    t.run();
    EXPECT_TRUE(third.served && fourth.served);
    EXPECT_EQ(t.total.starving.load(), 0u);
}

TEST(Connections, StoppingLetsGoOfAllWhoWait) {
    TwoThreads t;
    TwoThreads::Asked first, second, third;
    t.ask(t.here, "a", first);
    t.ask(t.here, "b", second);
    t.ask(t.here, "c", third);
    t.here.stop();
    t.run();
    EXPECT_TRUE(third.served && third.stopped);
}

}  // namespace
}  // namespace postrider::relay
