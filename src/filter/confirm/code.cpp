#include "filter/confirm/code.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/codec.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

constexpr std::string_view mark = "confirm-";
constexpr std::size_t code_size = 12;
constexpr std::size_t most_text = 64u << 10;
constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";  // 32, none that looks like another

}  // namespace

std::string confirmation_code(std::string_view secret, AccountId account, const mime::AddrSpec& sender,
                              std::string_view word) {
    std::string what = "identity confirmation";
    put_be(what, account.value());
    put_string(what, text::to_lower(sender.local));
    put_string(what, sender.domain);
    put_string(what, word);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(what.data()), what.size(), digest, &size);
    std::string code;
    for (std::size_t i = 0; i < code_size; ++i) code += letters[digest[i] % letters.size()];
    return code;
}

bool same_code(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string code_mark(std::string_view code) {
    return std::string{mark} + std::string{code};
}

std::optional<std::string> find_code(std::string_view text) {
    const std::string lower = text::to_lower(text.substr(0, most_text));
    for (std::size_t at = lower.find(mark); at != lower.npos; at = lower.find(mark, at + 1)) {
        const std::string_view code = std::string_view{lower}.substr(at + mark.size());
        if (code.size() >= code_size && code.substr(0, code_size).find_first_not_of(letters) == code.npos)
            return std::string{code.substr(0, code_size)};
    }
    return std::nullopt;
}

}  // namespace postrider::filter
