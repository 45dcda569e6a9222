#include "mailauth/signature.h"

#include "dns/names.h"
#include "mailauth/tag_list.h"
#include "text/ascii.h"
#include "text/base64.h"
#include "text/hex.h"
#include "text/idna.h"

namespace postrider::mailauth {
namespace {

/// c= (RFC 6376 §3.5): header "/" body; only the header's form: the body's is simple.
bool read_canon(std::string_view value, Signature& into) {
    auto form = [](std::string_view word, Canon& canon) {
        if (word == "simple")
            canon = Canon::simple;
        else if (word == "relaxed")
            canon = Canon::relaxed;
        else
            return false;
        return true;
    };
    const std::size_t slash = value.find('/');
    into.body_canon = Canon::simple;
    if (!form(text::trim(value.substr(0, slash)), into.header_canon)) return false;
    return slash == std::string_view::npos || form(text::trim(value.substr(slash + 1)), into.body_canon);
}

/// q=: "dns/txt" must be among the ways to get the key; the drafts had "dns".
bool by_dns(std::string_view value, bool historic) {
    for (std::string_view way : colon_list(value))
        if (way == "dns/txt" || (historic && way == "dns")) return true;
    return false;
}

/// dkim-quoted-printable (RFC 6376 §2.11): white space is ignored, "=2E" is an octet.
std::string from_quoted(std::string_view value) {
    std::string out;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (text::is_space(value[at])) continue;
        if (value[at] == '=' && at + 2 < value.size()) {
            const int high = text::hex_digit(value[at + 1]), low = text::hex_digit(value[at + 2]);
            if (high >= 0 && low >= 0) {
                out += static_cast<char>(high << 4 | low);
                at += 2;
                continue;
            }
        }
        out += value[at];
    }
    return out;
}

/// The domain of i=, which is "[local] @ domain".
std::optional<std::string> identity_domain(std::string_view identity) {
    const std::size_t at = identity.rfind('@');
    if (at == std::string_view::npos) return std::nullopt;
    return signing_domain(identity.substr(at + 1));
}

}  // namespace

std::optional<std::string> signing_domain(std::string_view value) {
    if (value.find_first_of("[]:@") != std::string_view::npos) return std::nullopt;  // an address literal
    auto labels = text::to_alabels(value);
    if (!labels) return std::nullopt;
    auto name = dns::canonical_name(*labels);
    if (!name || name->find('.') == std::string::npos || value.ends_with('.')) return std::nullopt;
    return name;
}

std::optional<std::string> signing_selector(std::string_view value) {
    auto labels = text::to_alabels(value);
    if (!labels) return std::nullopt;
    auto name = dns::canonical_name(*labels);
    if (!name || name->empty() || value.ends_with('.')) return std::nullopt;
    return name;
}

std::optional<Algorithm> signing_algorithm(std::string_view value) {
    if (text::equal_ci(value, "rsa-sha256")) return Algorithm{KeyType::rsa, Hash::sha256};
    if (text::equal_ci(value, "ed25519-sha256")) return Algorithm{KeyType::ed25519, Hash::sha256};
    if (text::equal_ci(value, "rsa-sha1")) return Algorithm{KeyType::rsa, Hash::sha1};
    return std::nullopt;
}

bool within_domain(std::string_view domain, std::string_view parent) {
    if (!domain.ends_with(parent)) return false;
    return domain.size() == parent.size() || domain[domain.size() - parent.size() - 1] == '.';
}

std::expected<Signature, SignatureError> parse_signature(std::string_view value, SignatureKind kind,
                                                         const DkimRules& rules) {
    Signature out;
    auto wrong = [&](std::string problem, DkimOutcome outcome = DkimOutcome::permerror) {
        return std::unexpected(SignatureError{outcome, std::move(problem), out});
    };
    auto tags = TagList::parse(value);
    if (!tags) return wrong("the signature is no list of tags");
    const auto a = tags->find("a"), b = tags->find("b"), bh = tags->find("bh"), d = tags->find("d"),
               h = tags->find("h"), s = tags->find("s");
    // What can be told of a broken signature is told.
    if (d)
        if (auto domain = signing_domain(*d)) out.domain = std::move(*domain);
    if (s)
        if (auto selector = signing_selector(*s)) out.selector = std::move(*selector);
    if (a) out.algorithm = text::to_lower(*a).substr(0, 40);
    if (b) out.signature_begin = without_space(*b).substr(0, 8);

    if (kind == SignatureKind::dkim) {
        const auto v = tags->find("v");
        if (!(v && *v == "1") && !(rules.historic && (!v || v->starts_with("0."))))
            return wrong("the signature is of another version");
    } else if (tags->find("v")) {
        return wrong("v= is not of this signature");  // RFC 8617 §4.1.2
    }
    if (!a || !b || !bh || !d || !h || !s) return wrong("the signature lacks a required tag");
    const auto algorithm = signing_algorithm(*a);
    if (!algorithm) return wrong("the algorithm is unknown");
    out.key_type = algorithm->key_type;
    out.hash = algorithm->hash;
    // RFC 8301 §3.1: not to be believed, whatever it is about; ARC never had it (RFC 8617 §4.1.2).
    if (out.hash == Hash::sha1 && (!rules.historic || kind == SignatureKind::arc))
        return wrong("rsa-sha1 is not believed any more");
    if (out.domain.empty()) return wrong("d= is no domain");
    if (out.selector.empty()) return wrong("s= is no selector");
    // ARC has been written relaxed only; where its c= is absent that is what was meant (its test suite says
    // so too).
    if (kind == SignatureKind::arc) out.header_canon = out.body_canon = Canon::relaxed;
    if (auto c = tags->find("c"); c && !read_canon(*c, out)) return wrong("the canonical form is unknown");
    if (auto q = tags->find("q"); q && !by_dns(*q, rules.historic)) return wrong("the key is not in the DNS");

    auto signature = text::decode_base64(without_space(*b));
    if (!signature || signature->empty()) return wrong("b= is not base64");
    out.signature = std::move(*signature);
    auto body_hash = text::decode_base64(without_space(*bh));
    if (!body_hash || body_hash->empty()) return wrong("bh= is not base64");
    out.body_hash = std::move(*body_hash);

    out.names = colon_list(*h, max_signed_names + 1);
    if (out.names.size() > max_signed_names) return wrong("h= is too long");
    bool from = false;
    for (std::string_view name : out.names) {
        from = from || text::equal_ci(name, "from");
        if (kind == SignatureKind::arc && text::equal_ci(name, "arc-seal"))
            return wrong("h= covers ARC-Seal");  // RFC 8617 §4.1.2
    }
    if (kind == SignatureKind::dkim && !from) return wrong("From is not signed");  // RFC 6376 §3.5

    for (auto [name, field] : {std::pair{"l", &out.length}, {"t", &out.signed_at}, {"x", &out.expires}}) {
        auto text = tags->find(name);
        if (!text) continue;
        *field = tag_number(*text);
        if (!*field) return wrong(std::string{name} + "= is no number");
    }
    if (out.expires && out.signed_at && *out.expires <= *out.signed_at) return wrong("x= is not after t=");
    if (kind == SignatureKind::dkim) {
        if (auto i = tags->find("i")) {
            out.identity = from_quoted(*i);
            auto domain = identity_domain(out.identity);
            if (!domain || !within_domain(*domain, out.domain)) return wrong("i= is not of the domain");
        }
    } else if (out.length) {
        out.length.reset();  // not of ARC: an unknown tag
    }
    return out;
}

}  // namespace postrider::mailauth
