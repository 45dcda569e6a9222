#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mailauth/ip.h"
#include "mailauth/spf.h"
#include "mailauth/spf_record.h"

namespace postrider::mailauth {

/// One check_host() with all that it includes.
class SpfCheck {
public:
    SpfCheck(const SpfRequest& request, const Ip& ip, std::string sender, Asking& dns)
        : request_{request}, ip_{ip}, sender_{std::move(sender)}, dns_{dns} {}

    SpfResult run(const std::string& domain);

private:
    static constexpr unsigned max_lookups = 10, max_void = 2, max_names = 10;  // §4.6.4

    /// What one domain's record says; `problem` in result_ for errors.
    SpfOutcome check_host(const std::string& domain, unsigned depth);
    SpfOutcome error(SpfOutcome outcome, std::string problem);
    std::expected<std::string, SpfOutcome> record_of(const std::string& domain);
    /// Does it match? An outcome when that cannot be said.
    std::expected<bool, SpfOutcome> matches(const SpfTerm& term, const std::string& domain, unsigned depth);
    std::expected<bool, SpfOutcome> include(const std::string& target, unsigned depth);
    std::expected<bool, SpfOutcome> addresses(const std::string& target, const SpfTerm& term);
    std::expected<bool, SpfOutcome> exchanges(const std::string& target, const SpfTerm& term);
    std::expected<bool, SpfOutcome> exists(const std::string& target);
    bool pointer(const std::string& target);
    /// Counts a lookup; false if there were too many.
    bool count();
    /// An answer whose absence counts (§4.6.4); an outcome if it is an error or there were too many voids.
    std::expected<const dns::Answer*, SpfOutcome> ask(const std::string& name, dns::Type type);
    bool holds(const dns::Answer& answer, const SpfTerm& term) const;

    /// §7: what a domain-spec means here; at most 253 octets.
    std::string expand_domain(std::string_view spec, const std::string& domain);
    std::string expand(std::string_view text, const std::string& domain);
    std::string macro(char letter, const std::string& domain);
    std::string validated_name(const std::string& domain);
    std::string explanation(std::string_view spec, const std::string& domain);

    const SpfRequest& request_;
    Ip ip_;
    std::string sender_;
    Asking& dns_;
    SpfResult result_;
    unsigned lookups_ = 0, voids_ = 0;
};

}  // namespace postrider::mailauth
