#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "delivery/intake.h"
#include "queue/report.h"

namespace postrider::delivery {

struct ProcessingOptions {
    std::string host;  ///< our name in reports
    std::chrono::seconds first_retry{300};
    std::chrono::seconds longest_retry{28800};
    std::uint32_t max_attempts = 20;
    unsigned threads = 4;
};

/// Works on the queue: resolves what waits, delivers what is local, holds what has nowhere to go, reports
/// what failed. Its threads run from start() to stop().
class Processor {
public:
    /// All must live longer.
    Processor(mailstore::MailStore& store, queue::Queue& queue, const Router& router, Intake& intake,
              const Clock& clock, observe::Logger log, ProcessingOptions options);
    ~Processor();

    void start();
    void stop();  ///< entries being worked on are finished first
    /// Only while it is stopped. It may be started again after stop().
    void change_options(ProcessingOptions options) { options_ = std::move(options); }
    void wake();  ///< something new is due; callable from any thread

    /// One entry, as the threads do it. Public for tests and for tools that work without a running server.
    void process(const queue::Entry& entry);

private:
    void run();
    void deliver(queue::Entry& entry);
    void schedule(queue::Entry& entry);
    void report(const queue::Entry& before, const queue::Entry& after);
    bool send_report(queue::Action action, const queue::Entry& entry,
                     const std::vector<const queue::Recipient*>& about);

    mailstore::MailStore& store_;
    queue::Queue& queue_;
    const Router& router_;
    Intake& intake_;
    const Clock& clock_;
    observe::Logger log_;
    ProcessingOptions options_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    bool watched_ = false;  ///< a thread waits for the next due time
    std::uint64_t wakes_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace postrider::delivery
