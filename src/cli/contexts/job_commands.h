#pragma once

#include "cli/shell/jobs.h"
#include "cli/shell/shell.h"

namespace postrider::cli {

/// Starts the work as a job, which this session follows to its end; its reply is the command's.
/// @param domain  0: of the whole server
Reply run_job(Call& call, std::string kind, DomainId domain, Jobs::Work work);

/// KIND attach | peek [<timeout>] | abort, for jobs of that kind: of the domain that the context is in, or of
/// the whole server.
void add_job_commands(Context& context, const std::string& kind, bool of_server, Need need);

}  // namespace postrider::cli
