#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "mailstore/fixture_for_tests.h"

/// Whole-store loads. Rates are items per second of wall time.
namespace postrider::mailstore {
namespace {

std::string mail_of_4k(int i) {
    return message(fmt::format("Quarterly report {} and a longer subject", i), 3'700);
}

std::unique_ptr<MailStore> open_fresh(const TestFolder& scratch, int accounts) {
    Options options = options_in(scratch.path());
    options.locations[0].options.max_file_bytes = 256u << 20;
    options.locations[0].options.preallocate_bytes = 16u << 20;
    auto store =
        std::move(*MailStore::open(options, [](std::string_view, std::string_view) { return std::nullopt; }));
    for (int i = 1; i <= accounts; ++i) (void)store->create_account(AccountId{static_cast<std::uint64_t>(i)});
    return store;
}

/// Of all threads: tells more than the wall on a machine that others use too.
double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Lets so many submissions be in flight.
class Window {
public:
    explicit Window(int size) : free_{size}, size_{size} {}
    void enter() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return free_ > 0; });
        --free_;
    }
    void leave() {
        std::lock_guard lock{mutex_};
        ++free_;
        changed_.notify_all();
    }
    void drain() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return free_ == size_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int free_, size_;
};

void submit_many(MailStore& store, int threads, int each, int accounts) {
    Window window{256};
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t)
        pool.emplace_back([&, t] {
            const std::string payload = mail_of_4k(t);
            for (int i = 0; i < each; ++i) {
                Submission s;
                s.meta = "envelope";
                s.payload = payload;
                s.received = std::chrono::system_clock::now();
                s.targets.resize(1);
                s.targets[0].account =
                    AccountId{static_cast<std::uint64_t>((i * threads + t) % accounts + 1)};
                window.enter();
                store.submit(std::move(s), [&](const Result<DeliveryReceipt>& r) {
                    if (!r) std::abort();
                    window.leave();
                });
            }
        });
    for (auto& thread : pool) thread.join();
    window.drain();
}

void submit_4k_to_1000_accounts(benchmark::State& state) {
    TestFolder scratch;
    auto store = open_fresh(scratch, 1'000);
    const int each = 10'000;
    const double before = cpu_seconds();
    for (auto _ : state) submit_many(*store, 2, each, 1'000);
    const double used = cpu_seconds() - before;
    const auto messages = static_cast<double>(state.iterations() * each * 2);
    state.SetItemsProcessed(static_cast<std::int64_t>(messages));
    state.counters["cpu_us/msg"] = used * 1e6 / messages;
    auto report = store->report();
    state.counters["kv_bytes/msg"] = static_cast<double>(report.kv.disk_bytes) / messages;
    state.counters["flushes/msg"] = static_cast<double>(report.flushes) / messages;
}
BENCHMARK(submit_4k_to_1000_accounts)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(2);

void list_100000_described(benchmark::State& state) {
    TestFolder scratch;
    auto store = open_fresh(scratch, 1);
    submit_many(*store, 2, 50'000, 1);
    auto account = *store->account(AccountId{1});
    const FolderId inbox = account->folder("INBOX")->id;
    std::uint64_t touched = 0, items = 0;
    for (auto _ : state) {
        auto view = account->view(inbox);
        (void)(*view)->each_described(every_uid(), [&](const Item& item, std::string_view text) {
            auto listing = mime::Listing::decode(text);
            touched += item.size + listing->envelope.size() + listing->body_structure.size();
            ++items;
            return true;
        });
    }
    benchmark::DoNotOptimize(touched);
    state.SetItemsProcessed(static_cast<std::int64_t>(items));
}
BENCHMARK(list_100000_described)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Each thread its account: of 20 steps 16 store flags, 2 copy, 2 expunge, of 10 messages each.
void mixed_from_8_threads(benchmark::State& state) {
    TestFolder scratch;
    auto store = open_fresh(scratch, 8);
    submit_many(*store, 2, 8'000, 8);
    std::atomic<std::uint64_t> items{0}, steps{0};
    const double before = cpu_seconds();
    for (auto _ : state) {
        std::vector<std::thread> pool;
        for (int t = 1; t <= 8; ++t)
            pool.emplace_back([&, t] {
                auto account = *store->account(AccountId{static_cast<std::uint64_t>(t)});
                const FolderId inbox = account->folder("INBOX")->id, trash = account->folder("Trash")->id;
                std::mt19937 random{static_cast<unsigned>(t)};
                std::uint32_t oldest = account->folder("Trash")->uid_next.value();
                for (int step = 0; step < 400; ++step) {
                    const std::uint32_t first = random() % 1'900 + 1;
                    const UidSet ten{{Uid{first}, Uid{first + 9}}};
                    std::size_t touched = 0;
                    if (step % 20 < 16)
                        touched =
                            account
                                ->store(
                                    inbox, ten,
                                    {step % 2 ? FlagChange::Mode::add : FlagChange::Mode::remove, seen, {}})
                                ->changed.size();
                    else if (step % 20 < 18)
                        touched = account->copy(inbox, ten, trash)->to.size();
                    else {
                        auto gone = account->expunge(trash, UidSet{{Uid{oldest}, Uid{oldest + 9}}}, false);
                        touched = count(gone->uids);
                        oldest += 10;
                    }
                    items += touched;
                    ++steps;
                }
            });
        for (auto& thread : pool) thread.join();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(items));
    state.counters["cpu_us/step"] = (cpu_seconds() - before) * 1e6 / static_cast<double>(steps);
    state.counters["steps/s"] = benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}
BENCHMARK(mixed_from_8_threads)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

/// What one client waits for, one command after the other: COPY of fifty, EXPUNGE of ten, APPEND of one. Each
/// is on disk when it returns, so wall time is the disk's too; processor time is what can be changed here.
class OneMailbox {
public:
    OneMailbox() : store_{open_fresh(scratch_, 1)} {
        submit_many(*store_, 2, messages / 2, 1);
        account_ = *store_->account(AccountId{1});
        inbox_ = account_->folder("INBOX")->id;
        trash_ = account_->folder("Trash")->id;
    }

    void copy_fifty() {
        const std::uint32_t first = random_() % (messages - 50) + 1;
        if (account_->copy(inbox_, UidSet{{Uid{first}, Uid{first + 49}}}, trash_)->to.size() != 50)
            std::abort();
    }
    void mark_ten() {
        if (next_ + 10 * 7 > account_->folder(trash_)->uid_next.value()) copy_fifty(), copy_fifty();
        UidSet ten;
        for (std::uint32_t i = 0; i < 10; ++i, next_ += 7) append(ten, Uid{next_});
        (void)account_->store(trash_, ten, {FlagChange::Mode::add, deleted, {}});
    }
    void expunge() {
        if (account_->expunge(trash_, std::nullopt)->uids.size() != 10) std::abort();
    }
    void append_one() {
        const std::string payload = mail_of_4k(static_cast<int>(random_() % 1'000));
        std::vector<Account::NewItem> items(1);
        items[0].payload = payload;
        if (!account_->append(inbox_, std::move(items))) std::abort();
    }

    /// Runs `step` and says what one takes of the processor.
    template <class Prepare, class Step>
    void measure(benchmark::State& state, const Prepare& prepare, const Step& step) {
        double used = 0;
        for (auto _ : state) {
            state.PauseTiming();
            prepare();
            const double before = cpu_seconds();
            state.ResumeTiming();
            step();
            used += cpu_seconds() - before;
        }
        state.counters["cpu_us"] = used * 1e6 / static_cast<double>(state.iterations());
    }

private:
    static constexpr int messages = 1'000;
    TestFolder scratch_;
    std::unique_ptr<MailStore> store_;
    std::shared_ptr<Account> account_;
    FolderId inbox_, trash_;
    std::mt19937 random_{1};
    std::uint32_t next_ = 1;
};

void copy_50(benchmark::State& state) {
    OneMailbox box;
    box.measure(
        state, [] {}, [&] { box.copy_fifty(); });
}
BENCHMARK(copy_50)->Unit(benchmark::kMicrosecond)->UseRealTime()->Iterations(1'000);

void expunge_10(benchmark::State& state) {
    OneMailbox box;
    box.measure(
        state, [&] { box.mark_ten(); }, [&] { box.expunge(); });
}
BENCHMARK(expunge_10)->Unit(benchmark::kMicrosecond)->UseRealTime()->Iterations(1'000);

void append_one_of_4k(benchmark::State& state) {
    OneMailbox box;
    box.measure(
        state, [] {}, [&] { box.append_one(); });
}
BENCHMARK(append_one_of_4k)->Unit(benchmark::kMicrosecond)->UseRealTime()->Iterations(1'000);

}  // namespace
}  // namespace postrider::mailstore
