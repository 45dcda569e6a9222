#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "filter/spam/spam_filter.h"
#include "mailstore/mailstore.h"

namespace postrider::filter {

/// Learns from what people do with their mail: what they put into Junk is spam, what they take out of it to a
/// folder other than Trash is not. The mail store tells of transfers (mailstore::Options::on_transfer) after
/// they are done, so that neither they nor deliveries wait; messages are read and counted on a thread of this
/// class's own.
class SpamLearner {
public:
    static constexpr std::size_t max_waiting = 1'000;    ///< transfers; more are left out
    static constexpr std::size_t max_of_transfer = 500;  ///< messages learned of one transfer

    SpamLearner(SpamFilter& filter, mailstore::MailStore& mail, observe::Logger log)
        : filter_{filter}, mail_{mail}, log_{log} {}
    ~SpamLearner() { stop(); }
    void start();
    void stop();  ///< what waits is left out

    /// Does not block; any thread.
    void transferred(const mailstore::Transferred& what);
    void wait_idle();  ///< for tests

private:
    void run();
    void look_at(const mailstore::Transferred& what);

    SpamFilter& filter_;
    mailstore::MailStore& mail_;
    observe::Logger log_;
    std::mutex mutex_;
    std::condition_variable wake_, idle_;
    std::deque<mailstore::Transferred> waiting_;
    bool busy_ = false, stopping_ = true;
    std::thread thread_;
};

}  // namespace postrider::filter
