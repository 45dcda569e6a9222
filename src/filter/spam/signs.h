#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mime/description.h"

namespace postrider::filter {

/// Something in a message that counts for or against it, without having been learned.
struct Sign {
    std::string_view name;  ///< "forged-link"
    double weight = 0;      ///< added to the logarithm of the odds; below 0: a sign of wanted mail
};

/// What other parts of the server have found out about a message; what is not known stays as it is.
struct Surroundings {
    enum class Known : std::uint8_t { unknown, yes, no };
    Known spf_passed = Known::unknown;    ///< no: fail or softfail
    Known dkim_passed = Known::unknown;   ///< no: a signature that does not fit
    Known dmarc_passed = Known::unknown;  ///< no: the domain says who may send for it, and this is not it
    Known reverse_dns = Known::unknown;
    unsigned listed = 0;        ///< hits in DNS lists that only mark
    bool sender_known = false;  ///< somebody who has been written to, or is in a whitelist
    std::string sender;         ///< envelope
};

/// What is wrong, or right, with a message, whoever reads it. Which signs there are, and why: README.md. A
/// few dozen looks at header and text; never fails.
/// @param text  of the message, decoded (the beginning is enough)
std::vector<Sign> signs_of(std::string_view message, const std::vector<mime::Part>& parts, Time now,
                           const Surroundings& around);

/// The standard test message of filters for unsolicited mail is in it.
bool is_test_message(std::string_view message);

}  // namespace postrider::filter
