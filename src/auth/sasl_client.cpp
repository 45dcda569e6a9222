#include "auth/sasl_client.h"

#include <gsasl.h>

#include <algorithm>

namespace postrider::auth {

struct SaslClient::Impl {
    std::string mechanism, user, password, host, service;
    Gsasl* context = nullptr;
    Gsasl_session* session = nullptr;
    std::string problem;
    int last = GSASL_NEEDS_MORE;

    static int property(Gsasl*, Gsasl_session* session, Gsasl_property which) {
        const auto& self = *static_cast<const Impl*>(gsasl_session_hook_get(session));
        const auto give = [&](const std::string& value) {
            return gsasl_property_set(session, which, value.c_str());
        };
        switch (which) {
            case GSASL_AUTHID: return give(self.user);
            case GSASL_PASSWORD: return give(self.password);
            case GSASL_SERVICE: return give(self.service);
            case GSASL_HOSTNAME: return give(self.host);
            default: return GSASL_NO_CALLBACK;
        }
    }
};

std::string SaslClient::choose(const std::vector<std::string>& offered, bool secure) {
    const auto has = [&](std::string_view name) { return std::ranges::find(offered, name) != offered.end(); };
    for (const std::string_view name : {"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"})
        if (has(name)) return std::string{name};
    for (const std::string_view name : {"PLAIN", "LOGIN"})
        if (secure && has(name)) return std::string{name};
    return {};
}

SaslClient::SaslClient(std::string mechanism, std::string user, std::string password, std::string host,
                       std::string service)
    : impl_{std::make_unique<Impl>()} {
    impl_->mechanism = std::move(mechanism);
    impl_->user = std::move(user);
    impl_->password = std::move(password);
    impl_->host = std::move(host);
    impl_->service = std::move(service);
    int code = gsasl_init(&impl_->context);
    if (code == GSASL_OK) {
        gsasl_callback_set(impl_->context, &Impl::property);
        code = gsasl_client_start(impl_->context, impl_->mechanism.c_str(), &impl_->session);
    }
    if (code == GSASL_OK)
        gsasl_session_hook_set(impl_->session, impl_.get());
    else
        impl_->problem = gsasl_strerror(code);
}

SaslClient::~SaslClient() {
    if (impl_->session) gsasl_finish(impl_->session);
    if (impl_->context) gsasl_done(impl_->context);
}

std::expected<std::optional<std::string>, std::string> SaslClient::first() {
    // In these the server speaks first (RFC 2195, draft-murchison-sasl-login).
    if (impl_->mechanism == "CRAM-MD5" || impl_->mechanism == "LOGIN") return std::optional<std::string>{};
    auto said = answer("");
    if (!said) return std::unexpected(said.error());
    return std::optional<std::string>{std::move(*said)};
}

std::expected<std::string, std::string> SaslClient::answer(std::string_view challenge) {
    if (!impl_->problem.empty()) return std::unexpected(impl_->problem);
    // A last challenge to which there is nothing to add.
    if (impl_->last == GSASL_OK) return std::string{};
    char* out = nullptr;
    std::size_t size = 0;
    impl_->last = gsasl_step(impl_->session, challenge.data(), challenge.size(), &out, &size);
    std::string said{out ? out : "", out ? size : 0};
    gsasl_free(out);
    if (impl_->last != GSASL_OK && impl_->last != GSASL_NEEDS_MORE) {
        impl_->problem = gsasl_strerror(impl_->last);
        return std::unexpected(impl_->problem);
    }
    return said;
}

bool SaslClient::complete() const {
    if (!impl_->problem.empty()) return false;
    // Only SCRAM has a proof of the server's that could be missing.
    return impl_->last == GSASL_OK || !impl_->mechanism.starts_with("SCRAM");
}

}  // namespace postrider::auth
