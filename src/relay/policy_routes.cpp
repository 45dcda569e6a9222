#include "relay/policy_routes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "delivery/outbound.h"
#include "text/ascii.h"

namespace postrider::relay {
namespace {

using Json = nlohmann::json;

Json to_json(const Route& route) {
    return Json{{"host", route.host},
                {"port", route.port},
                {"ssl", route.ssl_enabled},
                {"starttls", route.allow_start_tls},
                {"tlsPolicy", static_cast<int>(route.tls_policy)},
                {"versions", route.allowed_versions.bits()},
                {"user", route.user},
                {"password", route.password},
                {"localIp", route.local_ip}};
}

std::optional<Route> from_json(const Json& json) {
    try {
        Route route;
        json.at("host").get_to(route.host);
        json.at("port").get_to(route.port);
        json.at("ssl").get_to(route.ssl_enabled);
        json.at("starttls").get_to(route.allow_start_tls);
        const int policy = json.at("tlsPolicy").get<int>();
        if (policy < 0 || policy > static_cast<int>(TlsPolicy::verify)) return std::nullopt;
        route.tls_policy = static_cast<TlsPolicy>(policy);
        route.allowed_versions =
            settings::Set<settings::TlsVersion>::from_bits(json.at("versions").get<std::uint64_t>());
        json.at("user").get_to(route.user);
        json.at("password").get_to(route.password);
        json.at("localIp").get_to(route.local_ip);
        return route;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

/// The same for the same route on every server: destinations are named by it.
std::string name_of(const Route& route) {
    const std::string text = to_json(route).dump(-1, ' ', true, Json::error_handler_t::replace);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    std::string hash;
    for (int i = 0; i < 8; ++i) hash += fmt::format("{:02x}", digest[i]);
    return fmt::format("policy:{}:{}:{}", route.host.empty() ? "mx" : route.host.substr(0, 200), route.port,
                       hash);
}

}  // namespace

PolicyRoutes::PolicyRoutes(std::filesystem::path file) : file_{std::move(file)} {}

std::expected<void, std::string> PolicyRoutes::load() {
    std::ifstream file{file_};
    if (!file) return {};  // none has been made yet
    std::lock_guard lock{mutex_};
    for (std::string line; std::getline(file, line);) {
        const Json json = Json::parse(line, nullptr, false);
        auto route = from_json(json);
        if (!route) return std::unexpected(fmt::format("{} is damaged", file_.string()));
        route->name = name_of(*route);
        if (routes_.size() < max_routes)
            routes_.emplace(route->name, std::make_unique<const Route>(std::move(*route)));
    }
    return {};
}

const Route* PolicyRoutes::ask(const mime::AddrSpec& sender, const mime::AddrSpec& recipient) {
    if (!ask_) return nullptr;
    auto route = ask_(sender, recipient);
    return route ? keep(std::move(*route)) : nullptr;
}

const Route* PolicyRoutes::keep(Route route) {
    route.host = text::to_lower(route.host);
    route.name = name_of(route);
    std::lock_guard lock{mutex_};
    if (auto there = routes_.find(route.name); there != routes_.end()) return there->second.get();
    if (routes_.size() >= max_routes) return nullptr;
    std::string name = route.name;
    const auto made = routes_.emplace(std::move(name), std::make_unique<const Route>(std::move(route))).first;
    if (!file_.empty() && !save()) {
        routes_.erase(made);  // mail must not wait for what a restart would forget
        return nullptr;
    }
    return made->second.get();
}

const Route* PolicyRoutes::find(std::string_view name) const {
    std::lock_guard lock{mutex_};
    const auto there = routes_.find(name);
    return there == routes_.end() ? nullptr : there->second.get();
}

/// As secret as the script that it comes from. A new route is rare.
bool PolicyRoutes::save() const {
    const std::filesystem::path draft = file_.string() + ".new";
    std::string text;
    for (const auto& [name, route] : routes_)
        text += to_json(*route).dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool good =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    ::close(fd);
    std::error_code error;
    if (good) std::filesystem::rename(draft, file_, error);
    return good && !error;
}

std::optional<Route> PolicyRoutes::parse(std::string_view host) {
    host = text::trim(host);
    Route route;
    const auto bracket = host.starts_with('[') ? host.find(']') : std::string_view::npos;
    const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        const std::string_view digits = host.substr(colon + 1);
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), route.port);
        if (error != std::errc{} || end != digits.data() + digits.size() || route.port == 0)
            return std::nullopt;
        host = host.substr(0, colon);
    }
    const bool good = !host.empty() && host.size() <= 200 && std::ranges::all_of(host, [](char c) {
        return text::is_alpha(c) || text::is_digit(c) || c == '.' || c == '-' || c == '_' || c == ':'
               || c == '[' || c == ']';
    });
    if (!good) return std::nullopt;
    route.host = text::to_lower(host);
    return route;
}

}  // namespace postrider::relay
