#include "observe/log_service.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

#include "observe/line.h"
#include "observe/log_queue.h"
#include "observe/log_writer.h"

namespace postrider::observe {

class LogService::Impl {
public:
    Impl(LogOptions options, const Clock& clock, Metrics& metrics, const Limits& limits)
        : clock_{clock},
          dropped_{metrics.counter("log.dropped", "Log lines dropped because the queue was full.")},
          queue_{limits.queue_lines, limits.queue_octets},
          writer_{metrics, limits.syslog} {
        configure(std::move(options));
        thread_ = std::thread{[this] { run(); }};
    }

    ~Impl() {
        queue_.stop();
        thread_.join();
    }

    Producer& producer(LogSink& sink, std::string_view module, const ProducerOptions& options) {
        std::lock_guard lock{mutex_};
        for (auto& known : producers_) {
            if (known->producer.module == module) {
                known->options = options;
                replan();
                return known->producer;
            }
        }
        producers_.push_back(std::make_unique<Known>(sink, module, options));
        replan();
        return producers_.back()->producer;
    }

    void configure(LogOptions options) {
        std::lock_guard lock{mutex_};
        security_.store(options.security_log, std::memory_order_relaxed);
        plan_ = std::make_shared<const Plan>(std::move(options));
        replan();
    }

    void push(LogEvent&& event) {
        event.time = clock_.now();
        if (event.text.size() > max_text) event.text.resize(max_text);
        queue_.push(std::move(event));
    }

    void flush() { queue_.drain(); }
    bool security() const { return security_.load(std::memory_order_relaxed); }

private:
    struct Known {
        Known(LogSink& sink, std::string_view module, ProducerOptions o)
            : producer{sink, module, 0}, options{std::move(o)} {}
        Producer producer;
        ProducerOptions options;
    };

    /// With mutex_ held.
    void replan() {
        for (auto& known : producers_) {
            known->producer.mask.store(plan_->mask(known->producer.module, known->options),
                                       std::memory_order_relaxed);
        }
        changed_.store(true, std::memory_order_release);
    }

    void adopt() {
        if (!changed_.exchange(false, std::memory_order_acquire)) return;
        std::lock_guard lock{mutex_};
        std::unordered_map<const Producer*, Route> routes;
        for (auto& known : producers_) {
            routes.emplace(&known->producer, plan_->route(known->producer.module, known->options));
        }
        writer_.use(plan_, std::move(routes));
    }

    void run() {
        LogQueue::Batch batch;
        while (!batch.stopped) {
            queue_.take(batch, 1s, 10ms);
            adopt();
            for (const LogEvent* event : batch.events) writer_.write(*event);
            say_dropped(batch);
            if (batch.stopped) {
                writer_.finish(clock_.now());
            } else {
                writer_.flush(clock_.now());
            }
            queue_.done();
        }
    }

    void say_dropped(const LogQueue::Batch& batch) {
        std::uint64_t all = std::accumulate(batch.dropped.begin(), batch.dropped.end(), std::uint64_t{0});
        if (all == 0) return;
        dropped_.add(all);
        writer_.say(
            clock_.now(), Level::warning,
            fmt::format("{} lines were dropped because the log queue was full ({} critical, {} errors, "
                        "{} warnings, {} information, {} protocol)",
                        all, batch.dropped[0], batch.dropped[1], batch.dropped[2], batch.dropped[3],
                        batch.dropped[4]));
    }

    const Clock& clock_;
    Counter& dropped_;
    LogQueue queue_;
    LogWriter writer_;
    std::mutex mutex_;  ///< guards what follows
    std::vector<std::unique_ptr<Known>> producers_;
    std::shared_ptr<const Plan> plan_;
    std::atomic<bool> changed_{false};
    std::atomic<bool> security_{false};
    std::thread thread_;
};

LogService::LogService(LogOptions options, const Clock& clock, Metrics& metrics, Limits limits)
    : impl_{std::make_unique<Impl>(std::move(options), clock, metrics, limits)} {}
LogService::LogService(LogOptions options, const Clock& clock, Metrics& metrics)
    : LogService{std::move(options), clock, metrics, Limits{}} {}
LogService::~LogService() = default;

Logger LogService::logger(std::string_view module, const ProducerOptions& options) {
    return Logger{impl_->producer(*this, module, options)};
}

void LogService::configure(LogOptions options) {
    impl_->configure(std::move(options));
}
void LogService::flush() {
    impl_->flush();
}
bool LogService::wants_security() const {
    return impl_->security();
}

void LogService::accept(const Producer& from, Level level, LogId id, std::string&& text) {
    LogEvent event;
    event.from = &from;
    event.level = level;
    event.id = id;
    event.text = std::move(text);
    impl_->push(std::move(event));
}

void LogService::accept_security(const Producer& from, Level level, LogId id, std::string&& text) {
    LogEvent event;
    event.from = &from;
    event.level = level;
    event.security = true;
    event.id = id;
    event.text = std::move(text);
    impl_->push(std::move(event));
}

void LogService::accept_remote(const ReceivedLine& line, std::string_view sender) {
    LogEvent event;
    event.remote = std::make_unique<RemoteProducer>();
    append_escaped(event.remote->host, line.host);
    append_escaped(event.remote->module, line.module);
    event.remote->sender = sender;
    event.remote->date = line.time;
    event.level = line.level;
    event.id = line.id;
    event.text = line.text.substr(0, max_text);
    impl_->push(std::move(event));
}

}  // namespace postrider::observe
