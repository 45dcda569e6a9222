#pragma once

#include <memory>

#include "cli/shell/shell.h"
#include "net/pools.h"
#include "net/stream.h"

namespace postrider::cli {

/// What all sessions of the service share. Everything referred to lives longer than any of them.
struct Services {
    Backend backend;
    net::WorkerPool& workers;
    std::chrono::seconds login_time{120};  ///< within which somebody has logged in, or is hung up on
};

/// What a net::Listener is given: one connection, from banner to close. Throws net::SessionEnd when the
/// connection is lost or times out.
net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, SessionId id);

/// A line as the log may have it: passwords are left out.
std::string loggable(std::string_view line);

}  // namespace postrider::cli
