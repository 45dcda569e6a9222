#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "mailauth/crypto.h"
#include "mailauth/dkim.h"

namespace postrider::mailauth {

/// What a domain publishes at selector._domainkey (RFC 6376 §3.6.1).
struct KeyRecord {
    KeyType type = KeyType::rsa;
    std::string octets;               ///< p= decoded; "" = revoked
    bool sha1 = true, sha256 = true;  ///< h=
    bool email = true;                ///< s= has "*" or "email"
    bool testing = false;             ///< t=y
    bool strict_identity = false;     ///< t=s
    std::string granularity;          ///< g= of RFC 4871 and 4870; "*" or absent: anybody
    bool has_granularity = false;
    friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

/// The error is for people, one line.
std::expected<KeyRecord, std::string> parse_key_record(std::string_view text);

/// g= of RFC 4871 §3.6.1 and RFC 4870 §3.2.3: the local part must look like it; one "*" for any characters.
/// Only for keys of that time; RFC 6376 has taken it out.
/// @param identity  "local@domain"
bool granted(const KeyRecord& record, std::string_view identity);

/// A key as a signature needs it.
struct FoundKey {
    DkimOutcome outcome = DkimOutcome::permerror;  ///< pass: there is one
    std::string problem;
    KeyRecord record;
    std::shared_ptr<const PublicKey> key;
};

/// Asks for and reads the key that `selector` and `domain` name.
FoundKey find_key(std::string_view selector, std::string_view domain, KeyType type, Hash hash,
                  const DkimRules& rules, const Crypto& crypto, Asking& dns);

}  // namespace postrider::mailauth
