#pragma once

#include <gsasl.h>

#include <optional>
#include <string>
#include <string_view>

#include "auth/auth.h"
#include "text/base64.h"

namespace postrider::auth {

/// The other side, for tests: GNU SASL's client against a SaslSession.
class GsaslClient {
public:
    std::string user, password, authzid, realm, exporter, unique;

    /// @param with_initial_response  as RFC 4422 §4 allows where the client speaks first
    SaslSession::Step run(SaslSession& server, std::string_view mechanism, bool with_initial_response) {
        Gsasl* context = nullptr;
        gsasl_init(&context);
        gsasl_callback_set(context, &GsaslClient::callback);
        Gsasl_session* session = nullptr;
        SaslSession::Step step;
        satisfied = false;
        if (gsasl_client_start(context, std::string{mechanism}.c_str(), &session) == GSASL_OK) {
            gsasl_session_hook_set(session, this);
            int rc = GSASL_NEEDS_MORE;
            std::optional<std::string> first;
            if (with_initial_response) first = next(session, "", rc);
            if (error != GSASL_OK) {
                gsasl_finish(session);
                gsasl_done(context);
                return step;
            }
            step = server.begin(first ? std::optional<std::string_view>{*first} : std::nullopt);
            for (int i = 0; i < 10 && step.kind == SaslSession::Step::challenge; ++i) {
                std::string answer =
                    rc == GSASL_OK && step.data.empty() ? std::string{} : next(session, step.data, rc);
                if (error != GSASL_OK) break;
                step = server.step(answer);
            }
            satisfied = rc == GSASL_OK;
            gsasl_finish(session);
        }
        gsasl_done(context);
        return step;
    }

    bool satisfied = false;  ///< the client trusts the server too
    int error = GSASL_OK;

private:
    std::string next(Gsasl_session* session, std::string_view input, int& rc) {
        char* out = nullptr;
        std::size_t size = 0;
        rc = gsasl_step(session, input.data(), input.size(), &out, &size);
        if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE) error = rc;
        std::string answer{out == nullptr ? "" : out, out == nullptr ? 0 : size};
        gsasl_free(out);
        return answer;
    }

    static int callback(Gsasl*, Gsasl_session* session, Gsasl_property property) {
        auto* self = static_cast<GsaslClient*>(gsasl_session_hook_get(session));
        auto give = [&](const std::string& value) {
            if (value.empty()) return static_cast<int>(GSASL_NO_CALLBACK);
            gsasl_property_set(session, property, value.c_str());
            return static_cast<int>(GSASL_OK);
        };
        switch (property) {
            case GSASL_AUTHID: return give(self->user);
            case GSASL_PASSWORD: return give(self->password);
            case GSASL_AUTHZID: return give(self->authzid);
            case GSASL_REALM: return give(self->realm);
            case GSASL_SERVICE: return give("imap");
            case GSASL_HOSTNAME: return give("mail.example.org");
            case GSASL_CB_TLS_EXPORTER: return give(text::encode_base64(self->exporter));
            case GSASL_CB_TLS_UNIQUE: return give(text::encode_base64(self->unique));
            default: return GSASL_NO_CALLBACK;
        }
    }
};

}  // namespace postrider::auth
