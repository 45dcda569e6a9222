#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace postrider::directory {

/// What a person may use; a service must be allowed at server, domain and account level. smtp_incoming is
/// submission (SMTP AUTH), not the receiving of mail.
enum class Service : std::uint8_t { smtp_incoming, smtp_outgoing, pop3, imap, webmail, rpop };
inline constexpr unsigned service_count = 6;

/// As attributes spell it: "smtpIncoming".
std::string_view word(Service service);
std::optional<Service> service_named(std::string_view word);  ///< without regard to ASCII case

class Services {
public:
    constexpr Services() = default;
    constexpr Services(std::initializer_list<Service> all) {
        for (Service one : all) add(one);
    }
    static constexpr Services all() { return from_bits((1u << service_count) - 1); }
    static constexpr Services from_bits(std::uint32_t bits) {
        Services set;
        set.bits_ = bits;
        return set;
    }
    constexpr std::uint32_t bits() const { return bits_; }
    constexpr bool has(Service one) const { return bits_ >> static_cast<unsigned>(one) & 1; }
    constexpr void add(Service one) { bits_ |= 1u << static_cast<unsigned>(one); }
    constexpr void remove(Service one) { bits_ &= ~(1u << static_cast<unsigned>(one)); }
    friend constexpr bool operator==(Services, Services) = default;

private:
    std::uint32_t bits_ = 0;
};

}  // namespace postrider::directory
