#include <fmt/core.h>

#include "mailauth/dkim.h"
#include "mailauth/signing.h"
#include "mailauth/verification.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

/// RFC 6376 §5.4.1 with what has come since. `guarded`: signed once more than it is there, so that nobody can
/// add another one which readers would show instead (§8.15).
struct SignedField {
    std::string_view name;
    bool guarded;
};
constexpr SignedField signed_fields[] = {
    {"from", true},
    {"sender", true},
    {"reply-to", true},
    {"subject", true},
    {"date", true},
    {"message-id", true},
    {"to", true},
    {"cc", true},
    {"mime-version", true},
    {"content-type", true},
    {"content-transfer-encoding", true},
    {"content-id", false},
    {"content-description", false},
    {"resent-date", false},
    {"resent-from", false},
    {"resent-sender", false},
    {"resent-to", false},
    {"resent-cc", false},
    {"resent-message-id", false},
    {"in-reply-to", true},
    {"references", true},
    {"list-id", false},
    {"list-help", false},
    {"list-unsubscribe", false},
    {"list-unsubscribe-post", false},
    {"list-subscribe", false},
    {"list-post", false},
    {"list-owner", false},
    {"list-archive", false},
    {"autocrypt", false},
    {"openpgp", false},
    {"feedback-id", false},
    {"bimi-selector", false},
    {"auto-submitted", false},
};

constexpr std::size_t max_of_one_name = 10;

}  // namespace

std::vector<std::string_view> fields_to_sign(const FieldIndex& index, bool guard) {
    std::vector<std::string_view> names;
    for (const SignedField& one : signed_fields) {
        std::size_t count = 0;
        for (const mime::Field& field : index.fields())
            if (count < max_of_one_name && text::equal_ci(field.name, one.name)) ++count;
        if (guard && one.guarded) ++count;
        names.insert(names.end(), count, one.name);
    }
    return names;
}

std::string joined(const std::vector<std::string_view>& names) {
    std::string out;
    for (std::string_view name : names) {
        if (!out.empty()) out += ':';
        out += name;
    }
    return out;
}

std::string sign_dkim(std::string_view message, const std::vector<DkimSigner>& signers, Time now,
                      const Crypto& crypto) {
    const FieldIndex index{message};
    if (index.overflowed()) return {};
    bool from = false;
    for (const mime::Field& field : index.fields()) from = from || text::equal_ci(field.name, "from");
    if (!from) return {};

    BodyHashes hashes;
    std::vector<std::size_t> numbers;
    for (const DkimSigner& signer : signers) numbers.push_back(hashes.want(signer.body, Hash::sha256));
    if (numbers.empty()) return {};
    hashes.run(body_of(message), crypto);

    const std::vector<std::string_view> names = fields_to_sign(index, true);
    const std::string list = joined(names);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
    std::string headers[2];  // canonical, by form
    std::string lines;
    for (std::size_t i = 0; i < signers.size(); ++i) {
        const DkimSigner& signer = signers[i];
        std::string& header = headers[static_cast<std::size_t>(signer.header)];
        if (header.empty()) index.append_selected(header, names, signer.header);
        TagWriter field{"DKIM-Signature:"};
        field.tag("v", "1");
        field.tag("a", signer.key->type() == KeyType::rsa ? "rsa-sha256" : "ed25519-sha256");
        field.tag("c", fmt::format("{}/{}", signer.header == Canon::simple ? "simple" : "relaxed",
                                   signer.body == Canon::simple ? "simple" : "relaxed"));
        field.tag("d", signer.domain);
        field.tag("s", signer.selector);
        if (!signer.identity.empty()) field.tag("i", signer.identity);
        field.tag("t", std::to_string(seconds.count()));
        if (signer.valid_for.count() > 0)
            field.tag("x", std::to_string((seconds + signer.valid_for).count()));
        field.tag("h", list);
        field.tag("bh", text::encode_base64(hashes.digest(numbers[i])));
        field.signature();
        std::string line = field.sign(header, signer.header, *signer.key, crypto);
        if (line.empty()) return {};
        lines += line;
    }
    return lines;
}

}  // namespace postrider::mailauth
