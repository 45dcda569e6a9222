#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/dns_check.h"
#include "auth/auth.h"
#include "directory/directory.h"
#include "dns/resolver.h"
#include "mailstore/mailstore.h"
#include "observe/metrics.h"
#include "queue/queue.h"
#include "rpop/connections.h"
#include "rules/send_quota.h"

namespace postrider::filter {
class AntiSpam;
class Definitions;
class Scanners;
class ScriptStore;
class Signer;
}  // namespace postrider::filter
namespace postrider::rights {
class Sharing;
}
namespace postrider::screening {
class Screening;
}

/// What an administrator can do, as one table: the command line, the control socket, the manual and whatever
/// comes later are made from it. An operation blocks on the disk; operations may run at the same time on
/// different threads.
namespace postrider::admin {

class LiveServer;

/// Members keep the order in which they were set, so that people see what matters first.
using Json = nlohmann::ordered_json;

struct Error {
    enum class Kind : std::uint8_t {
        usage,  ///< no such operation, an argument is missing or of the wrong type
        not_found,
        exists,
        bad_value,
        not_allowed,
        in_use,
        not_running,  ///< needs a running server
        storage,      ///< the disk refused
    };
    Kind kind = Kind::usage;
    std::string what;  ///< what happened, where, what to do
};
std::string_view word(Error::Kind kind);
std::optional<Error::Kind> error_kind(std::string_view word);

using Result = std::expected<Json, Error>;

/// A directory of messages.
struct StorageLocation {
    std::uint16_t number = 0;
    std::string directory;
    std::uint32_t max_files = 0;
    std::uint64_t max_file_bytes = 0;
    bool read_only = false;  ///< takes no new messages
};

/// How it stands with the XMPP server by which people are told of their mail.
struct XmppState {
    bool configured = false, connected = false;
    std::size_t waiting = 0;  ///< notices
    std::string trouble;      ///< of the last attempt; ""
};

/// What operations work on. All must live longer than an operation runs.
struct Context {
    directory::Directory& directory;
    mailstore::MailStore& store;
    auth::Authenticator& authenticator;
    queue::Queue& queue;
    observe::Metrics& metrics;
    const Clock& clock;
    bool running = false;  ///< the server's sessions and its queue are at work in this process
    std::function<void()> wake_queue;
    /// Opens a further storage location and remembers it for the next start.
    std::function<mailstore::Result<>(const mailstore::LocationConfig&)> add_location;
    /// Storage locations of a new domain of that name, as the configuration has them.
    std::function<std::vector<std::uint16_t>(std::string_view domain)> locations_of;
    dns::Resolver* resolver = nullptr;
    std::function<Identity()> identity;      ///< of this server, for others
    const filter::Signer* signer = nullptr;  ///< whose keys sign
    LiveServer* live = nullptr;              ///< services and settings (live.h); nullptr when no server runs
    rights::Sharing* sharing = nullptr;      ///< nullptr: nothing is shared
    rules::SendQuota* send_quota = nullptr;  ///< nullptr: not asked about
    rpop::Connections* rpop = nullptr;       ///< likewise
    screening::Screening* screening = nullptr;  ///< likewise
    filter::AntiSpam* anti_spam = nullptr;      ///< likewise
    std::function<void()> rpop_due;             ///< wakes who fetches
    /// Somebody sends that message just now.
    std::function<bool(QueueId)> is_sending;
    /// Makes a virtual queue up, and due what waits there.
    std::function<mailstore::Result<>(const std::string&)> release_destination;
    /// Number of the storage location in that directory; opens and remembers it when there is none. A number
    /// of files or octets of 0 is the usual one.
    std::function<mailstore::Result<std::uint16_t>(const std::string& directory, std::uint32_t max_files,
                                                   std::uint64_t max_file_bytes)>
        location_at{};
    /// New limits of a location, remembered; a number or size of 0 stays as it was.
    std::function<mailstore::Result<>(const StorageLocation&)> change_location{};
    std::function<std::vector<StorageLocation>()> locations{};
    filter::ScriptStore* scripts = nullptr;      ///< likewise
    filter::Definitions* definitions = nullptr;  ///< likewise
    const filter::Scanners* scanners = nullptr;  ///< nullptr when no server runs
    std::function<XmppState()> xmpp_state{};     ///< empty when no server runs
    /// Logs in there; "" when that works, or why not. Blocks.
    std::function<std::string()> check_xmpp{};
    /// Why a text cannot be the criteria of a search folder; nullopt when it can.
    std::function<std::optional<std::string>(std::string_view criteria)> wrong_search{};
    /// The messages of a folder that such criteria find. Blocks on disk.
    std::function<mailstore::Result<mailstore::UidSet>(mailstore::Account&, mailstore::FolderView&,
                                                       std::string_view criteria)>
        find_messages{};
    std::function<bool()> stopping{};       ///< the server stops: long work ends soon; empty: it never does
    std::filesystem::path log_directory{};  ///< absolute; "" = not known
};

enum class Type : std::uint8_t {
    text,
    number,  ///< 0 to 2^63-1
    flag,    ///< true when given
    list,    ///< of texts
    path,  ///< of a file or directory of the server's machine, absolute; the command line completes relative
           ///< ones
    secret,  ///< a text that is never shown or logged
};
std::string_view word(Type type);

struct Argument {
    std::string_view name;  ///< "full-name"
    Type type = Type::text;
    std::string_view help;
    bool required = false;
    bool positional = false;  ///< on the command line: by place, not by name. Required ones always are.

    bool by_place() const { return required || positional; }
};

/// Arguments held against an operation's table: every name is known, every value of its type, none missing.
class Arguments {
public:
    explicit Arguments(Json values) : values_(std::move(values)) {}

    bool has(std::string_view name) const { return values_.contains(name); }
    std::string text(std::string_view name, std::string_view otherwise = {}) const;
    std::optional<std::string> maybe_text(std::string_view name) const;
    std::uint64_t number(std::string_view name, std::uint64_t otherwise = 0) const;
    bool flag(std::string_view name) const;
    std::vector<std::string> list(std::string_view name) const;

private:
    Json values_;
};

/// Thrown by a Progress to end an operation that goes on for too long: the server stops.
class Cancelled : public std::exception {
public:
    const char* what() const noexcept override { return "The server is stopping"; }
};

/// How far a long operation is; called on the operation's thread. May throw Cancelled.
using Progress = std::function<void(std::string_view what, int percent)>;

struct Operation {
    std::string_view name;  ///< "account add", "account alias add"
    std::string_view help;
    std::span<const Argument> arguments{};
    Result (*run)(Context&, const Arguments&, const Progress&) = nullptr;
    bool changes = false;       ///< the data are different afterwards
    bool needs_server = false;  ///< makes sense in a running server only
};

/// Operations about one thing.
struct Chapter {
    std::string_view name;  ///< first word of its operations' names
    std::string_view help;
    std::span<const Operation> operations;
};

std::span<const Chapter> chapters();
const Operation* find_operation(std::string_view name);  ///< nullptr

/// Limits: 100 arguments, 10,000 values of a list, 64 KiB of one text.
std::expected<Arguments, Error> check_arguments(const Operation& operation, const Json& given);

/// Looks the operation up, checks the arguments and runs it.
Result run(Context& context, std::string_view name, const Json& arguments, const Progress& progress);

}  // namespace postrider::admin
