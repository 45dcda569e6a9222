#include "cli/shell/jobs.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/wire/layout.h"
#include "text/ascii.h"

namespace postrider::cli {

std::vector<std::string> Job::lines_since(std::uint64_t& from) const {
    std::lock_guard lock{mutex_};
    std::vector<std::string> out;
    for (std::uint64_t i = std::max(from, forgotten_); i < forgotten_ + lines_.size(); ++i)
        out.push_back(lines_[i - forgotten_]);
    from = forgotten_ + lines_.size();
    return out;
}

std::optional<Reply> Job::result() const {
    std::lock_guard lock{mutex_};
    return result_;
}

void Job::say(std::string line) {
    std::lock_guard lock{mutex_};
    if (!lines_.empty() && lines_.back() == line) return;
    lines_.push_back(std::move(line));
    if (lines_.size() <= most_lines) return;
    lines_.pop_front();
    ++forgotten_;
}

void Job::finish(Reply reply) {
    std::lock_guard lock{mutex_};
    result_ = std::move(reply);
}

Jobs::~Jobs() {
    std::lock_guard lock{mutex_};
    for (Running& one : running_) one.job->end();
    for (Running& one : running_) one.thread.join();
}

void Jobs::forget_finished() {
    std::erase_if(running_, [](Running& one) {
        if (!one.job->result()) return false;
        one.thread.join();
        return true;
    });
}

Step<std::shared_ptr<Job>> Jobs::start(std::string kind, DomainId domain, Work work) {
    std::lock_guard lock{mutex_};
    forget_finished();
    for (const Running& one : running_)
        if (one.job->kind_ == kind && one.job->domain_ == domain)
            return std::unexpected(fmt::format(
                "{} is at work already: {} attach follows it, {} abort ends it", kind, kind, kind));
    if (running_.size() >= most)
        return std::unexpected(fmt::format("{} such jobs are at work already; try later", most));
    auto job = std::make_shared<Job>();
    job->kind_ = std::move(kind);
    job->domain_ = domain;
    std::thread thread{[this, job, work = std::move(work)] {
        const admin::Progress progress = [this, &job](std::string_view what, int percent) {
            if (job->ending_) throw admin::Cancelled{};
            if (stopping_ && stopping_()) throw admin::Cancelled{};
            job->say(percent > 0 ? fmt::format("{}: {}%", clean(what), percent) : clean(what));
        };
        Reply reply;
        try {
            reply = work(progress);
        } catch (const admin::Cancelled& cancelled) {
            reply = error(job->ending_ ? "it was ended" : cancelled.what());
        } catch (const std::exception& trouble) {
            reply = error(trouble.what());
        }
        job->finish(std::move(reply));
    }};
    running_.push_back({job, std::move(thread)});
    return job;
}

std::shared_ptr<Job> Jobs::find(std::string_view kind, DomainId domain) {
    std::lock_guard lock{mutex_};
    forget_finished();
    for (const Running& one : running_)
        if (one.job->kind_ == kind && one.job->domain_ == domain) return one.job;
    return nullptr;
}

}  // namespace postrider::cli
