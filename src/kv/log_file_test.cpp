#include "kv/log_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

#include "base/test_eventually.h"
#include "base/test_folder.h"
#include "kv/kv.h"

namespace postrider::kv {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Store> must_open(const fs::path& path) {
    auto store = Store::open(path, {});
    if (!store) throw std::runtime_error(store.error().what);
    return std::move(*store);
}

void put(Store& store, int number, std::string_view value, Durability durability) {
    Batch batch;
    batch.put(fmt::format("k{:06}", number), value);
    ASSERT_TRUE(store.write(std::move(batch), durability));
}

/// How many of the keys from 0 on are there; -1 when others than the first are.
int prefix(Store& store) {
    int next = 0;
    auto cursor = store.scan("k", "l");
    for (; cursor->valid(); cursor->next(), ++next)
        if (cursor->key() != fmt::format("k{:06}", next)) return -1;
    return cursor->status() ? next : -1;
}

/// The log that is written to.
fs::path newest_log(const fs::path& directory) {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator{directory})
        if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
    return newest;
}

bool ends_in_zeros(const fs::path& log) {
    std::ifstream file{log, std::ios::binary | std::ios::ate};
    if (file.tellg() < 4096) return false;
    file.seekg(-4096, std::ios::end);
    std::array<char, 4096> tail{};
    file.read(tail.data(), tail.size());
    return std::ranges::all_of(tail, [](char c) { return c == 0; });
}

/// What the disk holds after a sudden stop.
fs::path as_it_lies(const fs::path& directory) {
    const fs::path copy = directory.native() + "-copy";
    fs::remove_all(copy);
    fs::copy(directory, copy, fs::copy_options::recursive);
    return copy;
}

struct LogFiles : testing::Test {
    TestFolder scratch;
    fs::path path = scratch.path() / "kv";

    /// Writes as somebody does who waits for each, until zeros lie ahead.
    int write_awaited(Store& store, int many) {
        const std::string value(300, 'v');
        for (int i = 0; i < many; ++i) put(store, i, value, Durability::now);
        EXPECT_TRUE(eventually([&] { return ends_in_zeros(newest_log(path)); }));
        return many;
    }
};

TEST_F(LogFiles, ZerosAheadOfTheLogAreNothingToWhoReadsIt) {
    auto store = must_open(path);
    const int many = write_awaited(*store, 500);
    EXPECT_EQ(prefix(*must_open(as_it_lies(path))), many);
    for (int i = 0; i < 100; ++i) put(*store, many + i, std::string(20'000, 'w'), Durability::now);
    EXPECT_EQ(prefix(*must_open(as_it_lies(path))), many + 100);
    ASSERT_TRUE(store->checkpoint(scratch.path() / "checkpoint"));
    EXPECT_EQ(prefix(*must_open(scratch.path() / "checkpoint")), many + 100);
    const fs::path log = newest_log(path);
    store.reset();
    if (fs::exists(log)) {
        EXPECT_FALSE(ends_in_zeros(log)) << "an orderly end leaves no zeros";
    }
    EXPECT_EQ(prefix(*must_open(path)), many + 100);
}

/// A power cut may lose any page that was not flushed, and keep later ones. The engine by itself would go on
/// with the next block of 32 KiB where a page begins with a record.
TEST_F(LogFiles, NothingIsReadBehindAHole) {
    must_open(path).reset();
    auto store = must_open(path);  // its log begins with what is written now
    constexpr int many = 2'000, of_a_page = 4;
    for (int i = 0; i < many; ++i) put(*store, i, std::string(994, 'v'), Durability::now);
    ASSERT_EQ(prefix(*must_open(as_it_lies(path))), many);
    std::mt19937 random{20261121};
    for (int round = 0; round < 12; ++round) {
        const fs::path copy = as_it_lies(path);
        const int lost = static_cast<int>(random() % (many / of_a_page));
        {
            const std::string page(4096, '\0');
            std::fstream file{newest_log(copy), std::ios::in | std::ios::out | std::ios::binary};
            file.seekp(lost * 4096);
            file.write(page.data(), static_cast<std::streamsize>(page.size()));
        }
        EXPECT_EQ(prefix(*must_open(copy)), lost * of_a_page);
    }
}

/// Zeros and what is appended come from two threads.
TEST_F(LogFiles, ZerosNeverMeetWhatIsAppended) {
    auto store = must_open(path);
    std::atomic<int> next{0};
    {
        std::vector<std::jthread> writers;
        for (int t = 0; t < 3; ++t)
            writers.emplace_back([&, t] {
                std::mt19937 random{static_cast<unsigned>(t)};
                for (int i = 0; i < 700; ++i) {
                    // Some bursts that nobody waits for, so that the end overtakes the zeros.
                    const bool burst = t == 0 && i % 100 > 80;
                    put(*store, next++, std::string(random() % (burst ? 60'000 : 3'000), 'x'),
                        burst ? Durability::soon : Durability::now);
                }
            });
    }
    EXPECT_EQ(prefix(*must_open(as_it_lies(path))), next.load());
}

TEST(LogFraming, EndsBeforeAHeaderOfZerosWhateverThePieces) {
    std::mt19937 random{1};
    constexpr std::size_t block = 32'768;
    std::string log;
    auto record = [&](std::size_t size) {  // as the engine writes them
        if (block - log.size() % block < 7) log.append(block - log.size() % block, '\0');
        size = std::min(size, block - log.size() % block - 7);
        log += "abcd";
        log += static_cast<char>(size & 0xff);
        log += static_cast<char>(size >> 8);
        log += '\1';
        log.append(size, '\0');
    };
    for (const std::size_t size : {0u, 100u, 32'640u, 5u, 40'000u, 4u, 32'747u, 9u}) record(size);
    for (int i = 0; i < 500; ++i) record(random() % 2'000);
    const std::size_t end = log.size();
    log.append(100'000, '\0');
    log += std::string(1'000, 'r');
    for (int round = 0; round < 50; ++round) {
        LogFraming framing;
        std::size_t of_log = 0, at = 0;
        while (at < log.size()) {
            const std::size_t many =
                std::min<std::size_t>(1 + random() % (round < 25 ? 10 : 50'000), log.size() - at);
            const std::size_t taken = framing.take(std::string_view{log}.substr(at, many));
            ASSERT_TRUE(taken == many || framing.ended());
            of_log += taken;
            at += many;
        }
        EXPECT_TRUE(framing.ended());
        EXPECT_LE(of_log, end + 7);  // some zeros of the header that is none may have come before the rest
        EXPECT_GE(of_log, end);
    }
}

}  // namespace
}  // namespace postrider::kv
