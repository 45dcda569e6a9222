#include "mailauth/domainkeys.h"

#include "mailauth/domainkeys_run.h"
#include "mailauth/signature.h"
#include "mailauth/signing.h"
#include "mailauth/tag_list.h"
#include "mailauth/verification.h"
#include "mime/address_list.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

/// Octets on their way to a digest, without white space if so wanted.
class Funnel {
public:
    Funnel(Digest& digest, bool squeeze) : digest_{digest}, squeeze_{squeeze} { kept_.reserve(4096); }
    ~Funnel() { digest_.add(kept_); }
    Funnel(const Funnel&) = delete;
    Funnel& operator=(const Funnel&) = delete;

    void line(std::string_view content) {
        for (char c : content) {
            if (squeeze_ && text::is_space(c)) continue;
            kept_ += c;
            if (kept_.size() == 4096) flush();
        }
        kept_ += "\r\n";
    }

private:
    void flush() {
        digest_.add(kept_);
        kept_.clear();
    }
    Digest& digest_;
    bool squeeze_;
    std::string kept_;
};

std::string_view without_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool names(const std::vector<std::string_view>& list, std::string_view name) {
    for (std::string_view one : list)
        if (text::equal_ci(one, name)) return true;
    return false;
}

/// The fields below `from` that h= names, in its order: all of one name where it is named first. That is the
/// order of the message too, as §3.3 wants it, unless somebody has moved fields on the way.
std::vector<std::string_view> selected(const FieldIndex& index, std::size_t from,
                                       const std::vector<std::string_view>& list) {
    std::vector<std::string_view> done, fields;
    for (std::string_view name : list) {
        if (names(done, name)) continue;
        done.push_back(name);
        for (std::size_t i = from; i < index.fields().size(); ++i)
            if (text::equal_ci(index.fields()[i].name, name)) fields.push_back(index.fields()[i].bytes);
    }
    return fields;
}

}  // namespace

std::string_view word(DomainKeyStatus status) {
    constexpr std::string_view words[] = {"good",         "bad",        "no key",         "revoked",
                                          "no signature", "bad format", "temporary error"};
    return words[static_cast<std::size_t>(status)];
}

std::string domainkey_digest(const std::vector<std::string_view>& fields, std::string_view body,
                             DomainKeyCanon canon, const Crypto& crypto) {
    const bool squeeze = canon == DomainKeyCanon::nofws;
    Digest digest{crypto, Hash::sha1};
    {
        Funnel out{digest, squeeze};
        for (std::string_view field : fields) out.line(without_end(field));
        // §3.4.2.1: empty lines at the end are ignored, with nothing before them the separator too.
        for (;;) {
            if (squeeze)
                while (!body.empty() && text::is_space(body.back())) body.remove_suffix(1);
            if (!body.ends_with("\r\n")) break;
            body.remove_suffix(2);
        }
        if (!body.empty()) out.line("");
        while (!body.empty()) {
            const std::size_t end = body.find("\r\n");
            out.line(body.substr(0, end));
            body.remove_prefix(end == std::string_view::npos ? body.size() : end + 2);
        }
    }
    return digest.finish();
}

std::string sending_address(const FieldIndex& index) {
    for (std::string_view name : {"Sender", "From"}) {
        for (const mime::Field& field : index.fields()) {
            if (!text::equal_ci(field.name, name)) continue;
            mime::AddressReader reader{field.value};
            while (true) {
                const auto item = reader.next();
                if (item == mime::AddressReader::Item::end) break;
                if (item == mime::AddressReader::Item::mailbox && !reader.domain.empty())
                    return reader.local + "@" + text::to_lower(reader.domain);
            }
        }
    }
    return "";
}

DomainKeyRun::DomainKeyRun(const FieldIndex& index, const DkimRules& rules, const Crypto& crypto,
                           Asking& dns) {
    const auto& fields = index.fields();
    while (place_ < fields.size() && !text::equal_ci(fields[place_].name, "DomainKey-Signature")) ++place_;
    if (place_ == fields.size() || index.overflowed()) return;
    verdict_.status = DomainKeyStatus::bad_format;
    auto tags = TagList::parse(fields[place_].value);
    if (!tags) return;
    const auto b = tags->find("b"), c = tags->find("c"), d = tags->find("d"), s = tags->find("s");
    if (!b || !d || !s) return;
    if (auto a = tags->find("a"); a && !text::equal_ci(*a, "rsa-sha1")) return;
    if (auto q = tags->find("q"); q && !text::equal_ci(*q, "dns")) return;
    if (c && *c != "simple" && *c != "nofws") return;
    canon_ = c && *c == "nofws" ? DomainKeyCanon::nofws : DomainKeyCanon::simple;
    auto domain = signing_domain(*d);
    auto selector = signing_selector(*s);
    auto signature = text::decode_base64(without_space(*b));
    if (!domain || !selector || !signature) return;
    verdict_.domain = std::move(*domain);
    verdict_.selector = std::move(*selector);
    signature_ = std::move(*signature);

    const std::string sender = sending_address(index);
    const std::size_t at = sender.rfind('@');
    if (at == std::string::npos || !within_domain(std::string_view{sender}.substr(at + 1), verdict_.domain))
        return;
    if (auto h = tags->find("h")) {
        names_ = colon_list(*h, max_signed_names + 1);
        if (names_->size() > max_signed_names || !(names(*names_, "from") || names(*names_, "sender")))
            return;
    }
    key_ = find_key(verdict_.selector, verdict_.domain, KeyType::rsa, Hash::sha1, rules, crypto, dns);
    verdict_.testing = key_.record.testing;
    if (key_.outcome == DkimOutcome::temperror)
        verdict_.status = DomainKeyStatus::temporary;
    else if (key_.problem == "the key is revoked")
        verdict_.status = DomainKeyStatus::revoked;
    else if (key_.outcome != DkimOutcome::pass)
        verdict_.status = DomainKeyStatus::no_key;
    else if (!key_.record.granularity.empty() && !granted(key_.record, sender))
        verdict_.status = DomainKeyStatus::bad;  // §3.2.3: the key is of another user
    else
        open_ = true;
}

DomainKeyVerdict DomainKeyRun::finish(std::string_view body, const FieldIndex& index, const Crypto& crypto) {
    if (!open_) return std::move(verdict_);
    std::vector<std::string_view> fields;
    if (names_)
        fields = selected(index, place_ + 1, *names_);
    else
        for (std::size_t i = place_ + 1; i < index.fields().size(); ++i)
            fields.push_back(index.fields()[i].bytes);
    const std::string digest = domainkey_digest(fields, body, canon_, crypto);
    const bool good = key_.key->verify(Hash::sha1, digest, signature_);
    verdict_.status = good ? DomainKeyStatus::good : DomainKeyStatus::bad;
    return std::move(verdict_);
}

Needs<DomainKeyVerdict> verify_domainkey(std::string_view message, const Crypto& crypto,
                                         const Answers& answers, const DkimRules& rules) {
    Asking dns{answers};
    const FieldIndex index{message};
    DomainKeyRun run{index, rules, crypto, dns};
    if (!dns.complete()) return std::move(dns).missing();
    return run.finish(body_of(message), index, crypto);
}

std::string sign_domainkey(std::string_view message, std::string_view domain, std::string_view selector,
                           const PrivateKey& key, const Crypto& crypto) {
    const FieldIndex index{message};
    const std::string sender = sending_address(index);
    const std::size_t at = sender.rfind('@');
    if (at == std::string::npos || key.type() != KeyType::rsa || index.overflowed()
        || !within_domain(std::string_view{sender}.substr(at + 1), domain))
        return {};
    const std::vector<std::string_view> wanted = fields_to_sign(index, false);
    std::vector<std::string_view> list;
    for (const mime::Field& field : index.fields())
        if (names(wanted, field.name) && !names(list, field.name)) list.push_back(field.name);
    const std::string digest =
        domainkey_digest(selected(index, 0, list), body_of(message), DomainKeyCanon::nofws, crypto);
    const std::string signature = key.sign(Hash::sha1, digest);
    if (signature.empty()) return {};
    TagWriter out{"DomainKey-Signature:"};
    out.tag("a", "rsa-sha1");
    out.tag("q", "dns");
    out.tag("c", "nofws");
    out.tag("s", selector);
    out.tag("d", domain);
    out.tag("h", joined(list));
    return out.text() + ";\r\n\tb=" + folded_base64(signature) + "\r\n";
}

}  // namespace postrider::mailauth
