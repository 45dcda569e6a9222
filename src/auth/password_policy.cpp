#include "auth/password_policy.h"

#include <algorithm>

#include "auth/prepare.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::auth {
namespace {

constexpr std::string_view kinds[] = {"abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789",
                                      "-_.=:!#%&@"};

settings::CharacterClass kind_of(char c) {
    if (c >= 'a' && c <= 'z') return settings::CharacterClass::lower;
    if (c >= 'A' && c <= 'Z') return settings::CharacterClass::upper;
    if (text::is_digit(c)) return settings::CharacterClass::digits;
    return settings::CharacterClass::special;
}

/// Below `bound` (at most 256) without bias.
std::size_t random_below(std::size_t bound) {
    std::size_t usable = 256 - 256 % bound;
    while (true) {
        auto octet = static_cast<unsigned char>(random_bytes(1)[0]);
        if (octet < usable) return octet % bound;
    }
}

}  // namespace

std::optional<std::string> password_fault(const settings::AccountSettings& rules, std::string_view password) {
    if (!prepare_password(password, true))
        return "a password has 1 to 1024 octets of UTF-8 without control characters";
    if (!rules.password_enforcement) return std::nullopt;
    std::size_t characters = 0;
    for (std::string_view rest = password; !rest.empty(); ++characters) text::take_code_point(rest);
    if (characters < rules.minimum_password_length)
        return "the password is shorter than " + std::to_string(rules.minimum_password_length)
               + " characters";
    if (characters > rules.maximum_password_length)
        return "the password is longer than " + std::to_string(rules.maximum_password_length) + " characters";
    settings::Set<settings::CharacterClass> found;
    for (char c : password) found.add(kind_of(c));
    using Class = settings::CharacterClass;
    constexpr std::pair<Class, std::string_view> required[] = {{Class::lower, "a lower case letter"},
                                                               {Class::upper, "an upper case letter"},
                                                               {Class::digits, "a digit"},
                                                               {Class::special, "a special character"}};
    for (const auto& [kind, what] : required)
        if (rules.required_password_characters.has(kind) && !found.has(kind))
            return "the password needs " + std::string{what};
    return std::nullopt;
}

std::string random_password(std::size_t length) {
    length = std::clamp<std::size_t>(length, 12, 128);
    std::string all;
    for (std::string_view kind : kinds) all.append(kind);
    std::string password;
    for (std::string_view kind : kinds) password.push_back(kind[random_below(kind.size())]);
    while (password.size() < length) password.push_back(all[random_below(all.size())]);
    for (std::size_t i = password.size(); i > 1; --i) std::swap(password[i - 1], password[random_below(i)]);
    // Programs take an argument that begins with a sign for an option ("-") or a file's name ("@").
    const std::size_t letter = password.find_first_of(all.substr(0, kinds[0].size() + kinds[1].size()));
    std::swap(password[0], password[letter]);
    return password;
}

}  // namespace postrider::auth
