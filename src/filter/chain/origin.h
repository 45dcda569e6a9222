#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filter/spam/signs.h"
#include "mime/address.h"
#include "queue/envelope.h"

namespace postrider::filter {

/// Where a message comes from, as far as is known when it goes through the filters.
struct Origin {
    bool from_outside = false;            ///< handed in by a host that nobody has logged in from
    bool authentication_failed = false;   ///< it is not from whom it claims to be from
    std::vector<mime::AddrSpec> authors;  ///< of the From fields
    Surroundings around;
};

/// @param message  header and body; what our own Authentication-Results fields (RFC 8601) in it say counts,
///                 those of others do not
/// @param host     our authserv-id
Origin origin_of(std::string_view message, const queue::Envelope& envelope, std::string_view host);

}  // namespace postrider::filter
