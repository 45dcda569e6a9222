#pragma once

#include <array>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>

#include "net/task.h"

namespace postrider::net {

/// What the streams of one I/O thread share: a coarse clock and timer wheel (one tick a second, armed only
/// while someone waits), and a scratch buffer to receive into, so that an idle stream needs none. One per
/// io_context, found with use_service; used on its thread only.
class Wheel final : public asio::execution_context::service {
public:
    static asio::execution_context::id id;
    using Tick = std::uint32_t;  ///< seconds since the wheel was made
    static constexpr std::size_t scratch_size = 64 * 1024;

    class Entry {
    public:
        Entry() = default;
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        virtual ~Entry() = default;

    private:
        friend class Wheel;
        /// Called at or after the tick it was hooked for. Returns when to call again (later than `now`), or
        /// 0. Must not hook or unhook entries.
        virtual Tick due(Tick now) = 0;
        Entry* prev_ = nullptr;
        Entry* next_ = nullptr;
        Tick due_ = 0;
    };

    explicit Wheel(asio::execution_context& context);
    static Wheel& of(asio::io_context& context);

    Tick now();                         ///< exact while unarmed, at most a second late otherwise
    void hook(Entry& entry, Tick due);  ///< moves it if it is hooked already
    void unhook(Entry& entry);          ///< nothing if it is not hooked
    char* scratch() { return scratch_.get(); }

private:
    void shutdown() override;
    void arm();
    void tick();
    void insert(Entry& entry);
    static void remove(Entry& entry);
    Tick measure() const;

    struct Head final : Entry {
        Tick due(Tick) override { return 0; }
    };
    static constexpr std::size_t slots = 512;
    std::array<Head, slots> heads_;
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                               Executor>
        timer_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::unique_ptr<char[]> scratch_ = std::make_unique_for_overwrite<char[]>(scratch_size);
    Tick now_ = 1;
    std::size_t count_ = 0;
    bool armed_ = false;
    bool down_ = false;
};

}  // namespace postrider::net
