#include "settings/common.h"

namespace postrider::settings {

namespace {

// ssl2 and ssl3 are words of the format; no TLS library has them any more. The format's default is
// (tls1_1 tls1_2): ours follows RFC 8996, which ended TLS 1.0 and 1.1.
constexpr Choice tls_versions[] = {
    {"tls1", TlsVersion::tls1},
    {"tls1_1", TlsVersion::tls1_1},
    {"tls1_2", TlsVersion::tls1_2},
    {"tls1_3", TlsVersion::tls1_3},
    Choice{"ssl2"},
    Choice{"ssl3"},
};

constexpr Setting<HostCertificate> certificate_rows[] = {
    {.name = "hostName",
     .field = field<&HostCertificate::host_name>,
     .range = {1, 255},
     .help = "The name that clients ask for (SNI); *.example.org stands for any one label.",
     .scope = Scope::listener,
     .required = true},
    {.name = "certFile",
     .field = field<&HostCertificate::cert_file>,
     .range = {1, 4096},
     .help = "PEM file with its key and certificate chain.",
     .format = Format::path,
     .scope = Scope::listener,
     .required = true},
};

using C = SslControl;

constexpr Setting<C> ssl_rows[] = {
    {.name = "allowedVersions",
     .field = choice<&C::allowed_versions, tls_versions>,
     .help = "TLS versions that are spoken.",
     .scope = Scope::listener},
    {.name = "certFile",
     .field = field<&C::cert_file>,
     .range = {0, 4096},
     .help = "PEM file with key and certificate chain. With none every TLS attempt fails.",
     .format = Format::path,
     .scope = Scope::listener},
    {.name = "caFile",
     .field = field<&C::ca_file>,
     .range = {0, 4096},
     .help = "PEM file with the authorities whose client certificates are believed.",
     .format = Format::path,
     .scope = Scope::listener},
    {.name = "dhParamFile",
     .field = field<&C::dh_param_file>,
     .range = {0, 4096},
     .help = "PEM file with Diffie-Hellman parameters; with none, well-known groups are used.",
     .format = Format::path,
     .scope = Scope::listener},
    {.name = "maxChainDepth",
     .field = field<&C::max_chain_depth>,
     .range = {1, 16},
     .help = "Longest chain of a client's certificate.",
     .scope = Scope::listener},
    {.name = "cipherSuite",
     .field = field<&C::cipher_suite>,
     .range = {0, 8192},
     .help = "OpenSSL cipher list for TLS 1.2 and older; empty for OpenSSL's own choice.",
     .scope = Scope::listener},
    {.name = "preferServerCipherSuiteOrder",
     .field = field<&C::prefer_server_cipher_order>,
     .help = "The server's order of ciphers counts, not the client's.",
     .scope = Scope::listener},
    {.name = "useEphemeralKey",
     .field = field<&C::use_ephemeral_key>,
     .help = "A fresh Diffie-Hellman key for each connection (forward secrecy).",
     .scope = Scope::listener},
    {.name = "requestClientAuth",
     .field = field<&C::request_client_auth>,
     .help = "Ask clients for a certificate. Off, as shipped configurations have it: many mail programs "
             "bother their user when asked.",
     .scope = Scope::listener},
    {.name = "certificates",
     .field = object_set<&C::certificates, certificate_table>,
     .range = {0, 10'000},
     .help = "Further certificates, chosen by the host name that the client asks for.",
     .scope = Scope::listener,
     .key = "hostName"},
};

using T = ListenerSettings;

constexpr Setting<T> listener_rows[] = {
    {.name = "address",
     .field = field<&T::address>,
     .help = "Where to listen; 0.0.0.0 or [::] for all addresses of the machine.",
     .format = Format::ip_port,
     .scope = Scope::listener,
     .required = true},
    {.name = "enable",
     .field = field<&T::enable>,
     .help = "Without yes nothing listens here.",
     .scope = Scope::listener},
    {.name = "idleTimeout",
     .field = field<&T::idle_timeout>,
     .range = {0, 86'400},
     .help = "Silence after which a connection is closed; 0 for never.",
     .unit = "s",
     .scope = Scope::listener},
    {.field = inlined<&T::limits, limits_table>},
    {.field = inlined<&T::rules, access_rules_table>},
    {.name = "sslEnable",
     .field = field<&T::ssl_enable>,
     .help = "TLS from the first octet on (not STARTTLS).",
     .scope = Scope::listener},
    {.name = "sslControl",
     .field = object<&T::ssl, ssl_table>,
     .help = "Parameters of TLS, also of STARTTLS.",
     .scope = Scope::listener},
    {.name = "listenerDomain",
     .field = field<&T::domain>,
     .range = {0, 255},
     .help = "The domain of bare user names on this listener; empty for the server's primaryDomain.",
     .format = Format::host_name,
     .scope = Scope::listener},
    {.name = "proxyProtocol",
     .field = field<&T::proxy_protocol>,
     .help = "Expect a PROXY header (version 1 or 2) from the addresses of proxyProtocolTrusted.",
     .scope = Scope::listener},
    {.name = "proxyProtocolTimeout",
     .field = field<&T::proxy_protocol_timeout>,
     .range = {1, 300},
     .help = "How long to wait for the PROXY header.",
     .unit = "s",
     .scope = Scope::listener},
    {.name = "proxyProtocolTrusted",
     .field = field<&T::proxy_protocol_trusted>,
     .range = {0, 256},
     .help = "Addresses whose PROXY header is believed. Others are served as if there were no proxy.",
     .format = Format::ip_set,
     .scope = Scope::listener},
    {.name = "nonClusterListener", .field = absent<T>},
};

constexpr Setting<UdpListenerSettings> udp_rows[] = {
    {.name = "address",
     .field = field<&UdpListenerSettings::address>,
     .help = "Where to take datagrams.",
     .format = Format::ip_port,
     .scope = Scope::listener,
     .required = true},
    {.name = "enable",
     .field = field<&UdpListenerSettings::enable>,
     .help = "Without yes nothing listens here.",
     .scope = Scope::listener},
    {.field = inlined<&UdpListenerSettings::rules, access_rules_table>},
};

}  // namespace

TableOf<HostCertificate> certificate_table() {
    return {certificate_rows, "certificate", "A certificate for one host name."};
}
TableOf<SslControl> ssl_table() {
    return {ssl_rows, "sslControl", "Parameters of TLS."};
}
TableOf<ListenerSettings> listener_table() {
    return {listener_rows, "listener", "An address on which a service takes connections."};
}
TableOf<UdpListenerSettings> udp_listener_table() {
    return {udp_rows, "listener", "An address on which a service takes datagrams."};
}

}  // namespace postrider::settings
