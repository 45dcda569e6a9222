#include "app/listeners.h"

#include <filesystem>

#include "settings/address.h"

namespace postrider::app {
namespace {

std::string version_word(settings::TlsVersion version) {
    switch (version) {
        case settings::TlsVersion::tls1: return "tls1";
        case settings::TlsVersion::tls1_1: return "tls1_1";
        case settings::TlsVersion::tls1_2: return "tls1_2";
        case settings::TlsVersion::tls1_3: return "tls1_3";
    }
    return {};
}

/// Relative paths are relative to the working directory; "none" stays.
std::string resolved(const std::string& path, const std::string& directory) {
    if (path.empty() || path == "none") return path;
    return (std::filesystem::path{directory} / path).string();
}

net::ProxyOptions proxy_options(const settings::ListenerSettings& listener) {
    net::ProxyOptions options;
    if (!listener.proxy_protocol) return options;
    options.v1 = options.v2 = true;
    options.timeout = listener.proxy_protocol_timeout;
    std::vector<settings::IpSet> trusted;
    for (const std::string& text : listener.proxy_protocol_trusted)
        if (auto set = settings::parse_ip_set(text)) trusted.push_back(*set);
    options.trusted = [trusted = std::move(trusted)](const std::string& text) {
        auto ip = settings::parse_ip(text);
        if (!ip) return false;
        for (const settings::IpSet& set : trusted)
            if (set.has(*ip)) return true;
        return false;
    };
    return options;
}

}  // namespace

std::shared_ptr<net::TlsContext> Listeners::tls(const settings::SslControl& ssl,
                                                const std::string& address) const {
    if (ssl.cert_file.empty() || ssl.cert_file == "none") return nullptr;
    net::TlsOptions options;
    for (auto version : {settings::TlsVersion::tls1, settings::TlsVersion::tls1_1,
                         settings::TlsVersion::tls1_2, settings::TlsVersion::tls1_3})
        if (ssl.allowed_versions.has(version)) options.allowed_versions.push_back(version_word(version));
    options.cert_file = resolved(ssl.cert_file, directory_);
    for (const settings::HostCertificate& more : ssl.certificates)
        options.more_certs.push_back({resolved(more.cert_file, directory_), more.host_name});
    options.ca_file = resolved(ssl.ca_file, directory_);
    if (options.ca_file == "none") options.ca_file.clear();
    options.dh_file = resolved(ssl.dh_param_file, directory_);
    options.max_chain_depth = static_cast<int>(ssl.max_chain_depth);
    options.cipher_suite = ssl.cipher_suite;
    // TLS 1.3 knows nothing but ephemeral keys; for TLS 1.2 they can be left out, so that traffic can be
    // inspected.
    if (!ssl.use_ephemeral_key)
        options.cipher_suite = (ssl.cipher_suite.empty() ? "DEFAULT" : ssl.cipher_suite) + ":!kEECDH:!kEDH";
    options.handshake_timeout = handshake_timeout_;
    options.prefer_server_order = ssl.prefer_server_cipher_order;
    if (ssl.request_client_auth) options.client_auth = net::TlsOptions::ClientAuth::optional;
    auto context = net::TlsContext::server(options);
    for (const std::string& warning : context->warnings())
        log_.warning({}, "TLS on {}: {}", address, warning);
    if (!context->usable()) log_.error({}, "TLS on {} cannot be used: {}", address, context->problem());
    return context;
}

std::expected<void, std::string> Listeners::set_access(const settings::AccessControl& access) {
    auto level = net::AccessLevel::create(access.rules, access.limits, clock_);
    if (!level) return std::unexpected(level.error());
    service_access_ = std::move(*level);
    return {};
}

std::expected<void, std::string> Listeners::add(const settings::ListenerSettings& settings,
                                                const MakeServe& make) {
    if (!settings.enable) {
        ports_.push_back(0);
        return {};
    }
    auto at = settings::parse_ip_port(settings.address);
    if (!at) return std::unexpected("\"" + settings.address + "\" is no address to listen on");
    auto access = net::AccessLevel::create(settings.rules, settings.limits, clock_);
    if (!access) return std::unexpected(settings.address + ": " + access.error());
    auto gate = std::make_shared<net::Gate>(std::move(*access), service_access_, nullptr);

    net::ListenerOptions options;
    options.address = {settings::to_string(at->ip), at->port};
    options.implicit_tls = settings.ssl_enable;
    options.tls = tls(settings.ssl, settings.address);
    options.idle_timeout = settings.idle_timeout;
    options.farewell = std::make_shared<net::Farewell>(words_.farewell);
    options.refuse = words_.refuse;
    options.proxy = proxy_options(settings);
    options.admit = [gate](const net::Endpoint& peer) { return gate->admit(peer.ip); };
    options.handler = [serve = make(options.tls), ids = next_session_](std::unique_ptr<net::Stream> stream) {
        return serve(std::move(stream), SessionId{ids->fetch_add(1, std::memory_order_relaxed)});
    };
    options.log = [log = log_](net::ListenerOptions::Severity severity, const std::string& text) {
        using Severity = net::ListenerOptions::Severity;
        switch (severity) {
            case Severity::error: log.write(observe::Level::error, {}, text); break;
            case Severity::warning: log.write(observe::Level::warning, {}, text); break;
            case Severity::info: log.write(observe::Level::info, {}, text); break;
            case Severity::debug: log.write(observe::Level::protocol, {}, text); break;
        }
    };
    auto listener = net::Listener::open(pool_, std::move(options));
    if (!listener) return std::unexpected(listener.error());
    ports_.push_back((*listener)->local().port);
    listeners_.push_back(std::move(*listener));
    return {};
}

void Listeners::start() {
    for (auto& listener : listeners_) listener->start();
}

void Listeners::stop(std::chrono::milliseconds grace) {
    for (auto& listener : listeners_) listener->stop_accepting();
    for (auto& listener : listeners_) listener->stop(grace);
}

}  // namespace postrider::app
