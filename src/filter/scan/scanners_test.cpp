#include "filter/scan/scanners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/test_eventually.h"
#include "base/test_folder.h"
#include "filter/scan/test_scanner.h"
#include "observe/memory_log.h"
#include "settings/table.h"

namespace postrider::filter {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

SocketFilter spamd_at(std::string name, const std::string& url) {
    SocketFilter filter;
    filter.name = std::move(name);
    filter.address = url;
    filter.protocol_file = "spamassassin.afsl";
    filter.connect_timeout = std::chrono::seconds{30};
    return filter;
}

void answer_spam(ScannerEnd& end, std::string_view score = "True ; 9 / 5") {
    const std::string line = end.hear_until("\r\n");
    if (line.starts_with("PING")) {
        end.say("SPAMD/1.5 0 PONG\r\n");
        return;
    }
    end.hear_all();
    end.say("SPAMD/1.1 0 EX_OK\r\nSpam: " + std::string{score} + "\r\n\r\n");
}

class ScannersTest : public testing::Test {
protected:
    Scanners::Options options() {
        Scanners::Options made;
        made.directory = folder.path();
        made.log = log.logger();
        made.health = log.logger();
        made.ping_interval = 20ms;
        return made;
    }
    observe::Metrics metrics;
    SystemClock clock;
    observe::MemoryLog log;
    TestFolder folder;
    Scanners scanners{options(), metrics, clock};
};

TEST_F(ScannersTest, LevelsDecideBeforeTheMatchDoes) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) { answer_spam(end); }};
    SocketFilter filter = spamd_at("AV:SpamAssassin", scanner.url());
    filter.level_actions = {{6, Action::quarantine}, {10, Action::discard}, {3, Action::pass}};
    EXPECT_THAT(scanners.configure({{filter}, {}}), testing::IsEmpty());
    const auto made = scanners.find(ScannerKind::socket, "AV:SpamAssassin");
    ASSERT_TRUE(made);
    const Finding finding = made->scan(test_subject("x"));
    EXPECT_EQ(finding.spam_level, 9U);
    EXPECT_EQ(made->action_for(finding), Action::quarantine);
    Finding worse = finding;
    worse.spam_level = 10;
    EXPECT_EQ(made->action_for(worse), Action::discard);
    worse.spam_level = 2;
    EXPECT_EQ(made->action_for(worse), Action::reject) << "no level reached: actionOnMatch";
    EXPECT_EQ(scanners.find(ScannerKind::integrated, "AV:SpamAssassin"), nullptr);
}

TEST_F(ScannersTest, OneThatIsDownIsAskedUntilItIsBack) {
    ScriptedScanner again{[](ScannerEnd& end, int) { answer_spam(end); }, ScriptedScanner::Begins::later};
    const std::uint16_t port = again.address().port;
    std::atomic<int> came_back = 0;
    scanners.on_return([&](const std::string& name) { came_back += name == "spam" ? 1 : 0; });
    scanners.configure({{spamd_at("spam", "inet://127.0.0.1:" + std::to_string(port))}, {}});
    const auto made = scanners.find(ScannerKind::socket, "spam");
    const Finding first = made->scan(test_subject("x"));
    EXPECT_EQ(first.kind, Finding::Kind::failed);
    EXPECT_EQ(made->action_for(first), Action::requeue);
    EXPECT_FALSE(made->status().up);
    EXPECT_THAT(made->scan(test_subject("x")).text, HasSubstr("it is down: "));
    again.begin();
    EXPECT_TRUE(eventually([&] { return made->status().up; }));
    EXPECT_EQ(made->scan(test_subject("x")).kind, Finding::Kind::match);
    EXPECT_TRUE(eventually([&] { return came_back == 1; }));  // it is told after it is up
    EXPECT_TRUE(
        log.contains("Filter spam (SpamAssassin(127.0.0.1:" + std::to_string(port) + ")) does not answer"));
    EXPECT_TRUE(log.contains("answers again"));
    const ScannerStatus status = made->status();
    EXPECT_EQ(status.scanned, 1U);
    EXPECT_EQ(status.matched, 1U);
    EXPECT_EQ(status.failed, 2U);
}

TEST_F(ScannersTest, AMessageThatIsTooLargePassesUnscanned) {
    SocketFilter filter = spamd_at("spam", "inet://127.0.0.1:1");
    filter.max_message_size = 1;
    scanners.configure({{filter}, {}});
    const std::string large(1025, 'x');
    const Finding finding = scanners.find(ScannerKind::socket, "spam")->scan(test_subject(large));
    EXPECT_EQ(finding.kind, Finding::Kind::pass);
    EXPECT_EQ(finding.spam_level, std::nullopt);
    EXPECT_THAT(finding.text, HasSubstr("not scanned"));
}

TEST_F(ScannersTest, AProtocolFileThatIsWrongLeavesTheScannerAsItWas) {
    const std::string file = (folder.path() / "own.afsl").string();
    std::ofstream{file} << ".STATE a\n.PASS \"one\"\n";
    ScriptedScanner scanner{[](ScannerEnd&, int) {}};
    SocketFilter filter = spamd_at("own", scanner.url());
    filter.protocol_file = "own.afsl";
    EXPECT_THAT(scanners.configure({{filter}, {}}), testing::IsEmpty());
    const auto first = scanners.find(ScannerKind::socket, "own");
    EXPECT_EQ(first->scan(test_subject("x")).text, "one");
    std::ofstream{file} << ".STATE a\n.DANCE\n";
    const auto problems = scanners.configure({{filter}, {}});
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0],
              "filter own: " + file + ": line 2: there is no statement '.DANCE'; it stays as it was");
    EXPECT_EQ(scanners.find(ScannerKind::socket, "own"), first);
    std::ofstream{file} << ".STATE a\n.PASS \"two\"\n";
    EXPECT_THAT(scanners.configure({{filter}, {}}), testing::IsEmpty());
    EXPECT_EQ(scanners.find(ScannerKind::socket, "own")->scan(test_subject("x")).text, "two");
}

TEST_F(ScannersTest, OneThatNeverCouldBeSetUpFailsWithItsReason) {
    SocketFilter filter = spamd_at("own", "inet://127.0.0.1:1");
    filter.protocol_file = "missing.afsl";
    EXPECT_EQ(scanners.configure({{filter}, {}}).size(), 1U);
    const Finding finding = scanners.find(ScannerKind::socket, "own")->scan(test_subject("x"));
    EXPECT_EQ(finding.kind, Finding::Kind::failed);
    EXPECT_THAT(finding.text, HasSubstr("there is no protocol file"));
}

TEST_F(ScannersTest, UnchangedScannersStay) {
    SocketFilter filter = spamd_at("spam", "inet://127.0.0.1:1");
    scanners.configure({{filter}, {}});
    const auto before = scanners.find(ScannerKind::socket, "spam");
    scanners.configure({{filter, spamd_at("other", "inet://127.0.0.1:2")}, {}});
    EXPECT_EQ(scanners.find(ScannerKind::socket, "spam"), before);
    filter.max_connections = 3;
    scanners.configure({{filter}, {}});
    EXPECT_NE(scanners.find(ScannerKind::socket, "spam"), before);
    EXPECT_EQ(scanners.find(ScannerKind::socket, "other"), nullptr);
}

TEST_F(ScannersTest, SeveralScannersWorkAtTheSameTime) {
    // Each of two answers once the other one has been asked too.
    std::atomic<int> asked = 0;
    const auto together = [&asked](ScannerEnd& end, int) {
        ++asked;
        EXPECT_TRUE(eventually([&asked] { return asked >= 2; }));
        answer_spam(end, "False ; 1 / 5");
    };
    ScriptedScanner a{together}, b{together}, c{[](ScannerEnd&end, int) { answer_spam(end); }};
    scanners.configure({{spamd_at("a", a.url()), spamd_at("b", b.url()), spamd_at("c", c.url())}, {}});
    const auto findings =
        scan_all({scanners.find(ScannerKind::socket, "a"), scanners.find(ScannerKind::socket, "b"),
                  scanners.find(ScannerKind::socket, "c")},
                 test_subject("x"));
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings[0].kind, Finding::Kind::pass);
    EXPECT_EQ(findings[1].kind, Finding::Kind::pass);
    EXPECT_EQ(findings[2].kind, Finding::Kind::match);
}

TEST(ScannerSettings, EveryRowHasItsHelp) {
    ScannerSettings settings;
    for (const auto& place : settings::open(scanner_table(), &settings)) EXPECT_FALSE(place.row.help.empty());
}

}  // namespace
}  // namespace postrider::filter
