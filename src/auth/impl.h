#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "auth/auth.h"
#include "auth/backoff.h"
#include "auth/credentials.h"
#include "auth/crypto.h"
#include "auth/slots.h"
#include "directory/cache.h"

struct Gsasl;

/// What the .cpp files of this room share.
namespace postrider::auth {

/// Whom a log-in name means, for everything that follows; without an account the exchange goes on as if there
/// were one.
struct Who {
    std::string login;  ///< as the client gave it
    std::shared_ptr<const directory::AccountEntry> account;
    std::string folder;
    std::uint64_t key = 0;  ///< for the back-off
    std::string why;        ///< there is no account
    bool unavailable = false;
};

enum class Checked { right, wrong, busy, unavailable };

struct FreeGsasl {
    void operator()(Gsasl* context) const;
};

struct Authenticator::Impl {
    Impl(directory::Directory& who, const Clock& time, observe::Metrics& metrics, AuthOptions with);

    directory::Directory& directory;
    const AuthOptions options;
    std::atomic<bool> alias_logins;
    const Wanted wanted;
    Backoff backoff;
    Slots slots;
    const std::string process_key = random_bytes(32);
    directory::Cache<AccountId, Digest, std::hash<AccountId>>
        passwords;  ///< last right password of each account
    Argon2 nobody;  ///< verifier that no password passes, checked where there is no account
    std::unique_ptr<Gsasl, FreeGsasl> gsasl;
    std::function<void(const SecurityEvent&)> listener;
    observe::Counter& succeeded;
    observe::Counter& failed;
    observe::Counter& refused;
    observe::Counter& from_cache;
    observe::Counter& argon2_runs;

    Mechanisms available() const;
    Who find(const Context& context, std::string_view login) const;
    Who find_admin(std::string_view name) const;

    /// Against argon2 or the cache. Takes the same time whether there is an account or not.
    Checked check_password(const Who& who, std::string_view prepared);
    Checked check_argon2(const std::string& credentials, std::string_view prepared, Verifiers* read);
    Digest fast_hash(const directory::AccountEntry& account, std::string_view prepared) const;

    /// A wrong password, a refusal, a malformed message: counts, logs, tells; gives the outcome.
    Outcome fail(const Context& context, const Who& who, std::string_view method, Verdict verdict,
                 std::string why);
    /// Set when the address or account has failed too often.
    std::optional<Outcome> refuse(const Context& context, const Who& who, std::string_view method);
    /// The password was right: may this account use this service, and act as `authzid` ("" = as itself)?
    Outcome permit(const Context& context, Who who, std::string_view authzid, std::string_view method);
    /// After permit(): the log-in is complete.
    void announce(const Context& context, const Outcome& outcome, const std::string& login,
                  std::string_view method);

    Outcome plain(const Context& context, std::string_view login, std::string_view authzid,
                  std::string_view password, std::string_view method);
    void tell(const Context& context, std::string_view login, std::string_view method, Verdict verdict) const;
};

std::unique_ptr<SaslSession> start_plain(Authenticator::Impl& impl, Context context);
std::unique_ptr<SaslSession> start_login(Authenticator::Impl& impl, Context context);
std::unique_ptr<SaslSession> start_gsasl(Authenticator::Impl& impl, Context context, Mechanism mechanism);
Gsasl* make_gsasl();

inline constexpr std::size_t max_sasl_message = 8 * 1024;
inline constexpr std::size_t max_login = 1024;

}  // namespace postrider::auth
