#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Authentication-Results as text (RFC 8601 §2.2).
namespace postrider::mailauth {

struct AuthProperty {
    std::string type;   ///< "smtp", "header", "body", "policy", lower case
    std::string name;   ///< "mailfrom", "d", lower case
    std::string value;  ///< without quotes
    friend bool operator==(const AuthProperty&, const AuthProperty&) = default;
};
struct AuthResult {
    std::string method, result;  ///< "spf", "pass", lower case
    std::string reason;
    std::string comment;  ///< the first one behind the result; written in parentheses
    std::vector<AuthProperty> properties;
    friend bool operator==(const AuthResult&, const AuthResult&) = default;
};
struct AuthResults {
    std::string host;  ///< authserv-id
    unsigned version = 1;
    std::vector<AuthResult> results;  ///< empty: "none"
    friend bool operator==(const AuthResults&, const AuthResults&) = default;
};

constexpr std::size_t max_auth_results = 100;
constexpr std::size_t max_auth_properties = 30;

/// @param value  of the field, folds and comments included. nullopt if it does not follow the grammar.
std::optional<AuthResults> parse_auth_results(std::string_view value);

/// Only whose it is; "" if that cannot be read.
std::string auth_results_host(std::string_view value);

/// "host; spf=pass (comment) smtp.mailfrom=a@example.com; dkim=..." unfolded. Whatever comes from outside is
/// quoted where it must be, and loses controls.
std::string auth_results_text(const AuthResults& results);
/// The whole field, one line per result, with CRLF.
std::string auth_results_field(const AuthResults& results);

}  // namespace postrider::mailauth
