#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/answers.h"
#include "mailauth/asking.h"
#include "mailauth/dkim.h"
#include "mailauth/dmarc.h"

/// Where a domain's mark is (Brand Indicators for Message Identification,
/// draft-brand-indicators-for-message-identification). Looked up only: neither the picture nor its
/// certificate is fetched.
namespace postrider::mailauth {

enum class BimiOutcome : std::uint8_t {
    none,       ///< no record
    pass,       ///< a record that may be used
    declined,   ///< the domain wants no mark to be shown: "l=; a="
    skipped,    ///< DMARC did not pass, or its policy does not reject or quarantine everything
    fail,       ///< a broken record
    temperror,  ///< the DNS did not answer
};
std::string_view word(BimiOutcome outcome);

struct BimiResult {
    BimiOutcome outcome = BimiOutcome::skipped;
    std::string domain, selector;
    std::string location;   ///< l=, https
    std::string authority;  ///< a=, https; "" without
    std::string problem;
    friend bool operator==(const BimiResult&, const BimiResult&) = default;
};

/// Finds the record for a message whose other checks are done. A BIMI-Selector that no passing, aligned
/// signature covers is not used.
BimiResult check_bimi(std::string_view message, const DmarcResult& dmarc,
                      const std::vector<DkimVerdict>& dkim, Asking& dns);
/// Only asks what check_bimi() may want to know, while it is still open what `dmarc` will be.
void ask_for_bimi(std::string_view message, const DmarcResult& dmarc, Asking& dns);

/// Would this policy let a mark be shown? It rejects or quarantines everything, subdomains too.
bool enforces(const DmarcResult& dmarc);

}  // namespace postrider::mailauth
