#include "net/tls_inside.h"

#include <fmt/format.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "net/authorities.h"

namespace postrider::net {
namespace {

bool named(const std::string& file) {
    return !file.empty() && file != "none";
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// Lowest and highest version that is both listed and fit for use; gaps in between are closed by options.
void set_versions(SSL_CTX* context, const TlsOptions& options, TlsContext::Inside& out) {
    struct Known {
        const char* name;
        int version;
        std::uint64_t off;
    };
    constexpr Known known[] = {{"tls1", TLS1_VERSION, SSL_OP_NO_TLSv1},
                               {"tls1_1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
                               {"tls1_2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
                               {"tls1_3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3}};
    std::vector<std::string> wanted = options.allowed_versions;
    for (const std::string& word : wanted) {
        const bool broken = word == "ssl2" || word == "ssl3";
        const bool found = std::ranges::any_of(known, [&](const Known& k) { return word == k.name; });
        if (broken) out.warnings.push_back(word + " is listed but never enabled (RFC 6176, RFC 7568)");
        if (!broken && !found) out.warnings.push_back("unknown TLS version " + word);
        if ((word == "tls1" || word == "tls1_1")
            && options.cipher_suite.find("@SECLEVEL=0") == std::string::npos)
            out.warnings.push_back(
                word + " is listed, but is refused unless cipherSuite contains @SECLEVEL=0 (RFC 8996)");
    }
    const auto lists = [&](const Known& k) { return std::ranges::find(wanted, k.name) != wanted.end(); };
    if (std::ranges::none_of(known, lists)) wanted = {"tls1_2", "tls1_3"};
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    for (const Known& k : known)
        if (!lists(k)) SSL_CTX_set_options(context, k.off);
}

/// Everything that is the same for listeners and outgoing connections.
SslContextPtr make_context(const SSL_METHOD* method, const TlsOptions& options, TlsContext::Inside& out) {
    SslContextPtr context{SSL_CTX_new(method)};
    if (!context) {
        out.problem = "OpenSSL: " + openssl_error();
        return nullptr;
    }
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                                        | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context.get(),
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
    set_versions(context.get(), options, out);
    if (!options.cipher_suite.empty()
        && SSL_CTX_set_cipher_list(context.get(), options.cipher_suite.c_str()) != 1) {
        out.problem = "cipherSuite: " + openssl_error();
        return nullptr;
    }
    SSL_CTX_set_verify_depth(context.get(), options.max_chain_depth);
    return context;
}

bool load_certificate(SSL_CTX* context, const std::string& file, TlsContext::Inside& out) {
    // No password prompt on the terminal of a server.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
    if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1)
        out.problem = fmt::format("cannot use the certificate in {}: {}", file, openssl_error());
    else if (SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1)
        out.problem = fmt::format("cannot use the private key in {}: {}", file, openssl_error());
    return out.problem.empty();
}

void load_dh(SSL_CTX* context, const TlsOptions& options, TlsContext::Inside& out) {
    SSL_CTX_set_dh_auto(context, 1);
    if (!named(options.dh_file)) return;
    std::unique_ptr<BIO, int (*)(BIO*)> file{BIO_new_file(options.dh_file.c_str(), "r"), BIO_free};
    EVP_PKEY* key = nullptr;
    auto* decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, "DH",
                                                  OSSL_KEYMGMT_SELECT_ALL_PARAMETERS, nullptr, nullptr);
    const bool read = file && decoder && OSSL_DECODER_from_bio(decoder, file.get()) == 1;
    OSSL_DECODER_CTX_free(decoder);
    if (!read || SSL_CTX_set0_tmp_dh_pkey(context, key) != 1) {
        EVP_PKEY_free(key);
        out.warnings.push_back(fmt::format("dhParamFile {}: {}; OpenSSL's own groups are used",
                                           options.dh_file, openssl_error()));
    }
}

void ask_for_client_certificate(SSL_CTX* context, const TlsOptions& options, TlsContext::Inside& out) {
    if (options.client_auth == TlsOptions::ClientAuth::no) return;
    if (!named(options.ca_file)) {
        if (options.client_auth == TlsOptions::ClientAuth::required)
            out.problem = "client certificates are required, but no caFile says who may sign them";
        else
            out.warnings.push_back("client certificates are not asked for: no caFile says who may sign them");
        return;
    }
    if (SSL_CTX_load_verify_file(context, options.ca_file.c_str()) != 1) {
        out.problem = fmt::format("caFile {}: {}", options.ca_file, openssl_error());
        return;
    }
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.ca_file.c_str()));
    const int required =
        options.client_auth == TlsOptions::ClientAuth::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE | required, nullptr);
}

int choose_certificate(SSL* ssl, int*, void* arg) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!name) return SSL_TLSEXT_ERR_NOACK;
    const auto& inside = *static_cast<const TlsContext::Inside*>(arg);
    SSL_CTX* chosen = inside.find(lower(name));
    if (chosen != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, chosen);
    return SSL_TLSEXT_ERR_OK;
}

SslContextPtr make_server_context(const std::string& cert_file, const TlsOptions& options,
                                  TlsContext::Inside& out) {
    SslContextPtr context = make_context(TLS_server_method(), options, out);
    if (!context || !load_certificate(context.get(), cert_file, out)) return nullptr;
    if (options.prefer_server_order) SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context.get(), 1);
    constexpr unsigned char session_context[] = "postrider";
    SSL_CTX_set_session_id_context(context.get(), session_context, sizeof session_context - 1);
    load_dh(context.get(), options, out);
    ask_for_client_certificate(context.get(), options, out);
    if (!out.problem.empty()) return nullptr;
    return context;
}

std::vector<std::string> host_names(const X509* certificate) {
    std::vector<std::string> names;
    auto* list = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(const_cast<X509*>(certificate), NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
        if (name->type != GEN_DNS) continue;
        const ASN1_STRING* text = name->d.dNSName;
        names.push_back(lower(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                          static_cast<std::size_t>(ASN1_STRING_length(text)))));
    }
    GENERAL_NAMES_free(list);
    return names;
}

}  // namespace

std::string openssl_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "no further reason";
    if (const char* reason = ERR_reason_error_string(code)) return reason;
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    return text;
}

SSL_CTX* TlsContext::Inside::find(const std::string& lower_name) const {
    if (const auto exact = by_name.find(lower_name); exact != by_name.end()) return exact->second.get();
    // RFC 6125 §6.4.3: a wildcard stands for the whole left-most label only.
    if (const auto dot = lower_name.find('.'); dot != std::string::npos)
        if (const auto wild = by_name.find("*" + lower_name.substr(dot)); wild != by_name.end())
            return wild->second.get();
    return context.get();
}

std::shared_ptr<TlsContext::Inside> build_server_inside(const TlsOptions& options) {
    auto out = std::make_shared<TlsContext::Inside>();
    out->handshake_timeout = options.handshake_timeout;
    if (!named(options.cert_file)) {
        out->problem = "no certificate is configured (certFile = none)";
        return out;
    }
    out->context = make_server_context(options.cert_file, options, *out);
    if (!out->context) return out;
    std::vector<std::string> warnings = out->warnings;
    for (const TlsOptions::HostCertificate& more : options.more_certs) {
        out->warnings.clear();  // the same as for the first one
        SslContextPtr context = make_server_context(more.file, options, *out);
        if (!context) {  // one tenant's broken file must not take the others' TLS away
            warnings.push_back(out->problem);
            out->problem.clear();
            continue;
        }
        std::vector<std::string> names = host_names(SSL_CTX_get0_certificate(context.get()));
        if (!more.host_name.empty()) names.push_back(lower(more.host_name));
        for (const std::string& name : names) {
            SSL_CTX_up_ref(context.get());
            out->by_name.try_emplace(name, SslContextPtr{context.get()});
        }
    }
    out->warnings = std::move(warnings);
    // The default certificate's own names win over a wildcard elsewhere.
    for (const std::string& name : host_names(SSL_CTX_get0_certificate(out->context.get()))) {
        SSL_CTX_up_ref(out->context.get());
        out->by_name.insert_or_assign(name, SslContextPtr{out->context.get()});
    }
    SSL_CTX_set_tlsext_servername_callback(out->context.get(), choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(out->context.get(), out.get());
    return out;
}

std::shared_ptr<TlsContext::Inside> build_client_inside(const TlsOptions& options,
                                                        TlsOptions::Verify verify) {
    auto out = std::make_shared<TlsContext::Inside>();
    out->handshake_timeout = options.handshake_timeout;
    out->context = make_context(TLS_client_method(), options, *out);
    if (!out->context) return out;
    if (named(options.cert_file)) load_certificate(out->context.get(), options.cert_file, *out);
    SSL_CTX_dane_enable(out->context.get());  // costs nothing until a connection brings TLSA records
    if (verify == TlsOptions::Verify::no) return out;
    out->verify_name = true;
    SSL_CTX_set_verify(out->context.get(), SSL_VERIFY_PEER, nullptr);
    out->authorities = authorities(named(options.ca_file) ? options.ca_file : "");
    if (out->authorities)
        SSL_CTX_set1_cert_store(out->context.get(), out->authorities.get());
    else
        out->problem = "cannot read the certification authorities: " + openssl_error();
    return out;
}

}  // namespace postrider::net
