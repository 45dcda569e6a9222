#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

/// What somebody has done to messages, for scripts that run then (RFC 6785).
struct MailEvent {
    enum class Cause : std::uint8_t { append, copy, flag };
    AccountId account;  ///< whose folder
    std::string user;   ///< address of who did it
    FolderId folder;
    std::vector<Uid> uids;
    Cause cause = Cause::append;
    std::vector<std::string> flags{};  ///< that were changed, of flag
    std::uint64_t shape = 0;           ///< of the account; its annotations are those of that shape
};

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
    /// Told after the fact, on a worker; must not block.
    std::function<void(MailEvent)> on_mail{};
    std::string sieve_url{};  ///< where scripts are kept (RFC 6785 §4.2); "": on_mail runs none
};

/// Through which listener a connection came.
struct Door {
    std::shared_ptr<const net::TlsContext> tls;  ///< nullptr: no STARTTLS
    std::string domain;  ///< to which bare log-in names belong; "" = the primary domain
    std::chrono::seconds idle_timeout = default_idle_timeout;
};

}  // namespace postrider::imap
