#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "delivery/outbound.h"
#include "delivery/outcome.h"
#include "delivery/reporter.h"

namespace postrider::delivery {

struct ProcessingOptions {
    std::string host;  ///< our name in reports
    RetrySchedule schedule;
    ReportSettings reports;
    unsigned threads = 4;
};

/// What the processor has to do with the virtual queues.
struct QueueLinks {
    /// Somebody is sending an entry just now.
    std::function<bool(QueueId)> is_given;
    /// Something was put into virtual queues.
    std::function<void()> ready;
    /// A piece of work for when nothing is due; false: there is none.
    std::function<bool()> also;
};

/// Works on the queue: resolves what waits, delivers what is local, hands what goes elsewhere to the virtual
/// queues, reports what failed. Its threads run from start() to stop().
class Processor {
public:
    /// All must live longer.
    Processor(mailstore::MailStore& store, queue::Queue& queue, const Router& router, Intake& intake,
              const Clock& clock, observe::Logger log, ProcessingOptions options);
    ~Processor();

    /// What is done with messages on their way to folders. Before start().
    void filter_by(const filter::ChainParts* chain) { chain_ = chain; }
    /// Before start().
    void connect(QueueLinks links) { links_ = std::move(links); }
    /// Which way mail leaves; nullptr: this server does not send, and such mail is held. What was held goes
    /// then.
    void send_by(const Routes* routes);

    void start();
    void stop();  ///< entries being worked on are finished first
    /// Only while it is stopped. It may be started again after stop().
    void change_options(ProcessingOptions options) { options_ = std::move(options); }
    void wake();  ///< something new is due; callable from any thread

    /// One entry, as the threads do it. Public for tests and for tools that work without a running server.
    void process(const queue::Entry& entry);
    /// A scanner answers again: what has waited for it is due at once.
    void release_scanned_by(const std::string& scanner);
    /// Mail that was held because this server did not send gets under way.
    void release_unsent();

private:
    void run();
    using Whom = std::function<bool(const queue::Recipient&)>;
    std::size_t make_due(const Whom& whom);
    struct Work;
    void deliver(queue::Entry& entry, Time now, Work& work);
    void resolve(queue::Entry& entry, Time now, Work& work);
    // processor_filters.cpp
    bool filter(queue::Entry& entry, std::size_t recipient, Destination& destination, Time now, Work& work);
    void store_changed(queue::Entry& entry, Time now, Work& work);
    void send_on(const queue::Entry& entry, queue::Recipient& recipient, Time now);
    bool expire(queue::Entry& entry, Time now);

    mailstore::MailStore& store_;
    queue::Queue& queue_;
    const Router& router_;
    Intake& intake_;
    Reporter reporter_;
    const Clock& clock_;
    observe::Logger log_;
    ProcessingOptions options_;
    QueueLinks links_;
    const filter::ChainParts* chain_ = nullptr;
    std::atomic<const Routes*> routes_ = nullptr;
    std::atomic<bool> unsent_ = false;   ///< there may be held mail that can go now
    std::atomic<bool> counted_ = false;  ///< Queue::count_all() has been called

    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<bool> stopping_ = false;
    bool watched_ = false;  ///< a thread waits for the next due time
    std::uint64_t wakes_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace postrider::delivery
