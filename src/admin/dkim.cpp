// Keys that sign for our domains.

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cstring>

#include "admin/chapters.h"
#include "admin/dkim.h"
#include "admin/lookup.h"
#include "dns/records.h"
#include "filter/signing/signer.h"
#include "mailauth/key_record.h"
#include "mailauth/signature.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

constexpr std::uint64_t default_bits = 2048;  // RFC 8301 §3.2

std::string_view algorithm(const mailauth::PrivateKey& key) {
    return key.type() == mailauth::KeyType::rsa ? "rsa" : "ed25519";
}

std::string day(const std::optional<Time>& time) {
    if (!time) return "";
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(*time)));
}

/// A new file that only we can read; never over one that is there.
std::expected<void, std::string> write_new(const std::string& path, std::string_view text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
    bool ok = true;
    while (ok && !text.empty()) {
        const ssize_t count = ::write(file, text.data(), text.size());
        ok = count > 0;
        if (ok) text.remove_prefix(static_cast<std::size_t>(count));
    }
    ok = ok && ::fsync(file) == 0;
    const int why = errno;
    ::close(file);
    if (ok) return {};
    ::unlink(path.c_str());
    return std::unexpected(fmt::format("{}: {}", path, std::strerror(why)));
}

Result keygen(Context&, const Arguments& arguments, const Progress&) {
    filter::SigningKey key;
    auto domain = mailauth::signing_domain(arguments.text("domain"));
    auto selector = mailauth::signing_selector(arguments.text("selector"));
    if (!domain) return fail(Kind::bad_value, fmt::format("'{}' is not a domain", arguments.text("domain")));
    if (!selector)
        return fail(Kind::bad_value, fmt::format("'{}' is not a selector", arguments.text("selector")));
    const std::string kind = arguments.text("algorithm", "rsa");
    const std::uint64_t bits = arguments.number("bits", default_bits);
    if (kind != "rsa" && kind != "ed25519") return fail(Kind::bad_value, "The algorithm is rsa or ed25519");
    if (bits < 1024 || bits > mailauth::Crypto::max_rsa_bits)
        return fail(Kind::bad_value, "A key has 1024 to 8192 bits");
    auto made = mailauth::make_private_key(
        kind == "rsa" ? mailauth::KeyType::rsa : mailauth::KeyType::ed25519, static_cast<unsigned>(bits));
    if (!made) return fail(Kind::storage, made.error());
    key.domain = std::move(*domain);
    key.selector = std::move(*selector);
    key.key = std::move(*made);
    const std::string file = arguments.text("file");
    if (auto ok = write_new(file, key.key->pem()); !ok) return fail(Kind::storage, ok.error());
    return Json{
        {"file", file},
        {"publish", filter::zone_line(key)},
        {"configure", fmt::format("signing = {{ dkimKeys = ( {{ domain = \"{}\" selector = \"{}\" keyFile = "
                                  "\"{}\" }} ) }}",
                                  key.domain, key.selector, file)}};
}

Json row_of(const filter::SigningKey& key, Time now) {
    return Json{{"domain", key.domain},
                {"selector", key.selector},
                {"algorithm", algorithm(*key.key)},
                {"bits", key.key->bits()},
                {"from", day(key.from)},
                {"until", day(key.until)},
                {"signs", key.signs_at(now)},
                {"publish", filter::zone_line(key)}};
}

std::vector<const filter::SigningKey*> keys_of(const filter::KeyRing& ring, const std::string& domain) {
    return ring.all(mailauth::signing_domain(domain).value_or(domain));
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    Json rows = Json::array();
    if (context.signer != nullptr) {
        const auto ring = context.signer->keys();
        for (const filter::SigningKey* key : keys_of(*ring, arguments.text("domain")))
            rows.push_back(row_of(*key, context.clock.now()));
    }
    return Json{{"keys", std::move(rows)}};
}

/// Does the DNS have the public half of that key?
RecordCheck compared(const filter::SigningKey& key, dns::Resolver& resolver) {
    using Status = RecordCheck::Status;
    RecordCheck check;
    check.what = "DKIM";
    check.publish = filter::zone_line(key);
    check.status = Status::missing;
    const std::string name = key.selector + "._domainkey." + key.domain;
    const dns::Answer answer = resolver.ask(name, dns::Type::txt);
    if (answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus) {
        check.status = Status::unknown;
        check.note = answer.why.empty() ? "the DNS did not answer" : answer.why;
    }
    if (answer.records.size() > 1) check.note = "there is more than one record";
    for (const std::string& rdata : answer.records) {
        const auto text = dns::parse_txt(rdata);
        if (!text) continue;
        check.found.push_back(*text);
        if (check.status == Status::missing) check.status = Status::differs;
        const auto record = mailauth::parse_key_record(*text);
        if (!record) {
            check.note = record.error();
        } else if (record->octets == key.key->public_octets() && record->type == key.key->type()) {
            check.status = Status::ok;
            if (record->testing) check.note = "t=y: verifiers are told that this is a test";
        } else if (record->octets.empty()) {
            check.note = "the key is revoked";
        }
    }
    return check;
}

Result check(Context& context, const Arguments& arguments, const Progress&) {
    if (context.resolver == nullptr || context.signer == nullptr)
        return fail(Kind::not_running, "There is no resolver here");
    const auto ring = context.signer->keys();
    const auto keys = keys_of(*ring, arguments.text("domain"));
    if (keys.empty())
        return fail(Kind::not_found, fmt::format("No key signs for {}", arguments.text("domain")));
    Json rows = Json::array();
    bool all = true;
    for (const filter::SigningKey* key : keys) {
        const RecordCheck one = compared(*key, *context.resolver);
        all = all && one.status == RecordCheck::Status::ok;
        Json found = Json::array();
        for (const std::string& text : one.found) found.push_back(text);
        rows.push_back(Json{{"name", key->selector + "._domainkey." + key->domain},
                            {"status", word(one.status)},
                            {"publish", one.publish},
                            {"found", std::move(found)},
                            {"note", one.note}});
    }
    return Json{{"domain", arguments.text("domain")}, {"complete", all}, {"keys", std::move(rows)}};
}

constexpr Argument keygen_arguments[] = {
    {"domain", Type::text, "The domain that signs", true},
    {"selector", Type::text, "Under which name the key will be in the DNS: selector._domainkey.domain", true},
    {"file", Type::path, "Where the private key goes; must not be there yet", true},
    {"algorithm", Type::text, "rsa (which every verifier knows; the default) or ed25519"},
    {"bits", Type::number, "Of an RSA key, 2048 unless said"}};
constexpr Argument show_arguments[] = {{"domain", Type::text, "Only its keys", false, true}};
constexpr Argument check_arguments[] = {{"domain", Type::text, "The domain that signs", true}};

constexpr Operation operations[] = {
    {"dkim keygen",
     "Make a key: write the private half into a file, and show the line to publish and the lines of the "
     "configuration",
     keygen_arguments, keygen, true},
    {"dkim show", "List the keys in force: when they sign, and the line to publish", show_arguments, show},
    {"dkim check",
     "Compare the keys of a domain with what the DNS has. The status is ok, missing, differs or unknown (the "
     "DNS did "
     "not answer)",
     check_arguments, check, false, true},
};

}  // namespace

std::vector<RecordCheck> check_keys(const filter::Signer* signer, dns::Resolver& resolver,
                                    const std::string& domain) {
    std::vector<RecordCheck> rows;
    if (signer != nullptr) {
        const auto ring = signer->keys();
        for (const filter::SigningKey* key : keys_of(*ring, domain)) rows.push_back(compared(*key, resolver));
    }
    if (rows.empty()) {
        RecordCheck none;
        none.what = "DKIM";
        none.status = RecordCheck::Status::missing;
        none.note = "no key signs for the domain: `postrider dkim keygen` makes one";
        rows.push_back(std::move(none));
    }
    return rows;
}

Chapter dkim_chapter() {
    return {"dkim", "Keys that sign mail", operations};
}

}  // namespace postrider::admin
