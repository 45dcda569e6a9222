#pragma once

#include <string>

#include "base/codec.h"
#include "rights/access_list.h"

/// Keys of this room in the store; docs/formats/rights.md describes each. All begin with 'A'. They say who
/// has granted somebody something, so that it is found without reading everybody's lists.
namespace postrider::rights::keys {

/// By whom it is granted to: then the owner.
inline std::string granted_to(const Principal& principal) {
    std::string key{"Ag"};
    key.push_back(static_cast<char>(principal.kind));
    put_be(key, principal.id);
    return key;
}
inline std::string granted(const Principal& principal, AccountId by) {
    std::string key = granted_to(principal);
    put_be(key, by.value());
    return key;
}
/// By who grants: then the principal.
inline std::string granted_by(AccountId owner) {
    std::string key{"Ao"};
    put_be(key, owner.value());
    return key;
}
inline std::string by_owner(AccountId owner, const Principal& principal) {
    std::string key = granted_by(owner);
    key.push_back(static_cast<char>(principal.kind));
    put_be(key, principal.id);
    return key;
}
/// What the public folders of that owner may hold.
inline std::string public_limits(AccountId owner) {
    std::string key{"Aq"};
    put_be(key, owner.value());
    return key;
}
/// What a domain calls the root of its public folders.
inline std::string public_root(DomainId domain) {
    std::string key{"An"};
    put_be(key, domain.value());
    return key;
}

}  // namespace postrider::rights::keys
