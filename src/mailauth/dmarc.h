#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/answers.h"
#include "mailauth/asking.h"
#include "mailauth/dkim.h"
#include "mailauth/spf.h"

/// Does what SPF and DKIM have found belong to the domain that people read in From? RFC 9989, which replaces
/// RFC 7489, whose way to find the organization's domain can be chosen.
namespace postrider::mailauth {

enum class DmarcPolicy : std::uint8_t { none, quarantine, reject };
std::string_view word(DmarcPolicy policy);

struct DmarcRecord {
    DmarcPolicy p = DmarcPolicy::none;
    std::optional<DmarcPolicy> sp, np;
    bool strict_dkim = false, strict_spf = false;  ///< adkim=s, aspf=s
    enum class Psd : std::uint8_t { unknown, yes, no } psd = Psd::unknown;
    bool testing = false;               ///< t=y
    unsigned percent = 100;             ///< pct of RFC 7489, 0-100; gone in RFC 9989, still published
    std::string fo = "0";               ///< as published
    std::vector<std::string> rua, ruf;  ///< URIs without size limits; at most 20 each
    friend bool operator==(const DmarcRecord&, const DmarcRecord&) = default;
};
/// nullopt: no record of this version, or one that is to be ignored (RFC 9989 §4.7). Errors behind the
/// version are ignored tag by tag; without a p it is none. A p, sp or np that is not one of the three words
/// makes p=none if there is a rua, else the record is void (§4.10.1).
std::optional<DmarcRecord> parse_dmarc(std::string_view text);

enum class DmarcOutcome : std::uint8_t { none, pass, fail, temperror, permerror };
std::string_view word(DmarcOutcome outcome);

/// How the domain of the organization is found.
enum class Discovery : std::uint8_t { tree_walk /* RFC 9989 §4.10 */, public_suffix /* RFC 7489 §3.2 */ };

struct DmarcResult {
    DmarcOutcome outcome = DmarcOutcome::none;
    std::string from_domain;    ///< of the author: A-labels, lower case; "" if there is not exactly one
    std::string policy_domain;  ///< where the record is; "" without
    std::string organization;   ///< of the author
    DmarcRecord record;         ///< meaningful with a policy_domain
    Discovery discovery = Discovery::tree_walk;
    /// What the domain asks to do with this message: of a fail p, sp or np, one less with t=y or when pct has
    /// left it out; none of all others.
    DmarcPolicy requested = DmarcPolicy::none;
    bool relieved = false;                           ///< `requested` is less than published: t=y or pct
    bool spf_aligned = false, dkim_aligned = false;  ///< passed and aligned
    std::string problem;
    friend bool operator==(const DmarcResult&, const DmarcResult&) = default;
};

struct DmarcInput {
    std::string_view message;  ///< its header is looked at
    Discovery discovery = Discovery::tree_walk;
    unsigned sample = 0;  ///< 0-99, drawn per message, for pct
};

/// The author's domain: the one domain of the one From field (RFC 9989 §5.3.1). `why` says what is wrong.
std::optional<std::string> author_domain(std::string_view message, std::string* why = nullptr);

/// @param spf, dkim  what has been found out. A message with several From fields or several domains in it is
///                   permerror.
Needs<DmarcResult> check_dmarc(const DmarcInput& input, const SpfResult& spf,
                               const std::vector<DkimVerdict>& dkim, const Answers& answers);

/// The organization's domain by the public suffix list: "example.co.uk" of "a.b.example.co.uk".
std::string organization_by_suffix(std::string_view domain);

}  // namespace postrider::mailauth
