#pragma once

#include <string_view>
#include <vector>

#include "mime/address.h"

namespace postrider::filter {

/// What is a sender's for lists and codes: the mailboxes of the From fields; at most 20.
std::vector<mime::AddrSpec> from_addresses(std::string_view header);

}  // namespace postrider::filter
