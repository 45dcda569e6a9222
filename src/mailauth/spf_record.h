#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/ip.h"
#include "mailauth/spf.h"

/// SPF records as they are written (RFC 7208 §4.6.1, §5, §6, §12). Views point into the record.
namespace postrider::mailauth {

struct SpfTerm {
    enum class Kind : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };
    Kind kind = Kind::all;
    SpfOutcome qualifier = SpfOutcome::pass;  ///< what a match means
    std::string_view domain;                  ///< domain-spec with its macros; "" = the current domain
    Ip network;                               ///< of ip4 and ip6
    unsigned prefix4 = 32, prefix6 = 128;
    std::string_view text;  ///< as published
};

struct SpfRecord {
    std::vector<SpfTerm> terms;
    std::optional<std::string_view> redirect, exp;
};

constexpr std::size_t max_spf_octets = 16384;

/// "v=spf1" followed by a blank or nothing (§4.5)
bool is_spf_record(std::string_view text);

/// The error names the term that is wrong.
std::expected<SpfRecord, std::string> parse_spf(std::string_view text);

/// domain-spec and explain-string: macros are well-formed (§7.1). @param explanation  %{c}, %{r}, %{t} too
bool valid_macro_string(std::string_view text, bool explanation);

}  // namespace postrider::mailauth
