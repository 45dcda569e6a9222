#include "cli/shell/shell.h"

#include <fmt/core.h>
#include <sys/utsname.h>

#include "text/ascii.h"

/// What the dialogue is like: greeting, prompts, status lines, and which lines cost what.
namespace postrider::cli {
namespace {

constexpr std::string_view green = "\x1b[32m", red = "\x1b[31m", plain = "\x1b[0m", hidden = "\x1b[8m";

}  // namespace

Shell::Shell(const Backend& backend, std::string peer_ip, bool secure, SessionId session)
    : backend_{backend}, peer_ip_{std::move(peer_ip)}, secure_{secure}, session_{session} {}

Shell::~Shell() {
    while (!frames_.empty()) frames_.pop_back();  // children refer to their parents
}

std::string Shell::prompt() const {
    switch (state_) {
        case State::login: return "<login> ";
        case State::password: return "<password> ";
        case State::multiline: return "";
        case State::commands: break;
    }
    return fmt::format("<{}#> ", frames_.back()->context().prompt);
}

Shell::Output Shell::say(const Reply& reply, bool with_prompt) {
    Output output;
    output.text = reply.data;
    std::string status = fmt::format("{}: {}", reply.ok ? "+OK" : "-ERR", reply.text);
    for (char& c : status)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = ' ';  // one status line, whatever it quotes
    if (codes_)
        output.text.append(reply.ok ? green : red).append(status).append(plain);
    else
        output.text += status;
    output.text += "\r\n";
    if (with_prompt) output.text += prompt();
    return output;
}

Shell::Output Shell::greeting() {
    Output output;
    output.text = fmt::format(
        "Welcome to AXIGEN's Command Line Interface\r\n"
        "Postrider {} speaks its language. HELP lists what can be said; USER <name> logs in.\r\n{}",
        POSTRIDER_VERSION, prompt());
    return output;
}

Shell::Output Shell::bye(std::string_view why, std::string reason) {
    Output output = say(error(std::string{why}), false);
    output.close = true;
    output.end_reason = std::move(reason);
    return output;
}

Shell::Output Shell::line(std::string_view text) {
    Output output;
    switch (state_) {
        case State::login: output = login_line(text); break;
        case State::password: output = password_line(text); break;
        case State::commands: output = command_line(text); break;
        case State::multiline: output = multiline_line(text); break;
    }
    return output;
}

Shell::Output Shell::line_too_long() {
    if (state_ == State::password) return password_line({});
    if (state_ == State::multiline) return multiline_line(std::string(Multiline::max_octets, 'x'));
    return fault(fmt::format("a line has at most {} octets", max_line));
}

/// A command that is none: it costs one of the session's errors.
Shell::Output Shell::fault(std::string what) {
    unsigned most = backend_.settings.service.max_errors;
    ++errors_;
    if (most != 0 && errors_ >= most && state_ == State::commands)
        return bye(what + "; too many errors, closing", "too many errors");
    if (state_ == State::login) {
        unsigned limit = backend_.settings.max_auth_commands;
        if (limit != 0 && ++commands_before_ >= limit)
            return bye(what + "; too many commands before log-in, closing",
                       "too many commands before log-in");
    }
    return say(error(std::move(what)));
}

Shell::Output Shell::login_line(std::string_view text) {
    auto words = parse_words(text);
    if (!words) return fault(words.error().what);
    auto is = [&](std::size_t at, std::string_view keyword) {
        return at < words->size() && text::equal_ci((*words)[at].text, keyword);
    };
    unsigned limit = backend_.settings.max_auth_commands;
    if (limit != 0 && ++commands_before_ > limit)
        return bye("too many commands before log-in, closing", "too many commands before log-in");
    --commands_before_;
    if (words->empty()) return fault("say HELP, USER <name> or QUIT");
    if (is(0, "USER") && words->size() == 2) {
        if (limit != 0) ++commands_before_;
        user_ = (*words)[1].text;
        state_ = State::password;
        Output output;
        output.text = prompt();
        if (codes_) output.text += hidden;
        return output;
    }
    bool on = is(2, "on");
    bool switched = words->size() == 3 && is(0, "SET") && (on || is(2, "off"));
    Reply reply;
    if ((is(0, "QUIT") || is(0, "EXIT")) && words->size() == 1) {
        Output output = say({true, {}, "have a nice day"}, false);
        output.close = true;
        return output;
    } else if (is(0, "GET") && is(1, "VERSION") && words->size() == 2) {
        // What clients switch features by: the generation of the language, not our own release.
        utsname machine{};
        uname(&machine);
        reply.data = fmt::format("10.0.0|{}|{}\r\n", machine.sysname, machine.machine);
    } else if (switched && is(1, "CONSOLE-CODES")) {
        codes_ = on;
    } else if (switched && is(1, "QUIET")) {
        quiet_ = on;
    } else if (is(0, "SHOW") && words->size() == 1) {
        reply.data = fmt::format("Attributes of the session:\r\n\r\nconsole-codes = {}\r\nquiet = {}\r\n\r\n",
                                 codes_ ? "on" : "off", quiet_ ? "on" : "off");
    } else if (is(0, "HELP") && words->size() == 1) {
        reply.data =
            "The commands of this context are:\r\n\r\nHELP\r\nEXIT|QUIT\r\nUSER <user>\r\nGET VERSION\r\n"
            "SET CONSOLE-CODES on|off\r\nSET QUIET off|on\r\nSHOW\r\n\r\n";
    } else {
        return fault("there is no such command before log-in; HELP lists them");
    }
    if (limit != 0 && ++commands_before_ >= limit)
        return bye("too many commands before log-in, closing", "too many commands before log-in");
    return say(reply);
}

Shell::Output Shell::password_line(std::string_view text) {
    auth::Context context;
    context.peer_ip = peer_ip_;
    context.secure = secure_;
    context.log = backend_.log;
    context.session = session_;
    auth::Outcome outcome = admin().authenticator.authenticate_admin(context, user_, text);
    Output output;
    if (outcome.ok()) {
        auto entry = directory().admin(user_);
        if (entry) user_ = entry->name;
        state_ = State::commands;
        frames_.push_back(make_root(*this));
        output = say({true, {}, "Authentication successful"});
    } else {
        state_ = State::login;
        unsigned most = backend_.settings.service.max_auth_errors;
        bool last = most != 0 && ++auth_errors_ >= most;
        std::string_view why = outcome.answer() == auth::Answer::try_later
                                   ? "Authentication is not possible now, try later"
                                   : "Authentication failed";
        if (last)
            output = bye(fmt::format("{}; too many failures, closing", why), "too many failed log-ins");
        else
            output = say(error(std::string{why}));
        output.delay = outcome.delay;
    }
    if (codes_) output.text.insert(0, std::string{plain} + "\r\n");
    return output;
}

Shell::Output Shell::command_line(std::string_view text) {
    auto entry = directory().admin(user_);
    if (!entry || !entry->enabled)
        return bye("this administrator may no longer log in, closing",
                   "the administrator was removed or disabled");
    auto words = parse_words(text);
    if (!words) return fault(fmt::format("column {}: {}", words.error().at + 1, words.error().what));
    if (words->empty()) {
        Output output;
        output.text = prompt();
        return output;
    }
    was_wrong_ = false;
    Reply reply = run(*words);
    if (was_wrong_) return fault(std::move(reply.text));
    if (following_) {
        look_again_ = std::chrono::milliseconds{2};
        return more();
    }
    if (ending_) {
        Output output = say(reply, false);
        output.close = true;
        return output;
    }
    return say(reply, state_ != State::multiline);
}

Shell::Output Shell::more() {
    if (!following_) return {};
    Following& it = *following_;
    auto result = it.job->result();  // before its lines: what came before the end is shown before the end
    std::string lines;
    if (it.lines)
        for (const std::string& line : it.job->lines_since(it.next_line)) lines.append(line).append("\r\n");
    const bool time_over = it.until && std::chrono::steady_clock::now() >= *it.until;
    Output output;
    if (!result && !time_over) {
        output.text = std::move(lines);
        // Short work is answered at once, and long work costs nothing.
        look_again_ = std::min(look_again_ * 2, std::chrono::milliseconds{500});
        output.again = look_again_;
        return output;
    }
    following_.reset();
    Reply reply = result ? std::move(*result) : ok();
    reply.data.insert(0, lines);
    if (!result) reply.text = "command successful; it is still at work";
    return say(reply);
}

Shell::Output Shell::multiline_line(std::string_view text) {
    if (!multiline_->line(text)) return {};
    state_ = State::commands;
    bool too_large = multiline_->too_large();
    std::string whole = multiline_->take();
    multiline_.reset();
    TakeText take = std::move(take_text_);
    take_text_ = nullptr;
    if (too_large) return say(error(fmt::format("a text has at most {} octets", Multiline::max_octets)));
    return say(take(std::move(whole)));
}

void Shell::read_text(TakeText take) {
    multiline_.emplace(multiline_end_);
    take_text_ = std::move(take);
    state_ = State::multiline;
}

void Shell::enter(std::unique_ptr<Frame> frame) {
    frames_.push_back(std::move(frame));
}

Frame* Shell::parent_of(const Frame& frame) const {
    for (std::size_t i = 1; i < frames_.size(); ++i)
        if (frames_[i].get() == &frame) return frames_[i - 1].get();
    return frames_.empty() || frames_.front().get() == &frame ? nullptr : frames_.back().get();
}

DomainId Shell::domain() const {
    for (auto at = frames_.rbegin(); at != frames_.rend(); ++at)
        if (auto id = (*at)->domain(); id.value() != 0) return id;
    return {};
}

bool Shell::may(std::string_view permission, DomainId domain) {
    auto answer = directory().admin_may(directory::Principal::user, user_, permission, domain);
    return answer && *answer;
}

}  // namespace postrider::cli
