#include "filter/chain/origin.h"

#include "filter/lists/from_addresses.h"
#include "mailauth/auth_results.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

using Known = Surroundings::Known;

/// One good signature is enough; a bad one beside it says nothing (RFC 6376 §4.2).
void note(Known& known, std::string_view result) {
    if (result == "pass")
        known = Known::yes;
    else if ((result == "fail" || result == "softfail" || result == "permerror") && known != Known::yes)
        known = Known::no;
}

}  // namespace

Origin origin_of(std::string_view message, const queue::Envelope& envelope, std::string_view host) {
    Origin origin;
    origin.from_outside = envelope.authenticated.empty() && !envelope.client.empty();
    origin.authors = from_addresses(message);
    origin.around.sender = envelope.reverse_path.null() ? "" : envelope.reverse_path.text();
    if (!origin.from_outside) return origin;
    mime::HeaderReader header{message};
    for (mime::Field field; header.next(field);) {
        if (!text::equal_ci(field.name, "Authentication-Results")) continue;
        const auto results = mailauth::parse_auth_results(field.value);
        if (!results || !text::equal_ci(results->host, host)) continue;
        for (const mailauth::AuthResult& one : results->results) {
            if (one.method == "spf") note(origin.around.spf_passed, one.result);
            if (one.method == "dkim") note(origin.around.dkim_passed, one.result);
            if (one.method == "dmarc") note(origin.around.dmarc_passed, one.result);
            if (one.method == "iprev") note(origin.around.reverse_dns, one.result);
        }
    }
    const Surroundings& around = origin.around;
    origin.authentication_failed = around.dmarc_passed == Known::no
                                   || (around.dmarc_passed == Known::unknown && around.spf_passed == Known::no
                                       && around.dkim_passed != Known::yes);
    return origin;
}

}  // namespace postrider::filter
