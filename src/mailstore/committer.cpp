#include "mailstore/committer.h"

#include <algorithm>
#include <future>
#include <map>

#include "mailstore/errors.h"

namespace postrider::mailstore {
namespace {

// What one group may be: large enough to share a flush well, small enough to bound memory and waiting.
constexpr std::size_t group_bytes = 32u << 20;
constexpr std::size_t group_copies = ids_at_once;
constexpr std::uint64_t mark_after_bytes = 64u << 20;  // bounds what a start after a crash must read

/// The job may end within its own callback, so that is taken out first.
void finish(Job& job) {
    auto finished = std::move(job.finished);
    finished(job);
}

/// One flush each, at the same time: locations are disks of their own, and beside a flush a thread's start is
/// nothing.
std::vector<container::Result<>> sync_all(const std::vector<Location*>& locations) {
    std::vector<container::Result<>> results(locations.size());
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < locations.size(); ++i)
        others.emplace_back([&, i] { results[i] = locations[i]->files->sync(); });
    if (!locations.empty()) results[0] = locations[0]->files->sync();
    for (std::thread& other : others) other.join();
    return results;
}

}  // namespace

void Committer::stop() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    work_.notify_all();
    if (thread_.joinable()) thread_.join();
    std::unique_lock lock{mutex_};  // a caller's own, too
    work_.wait(lock, [&] { return !busy_; });
}

Result<> Committer::commit(Job& job) {
    const std::size_t bytes = job.bytes();
    bool enough = false;
    {
        std::lock_guard lock{mutex_};
        if (stopping_) return fail(MailError::full, "the store is closing");
        if (waiting_.size() >= core_.options.max_waiting
            || (!waiting_.empty() && waiting_bytes_ + bytes > core_.options.max_waiting_bytes))
            return fail(MailError::full, "too much waits to be stored");
        waiting_.push_back(&job);
        waiting_bytes_ += bytes;
        enough = waiting_.size() >= wanted_;
    }
    if (enough) work_.notify_one();
    return {};
}

Result<> Committer::commit_and_wait(Job& job) {
    {
        std::unique_lock lock{mutex_};
        if (!busy_ && waiting_.empty() && !stopping_) {
            busy_ = true;
            lock.unlock();
            job.finished = [](Job&) {};
            std::vector<Job*> group{&job};
            work_off(group, job.bytes());
            lock.lock();
            busy_ = false;
            if (!waiting_.empty() || stopping_) work_.notify_all();
            return {};
        }
    }
    auto finished =
        std::make_shared<std::promise<void>>();  // shared: it must outlive set_value, not only the wait
    job.finished = [finished](Job&) { finished->set_value(); };
    if (auto ok = commit(job); !ok) return ok;
    finished->get_future().wait();
    return {};
}

void Committer::work_off(std::vector<Job*>& group, std::size_t bytes) {
    std::size_t payload = 0;  // before the jobs are done, with which they end
    for (const Job* job : group)
        for (const Arrival& arrival : job->arrivals) payload += arrival.record.payload_size();
    commit_group(group);
    core_.pressure.stored(payload, flushing_, std::chrono::steady_clock::now());
    bytes_since_mark_ += bytes;
    if (bytes_since_mark_ > mark_after_bytes) {
        bytes_since_mark_ = 0;
        core_.wake_keeper();
    }
}

void Committer::run() {
    std::vector<Job*> group;
    std::unique_lock lock{mutex_};
    for (;;) {
        work_.wait(lock, [&] { return !busy_ && (stopping_ || !waiting_.empty()); });
        if (waiting_.empty()) return;
        busy_ = true;
        if (waiting_.size() < (wanted_ = gathering_.wanted()))  // to wait a moment saves flushes
            work_.wait_for(lock, gathering_.patience(),
                           [&] { return stopping_ || waiting_.size() >= wanted_; });
        wanted_ = 1;
        group.clear();
        std::size_t bytes = 0, copies = 0;
        while (!waiting_.empty()) {
            Job* job = waiting_.front();
            const std::size_t more = job->bytes();
            std::size_t more_copies = 0;
            for (const Arrival& arrival : job->arrivals) more_copies += arrival.placements.size();
            if (!group.empty() && (bytes + more > group_bytes || copies + more_copies > group_copies)) break;
            bytes += more;
            copies += more_copies;
            group.push_back(job);
            waiting_.pop_front();
        }
        waiting_bytes_ -= bytes;
        gathering_.formed(group.size());
        lock.unlock();
        work_off(group, bytes);
        lock.lock();
        busy_ = false;
    }
}

void Committer::commit_group(std::vector<Job*>& group) {
    bool must_sync = false;
    {
        std::lock_guard progress{in_progress};
        write_bytes(group);
        std::vector<Job*> written;
        for (Job* job : group)
            if (!job->failure) written.push_back(job);
        if (!written.empty()) {
            auto ok = deliver(core_, written);
            for (Job* job : written) {
                if (!ok) job->failure = ok.error();
                must_sync |= job->strict && !job->failure;
            }
            if (!ok) take_back(written);
        }
    }
    // Submissions need no flush of the key-value store: their container record is its own log. What APPEND
    // was told (APPENDUID, RFC 4315 §3) must hold, so it waits.
    Result<> synced;
    std::vector<Job*> appended;
    for (Job* job : group) {
        if (job->strict)
            appended.push_back(job);
        else
            finish(*job);
    }
    if (must_sync) synced = core_.sync();
    for (Job* job : appended) {
        if (!synced && !job->failure) job->failure = synced.error();
        finish(*job);
    }
}

void Committer::write_bytes(std::vector<Job*>& group) {
    std::map<Location*, std::vector<Job*>> by_location;
    for (Job* job : group) {
        Location* location = core_.locations.pick(job->location);
        if (location)
            by_location[location].push_back(job);
        else
            job->failure = Failure{MailError::full, "no storage location has room"};
    }
    std::vector<Location*> written;
    for (auto& [location, jobs] : by_location) append_to(*location, std::move(jobs), true, written);
    const auto begun = std::chrono::steady_clock::now();
    const auto results = sync_all(written);
    flushing_ = std::chrono::steady_clock::now() - begun;
    std::vector<Job*> refused;
    for (std::size_t i = 0; i < written.size(); ++i) {
        if (results[i]) continue;
        core_.log.critical({}, "cannot sync storage location {}: {}", written[i]->config.number,
                           results[i].error().what);
        for (Job* job : group)
            if (!job->failure && core_.locations.of(job->arrivals.front().blob) == written[i]) {
                job->failure = from(results[i].error());
                refused.push_back(job);
            }
    }
    take_back(refused);
    core_.full.store(core_.locations.full(), std::memory_order_relaxed);
}

void Committer::append_to(Location& location, std::vector<Job*> jobs, bool may_try_others,
                          std::vector<Location*>& written) {
    std::vector<container::Record*> records;
    for (Job* job : jobs)
        for (Arrival& arrival : job->arrivals) records.push_back(&arrival.record);
    auto placed = location.files->append(records);
    if (placed) {
        std::size_t next = 0;
        for (Job* job : jobs)
            for (Arrival& arrival : job->arrivals) {
                arrival.blob = (*placed)[next].id;
                arrival.extent = (*placed)[next].extent;
                ++next;
            }
        if (std::find(written.begin(), written.end(), &location) == written.end())
            written.push_back(&location);
        return;
    }
    if (may_try_others)
        for (Location* other : core_.locations.all())
            if (other != &location && !other->files->full())
                return append_to(*other, std::move(jobs), false, written);
    if (jobs.size() > 1) {  // what is too big for the room that is left must not keep out the rest
        for (Job* job : jobs) append_to(location, {job}, false, written);
        return;
    }
    core_.log.error({}, "cannot append to storage location {}: {}", location.config.number,
                    placed.error().what);
    jobs.front()->failure = from(placed.error());
}

/// Bytes of what was not accepted must not be found by a replay, not even after a power cut: whoever sent it
/// is told so only when that is on disk. Where the disk refuses this too, it is logged and the message may
/// come twice.
void Committer::take_back(std::span<Job* const> refused) {
    std::map<std::pair<Location*, unsigned>, container::Extent> files;
    for (const Job* job : refused)
        for (const Arrival& arrival : job->arrivals) {
            Location* location = core_.locations.of(arrival.blob);
            if (!location) continue;
            if (auto ok = location->files->release(arrival.blob, arrival.extent); !ok)
                core_.log.error({}, "cannot take back message {:x}: {}", arrival.blob.value(),
                                ok.error().what);
            files.try_emplace({location, arrival.extent.file}, arrival.extent);
        }
    for (const auto& [at, extent] : files)
        if (auto ok = at.first->files->sync_releases(extent); !ok)
            core_.log.critical({},
                               "refused messages may be delivered after a power cut: storage location {}: {}",
                               at.first->config.number, ok.error().what);
}

}  // namespace postrider::mailstore
