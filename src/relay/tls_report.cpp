#include "relay/tls_report.h"

#include <algorithm>

#include "base/codec.h"

namespace postrider::relay {
namespace {

constexpr std::size_t max_policies = 8, max_details = 50, max_text = 512, max_lines = 100;
constexpr std::uint8_t version = 1;

std::string bounded(const std::string& text) {
    return text.substr(0, max_text);
}

std::vector<std::string> bounded(const std::vector<std::string>& lines) {
    std::vector<std::string> out;
    for (const std::string& line : lines) {
        if (out.size() == max_lines) break;
        out.push_back(bounded(line));
    }
    return out;
}

void put(std::string& out, const std::vector<std::string>& lines) {
    put_varint(out, lines.size());
    for (const std::string& line : lines) put_string(out, line);
}

std::vector<std::string> take_lines(Decoder& in) {
    std::vector<std::string> out;
    const std::uint64_t count = in.varint();
    for (std::uint64_t i = 0; i < count && i < max_lines && in.ok(); ++i) out.emplace_back(in.string());
    return out;
}

}  // namespace

bool TlsFailures::same_kind(const TlsFailures& other) const {
    return result == other.result && mx_host == other.mx_host && sending_ip == other.sending_ip
           && receiving_ip == other.receiving_ip && helo == other.helo && reason == other.reason;
}

void DomainReport::add(const TlsAttempt& attempt) {
    const auto text = bounded(attempt.policy_text), patterns = bounded(attempt.mx_patterns);
    auto at = std::ranges::find_if(policies, [&](const PolicyReport& one) {
        return one.policy == attempt.policy && one.policy_text == text && one.mx_patterns == patterns;
    });
    if (at == policies.end()) {
        if (policies.size() < max_policies) policies.push_back({attempt.policy, text, patterns, 0, 0, {}});
        at = std::prev(policies.end());
    }
    if (attempt.result.empty()) {
        ++at->successes;
        return;
    }
    ++at->failures;
    TlsFailures failure{bounded(attempt.result),
                        bounded(attempt.mx_host),
                        bounded(attempt.sending_ip),
                        bounded(attempt.receiving_ip),
                        bounded(attempt.helo),
                        bounded(attempt.reason),
                        1};
    for (TlsFailures& one : at->details)
        if (one.same_kind(failure)) {
            ++one.count;
            return;
        }
    if (at->details.size() < max_details) at->details.push_back(std::move(failure));
}

std::string DomainReport::encode() const {
    std::string out;
    put_be(out, version);
    put_varint(out, policies.size());
    for (const PolicyReport& one : policies) {
        put_be(out, static_cast<std::uint8_t>(one.policy));
        put(out, one.policy_text);
        put(out, one.mx_patterns);
        put_varint(out, one.successes);
        put_varint(out, one.failures);
        put_varint(out, one.details.size());
        for (const TlsFailures& f : one.details) {
            for (const std::string* text :
                 {&f.result, &f.mx_host, &f.sending_ip, &f.receiving_ip, &f.helo, &f.reason})
                put_string(out, *text);
            put_varint(out, f.count);
        }
    }
    return out;
}

std::optional<DomainReport> DomainReport::decode(std::string_view record) {
    Decoder in{record};
    DomainReport out;
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    const std::uint64_t count = in.varint();
    if (count > max_policies) return std::nullopt;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        PolicyReport one;
        const auto policy = in.be<std::uint8_t>();
        if (policy > static_cast<std::uint8_t>(TlsAttempt::Policy::dane)) return std::nullopt;
        one.policy = static_cast<TlsAttempt::Policy>(policy);
        one.policy_text = take_lines(in);
        one.mx_patterns = take_lines(in);
        one.successes = in.varint();
        one.failures = in.varint();
        const std::uint64_t details = in.varint();
        if (details > max_details) return std::nullopt;
        for (std::uint64_t k = 0; k < details && in.ok(); ++k) {
            TlsFailures f;
            for (std::string* text :
                 {&f.result, &f.mx_host, &f.sending_ip, &f.receiving_ip, &f.helo, &f.reason})
                *text = in.string();
            f.count = in.varint();
            one.details.push_back(std::move(f));
        }
        out.policies.push_back(std::move(one));
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return out;
}

}  // namespace postrider::relay
