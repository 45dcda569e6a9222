#include "relay/route_table.h"

#include <algorithm>

#include "text/ascii.h"
#include "text/idna.h"

namespace postrider::relay {
namespace {

/// As destinations are written: lower case, A-labels.
std::string plain(std::string_view domain) {
    if (domain.starts_with('[')) return text::to_lower(domain);
    return text::to_alabels(domain).value_or(std::string{});
}

void plain_all(std::vector<std::string>& domains) {
    for (std::string& domain : domains) {
        const bool below = domain.starts_with("*.");
        if (domain == "*" || domain == "<>") continue;
        std::string rest = plain(below ? std::string_view{domain}.substr(2) : std::string_view{domain});
        domain = below ? "*." + rest : std::move(rest);
    }
}

}  // namespace

RouteTable::RouteTable(const OutgoingSettings& settings, std::string helo, AssignedIp assigned,
                       PolicyRoutes* policy)
    : routes_{settings.routes},
      sources_{settings.sources},
      helo_{std::move(helo)},
      assigned_{std::move(assigned)},
      policy_{policy} {
    for (Route& route : routes_) {
        plain_all(route.recipient_domains);
        plain_all(route.sender_domains);
        route.name = text::to_lower(route.name);
        route.host = text::to_lower(route.host);
    }
    for (Source& source : sources_)
        if (source.domain != "*") source.domain = plain(source.domain);
}

bool RouteTable::matches(const std::vector<std::string>& patterns, std::string_view domain) {
    if (patterns.empty()) return true;
    return std::ranges::any_of(patterns, [&](std::string_view pattern) {
        if (pattern == "*") return domain != "<>";
        if (!pattern.starts_with("*.")) return pattern == domain;
        return domain.size() > pattern.size() - 1 && domain.ends_with(pattern.substr(1));
    });
}

std::string RouteTable::destination(const queue::Envelope& envelope, const mime::AddrSpec& address) const {
    std::string domain = plain(address.domain);
    if (domain.empty() || domain.size() > delivery::max_destination_octets) return {};
    if (policy_)
        if (const Route* route = policy_->ask(envelope.reverse_path, address); route && !route->host.empty())
            return std::string{delivery::route_prefix} + route->name;
    if (routes_.empty()) return domain;
    const std::string sender = envelope.reverse_path.null() ? "<>" : plain(envelope.reverse_path.domain);
    for (const Route& route : routes_) {
        if (!matches(route.recipient_domains, domain) || !matches(route.sender_domains, sender)) continue;
        if (route.host.empty()) break;
        return std::string{delivery::route_prefix} + route.name;
    }
    return domain;
}

const Route* RouteTable::route(std::string_view destination, const mime::AddrSpec& sender) const {
    if (destination.starts_with(delivery::route_prefix)) {
        destination.remove_prefix(delivery::route_prefix.size());
        if (policy_)
            if (const Route* route = policy_->find(destination)) return route;
        const auto at = std::ranges::find(routes_, destination, &Route::name);
        return at == routes_.end() ? nullptr : &*at;
    }
    if (policy_)
        if (const Route* route = policy_->ask(sender, {"", std::string{destination}});
            route && route->host.empty())
            return route;
    if (routes_.empty()) return nullptr;
    const std::string from = sender.null() ? "<>" : plain(sender.domain);
    for (const Route& route : routes_)
        if (route.host.empty() && matches(route.recipient_domains, destination)
            && matches(route.sender_domains, from))
            return &route;
    return nullptr;
}

const Source* RouteTable::own_source(std::string_view domain) const {
    const Source* others = nullptr;
    for (const Source& source : sources_) {
        if (source.domain == domain) return &source;
        if (source.domain == "*") others = &source;
    }
    return others;
}

RouteTable::From RouteTable::source(const Route* route, const mime::AddrSpec& sender, bool six) const {
    From from{{}, helo_};
    const auto of_family = [six](const std::string& ip) {
        return (ip.find(':') != std::string::npos) == six ? ip : std::string{};
    };
    const std::string domain = sender.null() ? std::string{} : plain(sender.domain);
    if (const Source* own = sources_.empty() ? nullptr : own_source(domain)) {
        from.ip = six ? own->local_ip6 : own->local_ip;
        if (!own->helo.empty()) from.helo = own->helo;
    }
    if (assigned_ && !domain.empty())
        if (std::string ip = of_family(assigned_(domain)); !ip.empty()) from.ip = std::move(ip);
    if (route && !route->local_ip.empty())
        if (std::string ip = of_family(route->local_ip); !ip.empty()) from.ip = std::move(ip);
    return from;
}

}  // namespace postrider::relay
