#include "observe/log.h"

#include "observe/mask.h"

namespace postrider::observe {

namespace {

void dialogue(Producer& to, LogId id, std::string_view direction, std::string_view line) {
    std::string text;
    text.reserve(direction.size() + line.size());
    text.append(direction);
    append_masked(text, line);
    to.sink.accept(to, Level::protocol, id, std::move(text));
}

}  // namespace

void Logger::format(Level level, LogId id, fmt::string_view text, fmt::format_args args) const {
    producer_->sink.accept(*producer_, level, id, fmt::vformat(text, args));
}

void Logger::sent(LogId id, std::string_view line) const {
    if (on(Level::protocol)) dialogue(*producer_, id, ">> ", line);
}

void Logger::received(LogId id, std::string_view line) const {
    if (on(Level::protocol)) dialogue(*producer_, id, "<< ", line);
}

void Logger::login(LogId id, const Login& login) const {
    if (producer_ == nullptr || !producer_->sink.wants_security()) return;
    producer_->sink.accept_security(
        *producer_, login.succeeded ? Level::info : Level::warning, id,
        fmt::format("{} login {} from [{}] account '{}' method {}", producer_->module,
                    login.succeeded ? "succeeded" : "failed", login.peer, login.account, login.method));
}

}  // namespace postrider::observe
