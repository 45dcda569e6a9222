#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mime/address.h"

/// Addresses as administrators write them in lists. Pure.
namespace postrider::rules {

/// user@example.org, us*@example.org, *@example.org, @example.org, example.org, *.example.org (all below, not
/// itself), and all of these with *.example.org behind the '@'. Case does not matter; A-labels and U-labels
/// are the same.
bool matches(std::string_view pattern, const mime::AddrSpec& address);

bool matches_any(const std::vector<std::string>& patterns, const mime::AddrSpec& address);

/// `name` is `domain` or lies below it. Both in lower case.
bool is_within(std::string_view name, std::string_view domain);

}  // namespace postrider::rules
