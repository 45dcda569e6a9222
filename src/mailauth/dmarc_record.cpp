#include "mailauth/dmarc.h"
#include "mailauth/tag_list.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_uris = 20;

std::optional<DmarcPolicy> policy(std::string_view text) {
    if (text::equal_ci(text, "none")) return DmarcPolicy::none;
    if (text::equal_ci(text, "quarantine")) return DmarcPolicy::quarantine;
    if (text::equal_ci(text, "reject")) return DmarcPolicy::reject;
    return std::nullopt;
}

/// dmarc-urilist: URIs with commas between; "!10m" behind one is obsolete and ignored (RFC 9989 §4.8).
std::vector<std::string> uris(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty() && out.size() < max_uris) {
        const std::size_t comma = text.find(',');
        std::string_view uri = text::trim(text.substr(0, comma));
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        uri = text::trim(uri.substr(0, uri.find('!')));
        const std::size_t colon = uri.find(':');
        bool valid =
            colon != std::string_view::npos && colon > 0 && colon + 1 < uri.size() && uri.size() <= 500;
        for (char c : uri) valid = valid && c > ' ' && c <= '~';
        if (valid) out.emplace_back(uri);
    }
    return out;
}

}  // namespace

std::string_view word(DmarcPolicy which) {
    constexpr std::string_view words[] = {"none", "quarantine", "reject"};
    return words[static_cast<std::size_t>(which)];
}

std::optional<DmarcRecord> parse_dmarc(std::string_view text) {
    const TagList tags = TagList::parse_leniently(text);
    const std::string_view first = text::trim(text.substr(0, text.find(';')));
    if (!first.starts_with('v') || tags.first_name() != "v" || tags.find("v") != "DMARC1")
        return std::nullopt;
    DmarcRecord record;
    bool valid = true;  // without a p it asks for nothing (RFC 9989 §4.7)
    if (auto p = tags.find("p")) {
        const auto known = policy(*p);
        record.p = known.value_or(DmarcPolicy::none);
        valid = known.has_value();
    }
    for (auto [name, field] : {std::pair{"sp", &record.sp}, {"np", &record.np}}) {
        auto value = tags.find(name);
        if (!value) continue;
        *field = policy(*value);
        valid = valid && field->has_value();
    }
    if (auto rua = tags.find("rua")) record.rua = uris(*rua);
    if (auto ruf = tags.find("ruf")) record.ruf = uris(*ruf);
    if (!valid) {
        if (record.rua.empty()) return std::nullopt;
        record.p = DmarcPolicy::none;
        record.sp.reset();
        record.np.reset();
    }
    auto is = [&](std::string_view name, std::string_view value) {
        auto found = tags.find(name);
        return found && text::equal_ci(*found, value);
    };
    record.strict_dkim = is("adkim", "s");
    record.strict_spf = is("aspf", "s");
    record.testing = is("t", "y");
    if (is("psd", "y")) record.psd = DmarcRecord::Psd::yes;
    if (is("psd", "n")) record.psd = DmarcRecord::Psd::no;
    if (auto pct = tags.find("pct"))
        if (auto number = tag_number(*pct); number && *number <= 100)
            record.percent = static_cast<unsigned>(*number);
    if (auto fo = tags.find("fo");
        fo && fo->size() <= 20 && fo->find_first_not_of("01dsDS: ") == std::string_view::npos)
        record.fo = *fo;
    return record;
}

}  // namespace postrider::mailauth
