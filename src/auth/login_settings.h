#pragma once

#include "auth/mechanism.h"
#include "settings/setting.h"

/// The settings of logging in that the services share.
namespace postrider::auth {

using MechanismSet = settings::Set<Mechanism>;

/// The words of secureConnAuthTypes and plainConnAuthTypes. A scram word means its -PLUS form too.
inline constexpr settings::Choice mechanism_words[] = {
    {"plain", Mechanism::plain},
    {"login", Mechanism::login},
    {"cram-md5", Mechanism::cram_md5},
    {"digest-md5", Mechanism::digest_md5},
    {"scram-sha-1", Mechanism::scram_sha_1, Mechanism::scram_sha_1_plus},
    {"scram-sha-256", Mechanism::scram_sha_256, Mechanism::scram_sha_256_plus},
    settings::Choice{"gssapi"},
    {"all", Mechanism::scram_sha_256_plus, Mechanism::scram_sha_256, Mechanism::scram_sha_1_plus,
     Mechanism::scram_sha_1, Mechanism::digest_md5, Mechanism::cram_md5, Mechanism::plain, Mechanism::login},
};

inline constexpr MechanismSet every_mechanism{Mechanism::scram_sha_256_plus,
                                              Mechanism::scram_sha_256,
                                              Mechanism::scram_sha_1_plus,
                                              Mechanism::scram_sha_1,
                                              Mechanism::digest_md5,
                                              Mechanism::cram_md5,
                                              Mechanism::plain,
                                              Mechanism::login};

Mechanisms to_mechanisms(MechanismSet words);

/// What IMAP and POP3 say about logging in.
struct LoginSettings {
    bool allow_start_tls = true;
    bool secure_allow_login = true;
    MechanismSet secure_types = every_mechanism;
    bool plain_allow_login = false;
    MechanismSet plain_types = every_mechanism;

    LoginRules rules() const {
        return {to_mechanisms(secure_types), to_mechanisms(plain_types), secure_allow_login,
                plain_allow_login};
    }
};

settings::TableOf<LoginSettings> login_table();  ///< for inlined<&XSettings::login, login_table>

}  // namespace postrider::auth
