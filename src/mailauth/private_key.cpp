#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "mailauth/crypto.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

template <auto free>
struct Free {
    template <class T>
    void operator()(T* what) const {
        free(what);
    }
};
using Pkey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

const unsigned char* octets_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string content(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

class PrivateEvp final : public PrivateKey {
public:
    PrivateEvp(KeyType type, Pkey key) : type_{type}, key_{std::move(key)} {}
    KeyType type() const override { return type_; }
    unsigned bits() const override { return static_cast<unsigned>(EVP_PKEY_get_bits(key_.get())); }

    std::string sign(Hash hash, std::string_view digest) const override {
        unsigned char out[1024];  // RSA of 8192 bits
        std::size_t size = sizeof out;
        if (type_ == KeyType::ed25519) {
            DigestContext context{EVP_MD_CTX_new()};
            if (context == nullptr
                || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1
                || EVP_DigestSign(context.get(), out, &size, octets_of(digest), digest.size()) != 1)
                return {};
            return {reinterpret_cast<const char*>(out), size};
        }
        PkeyContext context{EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr)};
        const EVP_MD* md = hash == Hash::sha1 ? EVP_sha1() : EVP_sha256();
        if (context == nullptr || EVP_PKEY_sign_init(context.get()) != 1
            || EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1
            || EVP_PKEY_CTX_set_signature_md(context.get(), md) != 1
            || EVP_PKEY_sign(context.get(), out, &size, octets_of(digest), digest.size()) != 1)
            return {};
        return {reinterpret_cast<const char*>(out), size};
    }

    std::string public_octets() const override {
        if (type_ == KeyType::ed25519) {
            unsigned char out[32];
            std::size_t size = sizeof out;
            if (EVP_PKEY_get_raw_public_key(key_.get(), out, &size) != 1) return {};
            return {reinterpret_cast<const char*>(out), size};
        }
        Bio out{BIO_new(BIO_s_mem())};
        if (i2d_PUBKEY_bio(out.get(), key_.get()) != 1) return {};
        return content(out.get());
    }

    std::string pem() const override {
        Bio out{BIO_new(BIO_s_mem())};
        if (PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
            return {};
        return content(out.get());
    }

private:
    KeyType type_;
    Pkey key_;
};

std::expected<std::shared_ptr<const PrivateKey>, std::string> usable(Pkey key) {
    switch (EVP_PKEY_get_base_id(key.get())) {
        case EVP_PKEY_ED25519: return std::make_shared<const PrivateEvp>(KeyType::ed25519, std::move(key));
        case EVP_PKEY_RSA: {
            const int bits = EVP_PKEY_get_bits(key.get());
            if (bits < 1024) return std::unexpected("an RSA key below 1024 bits is not believed by anybody");
            if (bits > static_cast<int>(Crypto::max_rsa_bits))
                return std::unexpected("an RSA key above 8192 bits");
            return std::make_shared<const PrivateEvp>(KeyType::rsa, std::move(key));
        }
        default: return std::unexpected("neither an RSA nor an Ed25519 key");
    }
}

}  // namespace

std::expected<std::shared_ptr<const PrivateKey>, std::string> read_private_key(std::string_view text) {
    text = text::trim(text);
    if (text.find("-----BEGIN") == std::string_view::npos) {
        auto seed = text::decode_base64(text);
        if (!seed || seed->size() != 32) return std::unexpected("neither PEM nor an Ed25519 seed in base64");
        Pkey key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets_of(*seed), seed->size())};
        if (!key) return std::unexpected("no Ed25519 key");
        return usable(std::move(key));
    }
    Bio in{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    auto no_password = [](char*, int, int, void*) { return -1; };  // nobody is there to be asked
    Pkey key{PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr)};
    if (!key) return std::unexpected("not a private key in PEM, or one with a password");
    return usable(std::move(key));
}

std::expected<std::shared_ptr<const PrivateKey>, std::string> make_private_key(KeyType type, unsigned bits) {
    Pkey key{type == KeyType::ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{bits})};
    if (!key) return std::unexpected("no key of this size");
    return usable(std::move(key));
}

}  // namespace postrider::mailauth
