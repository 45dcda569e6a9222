#include <utility>

#include "auth/impl.h"
#include "auth/prepare.h"
#include "base/codec.h"
#include "directory/names.h"
#include "text/ascii.h"
#include "text/hex.h"

namespace postrider::auth {
namespace {

Argon2 impossible() {
    Argon2 argon2;
    argon2.salt = random_bytes(16);
    argon2.hash = random_bytes(32);
    return argon2;
}

std::uint64_t name_key(std::string_view login) {
    // Ids are small numbers: the upper bit keeps names apart from them.
    return std::hash<std::string>{}(directory::fold_local(login)) | std::uint64_t{1} << 63;
}

constexpr std::string_view no_such = "there is no such account";

}  // namespace

Answer Outcome::answer() const {
    switch (verdict) {
        case Verdict::ok: return Answer::ok;
        case Verdict::bad_credentials: return Answer::bad_credentials;
        // Said in the same words as a wrong password: who guesses must not learn that it is worth going on
        // elsewhere.
        case Verdict::backed_off: return Answer::bad_credentials;
        case Verdict::disabled:
        case Verdict::service_not_allowed:
        case Verdict::not_authorized: return Answer::not_permitted;
        case Verdict::must_change_password: return Answer::expired;
        case Verdict::malformed: return Answer::malformed;
        case Verdict::unavailable: return Answer::try_later;
    }
    return Answer::try_later;
}

Authenticator::Impl::Impl(directory::Directory& who, const Clock& time, observe::Metrics& metrics,
                          AuthOptions with)
    : directory{who},
      options{std::move(with)},
      alias_logins{options.allow_alias_logins},
      wanted{options.mechanisms.has(Mechanism::scram_sha_1)
                 || options.mechanisms.has(Mechanism::scram_sha_1_plus),
             options.mechanisms.has(Mechanism::scram_sha_256)
                 || options.mechanisms.has(Mechanism::scram_sha_256_plus),
             options.secret_key.size() == 32 ? options.secret_key : std::string{}},
      backoff{time, {options.account_failures, options.ip_failures, options.window, options.tracked_peers}},
      slots{options.argon2_slots, options.argon2_waiting},
      passwords{options.cached_passwords},
      nobody{impossible()},
      gsasl{make_gsasl()},
      succeeded{metrics.counter("auth.logins", "Successful log-ins")},
      failed{metrics.counter("auth.failures", "Failed log-ins")},
      refused{metrics.counter("auth.refused", "Log-ins refused after too many failures")},
      from_cache{metrics.counter("auth.cached", "Passwords checked without argon2")},
      argon2_runs{metrics.counter("auth.argon2", "Passwords checked with argon2")} {}

Mechanisms Authenticator::Impl::available() const {
    Mechanisms set = options.mechanisms;
    if (wanted.secret_key.empty()) {
        set.remove(Mechanism::cram_md5);
        set.remove(Mechanism::digest_md5);
    }
    return set;
}

Who Authenticator::Impl::find(const Context& context, std::string_view login) const {
    Who who;
    who.login = login;
    who.key = name_key(login);
    auto named =
        directory.login_name(login, context.listener_domain, context.service == directory::Service::pop3);
    if (!named) {
        who.unavailable = named.error().kind != directory::DirectoryError::not_found;
        who.why = named.error().what;
        return who;
    }
    who.key = named->account->id.value();
    if (named->by_alias && !alias_logins) {
        who.why = "it is an alias, and alias log-ins are switched off";
        return who;
    }
    who.account = std::move(named->account);
    who.folder = std::move(named->folder);
    return who;
}

Digest Authenticator::Impl::fast_hash(const directory::AccountEntry& account,
                                      std::string_view prepared) const {
    std::string data;
    put_be(data, account.id.value());
    put_be(data, account.password_version);
    data.append(prepared);
    Digest digest = hmac_sha256(process_key, data);
    wipe(data);
    return digest;
}

Checked Authenticator::Impl::check_argon2(const std::string& credentials, std::string_view prepared,
                                          Verifiers* read) {
    auto verifiers = decode_verifiers(credentials);
    if (!verifiers) return Checked::unavailable;
    Slots::Taken slot = slots.take();
    if (!slot) return Checked::busy;
    argon2_runs.add();
    bool right = check(verifiers->argon2 ? *verifiers->argon2 : nobody, prepared);
    if (read != nullptr) *read = std::move(*verifiers);
    return right ? Checked::right : Checked::wrong;
}

Checked Authenticator::Impl::check_password(const Who& who, std::string_view prepared) {
    if (who.unavailable) return Checked::unavailable;
    if (who.account == nullptr) {
        Checked checked = check_argon2({}, prepared, nullptr);
        return checked == Checked::right ? Checked::wrong : checked;
    }
    const directory::AccountEntry& account = *who.account;
    Digest hash = fast_hash(account, prepared);
    decltype(passwords)::Ticket ticket;
    if (auto known = passwords.get(account.id, ticket);
        known && equal_constant_time(view(*known), view(hash))) {
        from_cache.add();
        return Checked::right;
    }
    auto credentials = directory.credentials(account.id);
    if (!credentials) return Checked::unavailable;
    Verifiers verifiers;
    Checked checked = check_argon2(credentials->bytes, prepared, &verifiers);
    if (checked != Checked::right) return checked;
    // The entry may be older than the record: then its version made `hash`, and the next log-in checks again.
    if (credentials->version == account.password_version) {
        passwords.erase(account.id);  // another hash may be there, of before a change
        passwords.get(account.id, ticket);
        passwords.put(account.id, hash, ticket);
    }
    // A mechanism was switched on or off since, or the parameters are yesterday's. Not being able to write is
    // no reason to refuse a log-in.
    if (outdated(verifiers, wanted))
        (void)directory.refresh_credentials(account.id, credentials->version,
                                            encode(make_verifiers(prepared, wanted)));
    return Checked::right;
}

void Authenticator::Impl::tell(const Context& context, std::string_view login, std::string_view method,
                               Verdict verdict) const {
    context.log.login(context.session, {context.peer_ip, login, method, verdict == Verdict::ok});
    if (listener) listener({context.peer_ip, login, method, context.service, verdict});
}

Outcome Authenticator::Impl::fail(const Context& context, const Who& who, std::string_view method,
                                  Verdict verdict, std::string why) {
    Outcome outcome;
    outcome.verdict = verdict;
    outcome.what = std::move(why);
    failed.add();
    if (verdict == Verdict::bad_credentials || verdict == Verdict::not_authorized)
        outcome.delay = backoff.failed(context.peer_ip, who.key);
    context.log.info(context.session, "Login of '{}' from {} with {} failed: {}", who.login, context.peer_ip,
                     method, outcome.what);
    tell(context, who.login, method, verdict);
    return outcome;
}

std::optional<Outcome> Authenticator::Impl::refuse(const Context& context, const Who& who,
                                                   std::string_view method) {
    auto wait = backoff.refused(context.peer_ip, who.key);
    if (wait.count() == 0) return std::nullopt;
    refused.add();
    Outcome outcome = fail(context, who, method, Verdict::backed_off,
                           "too many failures; refused for " + std::to_string(wait.count()) + " s");
    outcome.retry_after = wait;
    outcome.delay = std::chrono::milliseconds{4000};
    return outcome;
}

Outcome Authenticator::Impl::permit(const Context& context, Who who, std::string_view authzid,
                                    std::string_view method) {
    using directory::word;
    auto its_domain = directory.domain(who.account->domain);
    if (!authzid.empty()) {
        // RFC 4616 §2: to act for somebody else is not possible here (yet); for oneself under any of one's
        // names it is.
        Who other = find(context, authzid);
        if (other.unavailable) return fail(context, who, method, Verdict::unavailable, other.why);
        if (other.account == nullptr || other.account->id != who.account->id)
            return fail(context, who, method, Verdict::not_authorized, "may not act for somebody else");
    }
    if (!who.account->enabled || its_domain == nullptr || !its_domain->enabled)
        return fail(context, who, method, Verdict::disabled, "the account or its domain is switched off");
    auto allowed = directory.service_allowed(*who.account, context.service);
    if (!allowed) return fail(context, who, method, Verdict::unavailable, allowed.error().what);
    if (!*allowed)
        return fail(context, who, method, Verdict::service_not_allowed,
                    "may not use " + std::string{word(context.service)});
    if (who.account->must_change_password && !context.can_change_password) {
        Outcome outcome =
            fail(context, who, method, Verdict::must_change_password, "the password must be changed first");
        outcome.account = std::move(who.account);
        return outcome;
    }
    Outcome outcome;
    outcome.verdict = Verdict::ok;
    outcome.account = std::move(who.account);
    outcome.folder = std::move(who.folder);
    return outcome;
}

void Authenticator::Impl::announce(const Context& context, const Outcome& outcome, const std::string& login,
                                   std::string_view method) {
    succeeded.add();
    backoff.succeeded(context.peer_ip, outcome.account->id.value());
    context.log.info(context.session, "Account '{}' has logged in", outcome.account->address);
    tell(context, login, method, Verdict::ok);
}

Outcome Authenticator::Impl::plain(const Context& context, std::string_view login, std::string_view authzid,
                                   std::string_view password, std::string_view method) {
    if (login.empty() || login.size() > max_login || password.size() > max_password
        || authzid.size() > max_login || login.find('\0') != std::string_view::npos
        || password.find('\0') != std::string_view::npos) {
        Who nobody_at_all;
        nobody_at_all.login = login.substr(0, max_login);
        return fail(context, nobody_at_all, method, Verdict::malformed,
                    "name or password is empty, too long or holds NUL");
    }
    Who who = find(context, login);
    if (auto no = refuse(context, who, method)) return std::move(*no);
    auto prepared = prepare_password(password, false);
    if (!prepared)  // decided before anything was looked up in the account: its time tells nothing
        return fail(context, who, method, Verdict::bad_credentials, "no password is like this");
    switch (check_password(who, prepared->text())) {
        case Checked::right: break;
        case Checked::wrong:
            return fail(context, who, method, Verdict::bad_credentials,
                        who.account ? "wrong password" : who.why);
        case Checked::busy:
            return fail(context, who, method, Verdict::unavailable, "too many passwords are being checked");
        case Checked::unavailable:
            return fail(context, who, method, Verdict::unavailable,
                        who.why.empty() ? "the directory cannot be read" : who.why);
    }
    Outcome outcome = permit(context, std::move(who), authzid, method);
    if (outcome.ok()) announce(context, outcome, std::string{login}, method);
    return outcome;
}

Authenticator::Authenticator(directory::Directory& directory, const Clock& clock, observe::Metrics& metrics,
                             AuthOptions options)
    : impl_{std::make_unique<Impl>(directory, clock, metrics, std::move(options))} {}
Authenticator::~Authenticator() = default;

void Authenticator::allow_alias_logins(bool allow) {
    impl_->alias_logins = allow;
}

Mechanisms Authenticator::available() const {
    return impl_->available();
}
bool Authenticator::apop_available() const {
    return !impl_->wanted.secret_key.empty();
}

Outcome Authenticator::authenticate_plain(const Context& context, std::string_view login,
                                          std::string_view password) {
    return impl_->plain(context, login, {}, password, "password");
}

Outcome Authenticator::authenticate_apop(const Context& context, std::string_view login,
                                         std::string_view timestamp, std::string_view digest) {
    constexpr std::string_view method = "APOP";
    Who who = impl_->find(context, login);
    if (!apop_available() || login.empty() || login.size() > max_login || digest.size() != 32
        || timestamp.empty())
        return impl_->fail(context, who, method, Verdict::malformed,
                           "not an APOP digest, or APOP is not available");
    if (auto no = impl_->refuse(context, who, method)) return std::move(*no);
    std::string stored;
    if (who.account != nullptr) {
        auto credentials = impl_->directory.credentials(who.account->id);
        if (!credentials)
            return impl_->fail(context, who, method, Verdict::unavailable, credentials.error().what);
        if (auto verifiers = decode_verifiers(credentials->bytes)) stored = std::move(verifiers->sealed);
    }
    if (who.unavailable) return impl_->fail(context, who, method, Verdict::unavailable, who.why);
    std::optional<Secret> secret = unseal(impl_->wanted.secret_key, stored);
    bool known = secret.has_value();
    if (!known) secret = Secret{random_bytes(16)};
    std::string text{timestamp};
    text.append(secret->text());
    std::string expected = text::to_hex(md5(text));
    wipe(text);
    if (!equal_constant_time(expected, text::to_lower(digest)) || !known)
        return impl_->fail(context, who, method, Verdict::bad_credentials,
                           who.account == nullptr ? who.why
                           : known                ? "wrong digest"
                                                  : "no secret is stored");
    Outcome outcome = impl_->permit(context, std::move(who), {}, method);
    if (outcome.ok()) impl_->announce(context, outcome, std::string{login}, method);
    return outcome;
}

Outcome Authenticator::authenticate_admin(const Context& context, std::string_view name,
                                          std::string_view password) {
    constexpr std::string_view method = "admin";
    Who who;
    who.login = name.substr(0, max_login);
    who.key = name_key("admin:" + who.login);
    if (auto no = impl_->refuse(context, who, method)) return std::move(*no);
    auto prepared = prepare_password(password, false);
    if (!prepared || name.empty() || name.size() > max_login)
        return impl_->fail(context, who, method, Verdict::bad_credentials,
                           "no name or password is like this");
    auto entry = impl_->directory.admin(name);
    directory::Credentials credentials;
    if (entry) {
        auto read = impl_->directory.admin_credentials(name);
        if (!read) return impl_->fail(context, who, method, Verdict::unavailable, read.error().what);
        credentials = std::move(*read);
    } else if (entry.error().kind != directory::DirectoryError::not_found) {
        return impl_->fail(context, who, method, Verdict::unavailable, entry.error().what);
    }
    switch (impl_->check_argon2(credentials.bytes, prepared->text(), nullptr)) {
        case Checked::right: break;
        case Checked::wrong:
            return impl_->fail(context, who, method, Verdict::bad_credentials,
                               entry ? "wrong password" : std::string{no_such});
        case Checked::busy:
        case Checked::unavailable:
            return impl_->fail(context, who, method, Verdict::unavailable,
                               "the password cannot be checked now");
    }
    if (!entry) return impl_->fail(context, who, method, Verdict::bad_credentials, std::string{no_such});
    if (!entry->enabled)
        return impl_->fail(context, who, method, Verdict::disabled, "the administrator is switched off");
    Outcome outcome;
    outcome.verdict = Verdict::ok;
    impl_->succeeded.add();
    impl_->backoff.succeeded(context.peer_ip, who.key);
    context.log.info(context.session, "Administrator '{}' has logged in", entry->name);
    impl_->tell(context, who.login, method, Verdict::ok);
    return outcome;
}

std::unique_ptr<SaslSession> Authenticator::start(const Context& context, Mechanism mechanism) {
    if (!impl_->available().has(mechanism)) return nullptr;
    switch (mechanism) {
        case Mechanism::plain: return start_plain(*impl_, context);
        case Mechanism::login: return start_login(*impl_, context);
        default: return start_gsasl(*impl_, context, mechanism);
    }
}

void Authenticator::on_security_event(std::function<void(const SecurityEvent&)> listener) {
    impl_->listener = std::move(listener);
}
void Authenticator::forgive(std::string_view peer_ip) {
    impl_->backoff.forgive_ip(peer_ip);
}
void Authenticator::forgive(AccountId account) {
    impl_->backoff.forgive_account(account.value());
}

}  // namespace postrider::auth
