#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mailauth/answers.h"
#include "mailauth/asking.h"

namespace postrider::mailauth {

/// Does the name of an address lead back to it? RFC 8601 §3.
enum class IprevOutcome : std::uint8_t { pass, fail, temperror, permerror };
std::string_view word(IprevOutcome outcome);

struct IprevResult {
    IprevOutcome outcome = IprevOutcome::permerror;
    std::string name;  ///< of pass: the first that leads back; of fail: the first there is, or ""
    friend bool operator==(const IprevResult&, const IprevResult&) = default;
};

/// At most ten names are tried.
Needs<IprevResult> check_iprev(std::string_view client, const Answers& answers);
IprevResult check_iprev(std::string_view client, Asking& dns);

}  // namespace postrider::mailauth
