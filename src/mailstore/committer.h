#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "mailstore/arrival.h"
#include "mailstore/core.h"
#include "mailstore/gathering.h"

namespace postrider::mailstore {

/// How message bytes come to disk, one group at a time: a thread takes everything that waits, appends it to
/// the containers, syncs each once, and makes the whole group visible in one key-value batch.
class Committer {
public:
    explicit Committer(Core& core) : core_{core}, thread_{[this] { run(); }} {}
    ~Committer() { stop(); }
    /// Finishes what waits; nothing more is taken.
    void stop();

    /// The job stays the caller's, and where it is, until job.finished is called. MailError::full when too
    /// much waits.
    Result<> commit(Job& job);
    /// The same for who waits for it anyway. Where nothing is under way, all is done on the caller's thread:
    /// the way to another one and back takes as long as half a flush.
    Result<> commit_and_wait(Job& job);

    /// Held while records are appended that the key-value store does not know of yet: under it a location's
    /// mark() is true.
    std::mutex in_progress;

private:
    void run();
    /// Of one group, by whoever has made `busy_` true.
    void work_off(std::vector<Job*>& group, std::size_t bytes);
    void commit_group(std::vector<Job*>& group);
    /// Appends and syncs; jobs that fail get their failure.
    void write_bytes(std::vector<Job*>& group);
    void append_to(Location& location, std::vector<Job*> jobs, bool may_try_others,
                   std::vector<Location*>& written);
    void take_back(std::span<Job* const> refused);

    Core& core_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<Job*> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t wanted_ = 1;  ///< jobs that must wait before the thread is woken
    Gathering gathering_;
    std::uint64_t bytes_since_mark_ = 0;
    std::chrono::steady_clock::duration flushing_{};  ///< of the last group
    bool stopping_ = false;
    bool busy_ = false;   ///< a group is on its way
    std::thread thread_;  ///< last: the others must be there when it starts
};

}  // namespace postrider::mailstore
