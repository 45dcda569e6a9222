#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "filter/signing/settings.h"
#include "mailauth/crypto.h"

namespace postrider::filter {

/// A key that has been read.
struct SigningKey {
    std::string domain, selector;  ///< A-labels, lower case
    std::shared_ptr<const mailauth::PrivateKey> key;
    std::optional<Time> from, until;
    bool signs_at(Time now) const { return !(from && now < *from) && !(until && now >= *until); }
};

/// "2026-11-20" in UTC; nullopt if it is no day.
std::optional<Time> parse_day(std::string_view text);

/// "v=DKIM1; k=rsa; p=...": what belongs into the DNS (RFC 6376 §3.6.1, RFC 8463 §4).
std::string key_record(const mailauth::PrivateKey& key);
/// The same as a line of a zone file, in strings of at most 255 octets.
std::string zone_line(const SigningKey& key);

class KeyRing {
public:
    KeyRing() = default;
    /// Reads all keys that are enabled. What cannot be read or is not valid gets a sentence in `problems` and
    /// is left out.
    KeyRing(const SigningSettings& settings, const std::filesystem::path& directory,
            std::vector<std::string>& problems);

    bool empty() const { return keys_.empty(); }
    /// Those that sign for that domain now, of the domain itself or else of the nearest one above it: at most
    /// one of each type, the one that began last.
    std::vector<const SigningKey*> find(std::string_view domain, Time now) const;
    /// All keys; of one domain unless `domain` is "".
    std::vector<const SigningKey*> all(std::string_view domain = {}) const;

private:
    std::multimap<std::string, SigningKey, std::less<>> keys_;
};

}  // namespace postrider::filter
