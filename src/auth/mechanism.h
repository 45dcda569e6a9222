#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Ways to prove who one is, and which of them a listener offers. Pure.
namespace postrider::auth {

/// In the order in which they are advertised: strongest first.
enum class Mechanism : std::uint8_t {
    scram_sha_256_plus,
    scram_sha_256,
    scram_sha_1_plus,
    scram_sha_1,
    digest_md5,
    cram_md5,
    plain,
    login,
};
inline constexpr unsigned mechanism_count = 8;

std::string_view name(Mechanism mechanism);                       ///< as advertised: "SCRAM-SHA-256-PLUS"
std::optional<Mechanism> mechanism_named(std::string_view name);  ///< without regard to ASCII case

class Mechanisms {
public:
    constexpr Mechanisms() = default;
    constexpr Mechanisms(std::initializer_list<Mechanism> all) {
        for (Mechanism one : all) add(one);
    }
    static constexpr Mechanisms all() {
        Mechanisms set;
        set.bits_ = (1u << mechanism_count) - 1;
        return set;
    }
    constexpr bool has(Mechanism one) const { return bits_ >> static_cast<unsigned>(one) & 1; }
    constexpr void add(Mechanism one) { bits_ |= 1u << static_cast<unsigned>(one); }
    constexpr void remove(Mechanism one) { bits_ &= ~(1u << static_cast<unsigned>(one)); }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr Mechanisms operator&(Mechanisms other) const {
        Mechanisms set;
        set.bits_ = bits_ & other.bits_;
        return set;
    }
    constexpr Mechanisms operator|(Mechanisms other) const {
        Mechanisms set;
        set.bits_ = bits_ | other.bits_;
        return set;
    }
    friend constexpr bool operator==(Mechanisms, Mechanisms) = default;

    std::vector<Mechanism> list() const;  ///< strongest first
    std::string names() const;            ///< "SCRAM-SHA-256 PLAIN", for EHLO, CAPABILITY and CAPA

private:
    std::uint32_t bits_ = 0;
};

/// The words of secureConnAuthTypes and plainConnAuthTypes: plain login cram-md5 digest-md5 gssapi
/// scram-sha-1 scram-sha-256 all none. A scram word means its -PLUS form too. gssapi is understood but not
/// there yet. The error names the unknown word.
std::expected<Mechanisms, std::string> mechanisms_from_words(std::span<const std::string_view> words);

/// What a service's settings say about logging in.
struct LoginRules {
    Mechanisms secure_types = Mechanisms::all();  ///< secureConnAuthTypes
    Mechanisms plain_types = Mechanisms::all();   ///< plainConnAuthTypes
    bool secure_allow_login = true;               ///< secureConnAllowLogin: LOGIN, USER and PASS
    bool plain_allow_login = false;  ///< plainConnAllowLogin: the same, and PLAIN and LOGIN, without TLS
};

/// May a password cross this connection as it is: IMAP's LOGIN, POP3's USER and PASS (RFC 9051 §11.2,
/// LOGINDISABLED).
constexpr bool login_command_allowed(const LoginRules& rules, bool secure) {
    return secure ? rules.secure_allow_login : rules.plain_allow_login;
}

/// What to advertise. PLAIN and LOGIN never without TLS unless plain_allow_login; -PLUS only with TLS.
/// @param available  what stored verifiers allow: Authenticator::available()
Mechanisms offered(const LoginRules& rules, bool secure, Mechanisms available);

}  // namespace postrider::auth
