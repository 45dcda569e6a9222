#pragma once

#include <string>
#include <vector>

#include "admin/dns_check.h"

namespace postrider::filter {
class Signer;
}

namespace postrider::admin {

/// One row for each key that signs for the domain; one that says so when none does. Blocks on the DNS.
/// @param signer  nullptr: nothing signs here
std::vector<RecordCheck> check_keys(const filter::Signer* signer, dns::Resolver& resolver,
                                    const std::string& domain);

}  // namespace postrider::admin
