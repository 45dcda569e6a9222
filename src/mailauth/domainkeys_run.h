#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/canonical.h"
#include "mailauth/domainkeys.h"
#include "mailauth/key_record.h"

namespace postrider::mailauth {

enum class DomainKeyCanon : std::uint8_t { simple, nofws };

/// What DomainKeys signs (RFC 4870 §3.4.2): some fields, an empty line, and the body without the empty lines
/// at its end.
/// @param fields  whole, in the order of the message
std::string domainkey_digest(const std::vector<std::string_view>& fields, std::string_view body,
                             DomainKeyCanon canon, const Crypto& crypto);

/// The address whose domain signs: of Sender, else of From (§3.2.1); "" if there is none.
std::string sending_address(const FieldIndex& index);

class DomainKeyRun {
public:
    DomainKeyRun(const FieldIndex& index, const DkimRules& rules, const Crypto& crypto, Asking& dns);
    DomainKeyVerdict finish(std::string_view body, const FieldIndex& index, const Crypto& crypto);

private:
    DomainKeyVerdict verdict_;
    FoundKey key_;
    DomainKeyCanon canon_ = DomainKeyCanon::simple;
    std::string signature_;
    std::size_t place_ = 0;                               ///< of the signature in the index
    std::optional<std::vector<std::string_view>> names_;  ///< h=
    bool open_ = false;
};

}  // namespace postrider::mailauth
