#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "delivery/test_house.h"

/// What a server that is killed while it sends has promised: each accepted message goes to each recipient at
/// least once, and not again to whom it went before.
namespace postrider::delivery {
namespace {

using queue::Recipient;

/// What the process that is killed has said, one write() per line: 'A' accepted, 'B' a recipient is about to
/// be settled, 'S' its being sent is settled, with the entry's id and the recipient's index.
class Ledger {
public:
    explicit Ledger(const std::filesystem::path& file)
        : fd_{::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)} {}
    ~Ledger() { ::close(fd_); }
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    void say(char what, QueueId id, std::size_t recipient) {
        const std::string line =
            std::string{what} + " " + std::to_string(id.value()) + " " + std::to_string(recipient) + "\n";
        if (::write(fd_, line.data(), line.size()) < 0) ::_exit(3);
    }

private:
    int fd_;
};

constexpr const char* destinations[] = {"one.example", "two.example", "three.example"};

void work_until_killed(const std::filesystem::path& path, unsigned seed) {
    TestHouse house{TestHouse::Sends::to_virtual_queues, path / "data"};
    Ledger ledger{path / "ledger"};
    RetrySchedule patient;
    patient.max_attempts = 1'000'000;
    house.outbound->change_schedule(patient);
    auto consume = [&](unsigned number) {
        std::mt19937 random{seed * 10 + number};
        while (true) {
            for (const std::string& destination : house.outbound->take_destinations(2)) {
                for (const Consignment& one : house.outbound->take(destination, 4)) {
                    std::vector<Fate> fates;
                    for (std::size_t r : one.recipients) {
                        const auto dice = random() % 10;
                        if (dice == 0) continue;  // untried
                        const auto kind = dice == 1 ? Fate::Kind::temporary : Fate::Kind::sent;
                        fates.push_back({r, kind, "2.0.0", "as the dice fell", "mx", false});
                        ledger.say('B', one.entry->id, r);
                    }
                    house.outbound->settle(one, fates);
                    for (const Fate& fate : fates)
                        if (fate.kind == Fate::Kind::sent) ledger.say('S', one.entry->id, fate.recipient);
                }
                if (random() % 20 == 0) house.outbound->down(destination, "4.4.1", "dropped");
                if (random() % 20 == 1) house.outbound->up(destination);
                house.outbound->leave(destination);
            }
        }
    };
    std::thread first{consume, 1u}, second{consume, 2u};
    while (true) {
        queue::Envelope envelope;
        for (const char* destination : destinations) {
            Recipient recipient;
            recipient.address = {"who", destination};
            envelope.recipients.push_back(std::move(recipient));
        }
        auto accepted = house.send(std::move(envelope), "Subject: x\r\n\r\nbody\r\n");
        if (!accepted) ::_exit(4);
        for (std::size_t r = 0; r < std::size(destinations); ++r) ledger.say('A', accepted->id, r);
    }
}

using Place = std::pair<std::uint64_t, std::size_t>;
std::map<char, std::set<Place>> read_ledger(const std::filesystem::path& file) {
    std::map<char, std::set<Place>> said;
    std::ifstream in{file};
    char what = 0;
    Place place;
    while (in >> what >> place.first >> place.second) said[what].insert(place);
    return said;
}

TEST(OutboundCrash, LosesNothingAndSendsNothingAgain) {
    TestFolder scratch;
    std::filesystem::create_directories(scratch.path());
    std::size_t settled = 0, waited = 0;
    for (unsigned round = 0; round < 8; ++round) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            work_until_killed(scratch.path(), round);
            ::_exit(0);
        }
        // Some of what it does is done, however slow the machine is.
        const auto settled_now = [&] { return read_ledger(scratch.path() / "ledger")['S'].size(); };
        EXPECT_TRUE(eventually([&] { return settled_now() > settled; }));
        std::this_thread::sleep_for(std::chrono::milliseconds{97 * round});
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);

        auto said = read_ledger(scratch.path() / "ledger");
        TestHouse house{TestHouse::Sends::to_virtual_queues, scratch.path() / "data"};
        house.clock.advance(24h * 365);
        std::set<Place> there;
        auto all = house.outbound->take_destinations(100);
        for (const std::string& destination : all)
            for (std::size_t before = SIZE_MAX; before != there.size();) {
                before = there.size();
                house.outbound->up(destination);  // else only a probe is given
                for (const Consignment& one : house.outbound->take(destination, 1000))
                    for (std::size_t r : one.recipients) there.emplace(one.entry->id.value(), r);
            }
        for (const Place& place : said['S'])
            EXPECT_FALSE(there.contains(place)) << place.first << " is sent again to " << place.second;
        for (const Place& place : said['A'])
            EXPECT_TRUE(said['B'].contains(place) || there.contains(place))
                << place.first << " is lost for " << place.second;
        settled = said['S'].size();
        waited = there.size();
    }
    EXPECT_GT(settled, 0u);
    RecordProperty("settled", static_cast<int>(settled));
    RecordProperty("waiting", static_cast<int>(waited));
}

}  // namespace
}  // namespace postrider::delivery
