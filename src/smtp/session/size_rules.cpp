#include "smtp/session/size_rules.h"

#include <algorithm>

#include "rules/patterns.h"

namespace postrider::smtp {
namespace {

enum class Match { no, maybe, yes };

Match match_address(const std::string& pattern, const mime::AddrSpec* address) {
    if (pattern.empty()) return Match::yes;
    if (address == nullptr) return Match::maybe;
    return rules::matches(pattern, *address) ? Match::yes : Match::no;
}

Match match(const SizeRule& rule, const SizeQuestion& question) {
    if (!rule.enable) return Match::no;
    if (rule.authentication == SizeRule::Authentication::yes && !question.authenticated) return Match::no;
    if (rule.authentication == SizeRule::Authentication::no && question.authenticated) return Match::no;
    if (!rule.addresses.empty()) {
        bool there = question.client && std::ranges::any_of(rule.addresses, [&](const std::string& text) {
                         auto set = settings::parse_ip_set(text);
                         return set && set->has(*question.client);
                     });
        if (!there) return Match::no;
    }
    return std::min(match_address(rule.sender, question.sender),
                    match_address(rule.recipient, question.recipient));
}

}  // namespace

std::uint64_t largest_message(const std::vector<SizeRule>& rules, std::uint64_t ceiling,
                              const SizeQuestion& question) {
    std::uint64_t possible = 0;
    for (const SizeRule& rule : rules) {
        Match found = match(rule, question);
        if (found == Match::no) continue;
        possible = std::max(possible, std::min(ceiling, std::uint64_t{rule.max_size} * 1024));
        if (found == Match::yes) return possible;
    }
    return ceiling;
}

}  // namespace postrider::smtp
