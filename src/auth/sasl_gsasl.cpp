// CRAM-MD5, DIGEST-MD5 and SCRAM through GNU SASL. The library keeps the exchange and asks for what it needs;
// where there is no account (or it has no such verifier) it is given one that nothing passes, so that the
// exchange looks the same.

#include <gsasl.h>

#include <memory>
#include <stdexcept>

#include "auth/impl.h"
#include "auth/prepare.h"
#include "auth/scram_message.h"
#include "text/base64.h"

namespace postrider::auth {
namespace {

using Step = SaslSession::Step;

constexpr int max_steps = 6;

struct FreeSession {
    void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};
struct FreeText {
    void operator()(char* text) const { gsasl_free(text); }
};

ScramHash hash_of(Mechanism mechanism) {
    return mechanism == Mechanism::scram_sha_1 || mechanism == Mechanism::scram_sha_1_plus
               ? ScramHash::sha1
               : ScramHash::sha256;
}

bool server_first(Mechanism mechanism) {
    return mechanism == Mechanism::cram_md5 || mechanism == Mechanism::digest_md5;
}

class GsaslSession final : public SaslSession {
public:
    GsaslSession(Authenticator::Impl& impl, Context context, Mechanism mechanism)
        : impl_{impl}, context_{std::move(context)}, mechanism_{mechanism} {
        Gsasl_session* session = nullptr;
        int rc = gsasl_server_start(impl_.gsasl.get(), std::string{name(mechanism)}.c_str(), &session);
        if (rc != GSASL_OK) throw std::runtime_error{std::string{"gsasl: "} + gsasl_strerror(rc)};
        session_.reset(session);
        gsasl_session_hook_set(session, this);
    }

    Step begin(std::optional<std::string_view> initial) override {
        // RFC 4422 §3.3: no initial response where the server speaks first.
        if (server_first(mechanism_) && initial && !initial->empty()) return malformed("an initial response");
        return step(initial.value_or(std::string_view{}));
    }

    Step step(std::string_view message) override {
        if (granted_) {  // the server's last words were a challenge: the client has nothing to add (RFC 4422
                         // §3.6)
            if (!message.empty()) return malformed("an answer to the last message");
            Step step;
            step.kind = Step::done;
            step.outcome = std::move(*granted_);
            granted_.reset();
            over_ = true;
            impl_.announce(context_, step.outcome, who_.login, name(mechanism_));
            return step;
        }
        if (over_ || ++steps_ > max_steps || message.size() > max_sasl_message
            || message.find('\0') != std::string_view::npos)
            return malformed("not a message of it");
        if (end_point_ || (steps_ == 1 && binds_to_end_point(message))) return step_end_point(message);
        char* raw = nullptr;
        std::size_t size = 0;
        // The library takes a message without octets for one that ends with NUL (its DIGEST-MD5): let it have
        // the NUL.
        const std::string input{message};
        int rc = gsasl_step(session_.get(), input.data(), input.size(), &raw, &size);
        std::unique_ptr<char, FreeText> output{raw};
        std::string data{raw == nullptr ? "" : raw, raw == nullptr ? 0 : size};
        if (refused_) {
            over_ = true;
            return failed(std::move(*refused_));
        }
        switch (rc) {
            case GSASL_NEEDS_MORE: return challenge(std::move(data));
            case GSASL_OK: return passed(std::move(data));
            case GSASL_AUTHENTICATION_ERROR:
            case GSASL_NO_PASSWORD:
            case GSASL_NO_AUTHID:
            case GSASL_SASLPREP_ERROR: return not_passed();
            default: return malformed(gsasl_strerror(rc));
        }
    }

    /// The library asks.
    int provide(Gsasl_property property) {
        switch (property) {
            case GSASL_CB_TLS_EXPORTER: return give(property, text::encode_base64(context_.binding.exporter));
            case GSASL_CB_TLS_UNIQUE: return give(property, text::encode_base64(context_.binding.unique));
            case GSASL_REALM: return give(property, realm());
            case GSASL_SCRAM_ITER: return give(property, std::to_string(scram().iterations));
            case GSASL_SCRAM_SALT: return give(property, text::encode_base64(scram().salt));
            case GSASL_SCRAM_STOREDKEY: return give(property, text::encode_base64(scram().stored_key));
            case GSASL_SCRAM_SERVERKEY: return give(property, text::encode_base64(scram().server_key));
            case GSASL_PASSWORD: {
                if (!server_first(mechanism_)) return GSASL_NO_CALLBACK;
                load();
                auto secret = unseal(impl_.wanted.secret_key, verifiers_.sealed);
                if (!secret) missing_ = true;
                return give(property, secret ? secret->text() : text::encode_base64(random_bytes(18)));
            }
            default: return GSASL_NO_CALLBACK;
        }
    }

private:
    int give(Gsasl_property property, const std::string& value) {
        if (value.empty()) return GSASL_NO_CALLBACK;
        gsasl_property_set_raw(session_.get(), property, value.data(), value.size());
        return GSASL_OK;
    }

    std::string realm() const {
        auto its_domain = context_.listener_domain.empty() ? impl_.directory.primary_domain()
                                                           : impl_.directory.domain(context_.listener_domain);
        return its_domain != nullptr ? its_domain->name : impl_.options.host_name.get();
    }

    std::string property(Gsasl_property which) const {
        const char* text = gsasl_property_fast(session_.get(), which);
        return text == nullptr ? std::string{} : std::string{text};
    }

    /// Who it is and what is stored of the password, once the client has said its name.
    void load() {
        if (loaded_) return;
        loaded_ = true;
        std::string login = property(GSASL_AUTHID);
        if (login.size() > max_login) login.clear();
        // RFC 2831 §2.1.2: the realm is where a bare name belongs.
        if (mechanism_ == Mechanism::digest_md5 && login.find('@') == std::string::npos) {
            std::string of = property(GSASL_REALM);
            if (!of.empty() && impl_.directory.is_local_domain(of)) login.append("@").append(of);
        }
        who_ = impl_.find(context_, login);
        refused_ = impl_.refuse(context_, who_, name(mechanism_));
        if (who_.account == nullptr) return;
        auto credentials = impl_.directory.credentials(who_.account->id);
        auto verifiers = credentials ? decode_verifiers(credentials->bytes) : std::nullopt;
        if (!verifiers) {
            who_.unavailable = true;
            who_.why = credentials ? "the password record is damaged" : credentials.error().what;
            return;
        }
        verifiers_ = std::move(*verifiers);
    }

    const ScramKeys& scram() {
        load();
        if (scram_) return *scram_;
        ScramHash hash = hash_of(mechanism_);
        auto& stored = hash == ScramHash::sha1 ? verifiers_.scram_sha_1 : verifiers_.scram_sha_256;
        if (stored && who_.account != nullptr) {
            scram_ = std::move(*stored);
            return *scram_;
        }
        // RFC 5802 §9 leaves open what to say of an unknown user. The salt must be the same each time, after
        // a restart too, as a real one is; the keys are keys that no proof passes.
        missing_ = true;
        if (who_.why.empty())
            who_.why = "no SCRAM keys are stored: log in once with PLAIN or set the password";
        std::string seed{name(mechanism_).substr(0, name(mechanism_).rfind("-PLUS"))};
        scram_.emplace();
        scram_->salt =
            std::string{view(hmac_sha256(impl_.directory.server_secret(), seed + '\0' + who_.login))}.substr(
                0, 16);
        scram_->stored_key = random_bytes(digest_size(hash));
        scram_->server_key = random_bytes(digest_size(hash));
        return *scram_;
    }

    // SCRAM bound to the server's certificate (RFC 5929 §4), for which GNU SASL has no name: the two messages
    // are read here, everything else is as with it.

    struct EndPoint {
        std::string header, nonce, auth_message;
    };

    bool binds_to_end_point(std::string_view message) const {
        const bool plus =
            mechanism_ == Mechanism::scram_sha_1_plus || mechanism_ == Mechanism::scram_sha_256_plus;
        return plus && !context_.binding.server_endpoint.empty()
               && message.starts_with("p=tls-server-end-point,");
    }

    Step step_end_point(std::string_view message) {
        return end_point_ ? end_point_final(message) : end_point_first(message);
    }

    Step end_point_first(std::string_view message) {
        auto first = parse_scram_first(message);
        if (!first) return malformed("not a SCRAM message");
        gsasl_property_set(session_.get(), GSASL_AUTHID, first->user.c_str());
        if (!first->authzid.empty())
            gsasl_property_set(session_.get(), GSASL_AUTHZID, first->authzid.c_str());
        const ScramKeys& keys = scram();
        if (refused_) {
            over_ = true;
            return failed(std::move(*refused_));
        }
        end_point_.emplace();
        end_point_->header = first->header;
        end_point_->nonce = std::string{first->nonce} + text::encode_base64(random_bytes(18));
        std::string answer = "r=" + end_point_->nonce + ",s=" + text::encode_base64(keys.salt)
                             + ",i=" + std::to_string(keys.iterations);
        end_point_->auth_message = std::string{first->bare} + ',' + answer + ',';
        return challenge(std::move(answer));
    }

    Step end_point_final(std::string_view message) {
        auto last = parse_scram_final(message);
        const ScramHash hash = hash_of(mechanism_);
        if (!last || last->proof.size() != digest_size(hash)) return malformed("not a SCRAM message");
        const ScramKeys& keys = scram();
        end_point_->auth_message.append(last->without_proof);
        // ClientKey := ClientProof XOR HMAC(StoredKey, AuthMessage); H(ClientKey) must be StoredKey (RFC 5802
        // §3).
        std::string key = hmac(hash, keys.stored_key, end_point_->auth_message);
        for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(key[i] ^ last->proof[i]);
        const bool right = equal_constant_time(digest(hash, key), keys.stored_key);
        wipe(key);
        const bool bound =
            equal_constant_time(last->binding, end_point_->header + context_.binding.server_endpoint);
        if (!right || !bound || last->nonce != end_point_->nonce) return not_passed();
        return passed("v=" + text::encode_base64(hmac(hash, keys.server_key, end_point_->auth_message)));
    }

    Step not_passed() {
        over_ = true;
        if (who_.unavailable)
            return failed(impl_.fail(context_, who_, name(mechanism_), Verdict::unavailable, who_.why));
        return failed(impl_.fail(context_, who_, name(mechanism_), Verdict::bad_credentials,
                                 !who_.why.empty() ? who_.why : "wrong password or channel"));
    }

    Step passed(std::string data) {
        over_ = true;
        if (missing_
            || who_.account == nullptr)  // nothing can pass; if it does, it is not by knowing the password
            return failed(impl_.fail(context_, who_, name(mechanism_), Verdict::bad_credentials, who_.why));
        Outcome outcome = impl_.permit(context_, who_, property(GSASL_AUTHZID), name(mechanism_));
        if (!outcome.ok()) return failed(std::move(outcome));
        if (!data.empty()) {  // SCRAM's server-final, DIGEST-MD5's rspauth: the client must see it before it
                              // trusts us
            granted_ = std::move(outcome);
            return challenge(std::move(data));
        }
        Step step;
        step.kind = Step::done;
        step.outcome = std::move(outcome);
        impl_.announce(context_, step.outcome, who_.login, name(mechanism_));
        return step;
    }

    static Step challenge(std::string data) {
        Step step;
        step.kind = Step::challenge;
        step.data = std::move(data);
        return step;
    }
    static Step failed(Outcome outcome) {
        Step step;
        step.outcome = std::move(outcome);
        return step;
    }
    Step malformed(const char* what) {
        over_ = true;
        granted_.reset();
        return failed(impl_.fail(context_, who_, name(mechanism_), Verdict::malformed, what));
    }

    Authenticator::Impl& impl_;
    const Context context_;
    const Mechanism mechanism_;
    std::unique_ptr<Gsasl_session, FreeSession> session_;
    Who who_;
    Verifiers verifiers_;
    std::optional<ScramKeys> scram_;
    std::optional<Outcome> refused_;
    std::optional<Outcome> granted_;
    std::optional<EndPoint> end_point_;  ///< once the client has chosen that binding
    int steps_ = 0;
    bool loaded_ = false;
    bool missing_ = false;
    bool over_ = false;
};

int callback(Gsasl*, Gsasl_session* session, Gsasl_property property) {
    auto* self = static_cast<GsaslSession*>(gsasl_session_hook_get(session));
    return self == nullptr ? GSASL_NO_CALLBACK : self->provide(property);
}

}  // namespace

void FreeGsasl::operator()(Gsasl* context) const {
    gsasl_done(context);
}

Gsasl* make_gsasl() {
    Gsasl* context = nullptr;
    int rc = gsasl_init(&context);
    if (rc != GSASL_OK) throw std::runtime_error{std::string{"gsasl: "} + gsasl_strerror(rc)};
    gsasl_callback_set(context, &callback);
    return context;
}

std::unique_ptr<SaslSession> start_gsasl(Authenticator::Impl& impl, Context context, Mechanism mechanism) {
    return std::make_unique<GsaslSession>(impl, std::move(context), mechanism);
}

}  // namespace postrider::auth
