#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/live.h"
#include "admin/operation.h"
#include "cli/settings.h"
#include "cli/shell/frame.h"
#include "cli/shell/jobs.h"
#include "cli/shell/tree.h"
#include "cli/wire/multiline.h"

namespace postrider::cli {

/// What all sessions of the service share. Everything referred to lives longer than any of them.
struct Backend {
    const CliSettings& settings;
    admin::Context& admin;
    const Tree& tree;
    observe::Logger log;
    Jobs& jobs;
};

/// A job that a session looks at.
struct Following {
    std::shared_ptr<Job> job;
    bool lines = false;  ///< what it says is shown too, not its result alone
    std::optional<std::chrono::steady_clock::time_point> until{};  ///< then no longer
    std::uint64_t next_line = 0;
};

/// The outermost context.
std::unique_ptr<Frame> make_root(Shell& shell);

/// The dialogue without its connection: lines in, octets out. One thread at a time; line() may block on the
/// disk and on argon2.
class Shell {
public:
    struct Output {
        std::string text;  ///< to be sent as it is
        bool close = false;
        std::chrono::milliseconds delay{};  ///< to wait before it is sent
        std::string end_reason{};           ///< of a close that we want, for the log
        std::chrono::milliseconds again{};  ///< not 0: more() is to be called after this time, not line()
    };

    Shell(const Backend& backend, std::string peer_ip, bool secure, SessionId session);
    ~Shell();

    Output greeting();
    /// One line without its line end.
    Output line(std::string_view text);
    /// What a job that is followed has come to. Does not block.
    Output more();
    /// The line that was sent is longer than max_line.
    Output line_too_long();
    /// Whether the next line is a secret: it must not be logged.
    bool secret_next() const { return state_ == State::password; }
    /// Whether the next line belongs to a text of several lines.
    bool in_text() const { return state_ == State::multiline; }
    bool logged_in() const { return state_ == State::commands || state_ == State::multiline; }

    // ---- for the contexts' commands

    admin::Context& admin() { return backend_.admin; }
    admin::LiveServer& live() { return *backend_.admin.live; }  ///< a dialogue runs in a server
    directory::Directory& directory() { return backend_.admin.directory; }
    const Tree& tree() const { return backend_.tree; }
    const std::string& user() const { return user_; }
    observe::Logger log() const { return backend_.log; }
    SessionId session() const { return session_; }

    /// Goes into a context; the answer is that of the command that asked for it.
    void enter(std::unique_ptr<Frame> frame);
    /// Reads lines up to the end sequence and gives them to `take`, whose reply is sent then.
    using TakeText = std::function<Reply(std::string text)>;
    void read_text(TakeText take);
    /// The answer is what the job says and comes to.
    void follow(Following what) { following_ = std::move(what); }
    Jobs& jobs() { return backend_.jobs; }
    /// The frame below, nullptr under the root.
    Frame* parent_of(const Frame& frame) const;

    /// Nothing, or why the administrator must not. @param domain  for needs on a domain; 0: the frame's
    Step<> permitted(const Need& need, DomainId domain = {});
    bool may(std::string_view permission, DomainId domain = {});
    /// Whether there is anything that the administrator may do in this domain.
    bool may_anything(DomainId domain);
    DomainId domain() const;  ///< that the frames are in; 0: none
    void set_multiline_end(std::string end) { multiline_end_ = std::move(end); }
    const std::vector<QueueId>& last_filter() const { return last_filter_; }
    void set_last_filter(std::vector<QueueId> ids) { last_filter_ = std::move(ids); }
    bool quiet() const { return quiet_; }

private:
    enum class State { login, password, commands, multiline };

    Output say(const Reply& reply, bool with_prompt = true);
    Output bye(std::string_view why, std::string reason);
    Output login_line(std::string_view text);
    Output password_line(std::string_view text);
    Output command_line(std::string_view text);
    Output multiline_line(std::string_view text);
    Output fault(std::string what);
    std::string prompt() const;
    Reply run(const std::vector<Word>& words);
    std::optional<Reply> run_own(const std::vector<Word>& words);
    std::optional<Reply> run_common(const std::vector<Word>& words);
    Reply unknown(const std::vector<Word>& words);
    Reply set(std::span<const Word> words);
    Reply show(std::span<const Word> words);
    Reply reset(std::span<const Word> words);
    Reply help() const;
    Reply leave(bool keep);
    Reply back();

    const Backend& backend_;
    std::string peer_ip_;
    bool secure_;
    SessionId session_;
    State state_ = State::login;
    bool codes_ = false, quiet_ = false;
    std::string user_;
    unsigned commands_before_ = 0, errors_ = 0, auth_errors_ = 0;
    bool was_wrong_ = false;  ///< the last command was not one: it costs an error
    bool ending_ = false;
    std::vector<std::unique_ptr<Frame>> frames_;
    std::string multiline_end_ = ".";
    std::optional<Multiline> multiline_;
    TakeText take_text_;
    std::optional<Following> following_;
    std::chrono::milliseconds look_again_{};
    std::vector<QueueId> last_filter_;
};

}  // namespace postrider::cli
