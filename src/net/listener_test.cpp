#include "net/listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>

#include "net/connect.h"
#include "net/gate.h"
#include "net/run_task.h"
#include "net/test_server.h"

namespace postrider::net {
namespace {

using namespace std::chrono_literals;

Task<> greet(std::unique_ptr<Stream> stream) {
    stream->send("220 " + stream->peer().text() + "\r\n");
    co_await stream->flush();
    const Line line = co_await stream->read_line(1000);
    stream->send(line.text);
    stream->send("\r\n");
    co_await stream->close();
}

/// The descriptors that a test needs at once, where a shell gives fewer to begin with; false if they cannot
/// be had.
bool descriptors(rlim_t needed) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed) return true;
    if (limit.rlim_max < needed) return false;
    limit.rlim_cur = needed;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST(Listener, AThousandConnectionsAtOnceAreServed) {
    if (!descriptors(2200)) GTEST_SKIP() << "too few descriptors";
    TestServer server{greet};
    std::vector<TestPeer> peers;
    for (int i = 0; i < 1000; ++i) peers.emplace_back(server.address());
    for (auto& peer : peers) ASSERT_EQ(peer.hear(8), "220 127.");
    EXPECT_EQ(server.listener->sessions(), 1000U);
    for (auto& peer : peers) peer.say("bye\r\n");
    for (auto& peer : peers) EXPECT_TRUE(peer.hear_all().ends_with("\r\nbye\r\n"));
    EXPECT_TRUE(server.sessions_become(0));
    EXPECT_EQ(server.listener->totals().accepted, 1000U);
}

TEST(Listener, Ipv6WorksBesideIpv4) {
    ListenerOptions options;
    options.address = {"::", 0};
    const UniqueFd six{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in6 self{};
    self.sin6_family = AF_INET6;
    self.sin6_addr = in6addr_loopback;
    if (::bind(six.get(), reinterpret_cast<const sockaddr*>(&self), sizeof self) != 0)
        GTEST_SKIP() << "this machine has no IPv6";
    TestServer server{greet, options};
    TestPeer peer{{"::1", server.address().port}};
    EXPECT_EQ(peer.hear(9), "220 [::1]");
    TestPeer other{{"127.0.0.1", server.address().port}};
    EXPECT_FALSE(other.connected());
    options.address = {"0.0.0.0", server.address().port};
    TestServer both{greet, options};
    TestPeer again{{"127.0.0.1", server.address().port}};
    EXPECT_EQ(again.hear(8), "220 127.");
}

TEST(Listener, AnAddressInUseIsAClearError) {
    TestServer server{greet};
    IoPool pool{1};
    ListenerOptions options;
    options.address = server.address();
    const auto second = Listener::open(pool, options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), "cannot bind " + server.address().text() + ": Address already in use");
    options.address = {"mail.example.org", 25};
    EXPECT_FALSE(Listener::open(pool, options));
}

TEST(Listener, WhoIsRefusedHearsWhyAndGivesThePlaceBackAfterwards) {
    SystemClock clock;
    settings::ConnectionLimits limits;
    limits.peer_max_connections = 2;
    const auto level = AccessLevel::create({}, limits, clock).value();
    const auto gate = std::make_shared<Gate>(level, nullptr, nullptr);
    ListenerOptions options;
    options.refuse = "421 4.7.0 Too many connections\r\n";
    options.admit = [gate](const Endpoint& peer) { return gate->admit(peer.ip); };
    TestServer server{greet, options};
    TestPeer first{server.address()};
    TestPeer second{server.address()};
    EXPECT_EQ(first.hear(4) + second.hear(4), "220 220 ");
    EXPECT_EQ(TestPeer{server.address()}.hear_all(), options.refuse);
    EXPECT_TRUE(server.logged("refused: too many connections from this address"));
    first.say("bye\r\n");
    first.hear_all();
    EXPECT_TRUE(server.sessions_become(1));
    EXPECT_EQ(TestPeer{server.address()}.hear(4), "220 ");
    EXPECT_EQ(server.listener->totals().refused, 1U);
}

TEST(Listener, AnExceptionEndsItsSessionAloneAndIsLogged) {
    TestServer server{[](std::unique_ptr<Stream> stream) -> Task<> {
        const Line line = co_await stream->read_line(100);
        if (line.text == "boom") throw std::runtime_error{"a bug"};
        stream->send("fine\r\n");
        co_await stream->close();
    }};
    TestPeer victim{server.address()};
    TestPeer other{server.address()};
    victim.say("boom\r\n");
    EXPECT_EQ(victim.hear_all(), "");
    other.say("x\r\n");
    EXPECT_EQ(other.hear_all(), "fine\r\n");
    EXPECT_TRUE(server.logged("session failed: a bug"));
}

TEST(Listener, AStopLetsEverySessionSayGoodBye) {
    ListenerOptions options;
    options.farewell = std::make_shared<Farewell>(Farewell{"", "421 4.3.2 Going down\r\n"});
    TestServer server{greet, options};
    std::vector<TestPeer> peers;
    for (int i = 0; i < 50; ++i) peers.emplace_back(server.address());
    for (auto& peer : peers) peer.hear(4);
    server.listener->stop(60s);  // cuts nobody off: all have ended before
    for (auto& peer : peers) EXPECT_TRUE(peer.hear_all().ends_with("421 4.3.2 Going down\r\n"));
    EXPECT_EQ(server.listener->sessions(), 0U);
    EXPECT_FALSE(TestPeer{server.address()}.connected());
}

TEST(Listener, AStopCutsOffWhoDoesNotRead) {
    TestServer server{[](std::unique_ptr<Stream> stream) -> Task<> {
        const std::string much(50'000'000, 'x');
        co_await stream->write(much);
    }};
    TestPeer peer{server.address()};
    peer.hear(1);
    server.listener->stop(200ms);
    EXPECT_EQ(server.listener->sessions(), 0U);
}

TEST(Listener, ASocketThatListensAlreadyCanBeAdopted) {
    TestServer old{greet};
    const int handed = ::dup(old.listener->fd());
    old.listener->stop_accepting();
    EXPECT_EQ(old.listener->fd(), -1);
    TestPeer waiting{old.address()};  // queued in the socket that is still open
    IoPool pool{1};
    ListenerOptions options;
    options.handler = greet;
    auto heir = Listener::adopt(pool, handed, options);
    ASSERT_TRUE(heir);
    EXPECT_EQ((*heir)->local(), old.address());
    pool.run();
    (*heir)->start();
    EXPECT_EQ(waiting.hear(4), "220 ");
    (*heir)->stop(1s);
    pool.stop();
}

TEST(Listener, AReloadAppliesToNewConnections) {
    TestServer server{greet};
    ListenerOptions changed;
    changed.handler = [](std::unique_ptr<Stream> stream) -> Task<> {
        stream->send("new\r\n");
        co_await stream->close();
    };
    server.listener->reload(changed);
    EXPECT_EQ(TestPeer{server.address()}.hear_all(), "new\r\n");
}

TEST(Listener, WithoutDescriptorsClientsAreTurnedAwayNotLeftWaiting) {
    ListenerOptions options;
    options.refuse = "421 busy\r\n";
    TestServer server{greet, options};
    std::vector<TestPeer> peers;
    for (int i = 0; i < 20; ++i) peers.emplace_back(server.address());
    for (auto& peer : peers) peer.hear(4);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    std::vector<UniqueFd> late;  // sockets made before the limit, connected after it
    for (int i = 0; i < 5; ++i) late.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
    rlimit tight = before;
    tight.rlim_cur = 3;  // below what is open: every accept fails but for the spare one
    const auto address = to_socket_address(server.address());
    ::setrlimit(RLIMIT_NOFILE, &tight);
    // The spare is given up for the first one, and cannot be opened again under this limit.
    ::connect(late[0].get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size);
    EXPECT_TRUE(server.logged("Too many open files"));
    ::setrlimit(RLIMIT_NOFILE, &before);
    for (auto& peer : peers) peer.say("x\r\n");
    for (auto& peer : peers) EXPECT_TRUE(peer.hear_all().ends_with("x\r\n"));
    EXPECT_EQ(TestPeer{server.address()}.hear(4), "220 ");
}

TEST(Listener, ThePeerIsWhoTheTrustedProxySays) {
    ListenerOptions options;
    options.proxy.v1 = options.proxy.v2 = true;
    options.proxy.timeout = 3s;  // also for those who speak, on a busy machine
    options.proxy.trusted = [](const std::string& ip) { return ip == "127.0.0.1"; };
    TestServer server{greet, options};
    TestPeer v1{server.address()};
    v1.say("PROXY TCP4 192.0.2.7 198.51.100.1 5555 25\r\nhello\r\n");
    EXPECT_EQ(v1.hear_all(), "220 192.0.2.7:5555\r\nhello\r\n");
    TestPeer v2{server.address()};
    v2.say(std::string{"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24", 16} + std::string(15, '\0') + "\x01"
           + std::string(15, '\0') + "\x02" + std::string{"\x13\x88\0\x19", 4} + "hello\r\n");
    EXPECT_EQ(v2.hear_all(), "220 [::1]:5000\r\nhello\r\n");
    TestPeer pieces{server.address()};
    for (const char c : std::string{"PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n"}) {
        pieces.say(std::string(1, c));
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(pieces.hear(21), "220 [2001:db8::1]:1\r\n");
    TestPeer liar{server.address()};
    liar.say("EHLO example.org\r\n");
    EXPECT_EQ(liar.hear_all(), "");
    TestPeer silent{server.address()};
    EXPECT_EQ(silent.hear_all(), "");
}

TEST(Listener, AProxyHeaderFromAnyoneElseIsJustTheirFirstLine) {
    ListenerOptions options;
    options.proxy.v1 = true;
    options.proxy.trusted = [](const std::string&) { return false; };
    TestServer server{greet, options};
    TestPeer peer{server.address()};
    peer.say("PROXY TCP4 192.0.2.7 198.51.100.1 5555 25\r\n");
    EXPECT_TRUE(peer.hear_all().starts_with("220 127.0.0.1:"));
}

TEST(Connect, ErrorsNameThePeer) {
    Endpoint gone;
    {
        TestServer server{greet};
        gone = server.address();
    }
    asio::io_context context{1};  // outlives what is connected
    const auto attempt = [&context](ConnectOptions options) {
        try {
            run_task(context, connect(std::move(options)));
        } catch (const SessionEnd& end) {
            return std::string{end.what()};
        }
        return std::string{"connected"};
    };
    EXPECT_EQ(attempt({.to = gone}), "cannot connect to " + gone.text() + ": Connection refused");
    EXPECT_EQ(attempt({.to = {"nowhere", 25}}), "cannot connect to nowhere:25: not an address");
    TestServer server{greet};
    EXPECT_EQ(attempt({.to = server.address(), .source_ip = "127.0.0.1"}), "connected");
    EXPECT_NE(attempt({.to = server.address(), .source_ip = "::1"}).find("same family"), std::string::npos);
}

}  // namespace
}  // namespace postrider::net
