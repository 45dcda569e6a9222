#include "imap/wire/receiver.h"

#include <gtest/gtest.h>

#include <vector>

namespace postrider::imap {
namespace {

using Step = Receiver::Step;

struct Event {
    Step step;
    std::string command;
    friend bool operator==(const Event&, const Event&) = default;
};

/// All that comes of some octets, fed `piece` at a time.
std::vector<Event> feed(Receiver& receiver, std::string_view octets, std::size_t piece = 1u << 20) {
    std::vector<Event> events;
    while (!octets.empty()) {
        Receiver::Fed fed = receiver.feed(octets.substr(0, piece));
        octets.remove_prefix(fed.used);
        if (fed.step == Step::more) continue;
        bool ended = fed.step != Step::go_ahead;
        events.push_back({fed.step, ended ? std::string{receiver.command()} : std::string{}});
        if (fed.step == Step::hopeless) break;
        if (ended) receiver.next();
    }
    return events;
}

std::vector<Event> feed(std::string_view octets, ReceiverLimits limits = {}, std::size_t piece = 1u << 20) {
    Receiver receiver{limits};
    return feed(receiver, octets, piece);
}

TEST(Receiver, SplitsPipelinedCommandsWhereverThePiecesEnd) {
    std::string_view dialogue =
        "a NOOP\r\nb LOGIN {5}\r\nalice {6+}\r\nsecret\r\nc LOGIN \"x{3}\" {0}\r\n\r\nd NOOP\n";
    std::vector<Event> expected{{Step::command, "a NOOP"},
                                {Step::go_ahead, ""},
                                {Step::command, "b LOGIN {5}\r\nalice {6+}\r\nsecret"},
                                {Step::go_ahead, ""},
                                {Step::command, "c LOGIN \"x{3}\" {0}\r\n"},
                                {Step::command, "d NOOP"}};
    for (std::size_t piece :
         {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{1000}})
        EXPECT_EQ(feed(dialogue, {}, piece), expected) << piece;
}

TEST(Receiver, ALiteralThatEndsLikeAnAnnouncementAnnouncesNothing) {
    std::vector<Event> expected{{Step::command, "a X {4+}\r\n{99}"}, {Step::command, "b NOOP"}};
    EXPECT_EQ(feed("a X {4+}\r\n{99}\r\nb NOOP\r\n"), expected);
}

TEST(Receiver, ReadsPastALineThatIsTooLongAndKeepsItsTag) {
    ReceiverLimits limits;
    limits.line = 100;
    std::string line = "a1 SEARCH TEXT " + std::string(500, 'x');
    for (std::size_t piece : {1u, 10u, 1000u}) {
        auto events = feed(line + "\r\nb NOOP\r\n", limits, piece);
        ASSERT_EQ(events.size(), 2u) << piece;
        EXPECT_EQ(events[0].step, Step::too_long);
        EXPECT_TRUE(piece > 100 || events[0].command.starts_with("a1 SEARCH "));
        EXPECT_EQ(events[1], (Event{Step::command, "b NOOP"}));
    }
}

TEST(Receiver, ReadsPastTheLiteralOfALineThatIsTooLong) {
    ReceiverLimits limits;
    limits.line = 20;
    for (std::size_t piece : {1u, 3u, 1000u}) {
        auto events =
            feed("a SEARCH TEXT xxxxxxxxxxxxxxxxxxxxxxxx {9+}\r\nb NOOP\r\nc\r\nd NOOP\r\n", limits, piece);
        ASSERT_EQ(events.size(), 2u) << piece;
        EXPECT_EQ(events[0].step, Step::too_long);
        EXPECT_EQ(events[1].command, "d NOOP");
    }
}

TEST(Receiver, RefusesALiteralThatIsTooLargeBeforeItIsSent) {
    auto events = feed("a LOGIN {70000}\r\nb NOOP\r\n");
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].step, Step::too_big);
    EXPECT_EQ(events[1].command, "b NOOP");
}

TEST(Receiver, SkipsANonSynchronisingLiteralThatIsTooLarge) {
    ReceiverLimits limits;
    limits.literals = 10;
    auto events = feed("a LOGIN {12+}\r\naaaa\r\nbbbbbb {3+}\r\nxyz\r\nb NOOP\r\n", limits, 5);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].step, Step::too_big);
    EXPECT_EQ(events[1].command, "b NOOP");
}

TEST(Receiver, GivesUpOnALiteralThatIsTooLargeToSkip) {
    EXPECT_EQ(feed("a LOGIN {99999999999999999999+}\r\n").back().step, Step::hopeless);
}

TEST(Receiver, LimitsTheLiteralsOfACommandInSumAndInNumber) {
    ReceiverLimits limits;
    limits.literals = 10;
    EXPECT_EQ(feed("a X {6+}\r\n123456 {6+}\r\n123456\r\n", limits).back().step, Step::too_big);
    limits.literals = 1000;
    limits.literal_count = 2;
    EXPECT_EQ(feed("a X {1+}\r\n1 {1+}\r\n2 {1+}\r\n3\r\n", limits).back().step, Step::too_big);
}

TEST(Receiver, GivesAppendItsOwnLimitButNotBeforeLogIn) {
    std::string append = "a APPEND INBOX {200000+}\r\n" + std::string(200000, 'm') + "\r\n";
    EXPECT_EQ(feed(append).back().step, Step::too_big);
    ReceiverLimits limits;
    limits.append = 1 << 20;
    EXPECT_EQ(feed(append, limits, 4096).back().step, Step::command);
}

TEST(Receiver, TakesNulInLiteral8Only) {
    using namespace std::literals;
    EXPECT_EQ(feed("a X {3+}\r\n\0\0\0\r\n"sv).back().step, Step::nul);
    EXPECT_EQ(feed("a X ~{3+}\r\n\0\0\0\r\n"sv).back().step, Step::command);
}

TEST(Receiver, HoldsNoMoreThanItsLimits) {
    ReceiverLimits limits;
    limits.line = 1000;
    limits.literals = 0;
    Receiver receiver{limits};
    for (int i = 0; i < 10'000; ++i) receiver.feed(std::string(1000, 'x'));
    EXPECT_LE(receiver.command().size(), 2100u);
}

}  // namespace
}  // namespace postrider::imap
