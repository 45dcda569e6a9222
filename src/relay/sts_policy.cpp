#include "relay/sts_policy.h"

#include <algorithm>
#include <charconv>

#include "dns/names.h"

namespace postrider::relay {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::size_t max_hosts = 1000;
constexpr std::chrono::seconds longest{31'557'600};  // §3.2: a year

std::string_view trim(std::string_view text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(blanks)));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Up to the separator, which is taken too.
std::string_view take_until(std::string_view& text, char separator) {
    const std::string_view out = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), out.size() + 1));
    return out;
}

bool alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// sts-text-record = "v=STSv1" 1*(field-delim field) [field-delim]
std::optional<std::string> id_of(std::string_view record) {
    if (trim(take_until(record, ';')) != "v=STSv1") return std::nullopt;
    std::optional<std::string> id;
    while (!record.empty()) {
        const std::string_view field = trim(take_until(record, ';'));
        if (!field.starts_with("id=") || id) continue;
        const std::string_view value = field.substr(3);
        if (value.empty() || value.size() > 32 || !std::ranges::all_of(value, alphanumeric))
            return std::nullopt;
        id = value;
    }
    return id;
}

/// A host name, or "*." and one.
std::optional<std::string> mx_pattern(std::string_view text) {
    const bool wild = text.starts_with("*.");
    auto name = dns::canonical_name(wild ? text.substr(2) : text);
    if (!name || name->empty() || name->find('*') != std::string::npos) return std::nullopt;
    return (wild ? "*." : "") + *name;
}

std::optional<StsPolicy::Mode> mode_of(std::string_view text) {
    for (const auto mode : {StsPolicy::Mode::none, StsPolicy::Mode::testing, StsPolicy::Mode::enforce})
        if (text == word(mode)) return mode;
    return std::nullopt;
}

std::optional<std::chrono::seconds> age_of(std::string_view text) {
    std::uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || text.size() > 10) return std::nullopt;
    return std::min(std::chrono::seconds{seconds}, longest);
}

}  // namespace

std::string_view word(StsPolicy::Mode mode) {
    switch (mode) {
        case StsPolicy::Mode::none: return "none";
        case StsPolicy::Mode::testing: return "testing";
        case StsPolicy::Mode::enforce: return "enforce";
    }
    return "";
}

std::optional<std::string> sts_id(std::span<const std::string> texts) {
    std::optional<std::string> found;
    for (const std::string& text : texts) {
        if (!text.starts_with("v=STSv1;") && !text.starts_with("v=STSv1 ;")) continue;
        if (found) return std::nullopt;
        found = id_of(text);
        if (!found) return std::nullopt;
    }
    return found;
}

std::expected<StsPolicy, std::string> parse_sts_policy(std::string_view text) {
    if (text.size() > max_sts_policy) return std::unexpected("the policy is longer than 64 KiB");
    StsPolicy policy;
    policy.text = text;
    std::optional<std::string_view> version, mode, age;  // of what may occur once the first counts
    while (!text.empty()) {
        std::string_view line = take_until(text, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (trim(line).empty()) continue;
        if (line.find(':') == std::string_view::npos) return std::unexpected("a line without a colon");
        const std::string_view key = trim(take_until(line, ':')), value = trim(line);
        if (key == "version" && !version) version = value;
        if (key == "mode" && !mode) mode = value;
        if (key == "max_age" && !age) age = value;
        if (key != "mx") continue;  // keys of later versions too
        auto pattern = mx_pattern(value);
        if (!pattern) return std::unexpected("an mx that is not a host name");
        if (policy.mx.size() == max_hosts) return std::unexpected("more than 1,000 hosts");
        policy.mx.push_back(std::move(*pattern));
    }
    if (version != "STSv1") return std::unexpected("the version is not STSv1");
    const auto known_mode = mode_of(mode.value_or(""));
    if (!known_mode) return std::unexpected("the mode is not one of enforce, testing and none");
    const auto known_age = age_of(age.value_or(""));
    if (!known_age) return std::unexpected("max_age is not a number of seconds");
    if (policy.mx.empty() && known_mode != StsPolicy::Mode::none) return std::unexpected("there is no mx");
    policy.mode = *known_mode;
    policy.max_age = *known_age;
    return policy;
}

}  // namespace postrider::relay
