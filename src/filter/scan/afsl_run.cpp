#include "filter/scan/afsl_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/codec.h"
#include "filter/scan/afsl_regex.h"
#include "filter/scan/levels.h"
#include "filter/scan/number.h"
#include "net/unique_fd.h"
#include "text/ascii.h"

namespace postrider::filter::afsl {
namespace {

constexpr std::size_t chunk_size = 1 << 20;
constexpr std::size_t most_headers = 20;

/// The message as a file, for as long as this lives.
class MessageFile {
public:
    MessageFile() = default;
    ~MessageFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    MessageFile(const MessageFile&) = delete;
    MessageFile& operator=(const MessageFile&) = delete;

    const std::string& path_of(std::string_view message) {
        if (!path_.empty() || failed_) return path_;
        std::error_code error;
        path_ = (std::filesystem::temp_directory_path(error) / "postrider-scan-XXXXXX").string();
        const net::UniqueFd fd{::mkostemp(path_.data(), O_CLOEXEC)};
        failed_ = !fd;
        if (failed_) {
            path_.clear();
            return path_;
        }
        ::fchmod(fd.get(), S_IRUSR | S_IWUSR | S_IRGRP);
        while (!message.empty() && !failed_) {
            const ssize_t wrote = ::write(fd.get(), message.data(), message.size());
            if (wrote > 0) message.remove_prefix(static_cast<std::size_t>(wrote));
            failed_ = wrote == 0 || (wrote < 0 && errno != EINTR);
        }
        return path_;
    }
    bool failed() const { return failed_; }

private:
    std::string path_;
    bool failed_ = false;
};

class Run {
public:
    Run(const Program& program, const Subject& subject, Line& line, const observe::Logger& log,
        const Limits& limits)
        : program_{program}, subject_{subject}, line_{line}, log_{log}, limits_{limits} {}

    Maybe<Outcome> from(std::size_t start) {
        at_ = start;
        for (unsigned steps = 0; steps < limits_.steps; ++steps) {
            const Statement& statement = program_.code[at_++];
            if (auto done = step(statement); !done) {
                Trouble trouble = std::move(done.error());
                trouble.text = fmt::format("line {}: {}", statement.line, trouble.text);
                return std::unexpected(std::move(trouble));
            }
            if (finished_) return Outcome{std::move(finding_), reusable_ && line_.received().empty()};
        }
        return std::unexpected(
            Trouble{Trouble::Kind::nonsense, fmt::format("no verdict after {} statements", limits_.steps)});
    }

private:
    static std::unexpected<Trouble> nonsense(std::string text) {
        return std::unexpected(Trouble{Trouble::Kind::nonsense, std::move(text)});
    }
    std::string fill(const Text& text) const;

    Maybe<> step(const Statement& statement) {
        switch (statement.op) {
            case Op::send: {
                const std::string octets = fill(statement.text);
                if (file_.failed()) return nonsense("a file for the message cannot be written");
                log_.sent(subject_.id, one_line(octets));
                return line_.send(octets);
            }
            case Op::send_mail:
                log_.sent(subject_.id, "Send mail stream: " + show(subject_.id));
                return send_mail(statement.mail);
            case Op::shutdown: line_.end_of_sending(); return {};
            case Op::receive: {
                auto done = receive(statement);
                if (done) log_.received(subject_.id, one_line(reply_));
                return done;
            }
            case Op::unless:
                if (!statement.regex->capture(reply_, captures_)) at_ = statement.target;
                return {};
            case Op::jump: at_ = statement.target; return {};
            case Op::header: return header(fill(statement.other), fill(statement.text));
            case Op::score: return score(fill(statement.text), fill(statement.other));
            case Op::replace:
                if (reply_.empty()) return nonsense("an empty message would replace the message");
                finding_.replacement = reply_;
                return {};
            case Op::close: reusable_ = false; return {};
            case Op::pass: return finish(Finding::Kind::pass, statement);
            case Op::match: return finish(Finding::Kind::match, statement);
            case Op::error: return nonsense(one_line(fill(statement.text)));
            case Op::end_of_state: break;
        }
        return nonsense("the end of a state without a verdict");
    }

    Maybe<> finish(Finding::Kind kind, const Statement& statement) {
        finding_.kind = kind;
        finding_.text = one_line(fill(statement.text));
        finished_ = true;
        return {};
    }

    Maybe<> header(std::string name, std::string value) {
        for (const LevelKind kind : {LevelKind::spam, LevelKind::virus}) {
            if (!text::equal_ci(name, level_field(kind))) continue;
            const auto level = parse_level(kind, value);
            if (!level) return nonsense(fmt::format("'{}' is no level", one_line(value, 40)));
            (kind == LevelKind::spam ? finding_.spam_level : finding_.virus_level) = *level;
            return {};
        }
        if (name.empty() || name.size() > 76) return nonsense("not the name of a field");
        for (char c : name)
            if (c <= ' ' || c >= 0x7f || c == ':') return nonsense("not the name of a field");
        if (finding_.headers.size() >= most_headers) return nonsense("more than 20 fields");
        finding_.headers.emplace_back(std::move(name), one_line(value, 2000));
        return {};
    }

    Maybe<> score(const std::string& score_text, const std::string& threshold_text) {
        const auto number = parse_number(score_text);
        const auto threshold = parse_number(threshold_text);
        if (!number || !threshold) return nonsense(fmt::format("'{}' is no score", one_line(score_text, 40)));
        finding_.spam_level = spam_level_of(*number, *threshold);
        return {};
    }

    Maybe<> send_mail(MailForm form) {
        std::string_view message = subject_.message;
        if (form == MailForm::raw) return line_.send(message);
        if (form == MailForm::chunked) {
            while (!message.empty()) {
                const std::string_view chunk = message.substr(0, chunk_size);
                message.remove_prefix(chunk.size());
                std::string length;
                put_be(length, static_cast<std::uint32_t>(chunk.size()));
                if (auto sent = line_.send(length); !sent) return sent;
                if (auto sent = line_.send(chunk); !sent) return sent;
            }
            return line_.send(std::string_view{"\0\0\0\0", 4});
        }
        // RFC 5321 §4.5.2: a dot that begins a line is doubled.
        std::string stuffed;
        stuffed.reserve(message.size() + message.size() / 50 + 8);
        bool line_start = true;
        for (char c : message) {
            if (line_start && c == '.') stuffed += '.';
            stuffed += c;
            line_start = c == '\n';
        }
        stuffed += line_start ? ".\r\n" : "\r\n.\r\n";
        return line_.send(stuffed);
    }

    Maybe<bool> more(std::size_t limit) {
        std::string& in = line_.received();
        const std::size_t before = in.size();
        if (before >= limit) return nonsense("an answer that is too long");
        auto got = line_.receive(limit);
        if (!got) return got;
        octets_ += in.size() - before;
        if (octets_ > limits_.octets) return nonsense("more than it may say about one message");
        return got;
    }

    Maybe<> fill_up(std::size_t limit) {
        auto got = more(limit);
        if (!got) return std::unexpected(std::move(got.error()));
        if (!*got)
            return std::unexpected(Trouble{Trouble::Kind::closed, "closed in the middle of an answer"});
        return {};
    }

    void take(std::size_t text, std::size_t all) {
        std::string& in = line_.received();
        reply_ = in.substr(0, text);
        in.erase(0, all);
    }

    Maybe<> receive(const Statement& statement) {
        std::string& in = line_.received();
        switch (statement.reply) {
            case ReplyForm::line:
            case ReplyForm::nul: {
                const char end = statement.reply == ReplyForm::nul ? '\0' : '\n';
                for (std::size_t seen = 0;;) {
                    const std::size_t at = in.find(end, seen);
                    if (at != std::string::npos) {
                        take(end == '\n' && at > 0 && in[at - 1] == '\r' ? at - 1 : at, at + 1);
                        return {};
                    }
                    seen = in.size();
                    if (auto filled = fill_up(limits_.reply); !filled) return filled;
                }
            }
            case ReplyForm::until:
                while (!statement.regex->found(in))
                    if (auto filled = fill_up(limits_.reply); !filled) return filled;
                take(in.size(), in.size());
                return {};
            case ReplyForm::bytes: {
                const std::string text = fill(statement.text);
                std::size_t count = 0;
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
                if (error != std::errc{} || end != text.data() + text.size() || count > limits_.octets)
                    return nonsense(fmt::format("'{}' is no number of octets", one_line(text, 40)));
                while (in.size() < count)
                    if (auto filled = fill_up(std::max(count, limits_.reply)); !filled) return filled;
                take(count, count);
                return {};
            }
            case ReplyForm::all: break;
        }
        for (;;) {
            auto got = more(limits_.octets);
            if (!got) return std::unexpected(std::move(got.error()));
            if (*got) continue;
            reusable_ = false;
            take(in.size(), in.size());
            return {};
        }
    }

    const Program& program_;
    const Subject& subject_;
    Line& line_;
    const observe::Logger& log_;
    const Limits& limits_;
    std::size_t at_ = 0;
    std::size_t octets_ = 0;
    std::string reply_;
    Captures captures_;
    mutable MessageFile file_;
    Finding finding_;
    bool finished_ = false;
    bool reusable_ = true;
};

std::string without_controls(std::string_view text) {
    std::string out;
    for (char c : text)
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    return out;
}

std::string Run::fill(const Text& text) const {
    std::string out;
    for (const Piece& piece : text) {
        switch (piece.kind) {
            case Piece::Kind::text: out += piece.text; break;
            case Piece::Kind::size: out += std::to_string(subject_.message.size()); break;
            case Piece::Kind::id: out += show(subject_.id); break;
            case Piece::Kind::from: out += without_controls(subject_.sender); break;
            case Piece::Kind::rcpt:
                for (std::size_t i = 0; i < subject_.recipients.size() && i < 1000; ++i)
                    out += (i == 0 ? "" : " ") + without_controls(subject_.recipients[i]);
                break;
            case Piece::Kind::client: out += without_controls(subject_.client); break;
            case Piece::Kind::helo: out += without_controls(subject_.helo); break;
            case Piece::Kind::user: out += without_controls(subject_.authenticated); break;
            case Piece::Kind::file: out += file_.path_of(subject_.message); break;
            case Piece::Kind::reply: out += reply_; break;
            case Piece::Kind::capture: out += captures_[piece.capture]; break;
        }
    }
    return out;
}

}  // namespace

Maybe<Outcome> run(const Program& program, std::size_t start, const Subject& subject, Line& line,
                   const observe::Logger& log, const Limits& limits) {
    return Run{program, subject, line, log, limits}.from(start);
}

}  // namespace postrider::filter::afsl

namespace postrider::filter {
namespace {

class SocketLine final : public afsl::Line {
public:
    SocketLine(Socket& socket, const Patience& patience) : socket_{socket}, patience_{patience} {}
    Maybe<> send(std::string_view octets) override {
        auto sent = socket_.send({octets}, patience_);
        if (!sent) return std::unexpected(std::move(sent.error()));
        if (*sent == Socket::Sent::cut) sent_ = *sent;  // what it has said is read by the next .RECV
        return {};
    }
    Socket::Sent sent() const { return sent_; }
    void end_of_sending() override { socket_.end_of_sending(); }
    std::string& received() override { return socket_.received(); }
    Maybe<bool> receive(std::size_t limit) override { return socket_.receive(patience_, limit); }

private:
    Socket& socket_;
    const Patience& patience_;
    Socket::Sent sent_ = Socket::Sent::all;
};

}  // namespace

Maybe<Finding> AfslConnector::ask(const Subject& subject) {
    const Patience patience = options_.patience(subject);
    afsl::Limits limits;
    limits.octets = std::max(limits.octets, 2 * subject.message.size());
    for (bool again = !program_->message;; again = true) {
        auto lease = pool_.take(patience, again);
        if (!lease) return std::unexpected(std::move(lease.error()));
        SocketLine line{lease->socket(), patience};
        const std::size_t start = lease->used_before() ? *program_->message : program_->connect;
        auto outcome = afsl::run(*program_, start, subject, line, options_.log, limits);
        if (!outcome && lease->used_before() && outcome.error().kind == Trouble::Kind::closed) continue;
        if (!outcome) return std::unexpected(std::move(outcome.error()));
        if (outcome->reusable && program_->message) lease->keep();
        return unless_cut(std::move(outcome->finding), line.sent());
    }
}

Maybe<> AfslConnector::ping() {
    auto socket = Socket::connect(pool_.address(), options_.short_patience());
    if (!socket) return std::unexpected(std::move(socket.error()));
    return {};
}

}  // namespace postrider::filter
