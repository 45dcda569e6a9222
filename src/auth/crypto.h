#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The few cryptographic operations of this room, over OpenSSL, so that its headers stay in one file.
namespace postrider::auth {

using Digest = std::array<char, 32>;
inline std::string_view view(const Digest& digest) {
    return {digest.data(), digest.size()};
}

void wipe(std::string& secret);               ///< overwrites, then empties
std::string random_bytes(std::size_t count);  ///< from the CSPRNG; throws std::runtime_error when it fails
bool equal_constant_time(std::string_view a, std::string_view b);  ///< the time depends on the sizes alone
Digest hmac_sha256(std::string_view key, std::string_view data);
std::string md5(std::string_view data);  ///< APOP alone (RFC 1939 §7)

/// A string that is overwritten when it goes.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view text) : text_{text} {}
    explicit Secret(std::string&& text) : text_{std::move(text)} {}
    ~Secret() { wipe(text_); }
    Secret(Secret&& other) noexcept : text_{std::move(other.text_)} { wipe(other.text_); }
    Secret& operator=(Secret&& other) noexcept {
        wipe(text_);
        text_ = std::move(other.text_);
        wipe(other.text_);
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    const std::string& text() const { return text_; }
    bool empty() const { return text_.empty(); }

private:
    std::string text_;
};

/// AES-256-GCM under a key of 32 octets: nonce (12), ciphertext, tag (16).
std::string seal(std::string_view key, std::string_view plain);
/// nullopt when it was not sealed under this key, or was changed.
std::optional<Secret> unseal(std::string_view key, std::string_view sealed);

enum class ScramHash { sha1, sha256 };
std::size_t digest_size(ScramHash hash);
std::string pbkdf2(ScramHash hash, std::string_view password, std::string_view salt, unsigned iterations);
std::string hmac(ScramHash hash, std::string_view key, std::string_view data);
std::string digest(ScramHash hash, std::string_view data);

}  // namespace postrider::auth
