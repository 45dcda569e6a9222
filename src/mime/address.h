#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::mime {

/// An address as an envelope or a login names it: local part as given (unquoted), domain in lower case,
/// A-labels turned into U-labels (RFC 5321 §4.1.2, RFC 6531 §3.3). Both empty: the null reverse-path "<>".
struct AddrSpec {
    std::string local;
    std::string domain;

    bool null() const { return local.empty() && domain.empty(); }
    std::string text() const;  ///< local@domain with quotes where they are needed; "" for the null path
    friend auto operator<=>(const AddrSpec&, const AddrSpec&) = default;
};

/// `local@domain`, also `"quoted local"@domain` and `user@[192.0.2.1]`; UTF-8 in both halves. nullopt when it
/// is not one, or longer than RFC 5321 §4.5.3.1 allows (64 and 255 octets).
std::optional<AddrSpec> parse_addr_spec(std::string_view text);

}  // namespace postrider::mime
