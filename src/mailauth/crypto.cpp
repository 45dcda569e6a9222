#include "mailauth/crypto.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace postrider::mailauth {
namespace {

const unsigned char* octets_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

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

class PublicEvp final : public PublicKey {
public:
    PublicEvp(KeyType type, Pkey key, const EVP_MD* sha1, const EVP_MD* sha256)
        : type_{type}, key_{std::move(key)}, sha1_{sha1}, sha256_{sha256} {}
    KeyType type() const override { return type_; }
    unsigned bits() const override { return static_cast<unsigned>(EVP_PKEY_get_bits(key_.get())); }

    bool verify(Hash hash, std::string_view digest, std::string_view signature) const override {
        if (type_ == KeyType::ed25519) {
            DigestContext context{EVP_MD_CTX_new()};
            return context != nullptr
                   && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1
                   && EVP_DigestVerify(context.get(), octets_of(signature), signature.size(),
                                       octets_of(digest), digest.size())
                          == 1;
        }
        PkeyContext context{EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr)};
        return context != nullptr && EVP_PKEY_verify_init(context.get()) == 1
               && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1
               && EVP_PKEY_CTX_set_signature_md(context.get(), hash == Hash::sha1 ? sha1_ : sha256_) == 1
               && EVP_PKEY_verify(context.get(), octets_of(signature), signature.size(), octets_of(digest),
                                  digest.size())
                      == 1;
    }

private:
    KeyType type_;
    Pkey key_;
    const EVP_MD *sha1_, *sha256_;
};

Pkey read_public_key(KeyType type, std::string_view octets) {
    if (type == KeyType::ed25519) {
        if (octets.size() != 32) return nullptr;
        return Pkey{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size())};
    }
    if (octets.size() > 4096) return nullptr;  // of 8192 bits it has about 1050
    const unsigned char* at = octets_of(octets);
    const auto size = static_cast<long>(octets.size());
    Pkey key{d2i_PUBKEY(nullptr, &at, size)};
    if (!key) {  // RFC 6376 §3.6.1 says RSAPublicKey, all the world publishes SubjectPublicKeyInfo
        at = octets_of(octets);
        key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
    }
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return nullptr;
    const int bits = EVP_PKEY_get_bits(key.get());
    if (bits <= 0 || static_cast<unsigned>(bits) > Crypto::max_rsa_bits) return nullptr;
    return key;
}

}  // namespace

struct Crypto::State {
    std::unique_ptr<EVP_MD, Free<EVP_MD_free>> sha1{EVP_MD_fetch(nullptr, "SHA1", nullptr)};
    std::unique_ptr<EVP_MD, Free<EVP_MD_free>> sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    std::mutex mutex;
    std::unordered_map<std::string, std::shared_ptr<const PublicKey>> keys;  ///< type octet and p=
    std::deque<const std::string*> order;                                    ///< of arrival

    const EVP_MD* md(Hash hash) const { return hash == Hash::sha1 ? sha1.get() : sha256.get(); }
};

Crypto::Crypto() : state_{std::make_unique<State>()} {}
Crypto::~Crypto() = default;

std::string Crypto::digest(Hash hash, std::string_view octets) const {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(octets.data(), octets.size(), out, &size, state_->md(hash), nullptr);
    return {reinterpret_cast<const char*>(out), size};
}

std::shared_ptr<const PublicKey> Crypto::public_key(KeyType type, std::string_view octets) const {
    std::string name{type == KeyType::rsa ? 'r' : 'e'};
    name += octets;
    {
        std::lock_guard lock{state_->mutex};
        if (auto at = state_->keys.find(name); at != state_->keys.end()) return at->second;
    }
    Pkey read = read_public_key(type, octets);
    if (!read) return nullptr;
    auto key =
        std::make_shared<const PublicEvp>(type, std::move(read), state_->sha1.get(), state_->sha256.get());
    std::lock_guard lock{state_->mutex};
    auto [at, added] = state_->keys.try_emplace(std::move(name), key);
    if (added) state_->order.push_back(&at->first);
    if (state_->keys.size() > max_cached_keys) {
        auto oldest = state_->keys.find(*state_->order.front());
        state_->order.pop_front();
        state_->keys.erase(oldest);
    }
    return key;
}

Digest::Digest(const Crypto& crypto, Hash hash) : context_{EVP_MD_CTX_new()} {
    EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), crypto.state_->md(hash), nullptr);
}
Digest::Digest(Digest&& other) noexcept : context_{std::exchange(other.context_, nullptr)} {}
Digest::~Digest() {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}
void Digest::add(std::string_view octets) {
    EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), octets.data(), octets.size());
}
std::string Digest::finish() {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out, &size);
    return {reinterpret_cast<const char*>(out), size};
}

}  // namespace postrider::mailauth
