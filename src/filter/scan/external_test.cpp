#include "filter/scan/external.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "filter/scan/test_scanner.h"

namespace postrider::filter {
namespace {

using namespace std::chrono_literals;

ExternalConnector shell(const std::string& script, std::chrono::milliseconds whole = 60s) {
    ExternalConnector::Options options;
    options.words = {"/bin/sh", "-c", script};
    options.parameters = {{"level", "strict"}};
    options.whole = whole;
    return ExternalConnector{std::move(options)};
}

TEST(CommandWords, QuotesKeepBlanksTogether) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(command_words("/bin/scan -a  'b c' \"d \\\" e\" f\\ g \"\""),
              (Words{"/bin/scan", "-a", "b c", "d \" e", "f g", ""}));
    EXPECT_FALSE(command_words("scan"));
    EXPECT_FALSE(command_words("/bin/scan 'x"));
    EXPECT_FALSE(command_words("  "));
}

TEST(ProgramVerdict, ExitCodesAndLines) {
    const auto found =
        parse_program_verdict(1, "bad thing\r\nspam-level: 8\nvirus-level: 5\nheader: X-A: b\nchatter\n");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->kind, Finding::Kind::match);
    EXPECT_EQ(found->text, "bad thing");
    EXPECT_EQ(found->spam_level, 8U);
    EXPECT_EQ(found->virus_level, 5U);
    EXPECT_EQ(found->headers.at(0).first, "X-A");
    EXPECT_EQ(parse_program_verdict(0, "")->kind, Finding::Kind::pass);
    EXPECT_EQ(parse_program_verdict(2, "oops").error().text, "exit code 2: oops");
    EXPECT_EQ(parse_program_verdict(137, "").error().text, "ended by signal 9");
    EXPECT_FALSE(parse_program_verdict(0, "x\nspam-level: 11"));
    EXPECT_FALSE(parse_program_verdict(0, "x\nheader: X Y: 1"));
}

TEST(External, TheMessageComesOnStandardInput) {
    auto program = shell("if grep -q virus; then echo found; exit 1; fi; echo nothing");
    EXPECT_EQ(program.ask(test_subject("a virus\r\n"))->kind, Finding::Kind::match);
    const auto clean = program.ask(test_subject("all well\r\n"));
    EXPECT_EQ(clean->kind, Finding::Kind::pass);
    EXPECT_EQ(clean->text, "nothing");
}

TEST(External, TheEnvironmentIsTheEnvelopeAndNothingElse) {
    ::setenv("POSTRIDER_TEST_SECRET", "x", 1);
    auto program = shell("echo $QUEUE_ID $SENDER $RECIPIENTS $FILTER_level [$POSTRIDER_TEST_SECRET]");
    EXPECT_EQ(program.ask(test_subject("a"))->text,
              "20D2FB alice@example.org bob@example.com carol@example.com strict []");
}

TEST(External, AProgramThatReadsNothingIsHeardAllTheSame) {
    const std::string large(5'000'000, 'x');
    EXPECT_EQ(shell("echo done").ask(test_subject(large))->text, "done");
}

TEST(External, OneThatTakesTooLongIsEndedWithItsChildren) {
    const auto finding = shell("sleep 1000 & sleep 1000", 300ms).ask(test_subject("a"));
    ASSERT_FALSE(finding);
    EXPECT_EQ(finding.error().kind, Trouble::Kind::silent);
}

TEST(External, OneThatPrintsWithoutEndIsBounded) {
    EXPECT_EQ(shell("head -c 5000000 /dev/zero | tr '\\0' x").ask(test_subject("a"))->text.size(), 500U);
}

TEST(External, OneThatIsNotThereIsUnreachable) {
    ExternalConnector::Options options;
    options.words = {"/nonexistent/scan"};
    ExternalConnector program{std::move(options)};
    EXPECT_EQ(program.ask(test_subject("a")).error().kind, Trouble::Kind::unreachable);
    EXPECT_FALSE(program.ping());
}

TEST(External, NoMoreProcessesThanAllowed) {
    ExternalConnector::Options options;
    options.words = {"/bin/sleep", "0.1"};
    options.processes = 1;
    options.whole = 60s;
    ExternalConnector program{std::move(options)};
    const auto begun = std::chrono::steady_clock::now();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(program.ask(test_subject("a"))); });
    threads.clear();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 400ms);
}

}  // namespace
}  // namespace postrider::filter
