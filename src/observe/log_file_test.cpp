#include "observe/log_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "observe/line.h"
#include "observe/test_dir.h"

namespace postrider::observe {
namespace {

using namespace std::chrono;

/// Local noon of a day, so that no test depends on the machine's time zone.
Time noon(int year, int month, int day) {
    std::tm tm{};
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = 12;
    tm.tm_isdst = -1;
    return system_clock::from_time_t(std::mktime(&tm));
}

FileLimits unlimited() {
    FileLimits limits;
    limits.max_age = 0s;
    return limits;
}

TEST(LogFile, IsPutAsideWhenItIsFull) {
    TestDir dir;
    Time now = noon(2026, 11, 20);
    FileLimits limits = unlimited();
    limits.max_octets = 100;
    {
        LogFile file{dir.path(), "smtp.txt"};
        for (int i = 0; i < 4; ++i)
            file.append(std::string(48, static_cast<char>('a' + i)), now + seconds{i}, limits);
    }
    EXPECT_EQ(dir.files(), (std::vector<std::string>{"smtp.txt", "smtp_20261120_120002.txt"}));
    EXPECT_EQ(dir.lines("smtp_20261120_120002.txt")[1], std::string(48, 'b'));
    EXPECT_EQ(dir.lines("smtp.txt")[0], std::string(48, 'c'));
}

TEST(LogFile, IsPutAsideWhenItIsOldEvenAfterARestart) {
    TestDir dir;
    Time now = noon(2026, 11, 20);
    FileLimits limits = unlimited();
    limits.max_age = 600s;
    DateText date;
    {
        LogFile file{dir.path(), "a.txt"};
        file.append(std::string{date(now)} + " first", now, limits);
    }
    {
        LogFile file{dir.path(), "a.txt"};
        file.append("still", now + 599s, limits);
        EXPECT_EQ(dir.files().size(), 1U);
        file.append("next", now + 600s, limits);
    }
    EXPECT_EQ(dir.files(), (std::vector<std::string>{"a.txt", "a_20261120_121000.txt"}));
    EXPECT_EQ(dir.text("a.txt"), "next\n");
}

TEST(LogFile, ChangesWithTheDayTheWeekOrTheMonth) {
    struct Case {
        Rotate rotate;
        Time from, same, next;
    };
    const Case cases[] = {
        {Rotate::day, noon(2026, 11, 20), noon(2026, 11, 20) + 11h, noon(2026, 11, 21) - 11h},
        {Rotate::week, noon(2026, 11, 16), noon(2026, 11, 22), noon(2026, 11, 23)},  // Monday to Sunday
        {Rotate::month, noon(2026, 11, 1), noon(2026, 11, 30), noon(2026, 12, 1)},
    };
    for (const Case& c : cases) {
        TestDir dir;
        FileLimits limits = unlimited();
        limits.rotate = c.rotate;
        LogFile file{dir.path(), "a"};
        file.append("1", c.from, limits);
        file.append("2", c.same, limits);
        file.flush(c.same);
        EXPECT_EQ(dir.files().size(), 1U);
        file.append("3", c.next, limits);
        file.flush(c.next);
        EXPECT_EQ(dir.files().size(), 2U);
        EXPECT_EQ(dir.text("a"), "3\n");
    }
}

TEST(LogFile, KeepsOnlySoManyOldOnes) {
    TestDir dir;
    std::ofstream{dir.path() + "/a_notes.txt"} << "not ours";
    FileLimits limits = unlimited();
    limits.max_octets = 4;
    limits.keep = 2;
    Time now = noon(2026, 11, 20);
    {
        LogFile file{dir.path(), "a.txt"};
        for (int i = 0; i < 6; ++i) file.append("xxx", now + minutes{i}, limits);
    }
    EXPECT_EQ(dir.files(), (std::vector<std::string>{"a.txt", "a_20261120_120400.txt",
                                                     "a_20261120_120500.txt", "a_notes.txt"}));
}

TEST(LogFile, FindsAnotherNameWhenTwoChangesFallIntoOneSecond) {
    TestDir dir;
    FileLimits limits = unlimited();
    limits.max_octets = 4;
    limits.keep = 11;
    Time now = noon(2026, 11, 20);
    {
        LogFile file{dir.path(), "a.txt"};
        for (int i = 0; i < 14; ++i) file.append(std::string(3, static_cast<char>('a' + i)), now, limits);
    }
    EXPECT_EQ(dir.files().size(), 12U);  // the present one and eleven
    EXPECT_EQ(dir.text("a_20261120_120000_13.txt"), "mmm\n");
    EXPECT_EQ(dir.text("a_20261120_120000_2.txt"), "");  // the oldest went first
}

TEST(LogFile, OfAFullDiskCostsLinesAndSaysSoLater) {
    TestDir dir;
    Time now = noon(2026, 11, 20);
    ASSERT_EQ(::symlink("/dev/full", (dir.path() + "/a.txt").c_str()), 0);
    LogFile file{dir.path(), "a.txt"};
    file.append("one", now, unlimited());
    file.append("two", now, unlimited());
    file.flush(now);
    EXPECT_EQ(file.lost(), 2U);
    file.append("three", now + 100ms, unlimited());  // not tried again so soon
    file.flush(now + 100ms);
    EXPECT_EQ(file.lost(), 3U);
    ::unlink((dir.path() + "/a.txt").c_str());
    file.append("four", now + 2s, unlimited());
    file.flush(now + 2s);
    EXPECT_EQ(file.lost(), 3U);
    ASSERT_EQ(dir.lines("a.txt").size(), 2U);
    EXPECT_TRUE(dir.lines("a.txt")[0].ends_with(
        "04 - LOG:00000000: 3 lines were lost here: No space left on device"));
    EXPECT_EQ(dir.lines("a.txt")[1], "four");
}

TEST(LogFile, WithoutItsDirectoryMakesOneOrLosesLines) {
    TestDir dir;
    Time now = noon(2026, 11, 20);
    LogFile made{dir.path() + "/log", "a.txt"};
    made.append("x", now, unlimited());
    made.flush(now);
    EXPECT_EQ(dir.text("log/a.txt"), "x\n");
    LogFile lost{dir.path() + "/no/such", "a.txt"};
    lost.append("x", now, unlimited());
    lost.flush(now);
    EXPECT_EQ(lost.lost(), 1U);
}

TEST(LogFile, BeginsAnewWhenSomeoneTakesItAway) {
    TestDir dir;
    Time now = noon(2026, 11, 20);
    LogFile file{dir.path(), "a.txt"};
    file.append("x", now, unlimited());
    file.flush(now);
    ::unlink((dir.path() + "/a.txt").c_str());
    file.append("y", now, unlimited());
    file.flush(now);
    EXPECT_EQ(dir.text("a.txt"), "y\n");
}

}  // namespace
}  // namespace postrider::observe
