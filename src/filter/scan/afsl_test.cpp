#include "filter/scan/afsl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "filter/scan/afsl_run.h"
#include "filter/scan/test_scanner.h"
#include "observe/memory_log.h"

namespace postrider::filter {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using afsl::parse;

/// What a scanner says is a script; what it hears is kept.
class FakeLine final : public afsl::Line {
public:
    explicit FakeLine(std::vector<std::string> says) : says_{std::move(says)} {}
    Maybe<> send(std::string_view octets) override {
        heard += octets;
        return {};
    }
    void end_of_sending() override { heard += "<end>"; }
    std::string& received() override { return received_; }
    Maybe<bool> receive(std::size_t limit) override {
        if (at_ == says_.size()) return false;
        received_ += says_[at_++].substr(0, limit - received_.size());
        return true;
    }
    std::string heard;

private:
    std::vector<std::string> says_;
    std::size_t at_ = 0;
    std::string received_;
};

Maybe<afsl::Outcome> run(std::string_view source, FakeLine& line,
                         std::string_view message = "Subject: x\r\n\r\n.dot\r\n") {
    const auto program = parse(source);
    if (!program) return std::unexpected(Trouble{Trouble::Kind::nonsense, "syntax: " + program.error().what});
    return afsl::run(*program, program->connect, test_subject(message), line, {});
}

std::string syntax(std::string_view source) {
    const auto program = parse(source);
    return program ? "good" : fmt::format("{}: {}", program.error().line, program.error().what);
}

TEST(Afsl, ADialogueWithVariablesCapturesAndLevels) {
    FakeLine line{{"220 re", "ady\r\n", "SPAM 7.5 / 5 \"Bayes\"\r\n"}};
    const auto outcome = run(R"afsl(
# a scanner that does not exist
.TITLE "Example"
.STATE connect
  .RECV line
  .IF /^220 /
    .GOTO message
  .ENDIF
  .ERROR "greeting: %REPLY%"
.STATE message
  .SEND "CHECK %ID% %SIZE% %FROM% %RCPT% 100%% $$5\r\n"
  .SENDMAIL dotstuff
  .RECV line
  .IF /^CLEAN/
    .PASS "clean"
  .ELSEIF /^SPAM ([0-9.]+) \/ ([0-9.]+) "(.*)"$/
    .SCORE "$1" "$2"
    .HEADER "X-Example" "$3"
    .MATCH "$1 of $2"
  .ELSE
    .ERROR "what?"
  .ENDIF
)afsl",
                             line);
    ASSERT_TRUE(outcome) << outcome.error().text;
    EXPECT_EQ(line.heard,
              "CHECK 20D2FB 20 alice@example.org bob@example.com carol@example.com 100% $5\r\n"
              "Subject: x\r\n\r\n..dot\r\n.\r\n");
    EXPECT_EQ(outcome->finding.kind, Finding::Kind::match);
    EXPECT_EQ(outcome->finding.text, "7.5 of 5");
    EXPECT_EQ(outcome->finding.spam_level, 8U);
    EXPECT_EQ(outcome->finding.headers,
              (std::vector<std::pair<std::string, std::string>>{{"X-Example", "Bayes"}}));
    EXPECT_TRUE(outcome->reusable);
}

TEST(Afsl, EveryFormOfAnswer) {
    FakeLine line{{"nul\0li"s, "ne\n5\nhe", "llo... xx END", "the rest", "!"}};
    const auto outcome = run(R"afsl(.STATE a
        .RECV nul
        .IF /^nul$/
        .RECV line
        .IF /^line$/
        .RECV line
        .IF /([0-9]+)/
        .RECV bytes "$1"
        .IF /^hello$/
        .RECV until /END$/
        .IF /^\.\.\. xx END$/
        .RECV all
        .IF /^the rest!$/
        .HEADER "X-AxigenVirus-Level" "5"
        .MATCH "%REPLY%"
        .ENDIF
        .ENDIF
        .ENDIF
        .ENDIF
        .ENDIF
        .ENDIF)afsl",
                             line);
    ASSERT_TRUE(outcome) << outcome.error().text;
    EXPECT_EQ(outcome->finding.text, "the rest!");
    EXPECT_EQ(outcome->finding.virus_level, 5U);
    EXPECT_FALSE(outcome->reusable) << "it has closed";
}

TEST(Afsl, TheMessageInChunksAndAsItIs) {
    FakeLine line{{}};
    ASSERT_TRUE(run(".STATE a\n.SENDMAIL chunked\n.SENDMAIL\n.SHUTDOWN\n.PASS", line, "abc"));
    EXPECT_EQ(line.heard, "\0\0\0\3abc\0\0\0\0abc<end>"s);
}

TEST(Afsl, AnAnswerMayReplaceTheMessage) {
    FakeLine line{{"5\r\nother"}};
    const auto outcome =
        run(".STATE a\n.RECV line\n.IF /(.*)/\n.RECV bytes \"$1\"\n.REPLACE\n.ENDIF\n.PASS \"cured\"", line);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->finding.replacement, "other");
}

TEST(Afsl, SyntaxErrorsNameTheirLine) {
    EXPECT_EQ(syntax(""), "0: there is no .STATE");
    EXPECT_EQ(syntax(".SEND \"x\""), "1: a statement before the first .STATE");
    EXPECT_EQ(syntax(".STATE a\n\n.SEND x"), "3: a text in quotes is expected");
    EXPECT_EQ(syntax(".STATE a\n.SEND \"x"), "2: a text without its closing quote");
    EXPECT_EQ(syntax(".STATE a\n.SEND \"%NOPE%\""), "2: there is no variable %NOPE%");
    EXPECT_EQ(syntax(".STATE a\n.SEND \"100%\""),
              "2: a variable without its second %; write %% for a percent sign");
    EXPECT_EQ(syntax(".STATE a\n.SEND \"\\q\""),
              "2: an escape that is none of \\r \\n \\t \\0 \\\\ \\\" \\xHH");
    EXPECT_EQ(syntax(".STATE a\n.DANCE"), "2: there is no statement '.DANCE'");
    EXPECT_EQ(syntax(".STATE a\n.PASS \"x\" y"), "2: nothing more is expected before 'y'");
    EXPECT_EQ(syntax(".STATE a\n.GOTO b\n.PASS"), "2: there is no state 'b'");
    EXPECT_EQ(syntax(".STATE a\n.IF /x/\n.PASS"), "2: .IF without .ENDIF");
    EXPECT_EQ(syntax(".STATE a\n.ELSE"), "2: .ELSE without .IF");
    EXPECT_EQ(syntax(".STATE a\n.IF /x/\n.ELSE\n.ELSE\n.ENDIF"), "4: .ELSE after .ELSE");
    EXPECT_THAT(syntax(".STATE a\n.IF /(/\n.ENDIF"), testing::StartsWith("2: not a regex: "));
    EXPECT_EQ(syntax(".STATE a\n.PASS\n.STATE a"), "3: there are two states of this name");
    EXPECT_EQ(syntax(".STATE a\n.RECV page"), "2: line, nul, all, bytes or until is expected");
    EXPECT_EQ(syntax(std::string(70'000, '#')), "0: the file is larger than 64 KB");
}

TEST(Afsl, AProgramWithoutAVerdictIsAnError) {
    FakeLine line{{}};
    EXPECT_EQ(run(".STATE a\n.SEND \"x\"\n.STATE b\n.PASS", line).error().text,
              "line 3: the end of a state without a verdict");
}

TEST(Afsl, LoopsEnd) {
    FakeLine line{{}};
    EXPECT_EQ(run(".STATE a\n.GOTO a", line).error().text, "no verdict after 2000 statements");
}

TEST(Afsl, AnswersHaveAnEnd) {
    FakeLine endless{std::vector<std::string>(1000, std::string(1000, 'x'))};
    EXPECT_EQ(run(".STATE a\n.RECV line\n.PASS", endless).error().text, "line 2: an answer that is too long");
    FakeLine greedy{{"99999999999\n"}};
    EXPECT_THAT(
        run(".STATE a\n.RECV line\n.IF /(.*)/\n.RECV bytes \"$1\"\n.ENDIF\n.PASS", greedy).error().text,
        testing::HasSubstr("is no number of octets"));
    FakeLine closed{{"half"}};
    EXPECT_EQ(run(".STATE a\n.RECV line\n.PASS", closed).error().kind, Trouble::Kind::closed);
}

TEST(Afsl, NoLevelAndNoFieldThatIsNone) {
    FakeLine line{{}};
    EXPECT_FALSE(run(".STATE a\n.HEADER \"X-AxigenSpam-Level\" \"11\"\n.PASS", line));
    EXPECT_FALSE(run(".STATE a\n.HEADER \"X Y\" \"11\"\n.PASS", line));
    const auto outcome = run(".STATE a\n.HEADER \"X-Y\" \"1\\r\\nX-Z: 2\"\n.PASS", line);
    EXPECT_EQ(outcome->finding.headers[0].second, "1  X-Z: 2");
}

TEST(Afsl, TheEnvelopeCannotAddLinesToTheDialogue) {
    const auto program = parse(".STATE a\n.SEND \"FROM %FROM%\\r\\n\"\n.PASS");
    Subject subject = test_subject("x");
    subject.sender = "a@b\r\nPASS";
    FakeLine line{{}};
    ASSERT_TRUE(afsl::run(*program, 0, subject, line, {}));
    EXPECT_EQ(line.heard, "FROM a@bPASS\r\n");
}

TEST(Afsl, AFileForScannersThatReadFiles) {
    FakeLine line{{"clean\r\n"}};
    ASSERT_TRUE(run(".STATE a\n.SEND \"SCAN %FILE%\\n\"\n.RECV line\n.PASS \"%REPLY%\"", line, "abc"));
    ASSERT_TRUE(line.heard.starts_with("SCAN /")) << line.heard;
    EXPECT_FALSE(std::filesystem::exists(line.heard.substr(5, line.heard.size() - 6)))
        << "gone with the verdict";
}

/// A protocol file as it is shipped, against a scanner that answers as its daemon does.
Finding shipped(const std::string& file, const std::function<void(ScannerEnd&)>& daemon) {
    ScriptedScanner scanner{[&](ScannerEnd& end, int) { daemon(end); }};
    std::ifstream in{std::string{TESTDATA} + "/../../packaging/filters/" + file};
    std::stringstream source;
    source << in.rdbuf();
    auto program = parse(source.str());
    EXPECT_TRUE(program) << file << " " << (program ? 0 : program.error().line);
    if (!program) return {};
    AfslConnector connector{std::make_shared<afsl::Program>(*program), scanner.address(), {}, {}};
    auto found = connector.ask(test_subject("Subject: x\r\n\r\nbody\r\n"));
    EXPECT_TRUE(found) << file << ": " << (found ? "" : found.error().text);
    return found.value_or(Finding{});
}

TEST(ShippedProtocols, AvastReadsAFile) {
    auto daemon = [](const char* verdict) {
        return [verdict](ScannerEnd& end) {
            end.say("220 DAEMON\r\n");
            const std::string line = end.hear_until("\n");
            const std::string path = line.substr(5, line.find_first_of("\r\n") - 5);
            std::ifstream file{path};
            std::string text{std::istreambuf_iterator<char>{file}, {}};
            EXPECT_EQ(text, "Subject: x\r\n\r\nbody\r\n") << path;
            end.say("210 SCAN DATA\r\nSCAN " + path + "\t" + verdict + "\r\n200 SCAN OK\r\n");
        };
    };
    const Finding bad = shipped("avast-av.afsl", daemon("[L]0.0\t0 EICAR Test-NOT virus!!!"));
    EXPECT_EQ(bad.kind, Finding::Kind::match);
    EXPECT_EQ(bad.virus_level, 5U);
    EXPECT_NE(bad.text.find("EICAR"), std::string::npos) << bad.text;
    EXPECT_EQ(shipped("avast-av.afsl", daemon("[+]")).kind, Finding::Kind::pass);
}

TEST(ShippedProtocols, AvgReadsAFile) {
    auto daemon = [](const char* verdict) {
        return [verdict](ScannerEnd& end) {
            end.say("220-AVG daemon mode scanner\r\n220 ready\r\n");
            EXPECT_TRUE(end.hear_until("\n").starts_with("SCAN /"));
            end.say(verdict);
        };
    };
    const Finding bad = shipped("avg.afsl", daemon("403 File 'x': Virus identified EICAR_Test\r\n"));
    EXPECT_EQ(bad.kind, Finding::Kind::match);
    EXPECT_EQ(bad.virus_level, 5U);
    EXPECT_EQ(shipped("avg.afsl", daemon("200 ok\r\n")).virus_level, 1U);
}

TEST(ShippedProtocols, CyrenAnswersByHttp) {
    auto daemon = [](std::string verdict) {
        return [verdict = std::move(verdict)](ScannerEnd& end) {
            const std::string head = end.hear_until("\r\n\r\n");
            EXPECT_TRUE(head.starts_with("POST /ctasd/ClassifyMessage_Inline HTTP/1.0\r\n")) << head;
            EXPECT_NE(head.find("\r\nContent-Length: 20\r\n"), std::string::npos) << head;
            end.hear(20);
            end.say("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n" + verdict);
        };
    };
    const Finding spam = shipped("cyren.afsl", daemon("X-CTCH-VOD: Unknown\r\nX-CTCH-Spam: Confirmed\r\n"));
    EXPECT_EQ(spam.kind, Finding::Kind::match);
    EXPECT_EQ(spam.spam_level, 10U);
    EXPECT_EQ(shipped("cyren.afsl", daemon("X-CTCH-Spam: Bulk\r\n")).spam_level, 7U);
    EXPECT_EQ(shipped("commtouch.afsl", daemon("X-CTCH-VOD: Virus\r\n")).virus_level, 5U);
    EXPECT_EQ(shipped("cyren.afsl", daemon("X-CTCH-VOD: Unknown\r\nX-CTCH-Spam: Unknown\r\n")).kind,
              Finding::Kind::pass);
}

TEST(AfslConnector, TalksToASocketAndKeepsItsConnection) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) {
        end.say("hello\r\n");
        while (!end.hear_until("\r\n.\r\n").empty()) end.say("FOUND\r\n");
    }};
    auto program = parse(
        ".STATE connect\n.RECV line\n.GOTO message\n.STATE message\n.SENDMAIL dotstuff\n.RECV line\n"
        ".IF /^FOUND$/\n.MATCH \"%REPLY%\"\n.ENDIF\n.PASS");
    ASSERT_TRUE(program);
    observe::MemoryLog log;
    {
        ScanOptions options;
        options.log = log.logger();
        AfslConnector connector{std::make_shared<afsl::Program>(*program), scanner.address(), {}, options};
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(connector.ask(test_subject("a\r\n"))->kind, Finding::Kind::match);
        EXPECT_EQ(scanner.connections(), 1);
        EXPECT_TRUE(connector.ping());
    }
    EXPECT_TRUE(log.contains("TEST:0020D2FB: >> Send mail stream: 20D2FB"));
    EXPECT_TRUE(log.contains("TEST:0020D2FB: << FOUND"));
}

}  // namespace
}  // namespace postrider::filter
