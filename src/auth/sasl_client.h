#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::auth {

/// The client's half of a log-in by SASL (RFC 4422).
class SaslClient {
public:
    /// The best of what both sides know: SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, and where `secure`, PLAIN and
    /// LOGIN, which show the password to who listens. "" when there is none.
    static std::string choose(const std::vector<std::string>& offered, bool secure);

    /// @param service  as GSSAPI registers them: "smtp", "xmpp"
    SaslClient(std::string mechanism, std::string user, std::string password, std::string host,
               std::string service);
    ~SaslClient();

    /// What the client says first, raw; nothing when the server speaks first.
    std::expected<std::optional<std::string>, std::string> first();
    /// The answer to a challenge, both raw. The error is for the log and says no secret.
    std::expected<std::string, std::string> answer(std::string_view challenge);
    /// The server has proved that it knows the password too, where the mechanism has that; ask after the last
    /// word.
    bool complete() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::auth
