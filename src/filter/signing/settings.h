#pragma once

#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::filter {

/// A key that signs for a domain.
struct DkimKey {
    std::string domain, selector, key_file;
    std::string from, until;  ///< "2026-11-20": UTC; "" = always
    bool enable = true;
};

struct SigningSettings {
    bool enable = true;
    bool domainkeys = false;
    bool arc = true;
    std::string arc_domain;  ///< "" = the primary domain
    std::vector<DkimKey> keys;
};

settings::TableOf<DkimKey> dkim_key_table();
settings::TableOf<SigningSettings> signing_table();

}  // namespace postrider::filter
