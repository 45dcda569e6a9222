#include "observe/log_service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/test_eventually.h"
#include "observe/line.h"
#include "observe/log_receiver.h"
#include "observe/test_dir.h"
#include "observe/udp.h"

namespace postrider::observe {
namespace {

const Time start = std::chrono::system_clock::from_time_t(1783322708);

LogRule rule(unsigned priority, std::string host, std::string module, unsigned levels, std::string file) {
    LogRule r;
    r.priority = priority;
    r.host = std::move(host);
    r.module = std::move(module);
    r.levels = levels;
    r.file = std::move(file);
    return r;
}

class LogServiceTest : public testing::Test {
protected:
    LogOptions options() const {
        LogOptions o;
        o.host = "mx1";
        o.directory = dir.path();
        o.deduplicate = false;
        return o;
    }
    /// The lines of a file without their dates, which depend on the time zone.
    std::vector<std::string> rests(const std::string& file) const {
        auto all = dir.lines(file);
        for (auto& line : all) line = line.size() > 26 ? line.substr(26) : line;
        return all;
    }
    std::int64_t metric(std::string_view name) const {
        for (const Metric& one : metrics.list()) {
            if (one.name == name) return one.value;
        }
        return -1;
    }

    TestDir dir;
    ManualClock clock{start};
    Metrics metrics;
};

using Lines = std::vector<std::string>;

TEST_F(LogServiceTest, WritesTheLineOfTheSpecification) {
    LogService service{options(), clock, metrics};
    service.logger("IMAP").info(SessionId{0x2c}, "Account '{}' has logged in", "bob@example.org");
    service.flush();
    ASSERT_EQ(dir.lines("default.txt").size(), 1U);
    std::string line = dir.lines("default.txt")[0];
    DateText date;
    EXPECT_EQ(line,
              std::string{date(start)} + " 08 mx1 IMAP:0000002C: Account 'bob@example.org' has logged in");
    EXPECT_EQ(parse_date(line), start);
    EXPECT_EQ(metric("log.lines"), 1);
}

TEST_F(LogServiceTest, TakesTheFirstRuleByPriorityAndBothMasks) {
    LogOptions o = options();
    o.rules = {rule(1000, "*", "*", 31, "default.txt"), rule(200, "*", "imap", 9, "imap.txt"),
               rule(100, "mx2", "IMAP", 31, "other.txt")};
    LogService service{o, clock, metrics};
    Logger imap = service.logger("IMAP", {LogType::internal, 15, ""});
    Logger pop3 = service.logger("POP3", {LogType::internal, 16, ""});
    EXPECT_TRUE(imap.on(Level::info));
    EXPECT_FALSE(imap.on(Level::warning));  // 15 AND 9: critical and information
    EXPECT_FALSE(imap.on(Level::protocol));
    EXPECT_TRUE(pop3.on(Level::protocol));
    imap.info({}, "yes");
    imap.warning({}, "no");
    imap.critical({}, "yes too");
    pop3.protocol({}, "dialogue");
    pop3.info({}, "no");
    service.flush();
    EXPECT_EQ(rests("imap.txt"), (Lines{"08 mx1 IMAP:00000000: yes", "01 mx1 IMAP:00000000: yes too"}));
    EXPECT_EQ(rests("default.txt"), (Lines{"16 mx1 POP3:00000000: dialogue"}));
    EXPECT_EQ(dir.files(), (Lines{"default.txt", "imap.txt"}));
}

TEST_F(LogServiceTest, TakesNewRulesAndLevelsWhileItRuns) {
    LogService service{options(), clock, metrics};
    Logger imap = service.logger("IMAP");
    imap.info({}, "old");
    service.flush();
    LogOptions o = options();
    o.rules = {rule(1, "*", "*", 31, "../../evil.txt")};
    service.configure(o);
    service.logger("IMAP", {LogType::internal, 31, ""});
    EXPECT_TRUE(imap.on(Level::protocol));
    imap.protocol({}, "new");
    service.flush();
    EXPECT_EQ(rests("default.txt"), (Lines{"08 mx1 IMAP:00000000: old"}));
    EXPECT_EQ(rests(".._.._evil.txt"), (Lines{"16 mx1 IMAP:00000000: new"}));
}

TEST_F(LogServiceTest, CountsLinesThatRepeat) {
    LogOptions o = options();
    o.deduplicate = true;
    LogService service{o, clock, metrics};
    Logger imap = service.logger("IMAP");
    for (int i = 0; i < 5; ++i) imap.error(SessionId{1}, "disk trouble");
    imap.error(SessionId{1}, "other");
    imap.error(SessionId{1}, "other");
    service.flush();
    clock.advance(11s);
    imap.error(SessionId{1}, "other");
    service.flush();
    EXPECT_EQ(
        rests("default.txt"),
        (Lines{"02 mx1 IMAP:00000001: disk trouble", "02 mx1 IMAP:00000001: the line before repeated 4 times",
               "02 mx1 IMAP:00000001: other", "02 mx1 IMAP:00000001: the line before repeated 1 times",
               "02 mx1 IMAP:00000001: other"}));
}

TEST_F(LogServiceTest, WritesTheSecurityLogOnlyWhenItIsOn) {
    LogOptions o = options();
    {
        LogService service{o, clock, metrics};
        service.logger("POP3").login(SessionId{7}, {"192.0.2.7", "eve", "APOP", false});
    }
    EXPECT_TRUE(dir.files().empty());
    o.security_log = true;
    {
        LogService service{o, clock, metrics};
        service.logger("POP3").login(SessionId{7}, {"192.0.2.7", "eve\n", "APOP", false});
    }
    EXPECT_EQ(rests("security.txt"),
              (Lines{"04 mx1 SECURITY:00000007: POP3 login failed from [192.0.2.7] account "
                     "'eve\\n' method APOP"}));
}

TEST_F(LogServiceTest, SaysHowManyLinesAFullQueueDropped) {
    LogService::Limits limits;
    limits.queue_lines = 100;
    std::size_t written = 0;
    {
        LogService service{options(), clock, metrics, limits};
        Logger imap = service.logger("IMAP", {LogType::internal, 31, ""});
        for (int i = 0; i < 50'000; ++i) imap.protocol(SessionId{1}, "line {}", i);
        imap.critical(SessionId{1}, "the last word");
        service.flush();
        written = dir.lines("default.txt").size();
    }
    auto all = dir.text("default.txt");
    EXPECT_NE(all.find("the last word"), std::string::npos);
    auto dropped = static_cast<std::size_t>(metric("log.dropped"));
    if (dropped > 0) {
        EXPECT_NE(all.find("lines were dropped because the log queue was full (0 critical"),
                  std::string::npos);
    }
    EXPECT_GE(written + dropped, 50'001U);
}

TEST_F(LogServiceTest, GoesOnWhenTheDiskIsFull) {
    ASSERT_EQ(::symlink("/dev/full", (dir.path() + "/default.txt").c_str()), 0);
    LogService service{options(), clock, metrics};
    Logger imap = service.logger("IMAP");
    for (int i = 0; i < 100; ++i) imap.info({}, "line {}", i);
    service.flush();
    EXPECT_EQ(metric("log.failed"), 100);
    ::unlink((dir.path() + "/default.txt").c_str());
    clock.advance(2s);
    imap.info({}, "again");
    service.flush();
    EXPECT_EQ(rests("default.txt").back(), "08 mx1 IMAP:00000000: again");
}

TEST_F(LogServiceTest, SendsToAnotherServerAndTakesFromIt) {
    LogOptions receiver_options = options();
    receiver_options.host = "central";
    receiver_options.rules = {rule(10, "mx7", "*", 31, "mx7.txt"), catch_all_rule()};
    LogService central{receiver_options, clock, metrics};
    auto receiver = LogReceiver::open(central, metrics, "127.0.0.1:0", {});
    ASSERT_TRUE(receiver) << receiver.error();
    std::string address = "127.0.0.1:" + std::to_string((*receiver)->port());

    TestDir other;
    LogOptions sender_options = options();
    sender_options.host = "mx7";
    sender_options.directory = other.path();
    sender_options.remote = address;
    LogRule forward = rule(5, "*", "POP3", 31, "unused.txt");
    forward.destination = Destination::remote;
    sender_options.rules = {forward, catch_all_rule()};
    LogService sender{sender_options, clock, metrics};
    sender.logger("IMAP", {LogType::remote, 15, address}).info(SessionId{9}, "by its producer\n");
    sender.logger("POP3").error(SessionId{10}, "by a rule");
    sender.logger("LOG").info({}, "stays here");
    sender.flush();
    eventually([&] {
        central.flush();
        return dir.lines("mx7.txt").size() >= 2;
    });
    EXPECT_EQ(rests("mx7.txt"),
              (Lines{"08 mx7 IMAP:00000009: by its producer\\n", "02 mx7 POP3:0000000A: by a rule"}));
    EXPECT_EQ(other.files(), (Lines{"default.txt"}));
}

TEST_F(LogServiceTest, RefusesDatagramsOfStrangersAndNonsense) {
    LogService service{options(), clock, metrics};
    auto receiver = LogReceiver::open(service, metrics, "127.0.0.1:0",
                                      [](std::string_view ip) { return ip != "127.0.0.1"; });
    ASSERT_TRUE(receiver);
    UdpSocket socket{AF_INET};
    auto to = parse_endpoint("127.0.0.1:" + std::to_string((*receiver)->port()));
    ASSERT_TRUE(to);
    EXPECT_TRUE(socket.send(*to, "2026-07-06 13:10:08 +0545 08 mx7 IMAP:00000001: not welcome"));
    EXPECT_TRUE(socket.send(*to, "nonsense"));
    EXPECT_TRUE(eventually([&] { return metric("log.refused") >= 2; }));
    EXPECT_EQ(metric("log.refused"), 2);
    service.flush();
    EXPECT_TRUE(dir.files().empty());
}

TEST_F(LogServiceTest, NeverSendsALineBackToItsSender) {
    UdpSocket peer{AF_INET};
    ASSERT_TRUE(peer.bind(*parse_endpoint("127.0.0.1:0")));
    LogOptions o = options();
    o.remote = "127.0.0.1:" + std::to_string(peer.local_port());
    o.rules[0].destination = Destination::remote;
    LogService service{o, clock, metrics};
    auto line = parse_line("2026-07-06 13:10:08 +0545 08 mx7 IMAP:00000001: ball");
    service.accept_remote(*line, "127.0.0.1");
    service.accept_remote(*line, "192.0.2.1");
    service.flush();
    char buffer[512];
    ssize_t size = -1;  // a loaded kernel hands over what went through the loopback when it comes to it
    eventually([&] { return (size = ::recv(peer.fd(), buffer, sizeof buffer, 0)) > 0; });
    ASSERT_GT(size, 0);
    EXPECT_TRUE(
        (std::string_view{buffer, static_cast<std::size_t>(size)}).ends_with("08 mx7 IMAP:00000001: ball\n"));
    EXPECT_LT(::recv(peer.fd(), buffer, sizeof buffer, 0), 0);
}

TEST_F(LogServiceTest, ChangesFilesByItsOwnClockWhateverDatesOthersSend) {
    LogService service{options(), clock, metrics};
    for (std::string_view date :
         {"2150-07-06 13:10:08 +0000", "1980-07-06 13:10:08 +0000", "1026-07-06 13:10:08 +0000"}) {
        std::string datagram = std::string{date} + " 08 mx7 IMAP:00000001: liar";
        auto line = parse_line(datagram);
        ASSERT_TRUE(line);
        service.accept_remote(*line, "192.0.2.1");
    }
    service.flush();
    EXPECT_EQ(dir.files(), Lines{"default.txt"});
    EXPECT_EQ(dir.lines("default.txt").size(), 3U);
}

TEST_F(LogServiceTest, SpeaksToSyslog) {
    std::string path = dir.path() + "/syslog.sock";
    int daemon = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ASSERT_EQ(::bind(daemon, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    LogService::Limits limits;
    limits.syslog = path;
    LogService service{options(), clock, metrics, limits};
    Logger smtp = service.logger("SMTP-IN", {LogType::system, 31, ""});
    smtp.critical(SessionId{1}, "on fire");
    smtp.protocol(SessionId{1}, ">> 220 hi");
    service.flush();
    char buffer[512];
    ssize_t size = ::recv(daemon, buffer, sizeof buffer, MSG_DONTWAIT);
    ASSERT_GT(size, 0);
    std::string line{buffer, static_cast<std::size_t>(size)};
    EXPECT_TRUE(line.starts_with("<18>"));  // LOG_MAIL (2 << 3) and LOG_CRIT
    EXPECT_TRUE(line.ends_with("]: SMTP-IN:00000001: on fire")) << line;
    size = ::recv(daemon, buffer, sizeof buffer, MSG_DONTWAIT);
    ASSERT_GT(size, 0);
    EXPECT_TRUE((std::string{buffer, static_cast<std::size_t>(size)}).starts_with("<23>"));
    ::close(daemon);
}

}  // namespace
}  // namespace postrider::observe
