#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/crypto.h"

/// What is stored of a password: directory::Credentials::bytes; docs/formats/credentials.md. Pure but for its
/// time.
namespace postrider::auth {

/// argon2id, RFC 9106: 16 MB, 3 passes, one lane take about 25 ms of one core here. More memory would be
/// better against who has stolen the store, but a server of 1 GB must stand a hundred log-ins at once.
struct Argon2 {
    static constexpr std::uint32_t default_kb = 16 * 1024;
    static constexpr std::uint32_t default_passes = 3;
    std::uint32_t memory_kb = default_kb;
    std::uint32_t passes = default_passes;
    std::uint8_t lanes = 1;
    std::string salt;  ///< 16 octets
    std::string hash;  ///< 32 octets

    friend bool operator==(const Argon2&, const Argon2&) = default;
};

/// RFC 5802 §3.
struct ScramKeys {
    static constexpr std::uint32_t default_iterations = 10'000;  ///< RFC 7677 §4 asks for at least 4096
    std::uint32_t iterations = default_iterations;
    std::string salt;
    std::string stored_key;
    std::string server_key;

    friend bool operator==(const ScramKeys&, const ScramKeys&) = default;
};

/// Only what enabled mechanisms need is there.
struct Verifiers {
    std::optional<Argon2> argon2;
    std::optional<ScramKeys> scram_sha_1;
    std::optional<ScramKeys> scram_sha_256;
    std::string sealed;  ///< the password itself under the server's key (crypto.h), "" = not kept

    friend bool operator==(const Verifiers&, const Verifiers&) = default;
};

std::string encode(const Verifiers& verifiers);
/// nullopt for damage, and for parameters that no server of ours writes (they would cost too much to check).
std::optional<Verifiers> decode_verifiers(std::string_view bytes);

/// Which verifiers to make.
struct Wanted {
    bool scram_sha_1 = true;
    bool scram_sha_256 = true;
    std::string secret_key{};  ///< 32 octets: keep the password, sealed; "" = do not
};

/// @param prepared  by prepare_password()
Verifiers make_verifiers(std::string_view prepared, const Wanted& wanted);
Argon2 make_argon2(std::string_view prepared);
ScramKeys make_scram(ScramHash hash, std::string_view prepared, std::string_view salt,
                     std::uint32_t iterations);
bool check(const Argon2& argon2, std::string_view prepared);
/// Is anything wanted that is not there, or there with other than today's parameters.
bool outdated(const Verifiers& verifiers, const Wanted& wanted);

}  // namespace postrider::auth
