// PLAIN and LOGIN without GNU SASL: both are a password in one or two messages, and the library would copy it
// into memory that it does not wipe, for two memchr() saved.

#include "auth/impl.h"
#include "auth/prepare.h"

namespace postrider::auth {
namespace {

using Step = SaslSession::Step;

Step challenge(std::string data) {
    Step step;
    step.kind = Step::challenge;
    step.data = std::move(data);
    return step;
}

Step finished(Outcome outcome) {
    Step step;
    step.kind = outcome.ok() ? Step::done : Step::failed;
    step.outcome = std::move(outcome);
    return step;
}

/// message = [authzid] NUL authcid NUL passwd                                       RFC 4616 §2
class PlainSession final : public SaslSession {
public:
    PlainSession(Authenticator::Impl& impl, Context context) : impl_{impl}, context_{std::move(context)} {}

    Step begin(std::optional<std::string_view> initial) override {
        if (!initial) return challenge({});
        return step(*initial);
    }

    Step step(std::string_view message) override {
        auto first = message.find('\0');
        auto second = first == std::string_view::npos ? first : message.find('\0', first + 1);
        if (over_ || message.size() > max_sasl_message || second == std::string_view::npos) {
            over_ = true;
            return finished(impl_.fail(context_, {}, "PLAIN", Verdict::malformed, "not a message of PLAIN"));
        }
        over_ = true;
        return finished(impl_.plain(context_, message.substr(first + 1, second - first - 1),
                                    message.substr(0, first), message.substr(second + 1),
                                    "PLAIN"));  // plain() refuses a third NUL
    }

private:
    Authenticator::Impl& impl_;
    const Context context_;
    bool over_ = false;
};

/// Two prompts and two answers; draft-murchison-sasl-login. Some clients send the name as an initial
/// response.
class LoginSession final : public SaslSession {
public:
    LoginSession(Authenticator::Impl& impl, Context context) : impl_{impl}, context_{std::move(context)} {}

    Step begin(std::optional<std::string_view> initial) override {
        if (!initial || initial->empty()) return challenge("Username:");
        return step(*initial);
    }

    Step step(std::string_view message) override {
        if (state_ == State::over || message.size() > max_sasl_message) {
            state_ = State::over;
            return finished(impl_.fail(context_, {}, "LOGIN", Verdict::malformed, "not a message of LOGIN"));
        }
        if (state_ == State::name) {
            login_ = message;
            state_ = State::password;
            return challenge("Password:");
        }
        state_ = State::over;
        return finished(impl_.plain(context_, login_, {}, message, "LOGIN"));
    }

private:
    enum class State { name, password, over };
    Authenticator::Impl& impl_;
    const Context context_;
    std::string login_;
    State state_ = State::name;
};

}  // namespace

std::unique_ptr<SaslSession> start_plain(Authenticator::Impl& impl, Context context) {
    return std::make_unique<PlainSession>(impl, std::move(context));
}
std::unique_ptr<SaslSession> start_login(Authenticator::Impl& impl, Context context) {
    return std::make_unique<LoginSession>(impl, std::move(context));
}

}  // namespace postrider::auth
