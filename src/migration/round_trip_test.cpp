#include <fstream>

#include "mailstore/fixture_for_tests.h"
#include "migration/exporter.h"
#include "migration/importer.h"

namespace postrider::migration {
namespace {

using namespace mailstore;

/// Bob's mail is written, eve's is made of it.
class RoundTrip : public StoreTest, public ::testing::WithParamInterface<std::string> {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        auto mail = account(bob);
        ASSERT_TRUE(mail->create_folder("Wörk/Old"));
        for (int i = 1; i <= 5; ++i) {
            Account::NewItem one{
                message(fmt::format("{}", i)), static_cast<std::uint8_t>(i % 2 ? seen : flagged),
                i == 2 ? std::vector<std::string>{"Project", "$Forwarded"} : std::vector<std::string>{},
                Time{} + std::chrono::hours{100'000 + i}};
            ASSERT_TRUE(mail->append(id_of(bob, "Wörk/Old"), {one}));
        }
        ASSERT_TRUE(mail->append(id_of(bob, "INBOX"), {{message("same")}, {message("same")}}));
        ASSERT_TRUE(mail->expunge(id_of(bob, "Wörk/Old"), UidSet{{Uid{3}, Uid{3}}}, false));
    }
    ExportReport write(ExportFormat format, const std::string& folder = "") {
        auto done = export_mail(*account(bob), format, where, {folder}, [](auto&&...) {});
        EXPECT_TRUE(done) << done.error().what;
        return done.value_or(ExportReport{});
    }
    ImportReport read(Format format, ImportOptions how = {}) {
        auto source = open_source(format, where);
        auto done = import_mail(*source, account(eve).get(), how, [](auto&&...) {});
        EXPECT_TRUE(done) << done.error().what;
        if (done)
            for (const auto& one : done->first_problems) problems.push_back(one);
        return done.value_or(ImportReport{});
    }
    std::filesystem::path where = scratch.path() / "exported";
    std::vector<Problem> problems;
};

TEST_P(RoundTrip, NothingIsLostAndNothingComesTwice) {
    const ExportFormat format = *export_format_of(GetParam());
    const ExportReport written = write(format);
    EXPECT_EQ(written.messages, 6u);
    EXPECT_EQ(written.problems, 0u);
    EXPECT_EQ(detect(where), format_of(GetParam()));
    const ImportReport first = read(*format_of(GetParam()));
    EXPECT_EQ(first.messages, 6u);
    EXPECT_EQ(problems.size(), 0u);
    EXPECT_EQ(uids(eve, "Wörk/Old"), uids(bob, "Wörk/Old"));
    for (Uid uid : uids(bob, "Wörk/Old")) {
        EXPECT_EQ(text(eve, "Wörk/Old", uid), text(bob, "Wörk/Old", uid));
        const Item here = item(bob, "Wörk/Old", uid), there = item(eve, "Wörk/Old", uid);
        EXPECT_EQ(there.internal_date, here.internal_date);
        EXPECT_EQ(there.flags.system, here.flags.system);
        EXPECT_EQ(there.flags.keyword(0) + there.flags.keyword(1),
                  here.flags.keyword(0) + here.flags.keyword(1));
    }
    EXPECT_EQ(info(eve, "INBOX").messages, 2u);
    EXPECT_EQ(info(eve, "Wörk/Old").uid_validity, info(bob, "Wörk/Old").uid_validity);
    EXPECT_EQ(info(eve, "Wörk/Old").uid_next, info(bob, "Wörk/Old").uid_next);
    EXPECT_EQ(info(eve, "Wörk/Old").keywords.size(), 2u);
    // Again: everything is known. What was deleted here since stays deleted.
    ASSERT_TRUE(account(eve)->expunge(id_of(eve, "INBOX"), UidSet{{Uid{1}, Uid{1}}}, false));
    const ImportReport second = read(*format_of(GetParam()));
    EXPECT_EQ(second.messages, 0u);
    EXPECT_EQ(second.present, 6u);
    // More has come: that alone is added.
    deliver(bob, "new");
    EXPECT_EQ(write(format).messages, GetParam() == "mbox" ? 7u : 1u);
    EXPECT_EQ(read(*format_of(GetParam())).messages, 1u);
    EXPECT_EQ(read(*format_of(GetParam()), {.into = "Elsewhere"}).messages, 7u);
    EXPECT_EQ(info(eve, "Elsewhere/Wörk/Old").messages, 4u);
    EXPECT_EQ(read(*format_of(GetParam()), {.dry_run = true}).messages, 0u);
    EXPECT_EQ(read(*format_of(GetParam()), {.again = true}).messages, 7u);
    expect_sound();
}

INSTANTIATE_TEST_SUITE_P(Formats, RoundTrip, ::testing::Values("maildir", "mbox", "sdbox", "mdbox", "cyrus"),
                         [](const auto& one) { return one.param; });

/// A later run brings all up to date: new flags, and what is gone here is gone there.
TEST_P(RoundTrip, ALaterRunTakesAwayWhatIsGone) {
    const ExportFormat format = *export_format_of(GetParam());
    write(format);
    ASSERT_TRUE(account(bob)->expunge(id_of(bob, "INBOX"), UidSet{{Uid{1}, Uid{1}}}, false));
    FlagChange change;
    change.system = draft;
    ASSERT_TRUE(account(bob)->store(id_of(bob, "INBOX"), UidSet{{Uid{2}, Uid{2}}}, change));
    const ExportReport again = write(format);
    if (GetParam() != "mbox" && GetParam() != "mdbox") {
        EXPECT_EQ(again.removed, 1u);
    }
    if (GetParam() != "mbox") {
        EXPECT_EQ(again.present, 5u);
    }
    EXPECT_EQ(read(*format_of(GetParam())).messages, 5u);
    EXPECT_EQ(uids(eve, "INBOX").size(), 1u);
    EXPECT_TRUE(item(eve, "INBOX", Uid{2}).flags.system & draft);
    // A folder that is another one now: nothing of the old one counts.
    ASSERT_TRUE(account(bob)->delete_folder(id_of(bob, "Wörk/Old")));
    ASSERT_TRUE(account(bob)->create_folder("Wörk/Old"));
    ASSERT_TRUE(account(bob)->append(id_of(bob, "Wörk/Old"), {{message("another")}}));
    write(format);
    EXPECT_EQ(read(*format_of(GetParam()), {.into = "Later"}).messages, 2u);
    EXPECT_EQ(info(eve, "Later/Wörk/Old").messages, 1u);
}

TEST_P(RoundTrip, FoldersThatAreGoneAreEmptied) {
    const ExportFormat format = *export_format_of(GetParam());
    ASSERT_TRUE(account(bob)->create_folder("Gone"));
    ASSERT_TRUE(account(bob)->append(id_of(bob, "Gone"), {{message("one")}, {message("two")}}));
    ASSERT_TRUE(account(bob)->create_folder("Old name"));
    ASSERT_TRUE(account(bob)->append(id_of(bob, "Old name"), {{message("three")}}));
    EXPECT_EQ(write(format).emptied, 0u);
    ASSERT_TRUE(account(bob)->delete_folder(id_of(bob, "Gone")));
    ASSERT_TRUE(account(bob)->rename_folder(id_of(bob, "Old name"), "New name"));
    EXPECT_EQ(write(format, "INBOX").emptied, 0u) << "these were not looked at";
    EXPECT_EQ(write(format).emptied, 2u);
    EXPECT_EQ(write(format).emptied, 0u);
    EXPECT_EQ(read(*format_of(GetParam())).messages, 7u);
    EXPECT_EQ(info(eve, "New name").messages, 1u);
    auto gone = account(eve)->folder("Gone");
    EXPECT_TRUE(!gone || gone->messages == 0);
    EXPECT_TRUE(problems.empty()) << problems[0].file << ": " << problems[0].what;
}

TEST_P(RoundTrip, AnExportOfSomebodyElseIsNotWrittenTo) {
    const ExportFormat format = *export_format_of(GetParam());
    if (format == ExportFormat::mbox) return;  // whose files are written anew
    write(format);
    EXPECT_FALSE(export_mail(*account(eve), format, where, {}, [](auto&&...) {}));
}

using Reading = RoundTrip;

TEST_F(Reading, AStoreThatIsNoExportIsNotWrittenTo) {
    std::filesystem::create_directories(where / "mailboxes" / "INBOX" / "dbox-Mails");
    for (ExportFormat format : {ExportFormat::sdbox, ExportFormat::mdbox})
        EXPECT_FALSE(export_mail(*account(bob), format, where, {}, [](auto&&...) {}));
}

TEST_F(Reading, AnMdboxThatWasCutShortIsTakenUp) {
    write(ExportFormat::mdbox);
    // What stands behind the last message that the map knows, and a file that it does not know.
    std::ofstream{where / "storage" / "m.1", std::ios::app} << "half a message";
    std::ofstream{where / "storage" / "m.2"} << "2 M1e C1\n";
    deliver(bob, "new");
    const ExportReport again = write(ExportFormat::mdbox);
    EXPECT_EQ(again.messages, 1u);
    EXPECT_EQ(again.present, 6u);
    EXPECT_EQ(read(Format::mdbox).messages, 7u);
    EXPECT_TRUE(problems.empty());
    std::filesystem::resize_file(where / "storage" / "m.1", 100);
    EXPECT_GT(write(ExportFormat::mdbox).messages, 4u) << "what the file has lost is written again";
}

/// What would be hidden by the folders of others is not lost, and not hidden.
TEST_F(Reading, ANameThatLeadsElsewhereIsWrittenOtherwise) {
    const auto place = where / ".Other Users.bob" / "cur";
    for (const char* part : {"cur", "new", "tmp"})
        std::filesystem::create_directories(where / ".Other Users.bob" / part);
    std::ofstream{place / "1.a:2,S"} << "Subject: mine\n\nText\n";
    EXPECT_EQ(read(Format::maildir).messages, 1u);
    EXPECT_EQ(info(eve, "Other Users_/bob").messages, 1u);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].what.find("imported as Other Users_/bob"), std::string::npos) << problems[0].what;
    EXPECT_EQ(read(Format::maildir).present, 1u);
}

TEST_F(Reading, OneFolderCanBeWrittenAlone) {
    EXPECT_EQ(write(ExportFormat::maildir, "Wörk").messages, 4u);
    auto nothing = export_mail(*account(bob), ExportFormat::maildir, where, {"Nowhere"}, [](auto&&...) {});
    EXPECT_EQ(nothing.error().kind, MailError::no_such_folder);
}

TEST_F(Reading, DamageIsToldWithItsPlaceAndTheRestComes) {
    write(ExportFormat::maildir);
    namespace fs = std::filesystem;
    std::ofstream{where / "cur" / "empty:2,S"};
    fs::create_symlink("/etc/hostname", where / "cur" / "link:2,S");
    std::ofstream{where / "dovecot-uidlist", std::ios::app} << "garbage\n";
    const ImportReport report = read(Format::maildir);
    EXPECT_EQ(report.messages, 6u);
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_EQ(problems[0].file, (where / "dovecot-uidlist").string());
    EXPECT_EQ(problems[0].line, 4u);
    EXPECT_NE(problems[1].file.find("empty"), std::string::npos);
}

TEST_F(Reading, AQuotaEndsTheRunAndALaterOneGoesOn) {
    write(ExportFormat::mbox);
    QuotaLimits limits;
    limits.messages = 3;
    quota.set(eve, limits);
    auto source = open_source(Format::mbox, where);
    auto stopped = import_mail(*source, account(eve).get(), {}, [](auto&&...) {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, MailError::over_quota);
    quota.set(eve, {});
    const ImportReport rest = read(Format::mbox);
    EXPECT_EQ(rest.messages + rest.present, 6u);
    EXPECT_EQ(info(eve, "Wörk/Old").messages, 4u);
    EXPECT_EQ(info(eve, "INBOX").messages, 2u);
}

TEST_F(Reading, WhatIsNotThereIsAnError) {
    EXPECT_FALSE(detect(scratch.path() / "nothing"));
    auto source = open_source(Format::mdbox, scratch.path() / "nothing");
    EXPECT_FALSE(import_mail(*source, account(eve).get(), {}, [](auto&&...) {}));
}

}  // namespace
}  // namespace postrider::migration
