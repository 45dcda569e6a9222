#include "filter/dnsbl/dns_list.h"

#include <algorithm>
#include <charconv>

#include "dns/records.h"
#include "filter/dnsbl/names.h"
#include "text/ascii.h"
#include "text/idna.h"
#include "text/utf8.h"

namespace postrider::filter {
namespace {

using dns::Outcome;
using dns::Type;

constexpr std::size_t most_explanation = 300;

/// RFC 5782 §2.1: an entry is an address of 127.0.0.0/8. 127.255.255.0/24 is how lists say that they do not
/// want this question from here, and a domain whose registration has ended answers with any address.
bool is_entry(const settings::Ip& ip) {
    return ip.v4() && ip.octets[12] == 127 && !(ip.octets[13] == 255 && ip.octets[14] == 255);
}

/// What others wrote, for one line of an answer and of the log.
std::string one_line(std::string_view text) {
    std::string out;
    for (char c : text::truncate_utf8(text, most_explanation))
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return text::valid_utf8(out) ? out : text::repair_utf8(out);
}

std::string first_text(const dns::Answer& answer) {
    for (const std::string& record : answer.records)
        if (auto text = dns::parse_txt(record)) return one_line(*text);
    return {};
}

std::string filled(std::string_view pattern, const Listed& hit) {
    constexpr std::string_view usual = "%listed% is listed by %zone%: %explanation%";
    constexpr std::string_view silent = "%listed% is listed by %zone%";
    if (pattern.empty()) pattern = hit.explanation.empty() ? silent : usual;
    std::string out;
    while (!pattern.empty()) {
        if (pattern.starts_with("%listed%")) {
            out += hit.what;
            pattern.remove_prefix(8);
        } else if (pattern.starts_with("%zone%")) {
            out += hit.zone;
            pattern.remove_prefix(6);
        } else if (pattern.starts_with("%explanation%")) {
            out += hit.explanation;
            pattern.remove_prefix(13);
        } else {
            out += pattern.front();
            pattern.remove_prefix(1);
        }
    }
    return out;
}

}  // namespace

const Listed* DnsListResult::worst() const {
    const Listed* worst = nullptr;
    for (const Listed& one : listed)
        if (!worst || std::pair{one.action, one.level} > std::pair{worst->action, worst->level}) worst = &one;
    return worst;
}

std::expected<DnsLists, std::string> DnsLists::compile(const DnsChecksSettings& settings) {
    DnsLists out;
    auto exclusions = IpRanges::compile(settings.exclusions);
    if (!exclusions) return std::unexpected(exclusions.error());
    out.exclusions_ = std::move(*exclusions);
    for (const std::string& domain : settings.excluded_domains) {
        auto name = text::to_alabels(text::trim(domain));
        if (!name || name->empty()) return std::unexpected("'" + domain + "' is no domain");
        out.excluded_domains_.push_back(std::move(*name));
    }
    out.max_links_ = settings.max_links;
    for (const DnsListSettings& list : settings.lists) {
        if (!list.enable) continue;
        if (!list_name("2.0.0.127", list.zone))
            return std::unexpected("'" + list.zone + "' is no name of a list");
        List one{list.zone, list.things, {}, list.text};
        for (const ReplyClass& replies : list.classes) {
            auto set = settings::parse_ip_set(replies.replies);
            unsigned mask = 0;
            const std::string& m = replies.mask;
            if (!m.empty()) {
                auto [end, error] = std::from_chars(m.data(), m.data() + m.size(), mask);
                if (error != std::errc{} || end != m.data() + m.size() || mask == 0 || mask > 255)
                    return std::unexpected("List " + list.zone + ": '" + m + "' is no sum of bits, 1 to 255");
            }
            if (!set)
                return std::unexpected("List " + list.zone + ": '" + replies.replies + "' is no IP set");
            one.classes.push_back({*set, mask, replies.action, replies.level});
        }
        if (one.classes.empty())
            one.classes.push_back({*settings::parse_ip_set("127.0.0.0/8"), 0, ListAction::reject, 10});
        out.lists_.push_back(std::move(one));
    }
    return out;
}

bool DnsLists::asks(ListedThing thing) const {
    return std::ranges::any_of(lists_, [&](const List& list) { return list.things.has(thing); });
}

bool DnsLists::excluded_domain(std::string_view domain) const {
    return std::ranges::any_of(excluded_domains_, [&](const std::string& one) {
        return domain.ends_with(one)
               && (domain.size() == one.size() || domain[domain.size() - one.size() - 1] == '.');
    });
}

Needs<DnsListResult> DnsLists::check(ListedThing thing, const std::vector<Item>& items,
                                     const Answers& known) const {
    DnsListResult result;
    Questions open;
    for (const List& list : lists_) {
        if (!list.things.has(thing)) continue;
        bool unheard = false;
        for (const Item& item : items) {
            auto name = list_name(item.asked, list.zone);
            if (!name) continue;
            const dns::Answer* answer = known.find({*name, Type::a});
            if (!answer) {
                open.push_back({std::move(*name), Type::a});
                continue;
            }
            if (answer->outcome == Outcome::temporary || answer->outcome == Outcome::bogus) unheard = true;
            if (answer->outcome != Outcome::found) continue;
            std::optional<Listed> worst;
            for (const std::string& record : answer->records) {
                const auto address = dns::parse_address(record);
                const auto ip = address ? settings::parse_ip(*address) : std::nullopt;
                if (!ip) continue;
                if (!is_entry(*ip)) {
                    unheard = true;
                    continue;
                }
                for (const Class& one : list.classes) {
                    if (!one.replies.has(*ip) || (one.mask != 0 && (ip->octets[15] & one.mask) == 0))
                        continue;
                    const unsigned level = one.action == ListAction::mark ? one.level : 0;
                    if (one.action != ListAction::ignore
                        && (!worst || std::pair{one.action, level} > std::pair{worst->action, worst->level}))
                        worst = Listed{list.zone, item.shown, *address, one.action, level, {}, {}};
                    break;
                }
            }
            if (!worst) continue;
            if (const dns::Answer* text = known.find({*name, Type::txt})) {
                worst->explanation = first_text(*text);
                worst->refusal = one_line(filled(list.text, *worst));
                result.listed.push_back(std::move(*worst));
            } else {
                open.push_back({std::move(*name), Type::txt});
            }
        }
        if (unheard) result.unheard.push_back(list.zone);
    }
    if (!open.empty()) {
        std::ranges::sort(open);
        open.erase(std::unique(open.begin(), open.end()), open.end());
        return open;
    }
    return result;
}

Needs<DnsListResult> DnsLists::check_client(const settings::Ip& client, const Answers& known) const {
    if (exclusions_.has(client)) return DnsListResult{};
    return check(ListedThing::client, {{reversed(client), settings::to_string(client)}}, known);
}

Needs<DnsListResult> DnsLists::check_domain(ListedThing thing, std::string_view domain,
                                            const Answers& known) const {
    auto name = text::to_alabels(text::trim(domain));
    if (!name || name->find('.') == name->npos || settings::parse_ip(*name) || excluded_domain(*name))
        return DnsListResult{};
    return check(thing, {{*name, *name}}, known);
}

Needs<DnsListResult> DnsLists::check_links(const std::vector<std::string>& domains,
                                           const Answers& known) const {
    std::vector<Item> items;
    for (const std::string& domain : domains) {
        if (items.size() >= max_links_) break;
        if (auto ip = settings::parse_ip(domain)) {
            if (!exclusions_.has(*ip)) items.push_back({reversed(*ip), domain});
        } else if (!excluded_domain(domain)) {
            items.push_back({domain, domain});
        }
    }
    return check(ListedThing::links, items, known);
}

Needs<ListAnswer> ask_list(std::string_view zone, const settings::Ip& client, const Answers& known) {
    auto name = list_name(reversed(client), zone);
    if (!name) return ListAnswer{{}, {}, true};
    const dns::Answer* answer = known.find({*name, Type::a});
    if (!answer) return Questions{{*name, Type::a}};
    if (answer->outcome == Outcome::temporary || answer->outcome == Outcome::bogus)
        return ListAnswer{{}, {}, true};
    ListAnswer out;
    for (const std::string& record : answer->records) {
        const auto address = dns::parse_address(record);
        const auto ip = address ? settings::parse_ip(*address) : std::nullopt;
        if (!ip) continue;
        if (!is_entry(*ip))
            out.unheard = true;
        else if (out.reply.empty())
            out.reply = *address;
    }
    if (out.reply.empty()) return out;
    const dns::Answer* text = known.find({*name, Type::txt});
    if (!text) return Questions{{*name, Type::txt}};
    out.unheard = false;
    out.explanation = first_text(*text);
    return out;
}

}  // namespace postrider::filter
