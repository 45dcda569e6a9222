#include "mailauth/arc_run.h"
#include "mailauth/signing.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_sets = 50;

/// "ARC-Authentication-Results: i=1; ...", folded behind semicolons.
std::string results_line(std::size_t number, std::string_view results) {
    std::string line = "ARC-Authentication-Results: i=" + std::to_string(number) + ";";
    std::size_t column = line.size();
    std::string scratch;
    std::string_view rest = mime::unfold(results, scratch);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size() - 1) + 1;
        const std::string_view part = text::trim(rest.substr(0, end));
        rest.remove_prefix(end);
        if (part.empty()) continue;
        if (column + 1 + part.size() > 76) {
            line += "\r\n\t";
            column = 8;
        } else {
            line += ' ';
            ++column;
        }
        line += part;
        column += part.size();
    }
    return line + "\r\n";
}

std::string_view algorithm_word(const PrivateKey& key) {
    return key.type() == KeyType::rsa ? "rsa-sha256" : "ed25519-sha256";
}

}  // namespace

std::string seal_arc(std::string_view message, const ArcResult& chain, std::string_view results,
                     const ArcSealer& sealer, Time now, const Crypto& crypto) {
    // Its first line would become part of what is put above it.
    if (message.starts_with(' ') || message.starts_with('\t')) return {};
    const std::string_view head = message.substr(0, mime::header_size(message));
    const FieldIndex before{head};
    ArcFields there{before};
    const std::size_t number = there.sets.size() + 1;
    if (there.last_failed || number > max_sets || before.overflowed()) return {};
    const bool failed = chain.outcome == ArcOutcome::fail;
    const std::string at =
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    const std::string instance = std::to_string(number);

    const std::string results_field = results_line(number, results);
    const std::string with_results = results_field + std::string{head};
    const FieldIndex index{with_results};
    std::vector<std::string_view> names(sealer.fields.begin(), sealer.fields.end());
    if (names.empty()) {
        names = fields_to_sign(index, false);
        for (const mime::Field& field :
             index.fields())  // §4.1.2: those that said who it was should be covered
            if (text::equal_ci(field.name, "DKIM-Signature") && names.size() < 60)
                names.push_back("dkim-signature");
    }
    BodyHashes hashes;
    const std::size_t hash = hashes.want(Canon::relaxed, Hash::sha256);
    hashes.run(body_of(message), crypto);
    std::string selected;
    index.append_selected(selected, names, Canon::relaxed);

    TagWriter signature{"ARC-Message-Signature:"};
    signature.tag("a", algorithm_word(*sealer.key));
    signature.signature();
    signature.tag("bh", text::encode_base64(hashes.digest(hash)));
    signature.tag("c", "relaxed/relaxed");
    signature.tag("d", sealer.domain);
    signature.tag("h", joined(names));
    signature.tag("i", instance);
    signature.tag("s", sealer.selector);
    signature.tag("t", at);
    const std::string signature_field =
        signature.sign(selected, Canon::relaxed, *sealer.key, crypto, sealer.fold);
    if (signature_field.empty()) return {};

    std::string sealed;
    if (failed) there.sets.clear();  // §5.1.2: as if this set were the only one
    there.sets.push_back({results_field, signature_field, {}});
    append_sets(sealed, there.sets, there.sets.size());
    TagWriter seal{"ARC-Seal:"};
    seal.tag("a", algorithm_word(*sealer.key));
    seal.signature();
    seal.tag("cv", failed ? "fail" : number == 1 ? "none" : "pass");
    seal.tag("d", sealer.domain);
    seal.tag("i", instance);
    seal.tag("s", sealer.selector);
    seal.tag("t", at);
    const std::string seal_field = seal.sign(sealed, Canon::relaxed, *sealer.key, crypto, sealer.fold);
    if (seal_field.empty()) return {};
    return seal_field + signature_field + results_field;
}

}  // namespace postrider::mailauth
