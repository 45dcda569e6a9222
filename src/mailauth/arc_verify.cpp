#include "mailauth/arc_run.h"
#include "mailauth/tag_list.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_sets = 50;  // §4.2.1

/// i= (§4.2.1): 1 to 50; 0 if it is not that.
std::size_t instance(std::string_view text) {
    auto number = tag_number(text::trim(text));
    return number && *number >= 1 && *number <= max_sets ? static_cast<std::size_t>(*number) : 0;
}

/// ARC-Authentication-Results begin with "i=N;" (§4.1.1), and go on as Authentication-Results.
std::size_t results_instance(std::string_view value) {
    value = text::trim(value.substr(0, value.find(';')));
    if (!value.starts_with('i')) return 0;
    value = text::trim(value.substr(1));
    return value.starts_with('=') ? instance(value.substr(1)) : 0;
}

/// Unfolded, with single blanks.
std::string one_line(std::string_view value) {
    std::string out;
    for (char c : text::trim(value)) {
        if (!text::is_space(c))
            out += c;
        else if (!out.ends_with(' '))
            out += ' ';
    }
    return out;
}

std::size_t tagged_instance(std::string_view value) {
    auto tags = TagList::parse(value);
    auto i = tags ? tags->find("i") : std::nullopt;
    return i ? instance(*i) : 0;
}

}  // namespace

std::string_view word(ArcOutcome outcome) {
    constexpr std::string_view words[] = {"none", "pass", "fail"};
    return words[static_cast<std::size_t>(outcome)];
}

std::string_view value_of(std::string_view field) {
    const std::size_t colon = field.find(':');
    return colon == std::string_view::npos ? std::string_view{} : field.substr(colon + 1);
}

ArcFields::ArcFields(const FieldIndex& index) {
    std::size_t count = 0;
    for (const mime::Field& field : index.fields()) {
        if (!text::starts_with_ci(field.name, "arc-")) continue;
        std::string_view ArcSet::*place = nullptr;
        std::size_t number = 0;
        if (text::equal_ci(field.name, "ARC-Seal")) {
            place = &ArcSet::seal;
            number = tagged_instance(field.value);
        } else if (text::equal_ci(field.name, "ARC-Message-Signature")) {
            place = &ArcSet::message_signature;
            number = tagged_instance(field.value);
        } else if (text::equal_ci(field.name, "ARC-Authentication-Results")) {
            place = &ArcSet::results;
            number = results_instance(field.value);
        } else {
            continue;
        }
        if (++count > 3 * max_sets) {
            problem = "too many ARC fields";
            break;
        }
        if (number == 0) {
            problem = "an ARC field has no valid instance";
            continue;
        }
        if (sets.size() < number) sets.resize(number);
        if (!(sets[number - 1].*place).empty()) problem = "an ARC field is there twice";
        sets[number - 1].*place = field.bytes;
    }
    for (const ArcSet& set : sets)
        if (set.results.empty() || set.message_signature.empty() || set.seal.empty())
            problem = "an ARC set is not complete";
    if (sets.empty() || sets.back().seal.empty()) return;
    auto tags = TagList::parse(value_of(sets.back().seal));
    auto cv = tags ? tags->find("cv") : std::nullopt;
    last_failed = cv && text::equal_ci(*cv, "fail");
}

void append_sets(std::string& out, const std::vector<ArcSet>& sets, std::size_t last) {
    for (std::size_t i = 0; i < last; ++i) {
        append_canonical(out, sets[i].results, Canon::relaxed);
        append_canonical(out, sets[i].message_signature, Canon::relaxed);
        if (i + 1 < last) append_canonical(out, sets[i].seal, Canon::relaxed);
    }
}

void ArcRun::fail(std::string problem, bool temporary) {
    if (result_.outcome == ArcOutcome::fail) return;
    result_.outcome = ArcOutcome::fail;
    result_.problem = std::move(problem);
    result_.temporary = temporary;
}

/// §4.1.3: a, b, cv, d, i, s; no h=.
std::string ArcRun::read_seal(std::string_view value, std::size_t number, Seal& seal) const {
    auto tags = TagList::parse(value);
    if (!tags) return "the seal is no list of tags";
    const auto a = tags->find("a"), b = tags->find("b"), cv = tags->find("cv"), d = tags->find("d"),
               s = tags->find("s");
    if (!a || !b || !cv || !d || !s) return "the seal lacks a required tag";
    if (tags->find("h")) return "the seal has h=";
    auto algorithm = signing_algorithm(*a);
    if (!algorithm || algorithm->hash == Hash::sha1) return "the seal's algorithm is unknown";
    auto domain = signing_domain(*d);
    auto selector = signing_selector(*s);
    if (!domain || !selector) return "the seal's d= or s= is no name";
    auto signature = text::decode_base64(without_space(*b));
    if (!signature || signature->empty()) return "the seal's b= is not base64";
    if (auto t = tags->find("t"); t && !tag_number(*t)) return "the seal's t= is no number";
    // §5.2 step 3C: the first says none, the others pass.
    if (!text::equal_ci(*cv, number == 1 ? "none" : "pass")) return "the seal's cv= does not fit its place";
    seal.algorithm = *algorithm;
    seal.domain = std::move(*domain);
    seal.selector = std::move(*selector);
    seal.signature = std::move(*signature);
    return "";
}

ArcRun::ArcRun(const FieldIndex& index, const DkimRules& given, const Crypto& crypto, Asking& dns)
    : fields_{index} {
    start(index, given, crypto, dns);
}

void ArcRun::start(const FieldIndex& index, const DkimRules& given, const Crypto& crypto, Asking& dns) {
    DkimRules rules = given;
    rules.historic = false;
    if (fields_.none()) return;
    result_.sets = static_cast<unsigned>(fields_.sets.size());
    if (index.overflowed()) return fail("the message has too many fields");
    if (!fields_.problem.empty()) return fail(fields_.problem);
    if (fields_.last_failed) return fail("the chain had failed before it came here");
    for (std::size_t i = 0; i < fields_.sets.size(); ++i) {
        Seal& seal = seals_.emplace_back();
        if (auto problem = read_seal(value_of(fields_.sets[i].seal), i + 1, seal); !problem.empty())
            return fail(std::move(problem));
        auto signature =
            parse_signature(value_of(fields_.sets[i].message_signature), SignatureKind::arc, rules);
        MessageSignature& message = signatures_.emplace_back();
        message.open = signature.has_value();
        if (signature)
            message.signature = std::move(*signature);
        else if (i + 1 == fields_.sets.size())
            return fail(signature.error().problem);
    }
    for (Seal& seal : seals_)
        seal.key = find_key(seal.selector, seal.domain, seal.algorithm.key_type, seal.algorithm.hash, rules,
                            crypto, dns);
    for (MessageSignature& one : signatures_) {
        if (!one.open) continue;
        const Signature& signature = one.signature;
        one.key = find_key(signature.selector, signature.domain, signature.key_type, signature.hash, rules,
                           crypto, dns);
        one.open = one.key.outcome == DkimOutcome::pass;
    }
    result_.sealer = seals_.back().domain;
    for (const Seal& seal : seals_)
        if (seal.key.outcome != DkimOutcome::pass)
            return fail(seal.key.problem, seal.key.outcome == DkimOutcome::temperror);
    if (!signatures_.back().open)
        return fail(signatures_.back().key.problem, signatures_.back().key.outcome == DkimOutcome::temperror);
    open_ = true;
}

void ArcRun::want(BodyHashes& hashes) {
    if (!open_) return;
    for (MessageSignature& one : signatures_)
        if (one.open) one.hash = hashes.want(one.signature.body_canon, one.signature.hash);
}

ArcResult ArcRun::finish(const BodyHashes& hashes, const FieldIndex& index, const Crypto& crypto) {
    if (!open_) return std::move(result_);
    const std::size_t newest = fields_.sets.size();
    auto holds = [&](std::size_t i) {
        const MessageSignature& one = signatures_[i];
        if (!one.open) return std::string{"unusable"};
        return compare(one.signature, fields_.sets[i].message_signature, index, hashes, one.hash,
                       *one.key.key, crypto);
    };
    if (auto problem = holds(newest - 1); !problem.empty()) {
        fail("ARC-Message-Signature: " + problem);
        return std::move(result_);
    }
    for (std::size_t i = newest; i > 0; --i) {  // §5.2 step 5
        std::string input;
        append_sets(input, fields_.sets, i);
        append_unsigned(input, fields_.sets[i - 1].seal, Canon::relaxed);
        const Seal& seal = seals_[i - 1];
        if (!seal.key.key->verify(Hash::sha256, crypto.digest(Hash::sha256, input), seal.signature)) {
            fail("a seal does not hold");
            return std::move(result_);
        }
    }
    std::size_t oldest = newest;  // §5.2 step 4 and 6
    while (oldest > 1 && holds(oldest - 2).empty()) --oldest;
    result_.oldest_pass = oldest == 1 ? 0 : static_cast<unsigned>(oldest);
    result_.outcome = ArcOutcome::pass;
    std::string_view claims = value_of(fields_.sets.back().results);
    const std::size_t behind = claims.find(';');
    if (behind != std::string_view::npos) result_.claims = one_line(claims.substr(behind + 1));
    return std::move(result_);
}

Needs<ArcResult> verify_arc(std::string_view message, const Crypto& crypto, const Answers& answers,
                            const DkimRules& rules) {
    Asking dns{answers};
    const FieldIndex index{message};
    ArcRun run{index, rules, crypto, dns};
    if (!dns.complete()) return std::move(dns).missing();
    BodyHashes hashes;
    run.want(hashes);
    if (!hashes.empty()) hashes.run(body_of(message), crypto);
    return run.finish(hashes, index, crypto);
}

}  // namespace postrider::mailauth
