#include "app/listeners.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

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

net::TlsOptions tls_options(const settings::SslControl& ssl, const std::string& directory,
                            std::chrono::seconds handshake_timeout) {
    net::TlsOptions options;
    for (auto version : {settings::TlsVersion::tls1, settings::TlsVersion::tls1_1,
                         settings::TlsVersion::tls1_2, settings::TlsVersion::tls1_3})
        if (ssl.allowed_versions.has(version)) options.allowed_versions.push_back(version_word(version));
    options.cert_file = resolved(ssl.cert_file, directory);
    for (const settings::HostCertificate& more : ssl.certificates)
        options.more_certs.push_back({resolved(more.cert_file, directory), more.host_name});
    options.ca_file = resolved(ssl.ca_file, directory);
    if (options.ca_file == "none") options.ca_file.clear();
    options.dh_file = resolved(ssl.dh_param_file, directory);
    options.max_chain_depth = static_cast<int>(ssl.max_chain_depth);
    options.cipher_suite = ssl.cipher_suite;
    // TLS 1.3 knows nothing but ephemeral keys; for TLS 1.2 they can be left out, so that traffic can be
    // inspected.
    if (!ssl.use_ephemeral_key)
        options.cipher_suite = (ssl.cipher_suite.empty() ? "DEFAULT" : ssl.cipher_suite) + ":!kEECDH:!kEDH";
    options.handshake_timeout = handshake_timeout;
    options.prefer_server_order = ssl.prefer_server_cipher_order;
    if (ssl.request_client_auth) options.client_auth = net::TlsOptions::ClientAuth::optional;
    return options;
}

}  // namespace

/// Keeps the context that there is, so that its sessions' tickets stay good, and with it its certificates
/// when the new ones cannot be used.
std::shared_ptr<net::TlsContext> Listeners::tls(const settings::ListenerSettings& listener,
                                                std::string& warning,
                                                std::shared_ptr<net::TlsContext> before) const {
    warning.clear();
    if (listener.ssl.cert_file.empty() || listener.ssl.cert_file == "none") {
        if (listener.ssl_enable)
            warning = fmt::format("TLS on {} cannot be used: there is no certFile", listener.address);
        return nullptr;
    }
    net::TlsOptions wanted = tls_options(listener.ssl, directory_, handshake_timeout_);
    if (!before) {
        before = net::TlsContext::server(wanted);
        if (!before->usable())
            warning = fmt::format("TLS on {} cannot be used: {}", listener.address, before->problem());
    } else if (auto taken = before->reload(wanted); !taken) {
        warning =
            fmt::format("TLS on {} goes on with its old certificates: {}", listener.address, taken.error());
    }
    if (!warning.empty()) log_.error({}, "{}", warning);
    for (const std::string& one : before->warnings())
        log_.warning({}, "TLS on {}: {}", listener.address, one);
    return before;
}

std::expected<net::ListenerOptions, std::string> Listeners::options(Slot& slot) const {
    const settings::ListenerSettings& settings = slot.wanted.settings;
    auto at = settings::parse_ip_port(settings.address);
    if (!at) return std::unexpected("\"" + settings.address + "\" is no address to listen on");
    if (slot.access) {
        if (auto ok = slot.access->reload(settings.rules, settings.limits); !ok)
            return std::unexpected(settings.address + ": " + ok.error());
    } else {
        auto access = net::AccessLevel::create(settings.rules, settings.limits, clock_);
        if (!access) return std::unexpected(settings.address + ": " + access.error());
        slot.access = std::move(*access);
    }
    slot.tls = tls(settings, slot.tls_warning, slot.tls);
    auto gate = std::make_shared<net::Gate>(slot.access, service_access_, nullptr, bouncer_);

    net::ListenerOptions options;
    options.address = {settings::to_string(at->ip), at->port};
    options.implicit_tls = settings.ssl_enable;
    options.tls = slot.tls;
    options.idle_timeout = settings.idle_timeout;
    options.farewell = std::make_shared<net::Farewell>(words_.farewell);
    options.refuse = words_.refuse;
    options.proxy = proxy_options(settings);
    options.admit = [gate](const net::Endpoint& peer) { return gate->admit(peer.ip); };
    options.handler = [serve = slot.wanted.make(slot.tls),
                       ids = next_session_](std::unique_ptr<net::Stream> stream) {
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
    return options;
}

std::expected<void, std::string> Listeners::take_common(const Configuration& wanted) {
    if (service_access_) {
        if (auto ok = service_access_->reload(wanted.access.rules, wanted.access.limits); !ok) return ok;
    } else {
        auto level = net::AccessLevel::create(wanted.access.rules, wanted.access.limits, clock_);
        if (!level) return std::unexpected(level.error());
        service_access_ = std::move(*level);
    }
    handshake_timeout_ = wanted.handshake_timeout;
    words_ = wanted.words;
    return {};
}

std::expected<Listeners::Slot, std::string> Listeners::open(Wanted wanted) {
    Slot slot;
    slot.wanted = std::move(wanted);
    auto made = options(slot);
    if (!made) return std::unexpected(made.error());
    auto socket = sockets_.listen(made->address);
    if (!socket) return std::unexpected(socket.error());
    auto listener = net::Listener::adopt(pool_, *socket, std::move(*made));
    if (!listener) return std::unexpected(listener.error());
    slot.listener = std::move(*listener);
    if (started_) slot.listener->start();
    return slot;
}

void Listeners::close(Slot& slot) {
    sockets_.give_up(slot.listener->local());
    slot.listener->stop_accepting();
    retired_.push_back(std::move(slot.listener));
}

std::expected<void, std::string> Listeners::open(const Configuration& wanted) {
    if (auto ok = take_common(wanted); !ok) return ok;
    std::vector<Slot> made;
    for (const Wanted& one : wanted.listeners) {
        if (!one.settings.enable) continue;
        auto slot = open(one);
        if (!slot) {
            for (Slot& undone : made) sockets_.give_up(undone.listener->local());
            return std::unexpected(slot.error());
        }
        made.push_back(std::move(*slot));
    }
    std::lock_guard lock{mutex_};
    slots_ = std::move(made);
    return {};
}

void Listeners::start() {
    started_ = true;
    for (Slot& slot : slots_) slot.listener->start();
}

std::vector<std::string> Listeners::apply(const Configuration& wanted) {
    std::vector<std::string> problems;
    std::lock_guard lock{mutex_};
    std::erase_if(retired_, [](const auto& one) { return one->sessions() == 0; });
    if (auto ok = take_common(wanted); !ok) {
        problems.push_back(ok.error());
        return problems;
    }
    std::vector<Slot> next;
    std::vector<const Wanted*> missing;
    for (const Wanted& one : wanted.listeners) {
        if (!one.settings.enable) continue;
        // Several may have the same address when the system chooses their ports: then in their order.
        auto known = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
            return slot.listener && slot.wanted.settings.address == one.settings.address
                   && slot.wanted.port_name == one.port_name;
        });
        if (known == slots_.end()) {
            missing.push_back(&one);
            continue;
        }
        Wanted before = std::exchange(known->wanted, one);
        auto fresh = options(*known);
        if (fresh) {
            known->listener->reload(std::move(*fresh));
        } else {
            problems.push_back(fresh.error());
            known->wanted = std::move(before);
        }
        next.push_back(std::move(*known));
    }
    // First what goes: the new address may include the old one.
    std::vector<Wanted> gone;
    for (Slot& slot : slots_) {
        if (!slot.listener) continue;
        gone.push_back(slot.wanted);
        close(slot);
    }
    slots_ = std::move(next);
    bool failed = false;
    for (const Wanted* one : missing) {
        auto slot = open(*one);
        if (slot) {
            slots_.push_back(std::move(*slot));
            continue;
        }
        failed = true;
        problems.push_back(slot.error());
    }
    // An address that cannot be had must not cost those that clients use today.
    if (failed)
        for (Wanted& one : gone)
            if (auto slot = open(std::move(one)); slot) slots_.push_back(std::move(*slot));
    return problems;
}

std::vector<std::string> Listeners::warnings() const {
    std::vector<std::string> all;
    std::lock_guard lock{mutex_};
    for (const Slot& slot : slots_)
        if (!slot.tls_warning.empty()) all.push_back(slot.tls_warning);
    return all;
}

void Listeners::stop(std::chrono::milliseconds grace, Addresses addresses) {
    std::vector<std::unique_ptr<net::Listener>> last;
    {
        std::lock_guard lock{mutex_};
        for (Slot& slot : slots_) {
            if (addresses == Addresses::given_up) sockets_.give_up(slot.listener->local());
            last.push_back(std::move(slot.listener));
        }
        for (auto& one : retired_) last.push_back(std::move(one));
        slots_.clear();
        retired_.clear();
    }
    started_ = false;
    for (auto& listener : last) listener->stop_accepting();
    // At the same time: the grace is for all of them together.
    std::vector<std::jthread> ending;
    for (auto& listener : last) ending.emplace_back([&listener, grace] { listener->stop(grace); });
}

std::size_t Listeners::sessions() const {
    std::lock_guard lock{mutex_};
    std::size_t sum = 0;
    for (const Slot& slot : slots_) sum += slot.listener->sessions();
    for (const auto& one : retired_) sum += one->sessions();
    return sum;
}

void Listeners::add_ports(Ports& ports) const {
    std::lock_guard lock{mutex_};
    for (const Slot& slot : slots_) ports.emplace(slot.wanted.port_name, slot.listener->local().port);
}

}  // namespace postrider::app
