#include "net/tls_session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <system_error>

#include "net/socket_address.h"
#include "net/tls_inside.h"

namespace postrider::net {
namespace {

using Reason = SessionEnd::Reason;

ssl_st* make(const TlsContext::Inside& inside, int fd) {
    if (!inside.problem.empty()) throw SessionEnd{Reason::tls, "TLS is not available: " + inside.problem};
    ERR_clear_error();
    SSL* ssl = SSL_new(inside.context.get());
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        throw SessionEnd{Reason::tls, openssl_error()};
    }
    return ssl;
}

/// RFC 5929 §4.1: the hash of the server's certificate by its signature's hash function, SHA-256 for weaker
/// ones.
std::string end_point_hash(SSL* ssl) {
    X509* certificate = SSL_is_server(ssl) ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl);
    if (!certificate) return {};
    int digest = NID_undef;
    X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr);
    const bool weak = digest == NID_undef || digest == NID_md5 || digest == NID_sha1;
    const EVP_MD* hash = weak ? EVP_sha256() : EVP_get_digestbynid(digest);
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!hash || X509_digest(certificate, hash, octets, &size) != 1) return {};
    return {reinterpret_cast<const char*>(octets), size};
}

/// RFC 5929 §3.1: the first Finished message of the handshake.
std::string first_finished(SSL* ssl) {
    const bool from_client = SSL_session_reused(ssl) == 0;
    const bool ours = (SSL_is_server(ssl) == 0) == from_client;
    char octets[EVP_MAX_MD_SIZE];
    const std::size_t size = ours ? SSL_get_finished(ssl, octets, sizeof octets)
                                  : SSL_get_peer_finished(ssl, octets, sizeof octets);
    return {octets, std::min(size, sizeof octets)};
}

std::string subject_of_verified_peer(SSL* ssl) {
    X509* certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE
        || SSL_get_verify_result(ssl) != X509_V_OK)
        return {};
    BIO* text = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text, &data);
    std::string out{data, static_cast<std::size_t>(size)};
    BIO_free(text);
    return out;
}

/// RFC 7672 §3.1.1: with DANE-EE neither the name nor the dates of the certificate matter.
bool expect_associations(SSL* ssl, const TlsPeer& peer) {
    if (SSL_dane_enable(ssl, peer.server_name.c_str()) <= 0) return false;
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    bool some = false;
    for (const TlsPeer::Association& one : peer.associations)
        some |= SSL_dane_tlsa_add(ssl, one.usage, one.selector, one.matching,
                                  reinterpret_cast<const unsigned char*>(one.data.data()), one.data.size())
                > 0;
    ERR_clear_error();
    return some;
}

CertificateProblem problem_of(long verdict) {
    switch (verdict) {
        case X509_V_OK: return CertificateProblem::none;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return CertificateProblem::host_name;
        case X509_V_ERR_CERT_NOT_YET_VALID:
        case X509_V_ERR_CERT_HAS_EXPIRED: return CertificateProblem::expired;
        case X509_V_ERR_DANE_NO_MATCH: return CertificateProblem::no_match;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED:
        case X509_V_ERR_INVALID_CA: return CertificateProblem::not_trusted;
        default: return CertificateProblem::other;
    }
}

}  // namespace

std::unique_ptr<TlsSession> TlsSession::server(const TlsContext& context, int fd) {
    auto inside = context.inside();
    SSL* ssl = make(*inside, fd);
    SSL_set_accept_state(ssl);
    return std::unique_ptr<TlsSession>{
        new TlsSession{ssl, std::const_pointer_cast<TlsContext::Inside>(std::move(inside))}};
}

std::unique_ptr<TlsSession> TlsSession::client(const TlsContext& context, int fd, const TlsPeer& peer) {
    using Check = TlsPeer::Check;
    auto inside = context.inside();
    SSL* ssl = make(*inside, fd);
    SSL_set_connect_state(ssl);
    const bool numeric = to_socket_address({peer.server_name, 0}).has_value();
    const bool looks = peer.check == Check::as_context ? inside->verify_name : peer.check != Check::off;
    bool ready = true;
    if (!peer.associations.empty() && looks) ready = expect_associations(ssl, peer);
    if (!peer.server_name.empty() && !numeric) SSL_set_tlsext_host_name(ssl, peer.server_name.c_str());
    if (looks && numeric) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), peer.server_name.c_str());
    if (looks && !numeric) SSL_set1_host(ssl, peer.server_name.c_str());
    if (looks)
        for (const std::string& name : peer.more_names) SSL_add1_host(ssl, name.c_str());
    if (peer.check != Check::as_context)
        SSL_set_verify(ssl, peer.check == Check::demand ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    std::unique_ptr<TlsSession> session{
        new TlsSession{ssl, std::const_pointer_cast<TlsContext::Inside>(std::move(inside))}};
    session->looks_at_peer_ = looks;
    if (!ready) throw TlsFailure{CertificateProblem::no_match, "no TLSA record can be used"};
    return session;
}

TlsSession::~TlsSession() {
    SSL_free(ssl_);
}

void TlsSession::fail(int code, const char* what) {
    const int system_error = errno;
    failed_ = true;
    if (code == SSL_ERROR_ZERO_RETURN) throw SessionEnd{Reason::closed, "the peer closed the connection"};
    if (code == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        const bool gone = system_error == 0 || system_error == ECONNRESET || system_error == EPIPE;
        if (gone) throw SessionEnd{Reason::closed, std::string{what} + ": the peer closed the connection"};
        throw SessionEnd{
            Reason::error,
            std::string{what} + ": " + std::error_code{system_error, std::generic_category()}.message()};
    }
    std::string text = std::string{what} + ": " + openssl_error();
    const long verdict = SSL_get_verify_result(ssl_);
    if (verdict != X509_V_OK) text += std::string{" ("} + X509_verify_cert_error_string(verdict) + ")";
    throw TlsFailure{looks_at_peer_ ? problem_of(verdict) : CertificateProblem::none, text};
}

TlsSession::Need TlsSession::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) return Need::nothing;
    const int code = SSL_get_error(ssl_, result);
    if (code == SSL_ERROR_WANT_READ) return Need::read;
    if (code == SSL_ERROR_WANT_WRITE) return Need::write;
    fail(code, "TLS handshake");
}

std::size_t TlsSession::read(char* into, std::size_t room, Need& need) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_, into, room, &count);
    if (result == 1) return count;
    const int code = SSL_get_error(ssl_, result);
    need = code == SSL_ERROR_WANT_WRITE ? Need::write : Need::read;
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return 0;
    fail(code, "TLS receive");
}

std::size_t TlsSession::write(std::string_view octets, Need& need) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(ssl_, octets.data(), octets.size(), &count);
    if (result == 1) return count;
    const int code = SSL_get_error(ssl_, result);
    need = code == SSL_ERROR_WANT_READ ? Need::read : Need::write;
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return 0;
    fail(code, "TLS send");
}

void TlsSession::shutdown() noexcept {
    if (failed_ || !SSL_is_init_finished(ssl_)) return;
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

const TlsInfo& TlsSession::info() {
    if (info_ && !info_->version.empty()) return *info_;
    info_ = std::make_unique<TlsInfo>();
    if (!SSL_is_init_finished(ssl_)) return *info_;
    info_->version = SSL_get_version(ssl_);
    info_->cipher = SSL_get_cipher_name(ssl_);
    if (const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name)) info_->server_name = name;
    info_->peer_subject = subject_of_verified_peer(ssl_);
    if (looks_at_peer_) {
        const long verdict = SSL_get_verify_result(ssl_);
        info_->problem = problem_of(verdict);
        info_->verified = verdict == X509_V_OK && SSL_get0_peer_certificate(ssl_) != nullptr;
        if (verdict != X509_V_OK) info_->problem_text = X509_verify_cert_error_string(verdict);
    }
    unsigned char exported[32];
    constexpr std::string_view label = "EXPORTER-Channel-Binding";  // RFC 9266 §4.2
    if (SSL_export_keying_material(ssl_, exported, sizeof exported, label.data(), label.size(), nullptr, 0, 0)
        == 1)
        info_->exporter.assign(reinterpret_cast<const char*>(exported), sizeof exported);
    if (SSL_version(ssl_) < TLS1_3_VERSION) info_->unique = first_finished(ssl_);
    info_->endpoint = end_point_hash(ssl_);
    return *info_;
}

}  // namespace postrider::net
