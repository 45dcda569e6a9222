#include "cli/shell/jobs.h"

#include <gmock/gmock.h>

#include <fstream>

#include "cli/shell/fixture_for_tests.h"

namespace postrider::cli {
namespace {

using Lines = std::vector<std::string>;

/// Work that takes steps until it is let go.
struct Patient {
    struct Steps {
        std::atomic<int> taken{0};
        std::atomic<bool> enough{false};
    };
    std::shared_ptr<Steps> steps = std::make_shared<Steps>();  // jobs may outlive the test's own members

    Jobs::Work work() const {
        return [steps = steps](const admin::Progress& progress) {
            for (; !steps->enough; ++steps->taken) {
                progress("messages", steps->taken == 0 ? 0 : 50);
                std::this_thread::sleep_for(std::chrono::milliseconds{1});
            }
            return ok("found nothing\r\n");
        };
    }
    void has_begun() const {
        while (steps->taken < 2) std::this_thread::yield();
    }
};

TEST(Jobs, OneOfAKindIsAtWorkInADomainAtATime) {
    Patient patient;
    Jobs jobs;
    auto job = jobs.start("SCAN", DomainId{1}, patient.work());
    ASSERT_TRUE(job);
    EXPECT_FALSE(jobs.start("SCAN", DomainId{1}, patient.work()));
    EXPECT_TRUE(jobs.start("SCAN", DomainId{2}, patient.work()));
    EXPECT_TRUE(jobs.start("REPAIR", DomainId{1}, patient.work()));
    EXPECT_TRUE(jobs.start("COMPACT", {}, patient.work()));
    EXPECT_FALSE(jobs.start("REPAIR", DomainId{2}, patient.work())) << "four are enough";
    EXPECT_EQ(jobs.find("SCAN", DomainId{1}), *job);
    EXPECT_EQ(jobs.find("SCAN", {}), nullptr);
    patient.steps->enough = true;
    while (!(*job)->result()) std::this_thread::yield();
    EXPECT_EQ(jobs.find("SCAN", DomainId{1}), nullptr);
    EXPECT_EQ((*job)->result()->data, "found nothing\r\n");
}

TEST(Jobs, EndWithTheServerAndWithThem) {
    std::atomic<bool> stopping{false};
    Patient patient;
    std::shared_ptr<Job> forgotten;
    {
        Jobs jobs{[&] { return stopping.load(); }};
        auto job = *jobs.start("SCAN", {}, patient.work());
        patient.has_begun();
        stopping = true;
        while (!job->result()) std::this_thread::yield();
        EXPECT_FALSE(job->result()->ok);
        stopping = false;
        forgotten = *jobs.start("SCAN", {}, patient.work());
    }
    EXPECT_EQ(forgotten->result()->text, "it was ended");
}

TEST(Jobs, RememberALimitedNumberOfLines) {
    Jobs jobs;
    auto job = *jobs.start("SCAN", {}, [](const admin::Progress& progress) {
        for (int i = 0; i < 3000; ++i) progress("step " + std::to_string(i), 0);
        return ok();
    });
    while (!job->result()) std::this_thread::yield();
    std::uint64_t from = 10;
    const auto lines = job->lines_since(from);
    EXPECT_EQ(lines.size(), 1000u);
    EXPECT_EQ(lines.back(), "step 2999");
    EXPECT_TRUE(job->lines_since(from).empty());
}

class JobsTest : public ShellTest {
protected:
    void SetUp() override {
        ShellTest::SetUp();
        login();
        expect_ok("UPDATE Domain example.org");
    }
    void TearDown() override {
        patient.steps->enough = true;
        ShellTest::TearDown();
    }
    DomainId domain() { return directory->domain("example.org")->id; }
    std::string mail_for(const std::string& account, const std::string& text) {
        auto box = store->account(id_of(account)).value();
        mailstore::Account::NewItem item;
        item.payload = text;
        EXPECT_TRUE(box->append(box->folder("INBOX")->id, {item}));
        return text;
    }
    /// What the command of `last` says until it has ended.
    std::string told_to_the_end() {
        std::string told = last.text;
        while (last.again.count() > 0) told += (last = shell->more()).text;
        return told;
    }
    Patient patient;
};

TEST_F(JobsTest, AnotherSessionFollowsAJobAndEndsIt) {
    expect_error("SCAN attach");
    expect_error("SCAN peek");
    expect_error("SCAN abort");
    auto job = *jobs.start("SCAN", domain(), patient.work());
    patient.has_begun();
    expect_error("SCAN ALL");
    expect_ok("SCAN peek 0", "<domain#> ");
    EXPECT_EQ(lines()[0], "messages");
    EXPECT_NE(status().find("still at work"), std::string::npos);
    EXPECT_EQ(slice("SCAN peek 1", 1, 2), Lines{"messages: 50%"});
    expect_error("SCAN peek soon");
    expect_error("REPAIR peek");

    // One that follows to the end sees the end, however it comes.
    last = shell->line("SCAN attach");
    EXPECT_GT(last.again.count(), 0);
    Shell other{*backend, "127.0.0.1", false, SessionId{2}};
    other.greeting();
    for (const char* line : {"USER admin", "secret", "UPDATE Domain example.org"}) other.line(line);
    EXPECT_THAT(other.line("SCAN abort").text, testing::HasSubstr("+OK"));
    EXPECT_THAT(told_to_the_end(), testing::EndsWith("-ERR: it was ended\r\n<domain#> "));
}

TEST_F(JobsTest, CompactionIsTheServersWhoeverAsks) {
    auto job = *jobs.start("COMPACT", {}, patient.work());
    patient.has_begun();
    expect_ok("COMPACT peek 0");
    expect_error("COMPACT All");
    script({"BACK", "CONFIG SERVER"});
    expect_error("COMPACT ServerStorage forced");
    // Who attaches in time sees the end; a job that has ended cannot be attached to.
    last = shell->line("COMPACT attach");
    EXPECT_GT(last.again.count(), 0);
    patient.steps->enough = true;
    EXPECT_THAT(told_to_the_end(), testing::HasSubstr("found nothing\r\n"));
    expect_ok("COMPACT ServerStorage");
}

TEST_F(JobsTest, MessagesThatCannotBeReadAreFoundAndPurged) {
    ok("account add", {{"account", "ann@example.org"}});
    ok("account add", {{"account", "details@example.org"}});
    mail_for("ann@example.org", "Subject: one\r\n\r\nfirst\r\n");
    const std::string second = mail_for("ann@example.org", "Subject: two\r\n\r\n9fQz-damaged-here\r\n");
    EXPECT_EQ(slice("FINDINVALIDMSG ann", 5, 3), Lines{"ann     | 2    | 0       | 0"});
    std::size_t hits = 0;
    for (const auto& file : std::filesystem::directory_iterator{scratch.path() / "mail"}) {
        std::fstream stream{file.path(), std::ios::in | std::ios::out | std::ios::binary};
        const std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
        const auto at = bytes.find("9fQz-damaged");
        if (at == bytes.npos) continue;
        stream.clear();
        stream.seekp(static_cast<std::streamoff>(at));
        stream << "XXXX";
        ++hits;
    }
    ASSERT_EQ(hits, 1u) << "a message as short as this lies there as it is";
    expect_ok("FINDINVALIDMSG ann \"details\" details");
    EXPECT_THAT(last.text, testing::HasSubstr("| 1       | 0"));
    EXPECT_THAT(last.text, testing::HasSubstr("ann: INBOX UID 2: "));
    expect_ok("FINDINVALIDMSG ann purge");
    EXPECT_THAT(last.text, testing::HasSubstr("| 1       | 1"));
    EXPECT_EQ(slice("FINDINVALIDMSG ann", 5, 3), Lines{"ann     | 1    | 0       | 0"});
    expect_error("FINDINVALIDMSG nobody");
}

TEST_F(JobsTest, SearchFoldersAreListedAndRestarted) {
    context->wrong_search = [](std::string_view) { return std::optional<std::string>{}; };
    ok("account add", {{"account", "ann@example.org"}});
    ok("account search add", {{"account", "ann@example.org"}, {"path", "Big"}, {"criteria", "LARGER 1000"}});
    EXPECT_EQ(slice("LIST SearchFolders", 5, 3), Lines{"ann     | Big    | 0"});
    EXPECT_THAT(slice("LIST SearchFolders details", 5, 3)[0], testing::HasSubstr("LARGER 1000"));
    auto box = store->account(id_of("ann@example.org")).value();
    const auto folder = box->folder("Big")->id;
    mailstore::Relink seen;
    seen.after = {ModSeq{7}, 5, 3};
    ASSERT_TRUE(*box->relink(folder, seen));
    expect_ok("UPDATE Account ann");
    expect_ok("RESET folder Big");
    EXPECT_EQ(*box->link_state(folder), mailstore::LinkState{});
    expect_error("RESET folder INBOX");
    expect_error("RESET folder Nothing");
}

}  // namespace
}  // namespace postrider::cli
