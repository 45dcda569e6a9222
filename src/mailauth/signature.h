#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/dkim.h"

namespace postrider::mailauth {

/// A DKIM-Signature or ARC-Message-Signature as it is written (RFC 6376 §3.5, RFC 8617 §4.1.2). Views point
/// into the field.
struct Signature {
    KeyType key_type = KeyType::rsa;
    Hash hash = Hash::sha256;
    std::string algorithm;  ///< lower case
    Canon header_canon = Canon::simple, body_canon = Canon::simple;
    std::string domain, selector;         ///< A-labels, lower case
    std::string identity;                 ///< i= as sent; "" = absent
    std::vector<std::string_view> names;  ///< h=
    std::string body_hash, signature;     ///< decoded
    std::string signature_begin;          ///< of b= as sent
    std::optional<std::uint64_t> length, signed_at, expires;
};

enum class SignatureKind : std::uint8_t { dkim, arc };

struct SignatureError {
    DkimOutcome outcome = DkimOutcome::permerror;
    std::string problem;
    Signature known;  ///< what could be read
};

constexpr std::size_t max_signed_names = 300;

/// @param value  of the field, folds included
std::expected<Signature, SignatureError> parse_signature(std::string_view value, SignatureKind kind,
                                                         const DkimRules& rules);

/// A name as the DNS is asked for it, at least two labels, from d= (RFC 8616 lets it be U-labels).
std::optional<std::string> signing_domain(std::string_view value);
/// s=: one label or more.
std::optional<std::string> signing_selector(std::string_view value);
/// a=: "rsa-sha256"; nothing for what we do not know.
struct Algorithm {
    KeyType key_type = KeyType::rsa;
    Hash hash = Hash::sha256;
};
std::optional<Algorithm> signing_algorithm(std::string_view value);
/// Is `domain` the same as `parent` or below it? Both lower case.
bool within_domain(std::string_view domain, std::string_view parent);

}  // namespace postrider::mailauth
