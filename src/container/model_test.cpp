#include <map>
#include <thread>

#include "container/fixture_for_tests.h"

namespace postrider::container {
namespace {

/// Random appends, frees, moves, syncs, clean stops and crashes against a map.
struct Model : ContainerTest {
    struct Entry {
        Placed placed;
        std::string payload;
    };
    std::mt19937 random{2026};
    std::unique_ptr<Location> location;
    std::map<std::uint64_t, Entry> live;
    std::uint64_t highest = 0;
    Mark mark;
    unsigned copies = 0;
    unsigned seed = 0;

    std::map<std::uint64_t, Entry>::iterator any() {
        auto entry = live.begin();
        std::advance(entry, static_cast<std::ptrdiff_t>(random() % live.size()));
        return entry;
    }
    std::string payload() {
        ++seed;
        switch (random() % 5) {
            case 0: return random_bytes(random() % 30'000, seed);
            case 1: return mail(5000 + random() % 60'000, seed, true);
            case 2: return "";
            default: return mail(300 + random() % 6000, seed);
        }
    }
    void append_some() {
        std::vector<std::string> payloads;
        std::vector<Record> records;
        for (unsigned n = 1 + random() % 6; n > 0; --n) {
            payloads.push_back(payload());
            const auto effort = static_cast<Effort>(random() % 3);
            records.push_back(Record::make("m", payloads.back(), Codec::packed, effort));
        }
        std::vector<Record*> group;
        for (auto& record : records) group.push_back(&record);
        disk.write_error = random() % 20 == 0 ? ENOSPC : 0;
        auto placed = location->append(group);
        if (disk.write_error != 0) {
            disk.write_error = 0;
            ASSERT_FALSE(placed);
            return;
        }
        ASSERT_TRUE(placed) << placed.error().what;
        for (std::size_t i = 0; i < group.size(); ++i) {
            ASSERT_GT((*placed)[i].id.value(), highest);
            highest = (*placed)[i].id.value();
            live[highest] = {(*placed)[i], payloads[i]};
        }
    }
    void free_one() {
        auto entry = any();
        ASSERT_TRUE(location->release(entry->second.placed.id, entry->second.placed.extent));
        live.erase(entry);
    }
    void compact_one() {
        const auto file = location->worth_compacting(0.3);
        if (!file) return;
        auto records = location->records_of(*file);
        ASSERT_TRUE(records);
        for (const auto& record : *records) {
            auto moved = location->move(record.id, record.extent);
            ASSERT_TRUE(moved) << moved.error().what;
            ASSERT_TRUE(live.contains(record.id.value()));
            live[record.id.value()].placed.extent = *moved;
        }
        ASSERT_TRUE(location->sync());
        ASSERT_TRUE(location->drop_file(*file)) << location->drop_file(*file).error().what;
    }
    void reopen(bool crash) {
        ASSERT_TRUE(location->sync());
        if (crash) {
            const auto old = options.directory;
            options.directory = crashed_copy("copy" + std::to_string(++copies));
            location.reset();
            std::filesystem::remove_all(old);
        }
        location.reset();
        location = open();
        // What lies behind the mark is found; it is what lives there now, or (moved) known already.
        for (const auto& stored : recovered(*location, mark)) {
            ASSERT_TRUE(live.contains(stored.id.value()));
            EXPECT_EQ(live[stored.id.value()].placed.extent, stored.extent);
            EXPECT_EQ(live[stored.id.value()].payload, stored.payload);
        }
        mark = location->mark();
    }
    void check() {
        std::size_t seen = 0;
        ASSERT_TRUE(location->for_each([&](Result<Stored> stored) {
            ASSERT_TRUE(stored) << stored.error().what;
            ++seen;
            ASSERT_TRUE(live.contains(stored->id.value()));
            ASSERT_EQ(live[stored->id.value()].placed.extent, stored->extent);
            ASSERT_EQ(live[stored->id.value()].payload, stored->payload);
        }));
        ASSERT_EQ(seen, live.size());
        // After a crash the counts may be off by what was freed since they were written last; this puts them
        // right.
        for (std::uint8_t n = 0; n < 128; ++n) (void)location->records_of(n);
        ASSERT_EQ(location->usage().records, live.size());
    }
};

TEST_F(Model, AgreesWithAMapUnderRandomUse) {
    options.max_file_bytes = 1u << 20;
    location = open();
    for (int step = 0; step < 3000 && !HasFatalFailure(); ++step) {
        switch (random() % 16) {
            case 0: ASSERT_TRUE(location->sync()); break;
            case 1: mark = location->mark(); break;
            case 2:
                if (step % 7 == 0) reopen(step % 2 == 0);
                break;
            case 3: compact_one(); break;
            case 4:
            case 5:
            case 6:
            case 7:
            case 8: append_some(); break;
            default:
                if (live.size() > 50) free_one();
                if (live.size() > 300) free_one();
                break;
        }
        if (step % 250 == 249) check();
    }
    reopen(true);
    check();
}

TEST_F(ContainerTest, ReadersAndReleasesRunBesideTheAppender) {
    auto location = open();
    std::vector<Placed> placed(400);
    std::atomic<unsigned> written = 0;
    std::atomic<bool> wrong = false;
    std::thread appender{[&] {
        for (unsigned i = 0; i < placed.size(); ++i) {
            placed[i] = add(*location, mail(3000, i));
            written = i + 1;
            if (i % 16 == 0 && !location->sync()) wrong = true;
        }
    }};
    std::vector<std::thread> readers;
    for (unsigned r = 0; r < 2; ++r)
        readers.emplace_back([&, r] {
            for (unsigned i = r; i < placed.size(); i += 2) {
                while (written <= i) std::this_thread::yield();
                if (payload_of(*location, placed[i]) != mail(3000, i)) wrong = true;
                if (i % 4 == 0 && !location->release(placed[i].id, placed[i].extent)) wrong = true;
                (void)location->usage();
            }
        });
    appender.join();
    for (auto& reader : readers) reader.join();
    EXPECT_FALSE(wrong);
    EXPECT_EQ(location->usage().records, 300U);
}

}  // namespace
}  // namespace postrider::container
