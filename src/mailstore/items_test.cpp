#include <atomic>
#include <thread>

#include "mailstore/fixture_for_tests.h"

namespace postrider::mailstore {
namespace {

using Items = StoreTest;
using Mode = FlagChange::Mode;

TEST_F(Items, AppendGivesUidsInOrderAllOrNothing) {
    const FolderId drafts = id_of(bob, "Drafts");
    const Time date{std::chrono::seconds{1'000'000'000}};
    auto appended =
        account(bob)->append(drafts, {{message("1"), draft | seen, {"$x"}, date}, {message("2"), 0, {}, {}}});
    ASSERT_TRUE(appended);
    EXPECT_EQ(appended->uid_validity, info(bob, "Drafts").uid_validity);
    EXPECT_EQ(appended->uids, (std::vector<Uid>{Uid{1}, Uid{2}}));
    EXPECT_EQ(item(bob, "Drafts", Uid{1}).internal_date, 1'000'000'000);
    EXPECT_EQ(item(bob, "Drafts", Uid{1}).flags.system, draft | seen);
    EXPECT_EQ(text(bob, "Drafts", Uid{2}), message("2"));

    quota.set(bob, {.messages = 3});
    EXPECT_EQ(account(bob)->append(drafts, {{message("3")}, {message("4")}}).error().kind,
              MailError::over_quota);
    EXPECT_EQ(info(bob, "Drafts").messages, 2u);
    EXPECT_EQ(account(bob)->append(FolderId{999}, {{message("3")}}).error().kind, MailError::no_such_folder);
    EXPECT_EQ(account(bob)->append(drafts, {{message("3"), 0, {"bad keyword"}}}).error().kind,
              MailError::too_many_keywords);
    reopen();
    EXPECT_EQ(info(bob, "Drafts").messages, 2u);
    EXPECT_EQ(text(bob, "Drafts", Uid{1}), message("1"));
    expect_sound();
}

/// RFC 8508 §3.4.
TEST_F(Items, ANewMessageComesInTheBatchInWhichTheOldOneGoes) {
    const FolderId drafts = id_of(bob, "Drafts"), sent = id_of(bob, "Sent");
    auto instead_of = [&](FolderId to, AccountId owner, FolderId from, Uid old, std::string_view subject) {
        std::vector<Account::NewItem> items(1);
        items[0].payload = message(subject);
        items[0].replaces = {owner, from, old};
        return account(bob)->append(to, std::move(items));
    };
    const Uid first = account(bob)->append(drafts, {{message("draft 1")}})->uids[0];
    const std::uint64_t size = message("draft 1").size();
    quota.set(bob, {.bytes = size + size / 2, .messages = 1, .folder_messages = 1});  // RFC 8508: net
    const ModSeq before = account(bob)->highest_modseq();
    auto second = instead_of(drafts, bob, drafts, first, "draft 2");
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_EQ(uids(bob, "Drafts"), std::vector<Uid>{second->uids[0]});
    EXPECT_EQ(text(bob, "Drafts", second->uids[0]), message("draft 2"));
    EXPECT_EQ(account(bob)->quota().used_messages, 1u);
    EXPECT_EQ(info(bob, "Drafts").bytes, message("draft 2").size());
    std::vector<Change::Kind> told;
    const auto since = *account(bob)->changes(before, drafts);
    for (const Change& change : since.changes) told.push_back(change.kind);
    EXPECT_EQ(told, (std::vector{Change::Kind::added, Change::Kind::expunged}));

    // The old one is gone: nothing comes for it.
    auto late = instead_of(drafts, bob, drafts, first, "draft 3");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, MailError::gone);
    EXPECT_EQ(uids(bob, "Drafts"), std::vector<Uid>{second->uids[0]});

    // Nor does anything go that nothing comes for.
    quota.set(bob, {.bytes = size / 2});
    EXPECT_EQ(instead_of(sent, bob, drafts, second->uids[0], "sent").error().kind, MailError::over_quota);
    EXPECT_EQ(uids(bob, "Drafts"), std::vector<Uid>{second->uids[0]});
    EXPECT_TRUE(uids(bob, "Sent").empty());

    // Into another folder, and in the place of a message of another account; that counts for its own quota.
    quota.set(bob, {.messages = 1, .folder_messages = 1});
    ASSERT_TRUE(instead_of(sent, bob, drafts, second->uids[0], "sent"));
    EXPECT_TRUE(uids(bob, "Drafts").empty());
    const Uid hers = account(eve)->append(id_of(eve, "Drafts"), {{message("hers")}})->uids[0];
    EXPECT_FALSE(instead_of(sent, eve, id_of(eve, "Drafts"), hers, "over quota"));
    quota.set(bob, {});
    ASSERT_TRUE(instead_of(sent, eve, id_of(eve, "Drafts"), hers, "of both"));
    EXPECT_TRUE(uids(eve, "Drafts").empty());
    EXPECT_EQ(uids(bob, "Sent").size(), 2u);
    const auto findings = *store->verify({});
    EXPECT_TRUE(findings.empty());
}

TEST_F(Items, OneAloneOfSeveralTakesTheOldOnesPlaceAndItCanBeRestored) {
    quota.set(bob, {.undelete_for = std::chrono::hours{1}});
    const FolderId drafts = id_of(bob, "Drafts");
    Uid old = account(bob)->append(drafts, {{message("draft")}})->uids[0];
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> done = 0;
        std::vector<std::thread> sessions;
        for (int i = 0; i < 4; ++i)
            sessions.emplace_back([&, i] {
                std::vector<Account::NewItem> items(1);
                items[0].payload = message(fmt::format("draft {} {}", round, i));
                items[0].replaces = {bob, drafts, old};
                done += account(bob)->append(drafts, std::move(items)).has_value();
            });
        for (std::thread& session : sessions) session.join();
        EXPECT_EQ(done, 1);
        ASSERT_EQ(uids(bob, "Drafts").size(), 1u);
        old = uids(bob, "Drafts")[0];
    }
    std::size_t kept = 0;
    ASSERT_TRUE(account(bob)->each_deleted({}, [&](const DeletedItem&) { return ++kept; }));
    EXPECT_EQ(kept, 20u);
    const auto findings = *store->verify({});
    EXPECT_TRUE(findings.empty());
}

TEST_F(Items, FlagsAreAddedRemovedAndReplaced) {
    const FolderId inbox = id_of(bob, "INBOX");
    for (int i = 1; i <= 3; ++i) deliver(bob, fmt::format("{}", i));
    auto stored = account(bob)->store(inbox, {{Uid{1}, Uid{2}}}, {Mode::add, seen | flagged, {"$Work"}});
    ASSERT_TRUE(stored);
    ASSERT_EQ(stored->changed.size(), 2u);
    EXPECT_EQ(stored->changed[0].modseq, stored->modseq);
    EXPECT_EQ(info(bob, "INBOX").unseen, 1u);
    EXPECT_EQ(info(bob, "INBOX").highest_modseq, stored->modseq);
    EXPECT_TRUE(item(bob, "INBOX", Uid{2}).flags.keyword(0));

    ASSERT_TRUE(
        account(bob)->store(inbox, {{Uid{2}, Uid{2}}}, {Mode::remove, flagged, {"$WORK", "$unknown"}}));
    EXPECT_EQ(item(bob, "INBOX", Uid{2}).flags, (Flags{seen, {}}));
    ASSERT_TRUE(account(bob)->store(inbox, {{Uid{1}, highest_uid}}, {Mode::replace, deleted, {}}));
    EXPECT_EQ(info(bob, "INBOX").deleted, 3u);
    EXPECT_EQ(info(bob, "INBOX").unseen, 3u);
    reopen();
    EXPECT_EQ(item(bob, "INBOX", Uid{1}).flags, (Flags{deleted, {}}));
    EXPECT_EQ(info(bob, "INBOX").keywords, std::vector<std::string>{"$Work"});
    expect_sound();
}

TEST_F(Items, AStoreThatChangesNothingLeavesTheModificationSequence) {
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    const ModSeq before = item(bob, "INBOX", Uid{1}).modseq;
    auto stored = account(bob)->store(inbox, {{Uid{1}, Uid{1}}}, {Mode::remove, seen, {}});
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->changed.size(), 1u);
    EXPECT_EQ(stored->changed[0].modseq, before);
    EXPECT_EQ(account(bob)->highest_modseq(), before);
}

TEST_F(Items, UnchangedSinceKeepsWhatOthersChanged) {
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    deliver(bob, "2");
    const ModSeq known = account(bob)->highest_modseq();
    ASSERT_TRUE(account(bob)->store(inbox, {{Uid{1}, Uid{1}}}, {Mode::add, seen, {}}));
    auto stored = account(bob)->store(inbox, {{Uid{1}, Uid{2}}}, {Mode::add, flagged, {}}, known);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->modified, (UidSet{{Uid{1}, Uid{1}}}));
    ASSERT_EQ(stored->changed.size(), 1u);
    EXPECT_EQ(stored->changed[0].uid, Uid{2});
}

TEST_F(Items, AFolderHas128KeywordsAndNoMore) {
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    std::vector<std::string> many;
    for (int i = 0; i < 128; ++i) many.push_back(fmt::format("k{}", i));
    ASSERT_TRUE(account(bob)->store(inbox, {{Uid{1}, Uid{1}}}, {Mode::add, 0, many}));
    EXPECT_EQ(account(bob)->store(inbox, {{Uid{1}, Uid{1}}}, {Mode::add, 0, {"k128"}}).error().kind,
              MailError::too_many_keywords);
    EXPECT_TRUE(item(bob, "INBOX", Uid{1}).flags.keyword(127));
    EXPECT_EQ(account(bob)->copy(inbox, {{Uid{1}, Uid{1}}}, id_of(bob, "Junk"))->to.size(), 1u);
    EXPECT_TRUE(item(bob, "Junk", Uid{1}).flags.keyword(127));
}

TEST_F(Items, CopiesShareTheBytesAndKeepFlagsByName) {
    const FolderId inbox = id_of(bob, "INBOX"), junk = id_of(bob, "Junk");
    for (int i = 1; i <= 3; ++i) deliver(bob, fmt::format("{}", i));
    ASSERT_TRUE(account(bob)->append(junk, {{message("0"), 0, {"other"}}}));
    ASSERT_TRUE(account(bob)->store(inbox, {{Uid{3}, Uid{3}}}, {Mode::add, seen, {"$Work"}}));
    auto copied = account(bob)->copy(inbox, {{Uid{1}, Uid{1}}, {Uid{3}, Uid{99}}}, junk);
    ASSERT_TRUE(copied);
    EXPECT_EQ(copied->from, (std::vector<Uid>{Uid{1}, Uid{3}}));
    EXPECT_EQ(copied->to, (std::vector<Uid>{Uid{2}, Uid{3}}));
    EXPECT_EQ(info(bob, "Junk").keywords, (std::vector<std::string>{"other", "$Work"}));
    EXPECT_TRUE(item(bob, "Junk", Uid{3}).flags.keyword(1));
    EXPECT_EQ(item(bob, "Junk", Uid{3}).email_id, item(bob, "INBOX", Uid{3}).email_id);
    EXPECT_EQ(text(bob, "Junk", Uid{3}), message("3"));
    ASSERT_TRUE(account(bob)->expunge(inbox, std::nullopt, false));
    reopen();
    EXPECT_EQ(text(bob, "Junk", Uid{3}), message("3"));
    quota.set(bob, {.messages = 3});
    EXPECT_EQ(account(bob)->copy(junk, {{Uid{1}, Uid{1}}}, inbox).error().kind, MailError::over_quota);
    expect_sound();
}

TEST_F(Items, AMovedMessageIsInOneFolderOnly) {
    const FolderId inbox = id_of(bob, "INBOX"), trash = id_of(bob, "Trash");
    deliver(bob, "1");
    deliver(bob, "2");
    const std::uint64_t used = account(bob)->quota().used_bytes;
    quota.set(bob, {.messages = 2});  // moving needs no room
    auto moved = account(bob)->move(inbox, {{Uid{1}, Uid{1}}}, trash);
    ASSERT_TRUE(moved);
    EXPECT_EQ(uids(bob, "INBOX"), std::vector<Uid>{Uid{2}});
    EXPECT_EQ(text(bob, "Trash", moved->to.at(0)), message("1"));
    EXPECT_EQ(account(bob)->quota().used_bytes, used);
    EXPECT_EQ(account(bob)->quota().used_messages, 2u);
    auto within = account(bob)->move(inbox, {{Uid{2}, Uid{2}}}, inbox);  // RFC 6851 §3.3: gets a new UID
    ASSERT_TRUE(within);
    EXPECT_EQ(uids(bob, "INBOX"), std::vector<Uid>{Uid{3}});
    expect_sound();
}

TEST_F(Items, ExpungeTakesTheDeletedOnes) {
    const FolderId inbox = id_of(bob, "INBOX");
    for (int i = 1; i <= 4; ++i) deliver(bob, fmt::format("{}", i));
    ASSERT_TRUE(account(bob)->store(inbox, {{Uid{2}, Uid{3}}}, {Mode::add, deleted, {}}));
    auto one = account(bob)->expunge(inbox, UidSet{{Uid{3}, Uid{4}}});
    ASSERT_TRUE(one);
    EXPECT_EQ(one->uids, (UidSet{{Uid{3}, Uid{3}}}));
    auto rest = account(bob)->expunge(inbox, std::nullopt);
    EXPECT_EQ(rest->uids, (UidSet{{Uid{2}, Uid{2}}}));
    EXPECT_EQ(account(bob)->expunge(inbox, std::nullopt)->uids, UidSet{});
    EXPECT_EQ(info(bob, "INBOX").messages, 2u);
    EXPECT_EQ(info(bob, "INBOX").deleted, 0u);
    expect_sound();
}

TEST_F(Items, VeryManyMessagesAreMovedAndExpungedInPieces) {
    const FolderId inbox = id_of(bob, "INBOX"), trash = id_of(bob, "Trash");
    std::vector<Account::NewItem> items(5'000);
    for (Account::NewItem& one : items) one.payload = "Subject: s\r\n\r\n";
    ASSERT_TRUE(account(bob)->append(inbox, std::move(items)));
    const ModSeq before = account(bob)->highest_modseq();
    auto copied = account(bob)->copy(inbox, {{Uid{1}, Uid{5'000}}}, trash);
    ASSERT_TRUE(copied) << copied.error().what;
    EXPECT_EQ(copied->to.size(), 5'000u);
    auto moved = account(bob)->move(inbox, {{Uid{1}, Uid{4'999}}}, trash);
    ASSERT_TRUE(moved) << moved.error().what;
    EXPECT_EQ(moved->from.size(), 4'999u);
    EXPECT_EQ(moved->to.back(), Uid{9'999});
    EXPECT_EQ(uids(bob, "INBOX"), std::vector<Uid>{Uid{5'000}});
    auto gone = account(bob)->expunge(trash, UidSet{{Uid{2}, highest_uid}}, false);
    ASSERT_TRUE(gone) << gone.error().what;
    EXPECT_EQ(count(gone->uids), 9'998u);
    EXPECT_EQ(uids(bob, "Trash"), std::vector<Uid>{Uid{1}});
    std::uint64_t told = 0;
    const auto changes = account(bob)->changes(before, trash);
    ASSERT_TRUE(changes);
    for (const Change& change : changes->changes)
        if (change.kind == Change::Kind::expunged) told += count(change.uids);
    EXPECT_EQ(told, 9'998u);
    expect_sound();
}

TEST_F(Items, WhatMemoryKnowsOfTheChangeLogIsWhatTheLogSays) {
    const FolderId inbox = id_of(bob, "INBOX"), trash = id_of(bob, "Trash");
    const ModSeq begin = account(bob)->highest_modseq();
    for (int i = 1; i <= 40; ++i) {
        deliver(bob, fmt::format("{}", i));
        if (i % 3 == 0) {
            ASSERT_TRUE(
                account(bob)->store(inbox, {{Uid{1}, highest_uid}}, {Mode::add, 0, {fmt::format("k{}", i)}}));
        }
        if (i % 7 == 0) {
            ASSERT_TRUE(
                account(bob)->move(inbox, {{Uid{static_cast<std::uint32_t>(i)}, highest_uid}}, trash));
        }
    }
    const ModSeq end = account(bob)->highest_modseq();
    auto all = [&] {
        std::vector<std::vector<std::pair<ModSeq, UidSet>>> seen;
        for (std::uint64_t since = begin.value(); since <= end.value(); ++since)
            for (std::optional<FolderId> folder :
                 {std::optional<FolderId>{}, std::optional{inbox}, std::optional{trash}}) {
                auto changes = account(bob)->changes(ModSeq{since}, folder);
                EXPECT_TRUE(changes->complete);
                EXPECT_EQ(changes->upto, end);
                auto& one = seen.emplace_back();
                for (const Change& change : changes->changes) one.emplace_back(change.modseq, change.uids);
            }
        return seen;
    };
    const auto from_memory = all();
    reopen();  // memory knows nothing of what was before
    EXPECT_EQ(all(), from_memory);
}

TEST_F(Items, WhatWasRecentIsRememberedOverAStop) {
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    EXPECT_EQ((*account(bob)->select(inbox))->first_recent(), Uid{1});
    EXPECT_EQ(info(bob, "INBOX").recent_from, Uid{2});
    EXPECT_EQ((*account(bob)->view(inbox))->info().recent_from, Uid{2});
    reopen();
    EXPECT_EQ(info(bob, "INBOX").recent_from, Uid{2});
    EXPECT_EQ((*account(bob)->select(inbox))->first_recent(), Uid{2});
}

TEST_F(Items, BytesOfExpungedMessagesAreGivenBack) {
    const FolderId inbox = id_of(bob, "INBOX");
    store.reset();
    options.mark_every = std::chrono::milliseconds{20};
    open();
    for (int i = 1; i <= 3; ++i) deliver(bob, fmt::format("{}", i));
    ASSERT_TRUE(account(bob)->expunge(inbox, UidSet{{Uid{1}, Uid{2}}}, false));
    EXPECT_TRUE(eventually([&] { return store->report().locations.at(0).second.records == 1; }));
    EXPECT_EQ(store->report().locations.at(0).second.records, 1u);
    EXPECT_EQ(text(bob, "INBOX", Uid{3}), message("3"));
    EXPECT_EQ(store->report().messages, 1u);
    expect_sound();
}

TEST_F(Items, AViewStaysAtItsMoment) {
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    auto view = account(bob)->view(inbox);
    ASSERT_TRUE(view);
    deliver(bob, "2");
    ASSERT_TRUE(account(bob)->store(inbox, {{Uid{1}, Uid{1}}}, {Mode::add, seen, {}}));
    EXPECT_EQ((*view)->info().messages, 1u);
    EXPECT_EQ(*(*view)->uids(), (UidSet{{Uid{1}, Uid{1}}}));
    EXPECT_EQ((**(*view)->item(Uid{1})).flags.system, 0);
    EXPECT_FALSE((*view)->item(Uid{2})->has_value());
}

TEST_F(Items, ListingVisitsRunsWithTheirDescriptions) {
    for (int i = 1; i <= 60; ++i) deliver(bob, fmt::format("number {}", i));
    ASSERT_TRUE(account(bob)->expunge(id_of(bob, "INBOX"), UidSet{{Uid{5}, Uid{6}}}, false));
    auto view = account(bob)->view(id_of(bob, "INBOX"));
    std::vector<std::uint32_t> seen_uids;
    auto visit = [&](const Item& item, std::string_view text) {
        auto listing = mime::Listing::decode(text);
        EXPECT_TRUE(listing);
        EXPECT_NE(listing->envelope.find(fmt::format("number {}\"", item.uid.value())), std::string::npos);
        seen_uids.push_back(item.uid.value());
        return seen_uids.size() < 8;
    };
    ASSERT_TRUE((*view)->each_described(
        {{Uid{1}, Uid{1}}, {Uid{4}, Uid{7}}, {Uid{30}, Uid{31}}, {Uid{58}, highest_uid}}, visit));
    EXPECT_EQ(seen_uids, (std::vector<std::uint32_t>{1, 4, 7, 30, 31, 58, 59, 60}));
    seen_uids.clear();
    ASSERT_TRUE((*view)->each_described({{Uid{12}, Uid{12}}}, visit));
    EXPECT_EQ(seen_uids, std::vector<std::uint32_t>{12});
    EXPECT_EQ(*(*view)->uids(), (UidSet{{Uid{1}, Uid{4}}, {Uid{7}, Uid{60}}}));
    Item first = **(*view)->item(Uid{1});
    EXPECT_EQ((*view)->head(first, 20)->substr(0, 20), message("number 1").substr(0, 20));
}

TEST_F(Items, OneSessionAloneSeesAMessageAsRecent) {
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    EXPECT_EQ((*account(bob)->view(inbox))->info().recent_from, Uid{1});
    auto first = account(bob)->select(inbox);
    EXPECT_EQ((*first)->first_recent(), Uid{1});
    first->reset();
    deliver(bob, "2");
    EXPECT_EQ((*account(bob)->select(inbox))->first_recent(), Uid{2});
    reopen();
    auto later = account(bob)->select(inbox);
    EXPECT_EQ((*later)->first_recent(), Uid{3});
    EXPECT_EQ((*account(bob)->view(inbox))->first_recent(), Uid{3});
}

TEST_F(Items, TheChangeLogTellsEverythingInOrder) {
    const FolderId inbox = id_of(bob, "INBOX"), trash = id_of(bob, "Trash");
    const ModSeq start = account(bob)->highest_modseq();
    deliver(bob, "1");
    deliver(bob, "2");
    ASSERT_TRUE(account(bob)->store(inbox, {{Uid{1}, Uid{2}}}, {Mode::add, seen, {}}));
    ASSERT_TRUE(account(bob)->move(inbox, {{Uid{1}, Uid{1}}}, trash));
    ASSERT_TRUE(account(bob)->create_folder("new"));
    auto log_now = account(bob)->changes(start);
    ASSERT_TRUE(log_now);
    EXPECT_TRUE(log_now->complete);
    EXPECT_EQ(log_now->upto, account(bob)->highest_modseq());
    std::vector<std::pair<Change::Kind, FolderId>> kinds;
    ModSeq last = start;
    for (const Change& change : log_now->changes) {
        EXPECT_GT(change.modseq, last);
        last = change.modseq;
        kinds.emplace_back(change.kind, change.folder);
    }
    using enum Change::Kind;
    EXPECT_EQ(kinds, (std::vector<std::pair<Change::Kind, FolderId>>{{added, inbox},
                                                                     {added, inbox},
                                                                     {flags, inbox},
                                                                     {expunged, inbox},
                                                                     {added, trash},
                                                                     {folder, id_of(bob, "new")}}));
    EXPECT_EQ(account(bob)->changes(start, trash)->changes.size(), 1u);
    EXPECT_TRUE(account(bob)->changes(log_now->upto)->changes.empty());
}

TEST_F(Items, OldChangesAreForgottenAndReadersToldSo) {
    store.reset();
    options.change_retention = {.count = 10, .age = std::chrono::seconds{-10}, .at_most = 100};
    options.mark_every = std::chrono::milliseconds{10};
    open();
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    const ModSeq start = account(bob)->highest_modseq();
    for (int i = 0; i < 30; ++i)
        ASSERT_TRUE(
            account(bob)->store(inbox, {{Uid{1}, Uid{1}}}, {i % 2 ? Mode::remove : Mode::add, seen, {}}));
    EXPECT_TRUE(eventually([&] { return !account(bob)->changes(start)->complete; }));
    auto recent = account(bob)->changes(ModSeq{account(bob)->highest_modseq().value() - 10});
    EXPECT_TRUE(recent->complete);
    EXPECT_EQ(recent->changes.size(), 10u);
    reopen();
    EXPECT_FALSE(account(bob)->changes(start)->complete);
}

TEST_F(Items, WatchersAreWokenUntilTheyLetGo) {
    std::atomic<int> all{0}, only_trash{0};
    auto watch = account(bob)->watch({}, [&] { ++all; });
    auto trash_watch = account(bob)->watch(id_of(bob, "Trash"), [&] { ++only_trash; });
    deliver(bob, "1");
    EXPECT_EQ(all, 1);
    EXPECT_EQ(only_trash, 0);
    ASSERT_TRUE(account(bob)->copy(id_of(bob, "INBOX"), {{Uid{1}, Uid{1}}}, id_of(bob, "Trash")));
    EXPECT_EQ(all, 2);
    EXPECT_EQ(only_trash, 1);
    deliver(eve, "1");
    EXPECT_EQ(all, 2);
    watch.reset();
    deliver(bob, "2");
    EXPECT_EQ(all, 2);
}

TEST_F(Items, AnAccountOutOfTheCacheComesBackAsItWas) {
    store.reset();
    options.account_cache = 2;
    open();
    auto watched = account(bob)->watch({}, [] {});
    auto held = account(bob);
    for (std::uint64_t i = 100; i < 120; ++i) {
        ASSERT_TRUE(store->create_account(AccountId{i}));
        deliver(AccountId{i}, "1");
    }
    EXPECT_EQ(held, account(bob)) << "one in use stays";
    for (std::uint64_t i = 100; i < 120; ++i) EXPECT_EQ(info(AccountId{i}, "INBOX").messages, 1u);
    expect_sound();
}

TEST_F(Items, AppendedMessagesLieWhereTheAccountHasItsMail) {
    struct EveInTwo final : LocationSource {
        std::uint16_t location(AccountId account) const override { return account == eve ? 2 : 1; }
    } placing;
    LocationConfig second = options.locations.front();
    second.number = 2;
    second.options.directory = scratch.path() / "mail2";
    options.locations.push_back(second);
    options.placing = &placing;
    reopen();
    for (AccountId who : {bob, eve}) {
        auto done = account(who)->append(id_of(who, "INBOX"), {{message("1")}, {message("2")}});
        ASSERT_TRUE(done) << done.error().what;
        for (Uid uid : done->uids)
            EXPECT_EQ(item(who, "INBOX", uid).blob.value() >> 48, who == eve ? 2u : 1u);
    }
    store.reset();  // it asks until then
}

TEST_F(Items, MovingManyIsOneChange) {
    constexpr int many = 10'000;  // more than are read at once
    std::vector<Account::NewItem> some(many / 4);
    for (auto& one : some) one.payload = message("x", 10);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(account(bob)->append(id_of(bob, "INBOX"), some));
    const ModSeq before = account(bob)->highest_modseq();
    auto moved = account(bob)->move(id_of(bob, "INBOX"), {{Uid{1}, Uid{many}}}, id_of(bob, "Archive"));
    ASSERT_TRUE(moved) << moved.error().what;
    EXPECT_EQ(moved->to.size(), std::size_t{many});
    auto changes = account(bob)->changes(before);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->changes.size(), 2u);
    EXPECT_EQ(changes->changes[0].kind, Change::Kind::expunged);  // nobody ever counts one twice
    EXPECT_EQ(changes->changes[0].uids, (UidSet{{Uid{1}, Uid{many}}}));
    EXPECT_EQ(changes->changes[1].kind, Change::Kind::added);
    EXPECT_EQ(changes->changes[1].uids, (UidSet{{Uid{1}, Uid{many}}}));
    EXPECT_EQ(info(bob, "INBOX").highest_modseq, changes->changes[0].modseq);
    EXPECT_EQ(info(bob, "Archive").highest_modseq, changes->changes[1].modseq);
    reopen();
    EXPECT_EQ(info(bob, "INBOX").messages, 0u);
    EXPECT_EQ(info(bob, "Archive").messages, std::uint32_t{many});
    expect_sound();
}

}  // namespace
}  // namespace postrider::mailstore
