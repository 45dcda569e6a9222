#include "cli/contexts/job_commands.h"

#include <fmt/core.h>

#include <charconv>

#include "cli/wire/layout.h"

namespace postrider::cli {
namespace {

constexpr std::chrono::seconds usual_peek{10}, longest_peek{3600};

DomainId place(const Call& call, bool of_server) {
    return of_server ? DomainId{} : call.shell.domain();
}

Reply nothing_there(const std::string& kind) {
    return error(fmt::format("no {} is at work", kind));
}

Reply attach(Call& call, bool of_server) {
    auto job = call.shell.jobs().find(call.subject, place(call, of_server));
    if (!job) return nothing_there(call.subject);
    call.shell.follow({std::move(job), true, std::nullopt});
    return ok();
}

Reply peek(Call& call, bool of_server) {
    auto time = usual_peek;
    if (const std::string& given = call.given.text("timeout"); !given.empty()) {
        std::int64_t seconds = 0;
        auto [end, failed] = std::from_chars(given.data(), given.data() + given.size(), seconds);
        if (failed != std::errc{} || end != given.data() + given.size() || seconds < 0
            || seconds > longest_peek.count())
            return error(fmt::format("the timeout is a number of seconds up to {}", longest_peek.count()));
        time = std::chrono::seconds{seconds};
    }
    auto job = call.shell.jobs().find(call.subject, place(call, of_server));
    if (!job) return nothing_there(call.subject);
    call.shell.follow({std::move(job), true, std::chrono::steady_clock::now() + time});
    return ok();
}

Reply abort(Call& call, bool of_server) {
    auto job = call.shell.jobs().find(call.subject, place(call, of_server));
    if (!job) return nothing_there(call.subject);
    job->end();
    Reply reply = ok();
    reply.text = "command successful; it ends at its next step";
    return reply;
}

}  // namespace

Reply run_job(Call& call, std::string kind, DomainId domain, Jobs::Work work) {
    auto job = call.shell.jobs().start(std::move(kind), domain, std::move(work));
    if (!job) return error(job.error());
    call.shell.follow({std::move(*job), false, std::nullopt});
    return ok();
}

void add_job_commands(Context& context, const std::string& kind, bool of_server, Need need) {
    auto& commands = context.commands;
    commands.push_back({kind + " attach", "Follow the one that is at work, to its end",
                        [of_server](Call& c) { return attach(c, of_server); }, need, kind});
    commands.push_back({kind + " peek [<timeout>]",
                        "What the one that is at work says within so many seconds [10]",
                        [of_server](Call& c) { return peek(c, of_server); }, need, kind});
    commands.push_back({kind + " abort", "End the one that is at work",
                        [of_server](Call& c) { return abort(c, of_server); }, need, kind});
}

}  // namespace postrider::cli
