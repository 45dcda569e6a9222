#pragma once

namespace postrider::net {

/// How many mistakes one session may make before it is closed (maxErrors, maxAuthErrors; 0 = any number).
class ErrorBudget {
public:
    ErrorBudget(unsigned max_errors, unsigned max_auth_errors)
        : max_errors_{max_errors}, max_auth_errors_{max_auth_errors} {}

    /// Counts a command that was wrong. False: that was the last one, answer it and close.
    [[nodiscard]] bool error() { return ++errors_, max_errors_ == 0 || errors_ < max_errors_; }
    /// Counts a log-in that failed; it is no error of the other kind.
    [[nodiscard]] bool auth_error() {
        return ++auth_errors_, max_auth_errors_ == 0 || auth_errors_ < max_auth_errors_;
    }

    unsigned errors() const { return errors_; }
    unsigned auth_errors() const { return auth_errors_; }

private:
    unsigned max_errors_;
    unsigned max_auth_errors_;
    unsigned errors_ = 0;
    unsigned auth_errors_ = 0;
};

}  // namespace postrider::net
