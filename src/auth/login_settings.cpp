#include "auth/login_settings.h"

namespace postrider::auth {
namespace {

using namespace settings;
using S = LoginSettings;

constexpr Setting<S> rows[] = {
    {.name = "allowStartTLS",
     .field = field<&S::allow_start_tls>,
     .help = "Offer TLS within the dialogue where a certificate is set."},
    {.name = "secureConnAllowLogin",
     .field = field<&S::secure_allow_login>,
     .help = "Take a password as it is (LOGIN, USER and PASS) over TLS."},
    {.name = "secureConnAuthTypes",
     .field = choice<&S::secure_types, mechanism_words>,
     .help = "Ways to log in over TLS."},
    {.name = "plainConnAllowLogin",
     .field = field<&S::plain_allow_login>,
     .help = "Take a password as it is without TLS, also by the plain and login mechanisms: everybody on the "
             "way can "
             "read it."},
    {.name = "plainConnAuthTypes",
     .field = choice<&S::plain_types, mechanism_words>,
     .help = "Ways to log in without TLS; plain and login also need plainConnAllowLogin."},
};

}  // namespace

Mechanisms to_mechanisms(MechanismSet words) {
    Mechanisms set;
    for (Mechanism one : Mechanisms::all().list())
        if (words.has(one)) set.add(one);
    return set;
}

TableOf<LoginSettings> login_table() {
    return {rows, "login", "How clients log in."};
}

}  // namespace postrider::auth
