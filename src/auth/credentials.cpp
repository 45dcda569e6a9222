#include "auth/credentials.h"

#include <argon2.h>

#include <stdexcept>

#include "base/codec.h"

namespace postrider::auth {
namespace {

constexpr std::uint8_t version = 1;
enum Tag : std::uint8_t { tag_argon2 = 1, tag_scram_sha_1 = 2, tag_scram_sha_256 = 3, tag_sealed = 4 };

constexpr std::size_t salt_size = 16, hash_size = 32;
constexpr std::uint32_t max_memory_kb = 64 * 1024, max_passes = 16, max_iterations = 1'000'000;

std::string argon2_hash(const Argon2& how, std::string_view password) {
    std::string hash(hash_size, '\0');
    int rc = argon2id_hash_raw(how.passes, how.memory_kb, how.lanes, password.data(), password.size(),
                               how.salt.data(), how.salt.size(), hash.data(), hash.size());
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc{};
    if (rc != ARGON2_OK) throw std::runtime_error{std::string{"argon2: "} + argon2_error_message(rc)};
    return hash;
}

std::string body(const Argon2& argon2) {
    std::string out;
    put_be(out, argon2.memory_kb);
    put_be(out, argon2.passes);
    put_be(out, argon2.lanes);
    put_string(out, argon2.salt);
    put_string(out, argon2.hash);
    return out;
}

std::string body(const ScramKeys& keys) {
    std::string out;
    put_be(out, keys.iterations);
    put_string(out, keys.salt);
    put_string(out, keys.stored_key);
    put_string(out, keys.server_key);
    return out;
}

std::optional<Argon2> decode_argon2(std::string_view bytes) {
    Decoder in{bytes};
    Argon2 argon2;
    argon2.memory_kb = in.be<std::uint32_t>();
    argon2.passes = in.be<std::uint32_t>();
    argon2.lanes = in.be<std::uint8_t>();
    argon2.salt = in.string();
    argon2.hash = in.string();
    bool good = in.ok() && in.at_end() && argon2.memory_kb >= 8 && argon2.memory_kb <= max_memory_kb
                && argon2.passes >= 1 && argon2.passes <= max_passes && argon2.lanes == 1
                && argon2.salt.size() >= 8 && argon2.salt.size() <= 64 && argon2.hash.size() == hash_size;
    return good ? std::optional{std::move(argon2)} : std::nullopt;
}

std::optional<ScramKeys> decode_scram(std::string_view bytes, ScramHash hash) {
    Decoder in{bytes};
    ScramKeys keys;
    keys.iterations = in.be<std::uint32_t>();
    keys.salt = in.string();
    keys.stored_key = in.string();
    keys.server_key = in.string();
    bool good = in.ok() && in.at_end() && keys.iterations >= 1 && keys.iterations <= max_iterations
                && !keys.salt.empty() && keys.salt.size() <= 64 && keys.stored_key.size() == digest_size(hash)
                && keys.server_key.size() == digest_size(hash);
    return good ? std::optional{std::move(keys)} : std::nullopt;
}

bool outdated_scram(const std::optional<ScramKeys>& keys, bool is_wanted) {
    return keys.has_value() != is_wanted || (keys && keys->iterations != ScramKeys::default_iterations);
}

}  // namespace

std::string encode(const Verifiers& verifiers) {
    std::string out;
    put_be(out, version);
    auto put = [&](Tag tag, std::string_view bytes) {
        put_be(out, static_cast<std::uint8_t>(tag));
        put_string(out, bytes);
    };
    if (verifiers.argon2) put(tag_argon2, body(*verifiers.argon2));
    if (verifiers.scram_sha_1) put(tag_scram_sha_1, body(*verifiers.scram_sha_1));
    if (verifiers.scram_sha_256) put(tag_scram_sha_256, body(*verifiers.scram_sha_256));
    if (!verifiers.sealed.empty()) put(tag_sealed, verifiers.sealed);
    return out;
}

std::optional<Verifiers> decode_verifiers(std::string_view bytes) {
    Verifiers verifiers;
    if (bytes.empty()) return verifiers;  // nobody can log in with a password
    Decoder in{bytes};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    while (in.ok() && !in.at_end()) {
        auto tag = in.be<std::uint8_t>();
        std::string_view value = in.string();
        if (!in.ok()) return std::nullopt;
        switch (tag) {
            case tag_argon2:
                if (!(verifiers.argon2 = decode_argon2(value))) return std::nullopt;
                break;
            case tag_scram_sha_1:
                if (!(verifiers.scram_sha_1 = decode_scram(value, ScramHash::sha1))) return std::nullopt;
                break;
            case tag_scram_sha_256:
                if (!(verifiers.scram_sha_256 = decode_scram(value, ScramHash::sha256))) return std::nullopt;
                break;
            case tag_sealed: verifiers.sealed = value; break;
            default: break;  // a kind of verifier that a later release added
        }
    }
    return in.ok() ? std::optional{std::move(verifiers)} : std::nullopt;
}

Argon2 make_argon2(std::string_view prepared) {
    Argon2 argon2;
    argon2.salt = random_bytes(salt_size);
    argon2.hash = argon2_hash(argon2, prepared);
    return argon2;
}

ScramKeys make_scram(ScramHash hash, std::string_view prepared, std::string_view salt,
                     std::uint32_t iterations) {
    ScramKeys keys;
    keys.iterations = iterations;
    keys.salt = salt;
    Secret salted{pbkdf2(hash, prepared, salt, iterations)};
    keys.stored_key = digest(hash, hmac(hash, salted.text(), "Client Key"));
    keys.server_key = hmac(hash, salted.text(), "Server Key");
    return keys;
}

bool check(const Argon2& argon2, std::string_view prepared) {
    return equal_constant_time(argon2_hash(argon2, prepared), argon2.hash);
}

Verifiers make_verifiers(std::string_view prepared, const Wanted& wanted) {
    Verifiers verifiers;
    verifiers.argon2 = make_argon2(prepared);
    if (wanted.scram_sha_1)
        verifiers.scram_sha_1 =
            make_scram(ScramHash::sha1, prepared, random_bytes(salt_size), ScramKeys::default_iterations);
    if (wanted.scram_sha_256)
        verifiers.scram_sha_256 =
            make_scram(ScramHash::sha256, prepared, random_bytes(salt_size), ScramKeys::default_iterations);
    if (!wanted.secret_key.empty()) verifiers.sealed = seal(wanted.secret_key, prepared);
    return verifiers;
}

bool outdated(const Verifiers& verifiers, const Wanted& wanted) {
    return !verifiers.argon2 || verifiers.argon2->memory_kb != Argon2::default_kb
           || verifiers.argon2->passes != Argon2::default_passes
           || outdated_scram(verifiers.scram_sha_1, wanted.scram_sha_1)
           || outdated_scram(verifiers.scram_sha_256, wanted.scram_sha_256)
           || verifiers.sealed.empty() != wanted.secret_key.empty();
}

}  // namespace postrider::auth
