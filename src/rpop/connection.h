#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

namespace postrider::rpop {

enum class Protocol : std::uint8_t { pop3, imap };
enum class Security : std::uint8_t { none, starttls, implicit };

std::string_view word(Protocol protocol);
std::string_view word(Security security);  ///< "none", "starttls", "tls"
std::optional<Protocol> protocol_of(std::string_view word);
std::optional<Security> security_of(std::string_view word);
std::uint16_t usual_port(Protocol protocol, Security security);

/// A mailbox elsewhere from which mail is fetched into an account.
struct Connection {
    AccountId account;
    std::uint32_t id = 0;  ///< within the account; never given twice
    bool enabled = true;
    Protocol protocol = Protocol::pop3;
    Security security = Security::implicit;
    bool verify = true;  ///< the server's certificate
    std::string host;    ///< name or IP address
    std::uint16_t port = 995;
    std::string user;
    std::string sealed_password;          ///< only the retriever opens it
    std::string folder = "INBOX";         ///< where the mail goes
    std::string remote_folder = "INBOX";  ///< where it comes from (IMAP)
    std::chrono::minutes interval{0};     ///< between two retrievals; the account may demand more
    bool keep = true;                     ///< false: deleted there once it is safe here
    unsigned days = 0;  ///< keep: deleted there that many days after it was fetched; 0: never
    friend bool operator==(const Connection&, const Connection&) = default;
};

/// What became of it.
struct Status {
    Time last{};         ///< begin of the last retrieval; 0: none yet
    Time next{};         ///< when it is due again
    std::string result;  ///< of the last one, for people
    bool ok = true;
    std::uint32_t failures = 0;                    ///< in a row
    std::uint64_t fetched = 0;                     ///< messages, in all
    std::uint32_t uid_validity = 0, last_uid = 0;  ///< IMAP: what has been looked at
    friend bool operator==(const Status&, const Status&) = default;
};

/// Records (docs/formats/rpop.md). Account and id are in the key.
std::string encode(const Connection& connection);
std::optional<Connection> decode_connection(std::string_view bytes);
std::string encode(const Status& status);
std::optional<Status> decode_status(std::string_view bytes);

}  // namespace postrider::rpop
