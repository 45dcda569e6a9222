#include "auth/mechanism.h"

#include "text/ascii.h"

namespace postrider::auth {
namespace {

constexpr std::string_view names_by_value[mechanism_count] = {
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-1",
    "DIGEST-MD5",
    "CRAM-MD5",
    "PLAIN",
    "LOGIN",
};

constexpr Mechanisms clear_text{Mechanism::plain, Mechanism::login};
constexpr Mechanisms bound{Mechanism::scram_sha_256_plus, Mechanism::scram_sha_1_plus};

struct Word {
    std::string_view word;
    Mechanisms means;
};
constexpr Word words_known[] = {
    {"plain", {Mechanism::plain}},
    {"login", {Mechanism::login}},
    {"cram-md5", {Mechanism::cram_md5}},
    {"digest-md5", {Mechanism::digest_md5}},
    {"gssapi", {}},
    {"scram-sha-1", {Mechanism::scram_sha_1, Mechanism::scram_sha_1_plus}},
    {"scram-sha-256", {Mechanism::scram_sha_256, Mechanism::scram_sha_256_plus}},
    {"all", Mechanisms::all()},
    {"none", {}},
};

}  // namespace

std::string_view name(Mechanism mechanism) {
    return names_by_value[static_cast<unsigned>(mechanism)];
}

std::optional<Mechanism> mechanism_named(std::string_view given) {
    for (unsigned i = 0; i < mechanism_count; ++i)
        if (text::equal_ci(names_by_value[i], given)) return static_cast<Mechanism>(i);
    return std::nullopt;
}

std::vector<Mechanism> Mechanisms::list() const {
    std::vector<Mechanism> all;
    for (unsigned i = 0; i < mechanism_count; ++i)
        if (has(static_cast<Mechanism>(i))) all.push_back(static_cast<Mechanism>(i));
    return all;
}

std::string Mechanisms::names() const {
    std::string all;
    for (Mechanism one : list()) {
        if (!all.empty()) all.push_back(' ');
        all.append(name(one));
    }
    return all;
}

std::expected<Mechanisms, std::string> mechanisms_from_words(std::span<const std::string_view> words) {
    Mechanisms set;
    for (std::string_view given : words) {
        const Word* found = nullptr;
        for (const Word& known : words_known)
            if (text::equal_ci(known.word, given)) found = &known;
        if (found == nullptr) return std::unexpected(std::string{given});
        set = set | found->means;
    }
    return set;
}

Mechanisms offered(const LoginRules& rules, bool secure, Mechanisms available) {
    Mechanisms set = (secure ? rules.secure_types : rules.plain_types) & available;
    if (!secure) {
        for (Mechanism one : bound.list()) set.remove(one);
        if (!rules.plain_allow_login)
            for (Mechanism one : clear_text.list()) set.remove(one);
    }
    return set;
}

}  // namespace postrider::auth
