#pragma once

#include <string>
#include <string_view>

namespace postrider::observe {

/// Appends a line of an SMTP, IMAP, POP3 or ManageSieve dialogue with what may be secret replaced by "***":
/// the arguments of AUTH, AUTHENTICATE, LOGIN (all but the user name), PASS and APOP's digest. Recognises the
/// command with or without a tag before it, and errs on the side of hiding.
void append_masked(std::string& out, std::string_view line);

inline std::string masked(std::string_view line) {
    std::string out;
    append_masked(out, line);
    return out;
}

}  // namespace postrider::observe
