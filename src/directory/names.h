#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What a name may be, and when two are the same. Pure.
namespace postrider::directory {

/// The form in which local parts, class and administrator names are compared and stored as keys:
/// i;unicode-casemap (text/fold.h), so A-Z is enough for what is US-ASCII.
std::string fold_local(std::string_view local);

/// Lower case and U-labels (RFC 5890); nullopt when it cannot be a mail domain: an empty or over-long label,
/// characters other than letters, digits, '-' and '_' in an US-ASCII label, more than 253 octets as A-labels.
std::optional<std::string> normal_domain(std::string_view name);

/// Why a name cannot be given to an account, alias, group, forwarder or folder recipient; nullopt when it
/// can. A dot-atom (RFC 5322 §3.2.3, RFC 6531 §3.3) of at most 64 octets, without '+', which divides user and
/// folder.
std::optional<std::string> local_name_fault(std::string_view name);

/// The same for a class or an administrator: 1 to 64 octets of UTF-8 without control characters or '/'.
std::optional<std::string> label_fault(std::string_view name);

/// The detail of user+detail as a folder: "" when it is no folder's name.
std::string_view folder_detail(std::string_view detail);

}  // namespace postrider::directory
