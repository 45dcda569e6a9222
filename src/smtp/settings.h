#pragma once

#include "auth/login_settings.h"
#include "screening/decision.h"
#include "settings/common.h"

namespace postrider::smtp {

/// What is spoken on a listener.
enum class Protocol : std::uint8_t {
    smtp,        ///< mail from other hosts, and from clients that log in (RFC 5321)
    submission,  ///< from clients only: nothing without AUTH (RFC 6409)
    lmtp,        ///< final delivery for a mail transfer agent of ours: one answer per recipient (RFC 2033)
};

struct SmtpListener {
    settings::ListenerSettings listener;
    Protocol protocol = Protocol::smtp;
};

/// Who may send to whom: variables of the policy script bear the same names.
using screening::Who;

/// Messages that match may be that large. What is empty matches everything.
struct SizeRule {
    enum class Authentication : std::uint8_t { any, yes, no };
    bool enable = true;
    std::string sender, recipient;       ///< as sendPolicyExceptions are written
    std::vector<std::string> addresses;  ///< IP sets of the client
    Authentication authentication = Authentication::any;
    std::uint32_t max_size = 10240;  ///< KB
};

enum class BareNewlines : std::uint8_t { normalize, reject };

struct SmtpSettings {
    settings::ServiceSettings service;
    std::vector<SmtpListener> listeners;
    unsigned max_received_headers = 30;
    std::uint32_t max_data_size = 10240;  ///< KB
    std::vector<SizeRule> size_rules;
    unsigned max_rcpt_count = 1000;
    std::chrono::seconds command_timeout{300};
    bool allow_start_tls = true;
    bool allow_8bit_mime = true;
    bool allow_binary_data = true;
    bool allow_pipelining = true;
    bool allow_dsn = true;
    bool allow_smtp_utf8 = true;
    bool allow_future_release = true;
    std::chrono::seconds max_future_release{2'592'000};
    bool allow_deliver_by = true;
    std::chrono::seconds min_deliver_by{0};
    bool allow_mt_priority = true;
    auth::MechanismSet secure_auth = auth::every_mechanism;
    auth::MechanismSet plain_auth{auth::Mechanism::cram_md5, auth::Mechanism::digest_md5,
                                  auth::Mechanism::scram_sha_1, auth::Mechanism::scram_sha_256};
    Who remote_delivery = Who::auth;
    Who local_delivery = Who::all;
    bool sender_must_match_login = true;
    bool add_sender = true;
    BareNewlines bare_newlines = BareNewlines::normalize;
    std::string greeting;                   ///< what follows "220 "; empty: host name and product
    std::uint32_t message_memory = 262144;  ///< KB

    /// What a session may do until a policy says otherwise.
    screening::Allowances allowances() const;
    /// What the two sets of words mean.
    auth::LoginRules login_rules() const;
};

settings::TableOf<SmtpSettings> smtp_table();

}  // namespace postrider::smtp
