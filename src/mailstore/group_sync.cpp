#include "mailstore/group_sync.h"

namespace postrider::mailstore {

Result<> GroupSync::wait() {
    std::unique_lock lock{mutex_};
    const std::uint64_t mine = begun_ + 1;  // one that is running now may have begun before our write
    while (done_ < mine) {
        if (running_) {
            ended_.wait(lock);
            continue;
        }
        running_ = true;
        const std::uint64_t turn = ++begun_;
        lock.unlock();
        Result<> result = flush_();
        lock.lock();
        running_ = false;
        done_ = turn;
        if (result)
            last_good_ = turn;
        else
            failure_ = result.error();
        ended_.notify_all();
    }
    if (last_good_ >= mine) return {};
    return std::unexpected(*failure_);
}

}  // namespace postrider::mailstore
