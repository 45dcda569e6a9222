#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "imap/session/account_limits.h"
#include "imap/settings.h"
#include "observe/log.h"

namespace postrider {
namespace net {
class WorkerPool;
class TlsContext;
}  // namespace net
namespace mailstore {
class MailStore;
}
namespace directory {
class Directory;
}
namespace auth {
class Authenticator;
}
namespace index {
class Index;
}
namespace rights {
class Sharing;
}
}  // namespace postrider

namespace postrider::imap {

/// What every session is handed. All references outlive all sessions.
struct Services {
    mailstore::MailStore& store;
    directory::Directory& directory;
    auth::Authenticator& auth;
    net::WorkerPool& workers;
    const Clock& clock;
    observe::Logger log;
    std::shared_ptr<const ImapSettings> settings;  ///< a running session keeps those it began with
    AccountLimits& limits;
    index::Index* full_text = nullptr;   ///< nullptr: SEARCH looks at every message
    rights::Sharing* sharing = nullptr;  ///< nullptr: nobody shares anything
};

/// Through which listener a connection came.
struct Door {
    std::shared_ptr<const net::TlsContext> tls;  ///< nullptr: no STARTTLS
    std::string domain;  ///< to which bare log-in names belong; "" = the primary domain
    std::chrono::seconds idle_timeout = default_idle_timeout;
};

}  // namespace postrider::imap
