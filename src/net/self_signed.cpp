#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "net/socket_address.h"
#include "net/tls.h"
#include "net/tls_inside.h"

namespace postrider::net {
namespace {

template <class T, void (*release)(T*)>
struct Free {
    void operator()(T* value) const { release(value); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509, X509_free>>;

bool add_extension(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    const bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

CertificatePtr sign(EVP_PKEY* key, const std::vector<std::string>& names, int days) {
    CertificatePtr certificate{X509_new()};
    X509* x = certificate.get();
    unsigned char serial[16];
    if (!x || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);  // positive, RFC 5280 §4.1.2.2
    BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400L);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400L * days);
    X509_NAME* name = X509_get_subject_name(x);
    const std::string common = names.front().substr(0, 64);  // ub-common-name
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, name);
    std::string alternatives;
    for (const std::string& one : names) {
        const bool numeric = to_socket_address({one, 0}).has_value();
        alternatives += fmt::format("{}{}:{}", alternatives.empty() ? "" : ",", numeric ? "IP" : "DNS", one);
    }
    const bool done = X509_set_pubkey(x, key) == 1 && add_extension(x, NID_subject_alt_name, alternatives)
                      && add_extension(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
                      && add_extension(x, NID_key_usage, "critical,digitalSignature,keyCertSign")
                      && add_extension(x, NID_ext_key_usage, "serverAuth,clientAuth")
                      && add_extension(x, NID_subject_key_identifier, "hash")
                      && X509_sign(x, key, EVP_sha256()) != 0;
    if (!done) return nullptr;
    return certificate;
}

}  // namespace

std::expected<void, std::string> write_self_signed_certificate(const std::string& path,
                                                               const std::vector<std::string>& names,
                                                               int days) {
    if (names.empty()) return std::unexpected("a certificate needs a name");
    for (const std::string& name : names)  // the extension's text form gives these a meaning
        if (name.empty() || name.size() > 253 || name.find_first_of(",;\n\r \t=") != std::string::npos)
            return std::unexpected(fmt::format("'{}' is not a host name", name));
    KeyPtr key{EVP_EC_gen("P-256")};
    CertificatePtr certificate = key ? sign(key.get(), names, days) : nullptr;
    if (!certificate) return std::unexpected("cannot make a certificate: " + openssl_error());

    const std::string temporary = path + ".new";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const auto failed = [&] {
        return std::unexpected(fmt::format("cannot write {}: {}", path,
                                           std::error_code{errno, std::generic_category()}.message()));
    };
    if (fd < 0) return failed();
    ::fchmod(fd, 0600);  // in case a file of that name lay there
    std::FILE* file = ::fdopen(fd, "w");
    bool written = PEM_write_X509(file, certificate.get()) == 1
                   && PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1
                   && std::fflush(file) == 0 && ::fsync(fd) == 0;
    written = std::fclose(file) == 0 && written;
    if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
        auto error = failed();
        ::unlink(temporary.c_str());
        return error;
    }
    return {};
}

}  // namespace postrider::net
