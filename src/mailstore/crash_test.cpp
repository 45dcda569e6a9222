#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "mailstore/fixture_for_tests.h"

/// What a server that was killed, or lost power, has promised before.
namespace postrider::mailstore {
namespace {

/// What a restarted queue does in these tests: the envelope is the list of recipients.
std::optional<Submission> replay_to(std::string_view meta, std::string_view) {
    Submission again;
    again.received = std::chrono::system_clock::now();
    for (char c : meta) {
        if (c < '1' || c > '9') return std::nullopt;
        Target target;
        target.account = AccountId{static_cast<std::uint64_t>(c - '0')};
        again.targets.push_back(std::move(target));
    }
    return again;
}

Submission to_accounts(std::string accounts, std::string payload) {
    Submission s = *replay_to(accounts, {});
    s.meta = std::move(accounts);
    s.payload = std::move(payload);
    return s;
}

class Crash : public ::testing::Test {
protected:
    std::unique_ptr<MailStore> open(const std::filesystem::path& path) {
        Options options = options_in(path);
        options.mark_every = std::chrono::milliseconds{50};
        options.blob_grace = std::chrono::seconds{0};
        auto store = MailStore::open(options, replay_to);
        EXPECT_TRUE(store) << store.error().what;
        return store ? std::move(*store) : nullptr;
    }

    /// Subject lines of all messages in the account's folders, with how often each is there.
    static std::map<std::string, int> subjects(MailStore& store, AccountId id) {
        std::map<std::string, int> found;
        auto account = *store.account(id);
        const auto folders = *account->folders();
        for (const FolderInfo& folder : folders) {
            auto view = account->view(folder.id);
            if (!view) continue;
            auto ok = (*view)->each_item(every_uid(), [&](const Item& item) {
                auto bytes = (*view)->message(item);
                EXPECT_TRUE(bytes) << bytes.error().what;
                if (!bytes) return true;
                const std::size_t begin = bytes->find("Subject: ") + 9;
                ++found[bytes->substr(begin, bytes->find("\r\n", begin) - begin)];
                return true;
            });
            EXPECT_TRUE(ok);
        }
        return found;
    }

    static void expect_sound(MailStore& store) {
        auto findings = store.verify({});
        ASSERT_TRUE(findings) << findings.error().what;
        for (const auto& finding : *findings)
            ADD_FAILURE() << finding.account.value() << ": " << finding.what;
    }

    TestFolder scratch;
};

/// Works until it is killed; writes a line for each thing that was acknowledged.
[[noreturn]] void work_until_killed(MailStore& store, int round, int pipe) {
    auto say = [&](const std::string& line) {
        if (::write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(1);
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 5; ++t)
        threads.emplace_back([&, t] {
            auto bob = *store.account(AccountId{1});
            const FolderId inbox = bob->folder("INBOX")->id, sent = bob->folder("Sent")->id,
                           trash = bob->folder("Trash")->id, drafts = bob->folder("Drafts")->id;
            for (int i = 0;; ++i) {
                const std::string name = fmt::format("r{}t{}n{}", round, t, i);
                if (t < 2) {
                    store.submit(to_accounts("12", message(name, 500)),
                                 [&, name](const Result<DeliveryReceipt>& r) {
                                     if (r) say("S" + name + fmt::format(" {}\n", r->targets[0].uid.value()));
                                 });
                    std::this_thread::sleep_for(std::chrono::microseconds{300});
                } else if (t == 2) {
                    auto done = bob->append(sent, {{message(name)}});
                    if (done) say("A" + name + fmt::format(" {}\n", done->uids[0].value()));
                } else if (t == 4) {
                    auto view = bob->view(drafts);
                    const UidSet all = (*view)->uids().value_or(UidSet{});
                    std::vector<Account::NewItem> one(1);
                    one[0].payload = message(name);
                    if (!all.empty()) one[0].replaces = {AccountId{1}, drafts, all.front().first};
                    if (auto done = bob->append(drafts, std::move(one)))
                        say("R" + name + fmt::format(" {}\n", done->uids[0].value()));
                } else {
                    auto view = bob->view(inbox);
                    const UidSet all = (*view)->uids().value_or(UidSet{});
                    if (all.empty()) continue;
                    const Uid first = all.front().first;
                    auto moved = bob->move(inbox, {{first, first}}, trash);
                    if (moved && !moved->to.empty()) say(fmt::format("M {}\n", moved->to[0].value()));
                }
            }
        });
    for (;;) ::pause();
}

/// Not a test: what the child of the next one does.
TEST_F(Crash, Worker) {
    const char* directory = std::getenv("MAILSTORE_CRASH_DIRECTORY");
    if (!directory) GTEST_SKIP();
    auto store = open(directory);
    if (!store) ::_exit(1);
    work_until_killed(*store, std::atoi(std::getenv("MAILSTORE_CRASH_ROUND")),
                      std::atoi(std::getenv("MAILSTORE_CRASH_PIPE")));
}

TEST_F(Crash, AKilledServerHasEverythingItAcknowledgedExactlyOnce) {
    {
        auto store = open(scratch.path());
        ASSERT_TRUE(store->create_account(AccountId{1}));
        ASSERT_TRUE(store->create_account(AccountId{2}));
    }
    std::set<std::string> promised_to_both, appended;
    std::set<std::uint32_t> inbox_uids, trash_uids, sent_uids, draft_uids;
    std::mt19937 random{7};
    for (int round = 0; round < 50; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const std::string where = scratch.path().string(), which = std::to_string(round),
                          pipe = std::to_string(ends[1]);
        const pid_t child = ::fork();
        if (child == 0) {  // begins afresh: the engine's threads are not in a forked process
            ::close(ends[0]);
            ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
            ::setenv("MAILSTORE_CRASH_DIRECTORY", where.c_str(), 1);
            ::setenv("MAILSTORE_CRASH_ROUND", which.c_str(), 1);
            ::setenv("MAILSTORE_CRASH_PIPE", pipe.c_str(), 1);
            ::execl("/proc/self/exe", "worker", "--gtest_filter=Crash.Worker", static_cast<char*>(nullptr));
            ::_exit(1);
        }
        ::close(ends[1]);
        std::string said;
        char buffer[4096];
        auto read_some = [&] {
            pollfd ready{ends[0], POLLIN, 0};
            ::poll(&ready, 1, 60'000);
            if (ready.revents == 0) return false;
            const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
            if (got > 0) said.append(buffer, static_cast<std::size_t>(got));
            return got > 0;
        };
        // Three deliveries and two drafts at least, however slow the machine is; then any moment.
        const auto done = [&](char what) {
            return std::ranges::count(said, what);  // names have none of these letters
        };
        while (done('S') < 3 || done('R') < 2) ASSERT_TRUE(read_some()) << "the child did nothing";
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{random() % 60};
        while (std::chrono::steady_clock::now() < until) read_some();
        ::kill(child, SIGKILL);
        while (read_some()) {
        }
        ::close(ends[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));

        for (std::size_t at = 0, end; (end = said.find('\n', at)) != std::string::npos; at = end + 1) {
            const std::string line = said.substr(at, end - at);
            const std::size_t space = line.find(' ');
            const auto uid = static_cast<std::uint32_t>(std::stoul(line.substr(space + 1)));
            const std::string name = line.substr(1, space - 1);
            // No UID is ever given twice, crash or not.
            if (line[0] == 'S') {
                promised_to_both.insert(name);
                EXPECT_TRUE(inbox_uids.insert(uid).second) << "INBOX UID " << uid;
            } else if (line[0] == 'A') {
                appended.insert(name);
                EXPECT_TRUE(sent_uids.insert(uid).second) << "Sent UID " << uid;
            } else if (line[0] == 'R') {
                EXPECT_TRUE(draft_uids.insert(uid).second) << "Drafts UID " << uid;
            } else {
                EXPECT_TRUE(trash_uids.insert(uid).second) << "Trash UID " << uid;
            }
        }
    }
    auto store = open(scratch.path());
    auto bob = subjects(*store, AccountId{1}), eve = subjects(*store, AccountId{2});
    EXPECT_GT(promised_to_both.size(), 100u);
    for (const std::string& name : promised_to_both) {
        EXPECT_EQ(bob[name], 1) << name;
        EXPECT_EQ(eve[name], 1) << name;
    }
    for (const std::string& name : appended) EXPECT_EQ(bob[name], 1) << name;
    // Each draft has taken the place of the one before it: there is one, and it is the last or one not told
    // of.
    const FolderInfo drafts = *(*store->account(AccountId{1}))->folder("Drafts");
    EXPECT_GT(draft_uids.size(), 50u);
    EXPECT_EQ(drafts.messages, 1u);
    auto drafts_now = (*store->account(AccountId{1}))->view(drafts.id);
    EXPECT_GE((*drafts_now)->uids()->front().first.value(), *draft_uids.rbegin());
    drafts_now->reset();
    for (const auto& [name, times] : bob) EXPECT_EQ(times, 1) << name;
    for (const auto& [name, times] : eve) EXPECT_EQ(times, 1) << name;
    expect_sound(*store);
}

/// Copies the directory as a power cut may leave it: the containers as they are, of the key-value store only
/// what had been synced when `kv_as_of` was copied.
void lose_unsynced_records(const std::filesystem::path& now, const std::filesystem::path& kv_as_of,
                           const std::filesystem::path& to) {
    std::filesystem::create_directories(to);
    std::filesystem::copy(now / "mail", to / "mail", std::filesystem::copy_options::recursive);
    std::filesystem::copy(kv_as_of, to / "kv", std::filesystem::copy_options::recursive);
}

TEST_F(Crash, AfterAPowerCutAcceptedMailIsReplayedOnceAndIdsAreNotReused) {
    Options options = options_in(scratch.path() / "a");
    options.mark_every = std::chrono::hours{1};  // nothing is synced but what must be
    auto store = std::move(*MailStore::open(options, replay_to));
    ASSERT_TRUE(store->create_account(AccountId{1}));
    ASSERT_TRUE(store->create_account(AccountId{2}));
    auto submit = [&](Submission s) {
        auto promise = std::make_shared<std::promise<Result<DeliveryReceipt>>>();
        store->submit(std::move(s),
                      [promise](Result<DeliveryReceipt> r) { promise->set_value(std::move(r)); });
        return promise->get_future().get();
    };
    ASSERT_TRUE(submit(to_accounts("1", message("before"))));
    ASSERT_TRUE(store->kv().sync());
    std::filesystem::copy(scratch.path() / "a" / "kv", scratch.path() / "kv-then",
                          std::filesystem::copy_options::recursive);

    ASSERT_TRUE(submit(to_accounts("12", message("both"))));
    const Uid shown = submit(to_accounts("1", message("bob")))->targets[0].uid;
    Submission unwanted = to_accounts("", message("what the queue says no to"));
    unwanted.meta = "x";
    ASSERT_TRUE(submit(std::move(unwanted)));
    const ModSeq highest = (*store->account(AccountId{1}))->highest_modseq();
    const FolderInfo inbox_before = *(*store->account(AccountId{1}))->folder("INBOX");

    lose_unsynced_records(scratch.path() / "a", scratch.path() / "kv-then", scratch.path() / "b");
    store.reset();
    store = open(scratch.path() / "b");
    ASSERT_TRUE(store);
    auto bob = subjects(*store, AccountId{1}), eve = subjects(*store, AccountId{2});
    EXPECT_EQ(bob, (std::map<std::string, int>{{"before", 1}, {"both", 1}, {"bob", 1}}));
    EXPECT_EQ(eve, (std::map<std::string, int>{{"both", 1}}));
    auto account = *store->account(AccountId{1});
    const FolderInfo inbox = *account->folder("INBOX");
    EXPECT_GT(account->highest_modseq(), highest);
    EXPECT_EQ(inbox.uid_validity, inbox_before.uid_validity);
    auto view = account->view(inbox.id);
    EXPECT_FALSE((*view)->item(shown)->has_value()) << "a UID shown before is not another message";
    EXPECT_EQ((*view)->uids()->size(), 2u);
    view->reset();
    // Who has seen the lost UIDs learns that they are gone.
    const auto log = *account->changes(highest, inbox.id);
    bool told = false;
    for (const Change& change : log.changes)
        for (const UidRun& run : change.uids)
            told |= change.kind == Change::Kind::expunged && run.first <= shown && shown <= run.last;
    EXPECT_TRUE(told);
    expect_sound(*store);

    store.reset();  // and once more: nothing is replayed twice
    store = open(scratch.path() / "b");
    EXPECT_EQ(subjects(*store, AccountId{1}), bob);
    expect_sound(*store);
}

TEST_F(Crash, AnAppendThatWasNotAcknowledgedIsDropped) {
    Options options = options_in(scratch.path() / "a");
    options.mark_every = std::chrono::hours{1};
    auto store = std::move(*MailStore::open(options, replay_to));
    ASSERT_TRUE(store->create_account(AccountId{1}));
    ASSERT_TRUE(store->kv().sync());
    std::filesystem::copy(scratch.path() / "a" / "kv", scratch.path() / "kv-then",
                          std::filesystem::copy_options::recursive);
    {
        auto bob = *store->account(AccountId{1});
        ASSERT_TRUE(bob->append(bob->folder("Sent")->id, {{message("sent")}}));
    }
    lose_unsynced_records(scratch.path() / "a", scratch.path() / "kv-then", scratch.path() / "b");
    store.reset();
    store = open(scratch.path() / "b");
    EXPECT_TRUE(subjects(*store, AccountId{1}).empty());
    EXPECT_EQ(store->report().locations.at(0).second.records, 0u);
    store.reset();
    store = open(scratch.path() / "a");
    EXPECT_EQ(subjects(*store, AccountId{1}).size(), 1u);
}

TEST_F(Crash, EachUncleanStopSkipsIdsEvenOfAccountsThatSleptThroughIt) {
    auto store = open(scratch.path() / "0");
    ASSERT_TRUE(store->create_account(AccountId{1}));
    ASSERT_TRUE(store->kv().sync());
    std::vector<Uid> nexts{(*store->account(AccountId{1}))->folder("INBOX")->uid_next};
    for (int i = 1; i <= 3; ++i) {
        std::filesystem::copy(scratch.path() / std::to_string(i - 1), scratch.path() / std::to_string(i),
                              std::filesystem::copy_options::recursive);  // a stop without goodbye
        store.reset();
        store = open(scratch.path() / std::to_string(i));
        ASSERT_TRUE(store);
        if (i == 2) continue;  // nobody looks at the account between the second and third
        nexts.push_back((*store->account(AccountId{1}))->folder("INBOX")->uid_next);
    }
    EXPECT_EQ(nexts, (std::vector<Uid>{Uid{1}, Uid{1 + 16'384}, Uid{1 + 3 * 16'384}}));
    store.reset();
    store = open(scratch.path() / "3");
    EXPECT_EQ((*store->account(AccountId{1}))->folder("INBOX")->uid_next, nexts.back())
        << "a clean stop skips nothing";
}

}  // namespace
}  // namespace postrider::mailstore
