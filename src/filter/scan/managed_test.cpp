#include "filter/scan/managed.h"

#include <gtest/gtest.h>

#include "filter/scan/test_scanner.h"

namespace postrider::filter {
namespace {

using namespace std::chrono_literals;

/// Answers messages one after the other; says which one it is.
constexpr const char* counter = R"sh(
n=0
while read -r word size; do
    [ "$word" = MESSAGE ] || exit 3
    while read -r line && [ -n "$line" ]; do case $line in sender:*) from=${line#sender: };; esac; done
    text=$(head -c "$size")
    n=$((n+1))
    case $text in
        *virus*) printf 'MATCH found %s of %s\nvirus-level: 5\n\n' $n "$from" ;;
        *odd*)   printf 'ERROR odd\n\n' ;;
        *mad*)   printf 'what\n\n' ;;
        *dead*)  exit 0 ;;
        *hang*)  sleep 1000 ;;
        *)       printf 'PASS clean %s %s\n\n' $n "$FILTER_level" ;;
    esac
done
)sh";

ManagedConnector::Options program(std::chrono::milliseconds whole = 60s) {
    ManagedConnector::Options options;
    options.words = {"/bin/sh", "-c", counter};
    options.parameters = {{"level", "strict"}};
    options.whole = whole;
    options.processes = 1;
    return options;
}

TEST(Managed, OneProgramAnswersManyMessages) {
    ManagedConnector kept{program()};
    EXPECT_EQ(kept.ask(test_subject("one\r\n"))->text, "clean 1 strict");
    EXPECT_EQ(kept.ask(test_subject("two\r\n\r\nwith empty lines\r\n"))->text, "clean 2 strict");
    const auto found = kept.ask(test_subject("a virus\r\n"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->kind, Finding::Kind::match);
    EXPECT_EQ(found->virus_level, 5U);
    EXPECT_EQ(found->text, "found 3 of alice@example.org");
    EXPECT_TRUE(kept.ping());
}

TEST(Managed, OneThatFailsIsReplacedAndNothingIsTakenForAVerdict) {
    ManagedConnector kept{program(5s)};
    EXPECT_EQ(kept.ask(test_subject("one"))->text, "clean 1 strict");
    EXPECT_EQ(kept.ask(test_subject("odd")).error().text, "odd");
    EXPECT_EQ(kept.ask(test_subject("mad")).error().text, "no answer: what");
    EXPECT_FALSE(kept.ask(test_subject("dead")));
    EXPECT_FALSE(kept.ask(test_subject("hang")));
    EXPECT_EQ(kept.ask(test_subject("two"))->text, "clean 1 strict") << "another process";
}

TEST(Managed, AnswersThatAreNone) {
    EXPECT_FALSE(parse_managed_answer(""));
    EXPECT_FALSE(parse_managed_answer("PASSED x"));
    EXPECT_FALSE(parse_managed_answer("PASS x\nspam-level: 99"));
    EXPECT_EQ(parse_managed_answer("PASS")->kind, Finding::Kind::pass);
    EXPECT_EQ(parse_managed_answer("MATCH x\nspam-level: 9")->spam_level, 9U);
}

}  // namespace
}  // namespace postrider::filter
