#include "auth/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

namespace postrider::auth {
namespace {

constexpr std::size_t key_size = 32, nonce_size = 12, tag_size = 16;

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void must(bool ok, const char* what) {
    if (!ok) throw std::runtime_error{std::string{"OpenSSL: "} + what};
}

const EVP_MD* method(ScramHash hash) {
    return hash == ScramHash::sha1 ? EVP_sha1() : EVP_sha256();
}

std::string digest_with(const EVP_MD* how, std::string_view data) {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(how)), '\0');
    must(EVP_Digest(data.data(), data.size(), octets(out), nullptr, how, nullptr) == 1, "digest");
    return out;
}

}  // namespace

void wipe(std::string& secret) {
    // The whole capacity: a shrunk string leaves its tail behind.
    secret.resize(secret.capacity());
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    must(RAND_bytes(octets(out), static_cast<int>(count)) == 1, "no random numbers");
    return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Digest hmac_sha256(std::string_view key, std::string_view data) {
    Digest out;
    must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(data), data.size(),
              reinterpret_cast<unsigned char*>(out.data()), nullptr)
             != nullptr,
         "HMAC");
    return out;
}

std::string md5(std::string_view data) {
    return digest_with(EVP_md5(), data);
}

std::string seal(std::string_view key, std::string_view plain) {
    must(key.size() == key_size, "a key has 32 octets");
    std::string out = random_bytes(nonce_size);
    out.resize(nonce_size + plain.size() + tag_size);
    Cipher cipher{EVP_CIPHER_CTX_new()};
    int size = 0;
    must(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, octets(key), octets(out)) == 1, "AES");
    must(EVP_EncryptUpdate(cipher.get(), octets(out) + nonce_size, &size, octets(plain),
                           static_cast<int>(plain.size()))
             == 1,
         "AES");
    must(EVP_EncryptFinal_ex(cipher.get(), octets(out) + nonce_size + size, &size) == 1, "AES");
    must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size,
                             octets(out) + nonce_size + plain.size())
             == 1,
         "AES");
    return out;
}

std::optional<Secret> unseal(std::string_view key, std::string_view sealed) {
    if (key.size() != key_size || sealed.size() < nonce_size + tag_size) return std::nullopt;
    std::string_view body = sealed.substr(nonce_size, sealed.size() - nonce_size - tag_size);
    std::string tag{sealed.substr(sealed.size() - tag_size)};
    std::string plain(body.size(), '\0');
    Cipher cipher{EVP_CIPHER_CTX_new()};
    int size = 0;
    must(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, octets(key), octets(sealed)) == 1,
         "AES");
    bool good =
        EVP_DecryptUpdate(cipher.get(), octets(plain), &size, octets(body), static_cast<int>(body.size()))
            == 1
        && EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) == 1
        && EVP_DecryptFinal_ex(cipher.get(), octets(plain) + size, &size) == 1;
    if (!good) {
        wipe(plain);
        return std::nullopt;
    }
    return Secret{std::move(plain)};
}

std::size_t digest_size(ScramHash hash) {
    return hash == ScramHash::sha1 ? 20 : 32;
}

std::string pbkdf2(ScramHash hash, std::string_view password, std::string_view salt, unsigned iterations) {
    std::string out(digest_size(hash), '\0');
    must(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt),
                           static_cast<int>(salt.size()), static_cast<int>(iterations), method(hash),
                           static_cast<int>(out.size()), octets(out))
             == 1,
         "PBKDF2");
    return out;
}

std::string hmac(ScramHash hash, std::string_view key, std::string_view data) {
    std::string out(digest_size(hash), '\0');
    must(HMAC(method(hash), key.data(), static_cast<int>(key.size()), octets(data), data.size(), octets(out),
              nullptr)
             != nullptr,
         "HMAC");
    return out;
}

std::string digest(ScramHash hash, std::string_view data) {
    return digest_with(method(hash), data);
}

}  // namespace postrider::auth
