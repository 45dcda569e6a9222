#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mime/address.h"

/// The Sender Rewriting Scheme: forwarded mail leaves under an address of ours, so that the SPF record of its
/// sender's domain, which does not name us, is not held against it. Reports that come back to such an address
/// go on to the sender.
///     SRS0=HASH=TT=domain=local@ours          of a sender elsewhere
///     SRS1=HASH=domain==REST@ours             of an SRS0 address elsewhere: `domain` made it of REST
/// HASH: 30 bits of HMAC-SHA-256 in base 32; TT: the day, modulo 1024, in base 32. Case means nothing.
namespace postrider::relay {

class Srs {
public:
    static constexpr int valid_days = 21;

    /// @param secret  at least 16 octets; several servers of one domain share it
    explicit Srs(std::string secret) : secret_{std::move(secret)} {}

    /// The address to use instead of `sender`, in `ours`: a domain whose mail comes to this server. Nothing
    /// when it is better left alone: it is null, it is ours already, or it would become longer than RFC 5321
    /// §4.5.3.1.1 allows (64 octets).
    std::optional<mime::AddrSpec> forward(const mime::AddrSpec& sender, const std::string& ours,
                                          Time now) const;
    /// Whom an address that we made stands for; that its domain is ours the caller has seen. Nothing when it
    /// is not of this form; `expired` or `forged` addresses give no one.
    enum class Verdict : std::uint8_t { good, not_srs, expired, forged };
    struct Original {
        Verdict verdict = Verdict::not_srs;
        mime::AddrSpec address;
    };
    Original reverse(const mime::AddrSpec& address, Time now) const;

private:
    std::string hash(std::string_view text) const;

    std::string secret_;
};

}  // namespace postrider::relay
