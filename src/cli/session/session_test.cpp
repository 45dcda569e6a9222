#include "cli/session/session.h"

#include "cli/shell/fixture_for_tests.h"
#include "net/test_server.h"

namespace postrider::cli {
namespace {

TEST(Loggable, LeavesPasswordsOut) {
    EXPECT_EQ(loggable("ADD Account name john password s3cret"), "ADD Account name john password ***");
    EXPECT_EQ(loggable("CREATE Domain name x postmasterPassword 'a b'"),
              "CREATE Domain name x postmasterPassword ***");
    EXPECT_EQ(loggable("SET admin-password x"), "SET admin-password ***");
    EXPECT_EQ(loggable("SET mustChangePass yes"), "SET mustChangePass yes");
    EXPECT_EQ(loggable("SET \"unfinished"), "(not readable)");
}

class SessionTest : public ShellTest {
protected:
    /// Everything a client hears that sends `script` at once and waits.
    std::string talk(std::string_view script, bool half_close = true) {
        net::WorkerPool workers{net::WorkerPool::Threads{2}, 100};
        Services services{*backend, workers};
        services.login_time = std::chrono::seconds{60};
        net::TestServer server{[&](std::unique_ptr<net::Stream> peer) {
            return serve(std::move(peer), services, SessionId{1});
        }};
        net::TestPeer peer{server.address()};
        peer.say(script);
        if (half_close) peer.half_close();
        return peer.hear_all();
    }
};

TEST_F(SessionTest, AScriptThatDoesNotWaitIsAnswered) {
    std::string heard = talk(
        "USER admin\nsecret\nUPDATE Domain example.org\nADD Account name john password s3cret\nCOMMIT\nLIST "
        "Accounts\nCOMMIT\nQUIT\n");
    EXPECT_TRUE(heard.starts_with("Welcome to AXIGEN's Command Line Interface"));
    EXPECT_NE(
        heard.find("<domain#> List of "
                   "Accounts:\r\n\r\n-----------\r\nname\r\n-----------\r\njohn\r\npostmaster\r\n\r\n+OK"),
        std::string::npos)
        << heard;
    EXPECT_TRUE(heard.ends_with("+OK: have a nice day\r\n"));
}

TEST_F(SessionTest, AFloodBeforeLogInIsCutShort) {
    std::string flood;
    for (int i = 0; i < 10'000; ++i) flood += "HELP\r\n";
    std::string heard = talk(flood);
    EXPECT_LT(heard.size(), 20'000u);
    EXPECT_NE(heard.find("too many commands before log-in"), std::string::npos);
}

TEST_F(SessionTest, BinaryAndEndlessLinesAreRefused) {
    std::string heard = talk(std::string(200'000, 'x') + "\r\n" + std::string{"\0\1\2\xff\r\nQUIT\r\n", 12});
    EXPECT_NE(heard.find("a line has at most"), std::string::npos);
    EXPECT_TRUE(heard.ends_with("+OK: have a nice day\r\n")) << heard;
}

}  // namespace
}  // namespace postrider::cli
