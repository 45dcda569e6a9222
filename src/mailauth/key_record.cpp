#include "mailauth/key_record.h"

#include "dns/records.h"
#include "mailauth/tag_list.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

FoundKey without(DkimOutcome outcome, std::string problem) {
    FoundKey found;
    found.outcome = outcome;
    found.problem = std::move(problem);
    return found;
}

bool contains(const std::vector<std::string_view>& list, std::string_view word) {
    for (std::string_view one : list)
        if (text::equal_ci(one, word)) return true;
    return false;
}

}  // namespace

bool granted(const KeyRecord& record, std::string_view identity) {
    if (!record.has_granularity) return true;
    const std::string_view local = identity.substr(0, identity.rfind('@'));
    const std::string_view pattern = record.granularity;
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return !pattern.empty() && local == pattern;
    const std::string_view head = pattern.substr(0, star), tail = pattern.substr(star + 1);
    return local.size() >= head.size() + tail.size() && local.starts_with(head) && local.ends_with(tail);
}

std::expected<KeyRecord, std::string> parse_key_record(std::string_view text) {
    auto tags = TagList::parse(text);
    if (!tags) return std::unexpected("the key record is no list of tags");
    KeyRecord record;
    if (auto v = tags->find("v")) {
        if (*v != "DKIM1") return std::unexpected("the key record is of another version");
        if (tags->first_name() != "v") return std::unexpected("v= of the key record is not its first tag");
    }
    if (auto k = tags->find("k")) {
        if (*k == "ed25519")
            record.type = KeyType::ed25519;  // RFC 8463 §4
        else if (!text::equal_ci(*k, "rsa"))
            return std::unexpected("a key of unknown type");
    }
    if (auto h = tags->find("h")) {
        const auto list = colon_list(*h);
        record.sha1 = contains(list, "sha1");
        record.sha256 = contains(list, "sha256");
    }
    if (auto s = tags->find("s")) {
        const auto list = colon_list(*s);
        record.email = contains(list, "*") || contains(list, "email");
    }
    if (auto t = tags->find("t")) {
        const auto list = colon_list(*t);
        record.testing = contains(list, "y");
        record.strict_identity = contains(list, "s");
    }
    if (auto g = tags->find("g")) {
        record.has_granularity = true;
        record.granularity = *g;
    }
    auto p = tags->find("p");
    if (!p) return std::unexpected("the key record has no p=");
    auto octets = text::decode_base64(without_space(*p));
    if (!octets) return std::unexpected("p= of the key record is not base64");
    record.octets = std::move(*octets);
    return record;
}

FoundKey find_key(std::string_view selector, std::string_view domain, KeyType type, Hash hash,
                  const DkimRules& rules, const Crypto& crypto, Asking& dns) {
    std::string name{selector};
    name.append("._domainkey.").append(domain);
    const dns::Answer& answer = dns.ask(name, dns::Type::txt);
    switch (answer.outcome) {
        case dns::Outcome::temporary:
        case dns::Outcome::bogus: return without(DkimOutcome::temperror, "the DNS did not give the key");
        case dns::Outcome::no_data:
        case dns::Outcome::no_name: return without(DkimOutcome::permerror, "there is no key of this name");
        case dns::Outcome::found: break;
    }
    // RFC 6376 §3.6.2.2: with several records the result is undefined; the first usable one is taken, of few.
    FoundKey found = without(DkimOutcome::permerror, "there is no key of this name");
    std::size_t looked_at = 0;
    for (const std::string& rdata : answer.records) {
        if (++looked_at > 10) break;
        auto text = dns::parse_txt(rdata);
        if (!text) continue;
        auto record = parse_key_record(*text);
        if (!record) {
            found.problem = std::move(record.error());
            continue;
        }
        const bool hash_allowed = hash == Hash::sha1 ? record->sha1 : record->sha256;
        if (record->octets.empty())
            found.problem = "the key is revoked";
        else if (record->type != type)
            found.problem = "the key is of another type";
        else if (!hash_allowed)
            found.problem = "the key is not for this hash";
        else if (!record->email)
            found.problem = "the key is not for mail";
        else if (auto key = crypto.public_key(type, record->octets); !key)
            found.problem = "the key is broken";
        else if (type == KeyType::rsa && key->bits() < (rules.historic ? 384u : rules.min_rsa_bits))
            found.problem = "the key is too short";
        else {
            found.outcome = DkimOutcome::pass;
            found.problem.clear();
            found.record = std::move(*record);
            found.key = std::move(key);
            return found;
        }
        found.record = std::move(*record);
    }
    return found;
}

}  // namespace postrider::mailauth
