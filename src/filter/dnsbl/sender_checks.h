#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mailauth/answers.h"
#include "settings/address.h"

/// What the DNS says about a client and its sender. Pure; see mailauth/answers.h.
namespace postrider::filter {

enum class HostVerdict : std::uint8_t { pass, neutral, fail, temperror };
std::string_view word(HostVerdict verdict);

/// Name of an address: pass = one of its names leads back to it (RFC 8601 §2.7.3), neutral = it has names
/// that do not, fail = it has none.
struct ReverseDns {
    HostVerdict verdict = HostVerdict::temperror;
    std::string name;  ///< the one that leads back, or the first; "" = none
};
mailauth::Needs<ReverseDns> check_reverse_dns(const settings::Ip& client, const mailauth::Answers& known);

/// Whether a domain can be answered: pass = it has MX records with a host that has an address (or an address
/// literal was given), neutral = it has none, but an address itself (RFC 5321 §5.1), fail = it takes no mail
/// (RFC 7505), does not exist, or its hosts lead nowhere: without addresses, or only to this-host addresses.
struct SenderMx {
    HostVerdict verdict = HostVerdict::temperror;
    std::string why;  ///< for the log, when it is not pass
};
mailauth::Needs<SenderMx> check_sender_mx(std::string_view domain, const mailauth::Answers& known);

/// What a client calls itself (RFC 5321 §4.1.1.1): fail = it is no domain and no address literal, or it
/// claims to be us; neutral = a bare name, a literal of another address, or a name without an address; pass =
/// a name that has an address, or the client's literal. Only fail is reason enough to refuse (§4.1.4).
struct HeloCheck {
    HostVerdict verdict = HostVerdict::temperror;
    std::string why;
};
mailauth::Needs<HeloCheck> check_helo(std::string_view helo, const settings::Ip& client,
                                      const std::vector<std::string>& own_names,
                                      const mailauth::Answers& known);

}  // namespace postrider::filter
