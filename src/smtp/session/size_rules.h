#pragma once

#include <optional>
#include <vector>

#include "mime/address.h"
#include "settings/address.h"
#include "smtp/settings.h"

/// How large a message may be, by who sends it, to whom, from where (sizeRules).
namespace postrider::smtp {

/// What is known at this moment of the dialogue. Null pointers: not yet.
struct SizeQuestion {
    std::optional<settings::Ip> client;
    bool authenticated = false;
    const mime::AddrSpec* sender = nullptr;
    const mime::AddrSpec* recipient = nullptr;
};

/// The first rule that matches decides, the ceiling where none does; never more than the ceiling. As long as
/// sender or recipient are not known, the largest size that may still come out: what EHLO may promise and
/// MAIL may take (RFC 1870 §4).
std::uint64_t largest_message(const std::vector<SizeRule>& rules, std::uint64_t ceiling,
                              const SizeQuestion& question);

}  // namespace postrider::smtp
