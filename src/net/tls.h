#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace postrider::net {

/// sslControl of a listener (or of outgoing connections), as the configuration file has it.
struct TlsOptions {
    enum class ClientAuth { no, optional, required };
    enum class Verify { no, yes };

    /// ssl2 ssl3 tls1 tls1_1 tls1_2 tls1_3. Empty: TLS 1.2 and 1.3. ssl2 and ssl3 are never enabled.
    std::vector<std::string> allowed_versions;
    std::string cert_file;  ///< PEM: chain and key. "" or "none": no TLS on this listener
    /// Certificates for other host names, chosen by SNI. One that cannot be used is left out with a warning.
    struct HostCertificate {
        HostCertificate(std::string pem, std::string name = {})
            : file{std::move(pem)}, host_name{std::move(name)} {}
        std::string file;       ///< PEM: chain and key
        std::string host_name;  ///< besides the names in the certificate; "*.example.org" for a wildcard
    };
    std::vector<HostCertificate> more_certs;
    std::string ca_file;  ///< PEM: who signs client (or, outgoing, server) certificates
    std::string dh_file;  ///< PEM; "" or "none": OpenSSL's own groups
    int max_chain_depth = 4;
    std::string cipher_suite;  ///< OpenSSL cipher list for TLS 1.2 and below; "": OpenSSL's default
    bool prefer_server_order = true;
    ClientAuth client_auth = ClientAuth::no;
    std::chrono::seconds handshake_timeout{10};
};

/// Certificates and parameters of one listener, or of outgoing connections. Lives as long as the listener;
/// reload() replaces what is inside, and connections that stand keep what they began with. Thread-safe.
class TlsContext {
public:
    /// Never fails: a context that cannot work says why in problem(), and every handshake on it fails with
    /// that.
    static std::shared_ptr<TlsContext> server(const TlsOptions& options);
    /// For outgoing connections. Verify::yes checks the chain against ca_file (or the system's authorities)
    /// and the name that is connected to.
    static std::shared_ptr<TlsContext> client(const TlsOptions& options, TlsOptions::Verify verify);
    ~TlsContext();

    bool usable() const { return problem().empty(); }
    std::string problem() const;                ///< one line for the log; "" when usable
    std::vector<std::string> warnings() const;  ///< what was ignored, one line each

    /// Takes new options or re-reads the files. If they cannot be used, the old certificates stay in use and
    /// the problem is returned.
    std::expected<void, std::string> reload(const TlsOptions& options);

    std::chrono::seconds handshake_timeout() const;

    // ---- for the stream
    struct Inside;
    std::shared_ptr<const Inside> inside() const;

private:
    TlsContext() = default;
    mutable std::mutex mutex_;
    std::shared_ptr<const Inside> inside_;
};

/// Writes a PEM file (mode 0600, replaced atomically) with a new P-256 key and a certificate signed by
/// itself.
/// @param names  host names (wildcards allowed) and numeric addresses; the first is the common name
/// @param days   validity from a day ago on
std::expected<void, std::string> write_self_signed_certificate(const std::string& path,
                                                               const std::vector<std::string>& names,
                                                               int days = 3650);

}  // namespace postrider::net
