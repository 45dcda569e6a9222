#include "net/wheel.h"

#include <chrono>

namespace postrider::net {

asio::execution_context::id Wheel::id;

Wheel::Wheel(asio::execution_context& context)
    : asio::execution_context::service{context}, timer_{static_cast<asio::io_context&>(context)} {
    for (Head& head : heads_) {
        Entry& entry = head;
        entry.prev_ = entry.next_ = &entry;
    }
}

Wheel& Wheel::of(asio::io_context& context) {
    return asio::use_service<Wheel>(context);
}

void Wheel::shutdown() {
    down_ = true;
}

Wheel::Tick Wheel::measure() const {
    const auto passed = std::chrono::steady_clock::now() - start_;
    return 1 + static_cast<Tick>(std::chrono::duration_cast<std::chrono::seconds>(passed).count());
}

Wheel::Tick Wheel::now() {
    if (!armed_) now_ = measure();
    return now_;
}

void Wheel::insert(Entry& entry) {
    Entry& head = heads_[entry.due_ % slots];
    entry.prev_ = head.prev_;
    entry.next_ = &head;
    head.prev_->next_ = &entry;
    head.prev_ = &entry;
}

void Wheel::remove(Entry& entry) {
    entry.prev_->next_ = entry.next_;
    entry.next_->prev_ = entry.prev_;
    entry.prev_ = entry.next_ = nullptr;
}

void Wheel::hook(Entry& entry, Tick due) {
    if (entry.next_) {
        remove(entry);
        --count_;
    }
    const Tick earliest = now() + 1;
    entry.due_ = due < earliest ? earliest : due;
    insert(entry);
    ++count_;
    if (!armed_ && !down_) arm();
}

void Wheel::unhook(Entry& entry) {
    if (!entry.next_) return;
    remove(entry);
    if (--count_ == 0 && armed_ && !down_) {
        armed_ = false;  // lets an io_context without other work end
        timer_.cancel();
    }
}

void Wheel::arm() {
    armed_ = true;
    timer_.expires_at(start_ + std::chrono::seconds{now_});
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && armed_ && !down_) tick();
    });
}

void Wheel::tick() {
    // After a long block several slots are due at once.
    const Tick until = measure();
    while (now_ < until) {
        ++now_;
        Head now_due;
        Entry& list = now_due;
        Entry& head = heads_[now_ % slots];
        if (head.next_ == &head) continue;
        list.next_ = head.next_;
        list.prev_ = head.prev_;
        list.next_->prev_ = list.prev_->next_ = &list;
        head.next_ = head.prev_ = &head;
        while (list.next_ != &list) {
            Entry& entry = *list.next_;
            remove(entry);
            if (entry.due_ <= now_) {
                entry.due_ = entry.due(now_);
                if (entry.due_ == 0) {
                    --count_;
                    continue;
                }
                if (entry.due_ <= now_) entry.due_ = now_ + 1;
            }
            insert(entry);
        }
    }
    armed_ = false;
    if (count_ != 0) arm();
}

}  // namespace postrider::net
