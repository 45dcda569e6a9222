#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "admin/operation.h"
#include "cli/shell/frame.h"

namespace postrider::cli {

/// Long work that an administrator has started: it goes on without his session, and other sessions can follow
/// it or end it.
class Job {
public:
    /// What it has said so far that is still remembered, from number `from` on; moves `from` behind it.
    std::vector<std::string> lines_since(std::uint64_t& from) const;
    /// What it has come to; nothing while it is at work.
    std::optional<Reply> result() const;
    /// It ends at its next step.
    void end() { ending_ = true; }

private:
    friend class Jobs;
    static constexpr std::size_t most_lines = 1000;  ///< remembered; older ones are forgotten

    void say(std::string line);
    void finish(Reply reply);

    std::string kind_;
    DomainId domain_;
    std::atomic<bool> ending_{false};
    mutable std::mutex mutex_;
    std::deque<std::string> lines_;
    std::uint64_t forgotten_ = 0;
    std::optional<Reply> result_;
};

/// All that are at work in a server. Any thread.
class Jobs {
public:
    static constexpr std::size_t most = 4;  ///< at the same time

    /// `stopping` is asked by the jobs: the server stops. Empty: it never does.
    explicit Jobs(std::function<bool()> stopping = {}) : stopping_{std::move(stopping)} {}
    ~Jobs();

    using Work = std::function<Reply(const admin::Progress&)>;
    /// Begins `work` on a thread of its own; its Progress throws admin::Cancelled when it is to end.
    /// @param kind    what it is called: COMPACT, SCAN, ... One of a kind at a time in a domain
    /// @param domain  0: of the whole server
    Step<std::shared_ptr<Job>> start(std::string kind, DomainId domain, Work work);
    /// nullptr when none of that kind is at work there.
    std::shared_ptr<Job> find(std::string_view kind, DomainId domain);

private:
    struct Running {
        std::shared_ptr<Job> job;
        std::thread thread;
    };
    void forget_finished();  ///< with mutex_ held

    const std::function<bool()> stopping_;
    std::mutex mutex_;
    std::vector<Running> running_;
};

}  // namespace postrider::cli
