#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "filter/scan/scanner.h"
#include "filter/scan/settings.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace postrider::filter {

enum class ScannerKind : std::uint8_t { socket, integrated };

/// How a scanner is and what it has done since it was set up.
struct ScannerStatus {
    std::string name;
    ScannerKind kind = ScannerKind::socket;
    std::string title;    ///< "SpamAssassin(127.0.0.1:783)"
    bool up = true;       ///< false: mail waits (or passes) unseen until it answers again
    Time since;           ///< up, or down, since then
    std::string trouble;  ///< what went wrong last; "" = nothing yet
    std::uint64_t scanned = 0, matched = 0, failed = 0;
    std::chrono::microseconds slowest{0}, total{0};  ///< of the answers
};

/// A scanner as it is set up: knows its name, counts, and asks no scanner that is known to be down.
class ConfiguredScanner : public Scanner {
public:
    virtual const std::string& name() const = 0;
    virtual ScannerKind kind() const = 0;
    /// What follows from one of its findings: from its level, from the match, from the failure.
    virtual Action action_for(const Finding& finding) const = 0;
    virtual ScannerStatus status() const = 0;
};

/// The row of `rows` with the highest level not above the greater of the finding's levels; nothing when none
/// is reached.
std::optional<Action> level_action(const std::vector<LevelAction>& rows, const Finding& finding);

/// All scanners of a server. A thread of its own asks those that are down every few seconds whether they are
/// back. Callable from any thread.
class Scanners {
public:
    struct Options {
        std::string directory;           ///< that relative paths of protocol files start from
        std::vector<std::string> stock;  ///< directories in which they are looked for then
        observe::Logger log;             ///< for dialogues about messages
        observe::Logger health;          ///< for what becomes of scanners themselves
        std::chrono::milliseconds ping_interval{5000};
    };
    /// `metrics` must live longer.
    Scanners(Options options, observe::Metrics& metrics, const Clock& clock);
    ~Scanners();

    /// Makes the scanners be as these settings say; those whose settings and protocol file are as before stay
    /// with their connections. One that cannot be set up as it should stays as it was; if there was none, it
    /// fails with the reason.
    /// @return what is wrong with the settings, a line for each.
    std::vector<std::string> configure(const ScannerSettings& settings);

    /// nullptr: there is none of that name. It may be used for as long as it is held.
    std::shared_ptr<ConfiguredScanner> find(ScannerKind kind, std::string_view name) const;
    std::vector<ScannerStatus> status() const;
    bool any() const;  ///< cheap

    /// `back` is called on the keeper's thread, with the name, when a scanner that was down answers again.
    /// What was called before is no longer running when this returns.
    void on_return(std::function<void(const std::string&)> back);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The findings of several scanners on one message, in their order. They work at the same time; the last one
/// works on this thread.
std::vector<Finding> scan_all(const std::vector<std::shared_ptr<ConfiguredScanner>>& scanners,
                              const Subject& subject);

}  // namespace postrider::filter
