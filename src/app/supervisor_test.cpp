#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "app/commands.h"
#include "app/kept_sockets.h"
#include "app/link.h"
#include "app/restart_delay.h"
#include "app/service_manager.h"

namespace postrider::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(RestartDelay, IsNothingAtFirstThenDoublesUpToItsCap) {
    RestartDelay delay{{100ms, 500ms, 60s}};
    std::vector<int> waits;
    for (int i = 0; i < 6; ++i) waits.push_back(static_cast<int>(delay.after_death(1s).count()));
    EXPECT_THAT(waits, ElementsAre(0, 100, 200, 400, 500, 500));
    EXPECT_EQ(delay.deaths(), 6u);
}

TEST(RestartDelay, BeginsAnewAfterALongLife) {
    RestartDelay delay;
    for (int i = 0; i < 5; ++i) delay.after_death(1s);
    EXPECT_EQ(delay.after_death(61s), 0ms);
    EXPECT_EQ(delay.deaths(), 1u);
    EXPECT_EQ(delay.after_death(1s), 200ms);
}

TEST(KeptSockets, GivesTheSameSocketToTheNextServer) {
    KeptSockets kept;
    int first = kept.listen("127.0.0.1:0").value();
    int second = kept.listen("127.0.0.1:0").value();
    EXPECT_NE(first, second);  // port 0 twice is two listeners
    kept.new_server();
    EXPECT_EQ(kept.listen("127.0.0.1:0").value(), first);
    kept.close_unclaimed();
    EXPECT_EQ(kept.count(), 1u);
    EXPECT_FALSE(kept.listen("nonsense"));
}

TEST(KeptSockets, SurviveAnExec) {
    KeptSockets before;
    int socket = before.listen("127.0.0.1:0").value();
    std::string text = before.hand_over();
    EXPECT_EQ(::fcntl(socket, F_GETFD) & FD_CLOEXEC, 0);
    before.close_on_exec();
    EXPECT_NE(::fcntl(socket, F_GETFD) & FD_CLOEXEC, 0);

    int copy = ::dup(socket);
    KeptSockets after;
    after.take_over(std::to_string(copy) + text.substr(text.find('@')) + ",x@y,77777@127.0.0.1:1,");
    EXPECT_EQ(after.count(), 1u);
    EXPECT_EQ(after.listen("127.0.0.1:0").value(), copy);
}

TEST(KeptSockets, AreBounded) {
    KeptSockets kept;
    for (std::size_t i = 0; i < KeptSockets::max_sockets; ++i) ASSERT_TRUE(kept.listen("127.0.0.1:0"));
    EXPECT_FALSE(kept.listen("127.0.0.1:0"));
}

TEST(Link, AsksForASocketAndGetsIt) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    Link link{Descriptor{ends[0]}};
    Descriptor parent{ends[1]};
    KeptSockets kept;
    std::jthread answers{[&] {
        while (auto message = receive_message(parent.get())) {
            auto socket = kept.listen(message->text.substr(message->text.find(' ') + 1));
            if (socket)
                send_message(parent.get(), "ok", *socket);
            else
                send_message(parent.get(), "error " + socket.error());
        }
    }};
    auto socket = link.listen({"127.0.0.1", 0});
    ASSERT_TRUE(socket) << socket.error();
    int listens = 0;
    socklen_t size = sizeof listens;
    EXPECT_EQ(::getsockopt(*socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size), 0);
    EXPECT_EQ(listens, 1);
    ::close(*socket);
    auto wrong = link.listen({"192.0.2.1", 1});  // TEST-NET: not ours
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error(), testing::HasSubstr("192.0.2.1:1"));
    ::shutdown(parent.get(), SHUT_RDWR);
}

TEST(CommandLine, OfAnInitScriptBecomesAServe) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(with_serve({"-W", "/d", "-C", "/c"}), (Words{"serve", "-W", "/d", "-C", "/c", "--daemon"}));
    EXPECT_EQ(with_serve({"--foreground", "-P", "/p"}), (Words{"serve", "--foreground", "-P", "/p"}));
    EXPECT_EQ(with_serve({"-A", "-"}), (Words{"serve", "-A", "-", "--daemon"}));
    for (const Words& same : {Words{}, Words{"-v"}, Words{"-W", "/d", "account", "list"},
                              Words{"--data", "/d"}, Words{"serve", "-W", "/d"}})
        EXPECT_EQ(with_serve(same), same);
}

}  // namespace
}  // namespace postrider::app
