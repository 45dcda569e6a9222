#include "app/identity.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "relay/own_addresses.h"
#include "settings/address.h"
#include "text/ascii.h"

namespace postrider::app {
namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
};

/// SHA-256 of the public key of the first certificate in a PEM file: what TLSA 3 1 1 holds (RFC 7671 §5.1).
std::optional<std::string> key_digest(const std::string& file) {
    std::unique_ptr<BIO, Free> bio{BIO_new_file(file.c_str(), "r")};
    if (!bio) return std::nullopt;
    std::unique_ptr<X509, Free> certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
    if (!certificate) return std::nullopt;
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
    if (size <= 0) return std::nullopt;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    const int ok = EVP_Digest(der, static_cast<std::size_t>(size), digest, &length, EVP_sha256(), nullptr);
    OPENSSL_free(der);
    if (ok != 1) return std::nullopt;
    std::string out;
    for (unsigned int i = 0; i < length; ++i) out += fmt::format("{:02x}", digest[i]);
    return out;
}

void add_port(admin::Identity& us, std::string service, const settings::ListenerSettings& listener) {
    const auto address = settings::parse_ip_port(listener.address);
    if (!address || !listener.enable) return;
    const bool known =
        std::ranges::any_of(us.services, [&](const auto& one) { return one.service == service; });
    if (!known) us.services.push_back({std::move(service), address->port});
}

}  // namespace

std::string name_of_server(const Settings& settings) {
    if (!settings.server.server_name.empty()) return settings.server.server_name;
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 && *name != '\0' ? name : "localhost";
}

admin::Identity identity_of(const Settings& settings, const std::string& host, const std::string& directory) {
    using Service = settings::Service;
    admin::Identity us;
    us.host = text::to_lower(host);
    us.addresses = relay::OwnAddresses::of_this_machine();
    const auto runs = [&](Service service) { return settings.server.services.has(service); };
    if (runs(Service::smtp_incoming))
        for (const smtp::SmtpListener& one : settings.smtp.listeners) {
            const settings::ListenerSettings& listener = one.listener;
            if (one.protocol == smtp::Protocol::submission)
                add_port(us, listener.ssl_enable ? "_submissions" : "_submission", listener);
            const std::string& file = listener.ssl.cert_file;
            if (one.protocol != smtp::Protocol::smtp || !listener.enable || file.empty() || file == "none")
                continue;
            auto digest = key_digest((std::filesystem::path{directory} / file).string());
            if (digest && std::ranges::find(us.key_digests, *digest) == us.key_digests.end())
                us.key_digests.push_back(std::move(*digest));
        }
    if (runs(Service::imap))
        for (const settings::ListenerSettings& one : settings.imap.listeners)
            add_port(us, one.ssl_enable ? "_imaps" : "_imap", one);
    if (runs(Service::pop3))
        for (const settings::ListenerSettings& one : settings.pop3.listeners)
            add_port(us, one.ssl_enable ? "_pop3s" : "_pop3", one);
    if (runs(Service::manage_sieve))
        for (const settings::ListenerSettings& one : settings.manage_sieve.listeners)
            if (!one.ssl_enable) add_port(us, "_sieve", one);  // RFC 5804 §1.8
    return us;
}

}  // namespace postrider::app
