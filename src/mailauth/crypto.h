#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

/// Digests and signatures, and keys that have been read before. One object for the server: thread-safe, its
/// cache is bounded.
namespace postrider::mailauth {

enum class Hash : std::uint8_t { sha1, sha256 };
enum class KeyType : std::uint8_t { rsa, ed25519 };

class Crypto;

/// A digest that is being made.
class Digest {
public:
    Digest(const Crypto& crypto, Hash hash);
    ~Digest();
    Digest(Digest&& other) noexcept;
    Digest& operator=(Digest&&) = delete;
    void add(std::string_view octets);
    std::string finish();  ///< 20 or 32 octets; nothing more can be added

private:
    void* context_;
};

/// What a domain has published.
class PublicKey {
public:
    virtual ~PublicKey() = default;
    virtual KeyType type() const = 0;
    virtual unsigned bits() const = 0;
    /// RSA: PKCS #1 v1.5 (RFC 8017 §8.2); Ed25519: PureEdDSA over the digest (RFC 8463 §3).
    virtual bool verify(Hash hash, std::string_view digest, std::string_view signature) const = 0;
};

/// What signs. Thread-safe.
class PrivateKey {
public:
    virtual ~PrivateKey() = default;
    virtual KeyType type() const = 0;
    virtual unsigned bits() const = 0;
    virtual std::string sign(Hash hash, std::string_view digest) const = 0;  ///< "" if that failed
    virtual std::string public_octets() const = 0;  ///< p= before base64: SubjectPublicKeyInfo, or 32 octets
    virtual std::string pem() const = 0;            ///< PKCS #8
};

/// PEM (PKCS #1 or #8), or a bare Ed25519 seed of 32 octets in base64. The error is for people.
std::expected<std::shared_ptr<const PrivateKey>, std::string> read_private_key(std::string_view text);
/// @param bits  of RSA, 1024 to 8192; not looked at for Ed25519
std::expected<std::shared_ptr<const PrivateKey>, std::string> make_private_key(KeyType type, unsigned bits);

class Crypto {
public:
    static constexpr std::size_t max_cached_keys = 4096;
    static constexpr unsigned max_rsa_bits = 8192;

    Crypto();
    ~Crypto();
    Crypto(const Crypto&) = delete;
    Crypto& operator=(const Crypto&) = delete;

    std::string digest(Hash hash, std::string_view octets) const;
    /// @param octets  p= without base64: for RSA SubjectPublicKeyInfo or RSAPublicKey (RFC 6376 errata 3758),
    ///                for Ed25519 32 octets. nullptr if it is no such key, or an RSA key above max_rsa_bits.
    std::shared_ptr<const PublicKey> public_key(KeyType type, std::string_view octets) const;

private:
    friend class Digest;
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace postrider::mailauth
