#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/mechanism.h"
#include "base/clock.h"
#include "base/server_name.h"
#include "directory/directory.h"
#include "observe/log.h"
#include "observe/metrics.h"

/// Who asks: passwords, SASL, back-off. Everything here may block (disk, argon2): call it on the worker pool.
/// Everything but a SaslSession (one thread at a time) may be used from any thread.
namespace postrider::auth {

/// The TLS channel's identity (net::TlsInfo has them); all "" without TLS.
struct ChannelBinding {
    std::string exporter;  ///< tls-exporter, RFC 9266
    std::string unique;    ///< tls-unique, RFC 5929 (TLS 1.2 only)
    std::string
        server_endpoint;  ///< tls-server-end-point, RFC 5929 §4: the hash of the certificate that is shown
};

/// From where and for what somebody logs in.
struct Context {
    directory::Service service = directory::Service::imap;
    std::string peer_ip;          ///< numeric
    std::string listener_domain;  ///< bare names belong to it; "" = primary domain
    bool secure = false;
    bool can_change_password =
        false;  ///< the service lets its user set a new password (must_change_password)
    ChannelBinding binding{};
    observe::Logger log{};
    observe::LogId session{};
};

enum class Verdict : std::uint8_t {
    ok,
    bad_credentials,       ///< wrong password, or no such account: `what` alone knows which
    disabled,              ///< the password was right; account or domain is switched off
    service_not_allowed,   ///< the password was right
    must_change_password,  ///< the password was right; `account` is set. ok for webmail, where it can be
                           ///< changed
    not_authorized,        ///< asked to act for somebody else (RFC 4616 authzid)
    backed_off,            ///< too many failures from this address or for this account: see retry_after
    malformed,             ///< not what the mechanism says; costs an error, not a failed log-in
    unavailable,           ///< the store could not be read, or all argon2 slots are taken: try later
};

/// What may be said outside, so that answers do not tell which accounts exist. Each protocol has one sentence
/// per row.
enum class Answer : std::uint8_t {
    ok,
    bad_credentials,  ///< 535 5.7.8, NO [AUTHENTICATIONFAILED], -ERR [AUTH]
    not_permitted,    ///< only after the right password: 535 5.7.8, NO [AUTHORIZATIONFAILED], -ERR [AUTH]
    expired,          ///< only after the right password: 535 5.7.8 / 432 4.7.12, NO [EXPIRED], -ERR [AUTH]
    malformed,        ///< 501 5.5.2, BAD, -ERR
    try_later,        ///< 454 4.7.0, NO [UNAVAILABLE], -ERR [SYS/TEMP]
};

struct Outcome {
    Verdict verdict = Verdict::bad_credentials;
    std::shared_ptr<const directory::AccountEntry> account;  ///< set for ok and must_change_password only
    std::string folder;                                      ///< of POP3's user+folder
    std::chrono::milliseconds
        delay{};  ///< wait this long before a failure is answered (on a timer, not on the pool)
    std::chrono::seconds retry_after{};  ///< for backed_off
    std::string what;                    ///< for the log alone

    bool ok() const { return verdict == Verdict::ok; }
    Answer answer() const;
};

/// One try, for the security log and intrusion blockers.
struct SecurityEvent {
    std::string_view peer_ip;
    std::string_view login;      ///< as the client gave it
    std::string_view mechanism;  ///< "PLAIN", "APOP", "password"
    directory::Service service;
    Verdict verdict;
};

class Authenticator;

/// One SASL exchange (RFC 4422), without I/O and base64: decoded octets in, octets out.
///
///     auto sasl = authenticator.start(context, Mechanism::plain);
///     Step step = sasl->begin(initial_response);   // nullopt: the client sent none
///     while (step.kind == Step::challenge) step = sasl->step(answer_of_the_client(step.data));
///
/// A client's "*" is the protocol's to see: destroy the session. Input over 8 KB is malformed.
class SaslSession {
public:
    struct Step {
        enum Kind : std::uint8_t { challenge, done, failed } kind = failed;
        std::string data;  ///< of a challenge; may be empty
        Outcome outcome;   ///< when done (verdict ok) or failed
    };
    virtual ~SaslSession() = default;
    virtual Step begin(std::optional<std::string_view> initial_response) = 0;
    virtual Step step(std::string_view response) = 0;
};

struct AuthOptions {
    Mechanisms mechanisms =
        Mechanisms::all();  ///< that any listener has enabled: others' verifiers are not stored
    /// CRAM-MD5, DIGEST-MD5 and APOP need the password itself. With a key (32 octets) it is kept, encrypted,
    /// at the next change or PLAIN log-in; without, these mechanisms are not available.
    std::string secret_key{};
    ServerName host_name{"localhost"};  ///< DIGEST-MD5's realm where there is no primary domain
    bool allow_alias_logins = true;     ///< at the start

    unsigned argon2_slots = 2;              ///< verifications at once, each 30 ms and 16 MB
    unsigned argon2_waiting = 64;           ///< more are turned away as unavailable
    std::size_t cached_passwords = 20'000;  ///< successful checks remembered, 80 octets each

    unsigned account_failures = 10;      ///< per account within `window` before refusal
    unsigned ip_failures = 50;           ///< per IPv4 address or IPv6 /64
    std::chrono::seconds window{600};    ///< failures are forgotten, and refusal ends, after this
    std::size_t tracked_peers = 50'000;  ///< bound of the back-off table
};

class Authenticator {
public:
    /// All references must live longer.
    Authenticator(directory::Directory& directory, const Clock& clock, observe::Metrics& metrics,
                  AuthOptions options);
    ~Authenticator();
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;

    /// What the stored verifiers allow; hand it to offered().
    Mechanisms available() const;
    bool apop_available() const;
    /// Whether aliases are names to log in with, from now on.
    void allow_alias_logins(bool allow);

    /// IMAP's LOGIN, POP3's USER and PASS, WebMail.
    Outcome authenticate_plain(const Context& context, std::string_view login, std::string_view password);
    /// RFC 1939 §7. @param timestamp  of the greeting, with its angle brackets; digest: 32 hex digits
    Outcome authenticate_apop(const Context& context, std::string_view login, std::string_view timestamp,
                              std::string_view digest);
    /// nullptr when the mechanism is not available. The session must not outlive this.
    std::unique_ptr<SaslSession> start(const Context& context, Mechanism mechanism);

    /// An administrator (WebAdmin, CLI, FTP backup). The outcome has no account.
    Outcome authenticate_admin(const Context& context, std::string_view name, std::string_view password);

    // ---- passwords

    enum class Policy { enforce, ignore };
    /// Also forgets cached checks. not_allowed: against the policy, unless told to ignore it.
    directory::Result<> set_password(AccountId account, std::string_view password, Policy policy,
                                     bool must_change = false);
    /// By the owner, who knows the old one; enforces the policy.
    directory::Result<> change_password(const Context& context, AccountId account,
                                        std::string_view old_password, std::string_view password);
    directory::Result<> set_admin_password(std::string_view name, std::string_view password);
    /// For NewAccount and NewDomain. Takes the time of one argon2 and of the SCRAM keys, about 35 ms.
    directory::Result<std::string> make_credentials(std::string_view password) const;
    /// Satisfies every policy that does not ask for more than `length` characters. 12 to 128.
    static std::string random_password(std::size_t length = 16);
    /// The account with its password, held against the policy that it will inherit; account.credentials is
    /// ignored.
    directory::Result<AccountId> create_account(DomainId domain, directory::NewAccount account,
                                                std::string_view password, Policy policy);
    struct RandomAccount {
        AccountId id;
        std::string password;
    };
    directory::Result<RandomAccount> create_random_password(DomainId domain, directory::NewAccount account);

    // ---- others

    void on_security_event(std::function<void(const SecurityEvent&)> listener);  ///< set once, before use
    void forgive(std::string_view peer_ip);  ///< an administrator lifts the back-off of an address
    void forgive(AccountId account);

    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::auth
