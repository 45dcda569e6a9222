#include "filter/spam/learner.h"

namespace postrider::filter {

void SpamLearner::start() {
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void SpamLearner::stop() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void SpamLearner::transferred(const mailstore::Transferred& what) {
    // Only a folder of that use on one side makes it of interest.
    using mailstore::SpecialUse;
    const bool in = what.to_use == SpecialUse::junk, out = what.from_use == SpecialUse::junk;
    if (in == out || (out && what.to_use == SpecialUse::trash)) return;
    {
        std::lock_guard lock{mutex_};
        if (stopping_ || waiting_.size() >= max_waiting) return;
        waiting_.push_back(what);
    }
    wake_.notify_one();
}

void SpamLearner::run() {
    std::unique_lock lock{mutex_};
    while (true) {
        wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (stopping_) break;
        const mailstore::Transferred what = std::move(waiting_.front());
        waiting_.pop_front();
        busy_ = true;
        lock.unlock();
        look_at(what);
        lock.lock();
        busy_ = false;
        idle_.notify_all();
    }
    idle_.notify_all();
}

void SpamLearner::look_at(const mailstore::Transferred& what) {
    const SpamSettings settings = filter_.settings();
    if (!settings.enable || !settings.learn_from_moves) return;
    const MailClass as = what.to_use == mailstore::SpecialUse::junk ? MailClass::spam : MailClass::ham;
    auto account = mail_.account(what.account);
    if (!account) return;
    auto view = (*account)->view(what.to);
    if (!view) return;
    std::size_t many = 0, learned = 0;
    for (const Uid uid : what.uids) {
        if (++many > max_of_transfer) break;
        auto item = (*view)->item(uid);
        if (!item || !*item) continue;  // moved on already
        auto message = (*view)->message(**item);
        if (!message) continue;
        if (filter_.sorted(what.account, (*item)->email_id, features_of(*message), as)) ++learned;
    }
    if (learned != 0)
        log_.info({}, "Learned {} messages of account {} as {}", learned, what.account.value(),
                  as == MailClass::spam ? "spam" : "wanted");
}

void SpamLearner::wait_idle() {
    std::unique_lock lock{mutex_};
    idle_.wait(lock, [&] { return stopping_ || (waiting_.empty() && !busy_); });
}

}  // namespace postrider::filter
