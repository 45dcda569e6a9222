#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// tag=value lists: signatures, key records, policies (RFC 6376 §3.2).
namespace postrider::mailauth {

class TagList {
public:
    static constexpr std::size_t max_tags = 64;
    static constexpr std::size_t max_octets = 65536;

    /// tag-list = tag-spec *( ";" tag-spec ) [ ";" ]; no tag twice, values without ";" and controls but for
    /// folding white space; octets above 127 are let through (RFC 8616).
    /// The views point into `text`.
    static std::optional<TagList> parse(std::string_view text);
    /// As DMARC reads it (RFC 9989 §4.8): what is no tag is skipped; of two tags of one name the first
    /// counts.
    static TagList parse_leniently(std::string_view text);

    /// Without white space around it; nullopt when the tag is absent.
    std::optional<std::string_view> find(std::string_view name) const;  ///< names are case-sensitive
    std::string_view first_name() const { return tags_.empty() ? std::string_view{} : tags_[0].first; }
    std::size_t size() const { return tags_.size(); }

private:
    std::vector<std::pair<std::string_view, std::string_view>> tags_;
};

/// Without any white space.
std::string without_space(std::string_view value);
/// Digits only, at most 12 of them (RFC 6376 §3.5: t=, x=; l= may have 76, which no message has).
std::optional<std::uint64_t> tag_number(std::string_view value);
/// What stands between colons, without white space around; at most `limit` of them.
std::vector<std::string_view> colon_list(std::string_view value, std::size_t limit = 1000);

}  // namespace postrider::mailauth
