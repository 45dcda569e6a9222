#pragma once

#include <condition_variable>
#include <functional>

#include "filter/scan/factory.h"
#include "filter/scan/scanners.h"

namespace postrider::filter {

/// Wakes the thread that looks after scanners.
class Bell {
public:
    void ring();
    /// Until rung, stopped, or the time has passed. False: stopped.
    bool wait(std::chrono::milliseconds time);
    void stop();

private:
    std::mutex mutex_;
    std::condition_variable rung_;
    bool ringing_ = false;
    bool stopped_ = false;
};

/// What all scanners count together.
struct ScanMetrics {
    explicit ScanMetrics(observe::Metrics& metrics);
    observe::Counter& scanned;
    observe::Counter& matched;
    observe::Counter& failed;
    observe::Gauge& down;
};

/// A scanner with its name, its limits and its health.
class WatchedScanner final : public ConfiguredScanner {
public:
    struct Policy {
        std::string name;
        ScannerKind kind = ScannerKind::socket;
        bool enabled = true;
        std::uint64_t max_size = 0;  ///< octets; 0 = any
        Action on_match = Action::reject;
        Action on_failure = Action::requeue;
        std::vector<LevelAction> level_actions;
    };
    /// `made` without a connector: it cannot be set up, because of `problem`.
    WatchedScanner(Policy policy, MadeConnector made, std::string problem, ScanMetrics& metrics,
                   const Clock& clock, std::shared_ptr<Bell> bell, observe::Logger log);
    ~WatchedScanner() override;

    Finding scan(const Subject& subject) override;
    std::string title() const override { return made_.title; }
    const std::string& name() const override { return policy_.name; }
    ScannerKind kind() const override { return policy_.kind; }
    Action action_for(const Finding& finding) const override;
    ScannerStatus status() const override;

    /// Why it cannot be set up; "" = it is.
    const std::string& problem() const { return problem_; }
    /// For the keeper: asks it how it is, if there is doubt. True: it was down and is back.
    bool look_after();

private:
    enum class Health : std::uint8_t { up, doubtful, down };
    Finding failed(std::string why);
    void went_down(const std::string& why);
    void count(const Finding& finding, std::chrono::microseconds time);

    const Policy policy_;
    const MadeConnector made_;
    const std::string problem_;
    ScanMetrics& metrics_;
    const Clock& clock_;
    const std::shared_ptr<Bell> bell_;
    const observe::Logger log_;

    mutable std::mutex mutex_;
    Health health_ = Health::up;
    Time since_;
    std::string trouble_;
    std::uint64_t scanned_ = 0, matched_ = 0, failed_ = 0;
    std::chrono::microseconds slowest_{0}, total_{0};
};

}  // namespace postrider::filter
