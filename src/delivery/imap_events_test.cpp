#include "delivery/imap_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "delivery/test_house.h"
#include "filter/chain/memory.h"

/// Scripts on what people do by IMAP (RFC 6785).
namespace postrider::delivery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class NoFilters final : public filter::Catalogue {
public:
    std::shared_ptr<const filter::Steps> server() const override { return nullptr; }
    std::shared_ptr<const filter::Steps> domain(DomainId) const override { return nullptr; }
    std::shared_ptr<const filter::Steps> account(AccountId) const override { return nullptr; }
};

class ImapScripts : public testing::Test {
protected:
    ImapScripts() {
        house.intake->filter_by(&parts, house.router.get());
        alice = house.directory->account(*mime::parse_addr_spec("alice@example.org")).value()->id;
        account = mailstore::open_or_create(*house.store, alice).value();
        work = account->create_folder("Work").value().id;
        events.start();
    }
    void script(const std::string& text, std::string folder = "Work") {
        ASSERT_TRUE(scripts.put(filter::ScriptOwner::of(alice), "on-imap", text));
        const FolderId id = folder.empty() ? FolderId{0} : account->folder(folder).value().id;
        ASSERT_TRUE(account->annotate(id, {{std::string{ImapEvents::annotation}, "on-imap"}}));
    }
    Uid append(std::string subject, std::uint8_t flags = 0) {
        mailstore::Account::NewItem item;
        item.payload = "From: x@example.net\r\nSubject: " + subject + "\r\n\r\nbody\r\n";
        item.flags = flags;
        std::vector<mailstore::Account::NewItem> items;
        items.push_back(std::move(item));
        return account->append(work, std::move(items)).value().uids.front();
    }
    void happened(Uid uid, ImapEvents::Cause cause, std::vector<std::string> flags = {}) {
        events.happened({alice, "alice@example.org", work, {uid}, cause, std::move(flags), account->shape()});
        events.wait_idle();
    }
    std::size_t in(const std::string& folder) {
        auto found = account->folder(folder);
        return found ? found->messages : 0;
    }
    mailstore::Flags flags_of(Uid uid) {
        mailstore::Flags flags;
        (void)account->view(work).value()->each_item({{uid, uid}}, [&](const mailstore::Item& item) {
            flags = item.flags;
            return true;
        });
        return flags;
    }

    TestHouse house;
    NoFilters none;
    filter::Memory memory{house.store->kv(), house.clock};
    filter::ChainParts parts{none, *house.directory, *house.store, memory, house.clock, "mail.example.org"};
    filter::ScriptStore scripts{house.store->kv()};
    observe::MemoryLog log;
    ImapEvents events{parts, scripts, *house.intake, log.logger()};
    AccountId alice;
    std::shared_ptr<mailstore::Account> account;
    FolderId work;
};

TEST_F(ImapScripts, WhatIsPutIntoAFolderIsFiledOn) {
    script(
        "require [\"imapsieve\", \"environment\", \"fileinto\", \"mailbox\"];"
        "if allof (environment :is \"imap.cause\" \"APPEND\", header :contains \"Subject\" \"bill\")"
        "{ fileinto :create \"Bills\"; }");
    happened(append("a bill"), ImapEvents::Cause::append);
    happened(append("a letter"), ImapEvents::Cause::append);
    happened(append("a copied bill"), ImapEvents::Cause::copy);
    EXPECT_EQ(in("Bills"), 1U);
    EXPECT_EQ(in("Work"), 2U) << "moved, not copied; others stay";
}

TEST_F(ImapScripts, AChangeOfFlagsIsSeenAndAnswered) {
    script(
        "require [\"imapsieve\", \"environment\", \"imap4flags\", \"fileinto\", \"copy\"];"
        "if allof (environment :contains \"imap.changedflags\" \"\\\\Flagged\", hasflag \"\\\\Seen\")"
        "{ addflag \"$Watched\"; fileinto :copy \"Trash\"; }");
    const Uid unread = append("one"), read = append("two", mailstore::seen | mailstore::flagged);
    happened(unread, ImapEvents::Cause::flag, {"\\Flagged"});
    happened(read, ImapEvents::Cause::flag, {"\\Flagged"});
    EXPECT_EQ(in("Trash"), 1U);
    EXPECT_EQ(in("Work"), 2U);
    const auto folder = account->folder(work).value();
    ASSERT_THAT(folder.keywords, ElementsAre("$Watched"));
    EXPECT_TRUE(flags_of(read).keyword(0));
    EXPECT_EQ(flags_of(read).system, mailstore::seen | mailstore::flagged) << "those that it had stay";
    EXPECT_FALSE(flags_of(unread).keyword(0));
}

TEST_F(ImapScripts, DiscardMarksAndDestroysNothing) {
    script("discard;");
    const Uid uid = append("gone?");
    happened(uid, ImapEvents::Cause::append);
    EXPECT_EQ(in("Work"), 1U);
    EXPECT_EQ(flags_of(uid).system, mailstore::deleted);
}

TEST_F(ImapScripts, TheAccountsScriptHoldsForFoldersWithoutOne) {
    script("require [\"imapsieve\", \"imap4flags\"]; addflag \"$Everywhere\";", "");
    happened(append("x"), ImapEvents::Cause::append);
    EXPECT_THAT(account->folder(work).value().keywords, ElementsAre("$Everywhere"));
}

TEST_F(ImapScripts, AFolderThatNamedNoneIsLookedAtAgainOnceItNamesOne) {
    happened(append("before"), ImapEvents::Cause::append);
    happened(append("before"), ImapEvents::Cause::append);
    script("require [\"imapsieve\", \"imap4flags\"]; addflag \"$Looked\";");
    const Uid after = append("after");
    happened(after, ImapEvents::Cause::append);
    EXPECT_TRUE(flags_of(after).keyword(0));
}

TEST_F(ImapScripts, RedirectedMailIsSentAndStays) {
    script("redirect \"bob@example.org\";");
    happened(append("for bob"), ImapEvents::Cause::copy);
    EXPECT_EQ(in("Work"), 1U);
    // It is handed in, and no more.
    EXPECT_TRUE(eventually([&] { return !house.messages("bob@example.org").empty(); }));
    EXPECT_THAT(house.messages("bob@example.org"), ElementsAre(HasSubstr("Subject: for bob")));
}

TEST_F(ImapScripts, AnEditedMessageTakesThePlaceOfTheOneThatLiesThere) {
    script(
        "require [\"imapsieve\", \"editheader\", \"imap4flags\"];"
        "addheader \"X-Filed\" \"yes\"; deleteheader \"Subject\"; addflag \"$Edited\";");
    const Uid uid = append("was here", mailstore::seen);
    happened(uid, ImapEvents::Cause::append);
    ASSERT_EQ(in("Work"), 1U);
    const std::string now = house.messages("alice@example.org", "Work").front();
    EXPECT_THAT(now, HasSubstr("X-Filed: yes\r\n"));
    EXPECT_THAT(now, testing::Not(HasSubstr("was here")));
    const Uid next{uid.value() + 1};
    EXPECT_EQ(flags_of(next).system, mailstore::seen);
    EXPECT_TRUE(flags_of(next).keyword(0));
}

TEST_F(ImapScripts, ANoticeIsFiledWhereFccSays) {
    script(
        "require [\"imapsieve\", \"enotify\", \"fcc\", \"mailbox\", \"imap4flags\"];"
        "notify :fcc \"Told\" :create :flags \"\\\\Seen\" :message \"look\" \"mailto:bob@example.org\";");
    happened(append("x"), ImapEvents::Cause::append);
    EXPECT_EQ(in("Work"), 1U);
    ASSERT_EQ(in("Told"), 1U);
    EXPECT_THAT(house.messages("alice@example.org", "Told").front(), HasSubstr("Subject: look"));
}

TEST_F(ImapScripts, WhatCannotBeRunLeavesMailAsItIs) {
    script("require [\"imapsieve\", \"reject\"]; reject \"no\";");
    happened(append("x"), ImapEvents::Cause::append);
    EXPECT_EQ(in("Work"), 1U);
    EXPECT_TRUE(log.contains("not done"));
    ASSERT_TRUE(account->annotate(work, {{std::string{ImapEvents::annotation}, "no-such-script"}}));
    happened(append("y"), ImapEvents::Cause::append);
    EXPECT_EQ(in("Work"), 2U);
    EXPECT_TRUE(log.contains("no-such-script"));
}

}  // namespace
}  // namespace postrider::delivery
