#include "auth/prepare.h"

#include <gsasl.h>

#include <algorithm>
#include <cstring>

#include "text/utf8.h"

namespace postrider::auth {

std::optional<Secret> prepare_password(std::string_view password, bool stored) {
    if (password.empty() || password.size() > max_password) return std::nullopt;
    // SASLprep changes nothing in printable US-ASCII.
    if (std::all_of(password.begin(), password.end(), [](char c) { return c >= 0x20 && c < 0x7f; }))
        return Secret{password};
    if (password.find('\0') != std::string_view::npos || !text::valid_utf8(password)) return std::nullopt;
    Secret terminated{password};
    char* out = nullptr;
    int rc =
        gsasl_saslprep(terminated.text().c_str(),
                       stored ? static_cast<Gsasl_saslprep_flags>(0) : GSASL_ALLOW_UNASSIGNED, &out, nullptr);
    if (rc != GSASL_OK || out == nullptr) return std::nullopt;
    std::string prepared{out};
    std::fill_n(static_cast<volatile char*>(out), std::strlen(out), '\0');
    gsasl_free(out);
    if (prepared.empty()) return std::nullopt;
    return Secret{std::move(prepared)};
}

}  // namespace postrider::auth
