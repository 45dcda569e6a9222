#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace postrider::net {

/// Octets received and not yet consumed. Memory is taken when octets arrive and given back by release(); what
/// view() showed stays readable after consume() until the next append(), tail() or release().
class InputBuffer {
public:
    std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    std::size_t capacity() const { return capacity_; }

    void consume(std::size_t count) { begin_ += count < size() ? count : size(); }
    void clear() { begin_ = end_ = 0; }

    /// Gives the memory back; only when empty.
    void release() {
        data_.reset();
        begin_ = end_ = capacity_ = 0;
    }

    /// Free octets behind what is there, after moving it to the front.
    std::size_t room() {
        if (begin_ != 0) {
            if (!empty()) std::memmove(data_.get(), data_.get() + begin_, size());
            end_ -= begin_;
            begin_ = 0;
        }
        return capacity_ - end_;
    }
    char* tail() { return data_.get() + end_; }
    void grown(std::size_t count) { end_ += count; }

    void append(const char* octets, std::size_t count) {
        if (room() < count) {
            std::size_t capacity = 256;
            while (capacity < end_ + count) capacity *= 2;
            auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
            if (end_ != 0) std::memcpy(bigger.get(), data_.get(), end_);
            data_ = std::move(bigger);
            capacity_ = capacity;
        }
        std::memcpy(tail(), octets, count);
        grown(count);
    }

private:
    std::unique_ptr<char[]> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace postrider::net
