#include "filter/scan/watched.h"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::filter {

void Bell::ring() {
    {
        std::lock_guard lock{mutex_};
        ringing_ = true;
    }
    rung_.notify_all();
}

bool Bell::wait(std::chrono::milliseconds time) {
    std::unique_lock lock{mutex_};
    rung_.wait_for(lock, time, [this] { return ringing_ || stopped_; });
    ringing_ = false;
    return !stopped_;
}

void Bell::stop() {
    {
        std::lock_guard lock{mutex_};
        stopped_ = true;
    }
    rung_.notify_all();
}

bool Bell::stopped() const {
    std::lock_guard lock{mutex_};
    return stopped_;
}

ScanMetrics::ScanMetrics(observe::Metrics& metrics)
    : scanned{metrics.counter("filter.scan.messages", "Messages that scanners have looked at")},
      matched{metrics.counter("filter.scan.matches", "Messages in which scanners have found something")},
      failed{metrics.counter("filter.scan.failures", "Messages about which scanners could not tell")},
      down{metrics.gauge("filter.scan.down", "Scanners that do not answer")} {}

std::optional<Action> level_action(const std::vector<LevelAction>& rows, const Finding& finding) {
    const unsigned level = std::max(finding.spam_level.value_or(0), finding.virus_level.value_or(0));
    const LevelAction* best = nullptr;
    for (const LevelAction& row : rows)
        if (row.level <= level && (best == nullptr || row.level > best->level)) best = &row;
    if (best == nullptr) return std::nullopt;
    return best->action;
}

WatchedScanner::WatchedScanner(Policy policy, MadeConnector made, std::string problem, ScanMetrics& metrics,
                               const Clock& clock, std::shared_ptr<Bell> bell, observe::Logger log)
    : policy_{std::move(policy)},
      made_{std::move(made)},
      problem_{std::move(problem)},
      metrics_{metrics},
      clock_{clock},
      bell_{std::move(bell)},
      log_{log},
      since_{clock.now()} {
    if (made_.connector == nullptr) {
        health_ = Health::down;
        trouble_ = problem_;
        metrics_.down.add();
    }
}

WatchedScanner::~WatchedScanner() {
    if (health_ == Health::down) metrics_.down.sub();
}

Action WatchedScanner::action_for(const Finding& finding) const {
    if (finding.out_of_time) return Action::requeue;
    if (finding.kind == Finding::Kind::failed) return policy_.on_failure;
    if (const auto action = level_action(policy_.level_actions, finding)) return *action;
    return finding.kind == Finding::Kind::match ? policy_.on_match : Action::pass;
}

Finding WatchedScanner::failed(std::string why) {
    Finding finding;
    finding.kind = Finding::Kind::failed;
    finding.text = one_line(why);
    return finding;
}

Finding WatchedScanner::scan(const Subject& subject) {
    Finding passed;
    passed.kind = Finding::Kind::pass;
    if (!policy_.enabled) {
        passed.text = "not enabled";
        return passed;
    }
    if (policy_.max_size != 0 && subject.message.size() > policy_.max_size) {
        passed.text =
            fmt::format("not scanned: {} octets are more than its maxMessageSize", subject.message.size());
        return passed;
    }
    {
        std::lock_guard lock{mutex_};
        if (health_ == Health::down) {
            ++failed_;
            metrics_.failed.add();
            return failed("it is down: " + trouble_);
        }
    }
    const auto begun = Patience::Steady::now();
    auto found = made_.connector->ask(subject);
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(Patience::Steady::now() - begun);
    if (found) {
        count(*found, time);
        return std::move(*found);
    }
    const Trouble& trouble = found.error();
    if (subject.until && trouble.kind == Trouble::Kind::silent
        && Patience::Steady::now() + std::chrono::milliseconds{5}
               >= *subject.until) {  // the queue gives it more
        Finding cut = failed(trouble.text);
        cut.out_of_time = true;
        return cut;
    }
    {
        std::lock_guard lock{mutex_};
        trouble_ = one_line(trouble.text);
        if (health_ == Health::up && trouble.kind != Trouble::Kind::nonsense) health_ = Health::doubtful;
        if (trouble.kind == Trouble::Kind::unreachable) went_down(trouble_);
    }
    Finding finding = failed(trouble.text);
    count(finding, time);
    if (trouble.kind != Trouble::Kind::nonsense) bell_->ring();
    return finding;
}

void WatchedScanner::went_down(const std::string& why) {
    if (health_ == Health::down) return;
    health_ = Health::down;
    since_ = clock_.now();
    metrics_.down.add();
    log_.error({}, "Filter {} ({}) does not answer: {}", policy_.name, made_.title, why);
}

void WatchedScanner::count(const Finding& finding, std::chrono::microseconds time) {
    std::lock_guard lock{mutex_};
    if (finding.kind == Finding::Kind::failed) {
        ++failed_;
        metrics_.failed.add();
        return;
    }
    ++scanned_;
    metrics_.scanned.add();
    total_ += time;
    slowest_ = std::max(slowest_, time);
    if (finding.kind != Finding::Kind::match) return;
    ++matched_;
    metrics_.matched.add();
}

ScannerStatus WatchedScanner::status() const {
    std::lock_guard lock{mutex_};
    return {policy_.name, policy_.kind, made_.title, health_ != Health::down,
            since_,       trouble_,     scanned_,    matched_,
            failed_,      slowest_,     total_};
}

bool WatchedScanner::look_after() {
    if (made_.connector == nullptr) return false;
    made_.connector->tidy();
    {
        std::lock_guard lock{mutex_};
        if (health_ == Health::up) return false;
    }
    auto answer = made_.connector->ping();
    std::lock_guard lock{mutex_};
    if (!answer) {
        trouble_ = one_line(answer.error().text);
        went_down(trouble_);
        return false;
    }
    const bool was_down = health_ == Health::down;
    health_ = Health::up;
    if (!was_down) return false;
    metrics_.down.sub();
    log_.info({}, "Filter {} ({}) answers again after {} s", policy_.name, made_.title,
              std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - since_).count());
    since_ = clock_.now();
    return true;
}

}  // namespace postrider::filter
