#include "filter/greylist/greylist.h"

#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/codec.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

using std::chrono::seconds;

constexpr std::string_view prefix = "Ug";
constexpr std::string_view behind_prefix = "Uh";
constexpr std::uint8_t version = 1;
constexpr std::size_t digest_size = 16;
constexpr std::size_t batch_size = 1000;  // records erased at once

/// A sender without what changes from message to message: "bounce-12345-abc@x" counts as "bounce-#-abc@x",
/// and what follows a '+' is left out.
std::string steady(std::string_view local) {
    std::string out;
    bool number = false;
    for (char c : local.substr(0, std::min(local.find('+'), local.size()))) {
        if (text::is_digit(c)) {
            if (!number) out += '#';
            number = true;
            continue;
        }
        number = false;
        out += text::lower(c);
    }
    return out;
}

void add_part(std::string& into, const mime::AddrSpec& address, AddressPart part, bool is_sender) {
    std::string text;
    if (part == AddressPart::whole)
        text = (is_sender ? steady(address.local) : text::to_lower(address.local)) + "@";
    if (part != AddressPart::none) text += address.domain;
    put_string(into, text);
}

std::string key_of(char kind, std::string_view what) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(what.data()), what.size(), digest);
    std::string key{prefix};
    key += kind;
    key.append(reinterpret_cast<const char*>(digest), digest_size);
    return key;
}

constexpr char triplet = 't', network = 'n';

std::uint64_t to_number(Time time) {
    const auto since = std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
    return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}
Time to_time(std::uint64_t number) {
    return Time{seconds{static_cast<std::int64_t>(std::min<std::uint64_t>(number, 1ULL << 33))}};
}

}  // namespace

Greylist::Greylist(kv::Store& store, const Clock& clock, observe::Metrics& metrics)
    : store_{store},
      clock_{clock},
      passed_{metrics.counter("greylist.passed", "Recipients that greylisting let pass")},
      delayed_{metrics.counter("greylist.delayed", "Recipients that greylisting put off")},
      learned_{metrics.counter("greylist.learned", "Triplets that have waited and passed")},
      entries_{metrics.gauge("greylist.entries", "What greylisting remembers")} {}

std::expected<std::shared_ptr<const Greylist::Rules>, std::string> Greylist::rules_of(
    const GreylistSettings& settings, std::chrono::minutes cache) {
    auto out = std::make_shared<Rules>();
    out->settings = settings;
    out->cache = cache;
    auto clients = IpRanges::compile(settings.exclusions);
    if (!clients) return std::unexpected("greylisting: " + clients.error());
    out->clients = std::move(*clients);
    for (auto [texts, patterns] : {std::pair{&settings.excluded_senders, &out->senders},
                                   std::pair{&settings.excluded_recipients, &out->recipients}}) {
        std::vector<std::string> canonical;
        for (const std::string& text : *texts) {
            canonical.push_back(canonical_pattern(text));
            if (canonical.back().empty())
                return std::unexpected("greylisting: '" + text + "' is no address, domain or pattern of one");
        }
        *patterns = AddressPatterns{canonical};
    }
    return std::shared_ptr<const Rules>{std::move(out)};
}

std::expected<std::unique_ptr<Greylist>, std::string> Greylist::open(kv::Store& store, const Clock& clock,
                                                                     observe::Metrics& metrics,
                                                                     const GreylistSettings& settings,
                                                                     std::chrono::minutes cache) {
    std::unique_ptr<Greylist> out{new Greylist{store, clock, metrics}};
    if (auto ok = out->reconfigure(settings, cache); !ok) return std::unexpected(ok.error());
    return out;
}

std::expected<void, std::string> Greylist::reconfigure(const GreylistSettings& settings,
                                                       std::chrono::minutes cache) {
    auto fresh = rules_of(settings, cache);
    if (!fresh) return std::unexpected(fresh.error());
    const bool first = !rules();
    const bool was_off = first || !rules()->settings.enable;
    if (settings.enable && was_off) {
        size_ = count_records();
        entries_.set(static_cast<std::int64_t>(size_));
    }
    std::lock_guard lock{mutex_};
    rules_ = std::move(*fresh);
    young_.clear();
    old_.clear();
    return {};
}

std::size_t Greylist::count_records() {
    std::size_t many = 0;
    auto cursor = store_.scan(prefix, behind_prefix, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) ++many;
    return many;
}

std::shared_ptr<const Greylist::Rules> Greylist::rules() const {
    std::lock_guard lock{mutex_};
    return rules_;
}

bool Greylist::enabled() const {
    return rules()->settings.enable;
}

Greylist::Digest Greylist::triplet_key(const Attempt& attempt, const Rules& rules) const {
    const GreylistSettings& s = rules.settings;
    const settings::Ip net = network_of(attempt.client, s.v4_bits, s.v6_bits);
    std::string what{reinterpret_cast<const char*>(net.octets.data()), net.octets.size()};
    add_part(what, attempt.sender, s.sender, true);
    add_part(what, attempt.recipient, s.recipient, false);
    return key_of(triplet, what);
}

Greylist::Digest Greylist::network_key(const Attempt& attempt, const Rules& rules) const {
    const settings::Ip net = network_of(attempt.client, rules.settings.v4_bits, rules.settings.v6_bits);
    return key_of(network, {reinterpret_cast<const char*>(net.octets.data()), net.octets.size()});
}

std::string Greylist::encode(const Record& record) {
    std::string out;
    out += static_cast<char>(version);
    out += static_cast<char>(record.passed);
    put_varint(out, to_number(record.first));
    put_varint(out, to_number(record.last));
    put_varint(out, record.count);
    return out;
}

std::optional<Greylist::Record> Greylist::decode(std::string_view value) {
    Decoder in{value};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    Record out;
    out.passed = in.be<std::uint8_t>() != 0;
    out.first = to_time(in.varint());
    out.last = to_time(in.varint());
    out.count = static_cast<unsigned>(std::min<std::uint64_t>(in.varint(), 1'000'000));
    return in.ok() ? std::optional{out} : std::nullopt;
}

kv::Result<std::optional<Greylist::Record>> Greylist::read(const Digest& key) {
    auto value = store_.get(key);
    if (!value) return std::unexpected(value.error());
    if (!*value) return std::nullopt;
    return decode(**value);  // what cannot be read counts as absent
}

bool Greylist::alive(const Record& record, const Rules& rules, Time now) {
    if (record.passed) return now - record.last < rules.settings.lifetime;
    return now - record.first < rules.settings.retry_window;
}

std::optional<Greylist::Verdict> Greylist::cached(const Digest& key, Time now) {
    std::lock_guard lock{mutex_};
    for (auto* half : {&young_, &old_})
        if (auto at = half->find(key); at != half->end() && now < at->second.until) {
            Verdict verdict = at->second.verdict;
            if (verdict.delayed()) {
                verdict.why = Why::too_early;
                verdict.wait = std::chrono::ceil<seconds>(at->second.until - now);
            }
            return verdict;
        }
    return std::nullopt;
}

void Greylist::cache(const Digest& key, Verdict verdict, Time until) {
    std::lock_guard lock{mutex_};
    old_.erase(key);
    if (young_.size() >= max_cached / 2) {
        old_ = std::move(young_);
        young_ = {};
    }
    young_[key] = {verdict, until};
}

std::size_t Greylist::cached() const {
    std::lock_guard lock{mutex_};
    return young_.size() + old_.size();
}

Greylist::Verdict Greylist::check(const Attempt& attempt) {
    const auto in_force = rules();
    const Verdict verdict = judge(attempt, *in_force, true);
    if (in_force->settings.enable) (verdict.delayed() ? delayed_ : passed_).add();
    return verdict;
}

Greylist::Verdict Greylist::look(const Attempt& attempt) {
    const auto in_force = rules();
    return judge(attempt, *in_force, false);
}

Greylist::Verdict Greylist::judge(const Attempt& attempt, const Rules& rules, bool remember) {
    const GreylistSettings& s = rules.settings;
    if (!s.enable) return {Why::off, {}};
    if (rules.clients.has(attempt.client) || rules.senders.has(attempt.sender)
        || rules.recipients.has(attempt.recipient))
        return {Why::excluded, {}};
    const Time now = clock_.now();
    const Digest net = network_key(attempt, rules);
    const Digest key = triplet_key(attempt, rules);
    if (s.learn_after != 0)
        if (auto verdict = cached(net, now)) return *verdict;
    if (auto verdict = cached(key, now)) return *verdict;

    std::lock_guard changing{changing_};
    Record of_network;
    if (s.learn_after != 0) {
        auto known = read(net);
        if (!known) return {Why::unavailable, {}};
        if (*known && alive(**known, rules, now)) of_network = **known;
        if (of_network.count >= s.learn_after) {
            const Verdict verdict{Why::known_network, {}};
            if (!remember) return verdict;
            of_network.last = now;
            kv::Batch batch;
            batch.put(net, encode(of_network));
            (void)store_.write(std::move(batch));
            cache(net, verdict, now + rules.cache);
            return verdict;
        }
    }
    auto known = read(key);
    if (!known) return {Why::unavailable, {}};
    const bool there = known->has_value();
    Record record = there ? **known : Record{};
    Verdict verdict;
    if (!there || !alive(record, rules, now)) {
        record = {now, now, false, 0};
        verdict = {Why::first_time, s.min_delay};
    } else if (record.passed) {
        record.last = now;
        verdict = {Why::known, {}};
    } else if (now - record.first < s.min_delay) {
        return {Why::too_early, std::chrono::ceil<seconds>(record.first + s.min_delay - now)};
    } else {
        record.last = now;
        record.passed = true;
        verdict = {Why::now_known, {}};
    }
    if (!remember) return verdict;

    kv::Batch batch;
    std::size_t more = there ? 0 : 1;
    if (verdict.why == Why::now_known && s.learn_after != 0) {
        if (of_network.count == 0) ++more;  // perhaps an old one is there: then the next count puts it right
        of_network.first = of_network.count == 0 ? now : of_network.first;
        of_network.last = now;
        of_network.passed = true;
        ++of_network.count;
        batch.put(net, encode(of_network));
    }
    batch.put(key, encode(record));
    if (more != 0 && size_ + more > s.max_entries) make_room(rules, now);
    if (!store_.write(std::move(batch))) return {Why::unavailable, {}};
    size_ += more;
    entries_.set(static_cast<std::int64_t>(size_));
    if (verdict.why == Why::now_known) learned_.add();
    if (verdict.delayed())
        cache(key, verdict, std::min<Time>(now + s.min_delay, now + rules.cache));
    else
        cache(key, {Why::known, {}}, now + rules.cache);
    return verdict;
}

/// With `changing_` held.
void Greylist::make_room(const Rules& rules, Time now) {
    remove_old(rules, now, std::max<std::size_t>(rules.settings.max_entries / 8, 1));
}

/// Erases what is dead; when that is less than `at_least`, also those used longest ago, waiting ones before
/// those that have passed. Two walks: one to see how old they are, one to erase.
std::size_t Greylist::remove_old(const Rules& rules, Time now, std::size_t at_least) {
    // Ranked by class (waiting, passed) and hour; the dead are below all others.
    auto rank = [&](const Record& record) -> std::int64_t {
        if (!alive(record, rules, now)) return 0;
        const auto hours =
            std::chrono::duration_cast<std::chrono::hours>(record.last.time_since_epoch()).count();
        return (record.passed ? std::int64_t{1} << 40 : 1) + hours;
    };
    std::map<std::int64_t, std::size_t> many;
    std::size_t all = 0;
    {
        auto cursor = store_.scan(prefix, behind_prefix, nullptr, kv::Access::many);
        for (; cursor->valid(); cursor->next(), ++all) {
            auto record = decode(cursor->value());
            ++many[record ? rank(*record) : 0];
        }
    }
    // All below `upto` go, and of those at `upto` as many as are still wanted.
    std::size_t gone = many[0];
    std::int64_t upto = 0;
    std::size_t of_upto = 0;
    for (const auto& [at, count] : many) {
        if (at == 0) continue;
        if (gone >= at_least) break;
        upto = at;
        of_upto = std::min(count, at_least - gone);
        gone += of_upto;
    }
    std::size_t erased = 0;
    kv::Batch batch;
    std::size_t in_batch = 0;
    auto flush = [&] {
        if (in_batch != 0 && store_.write(std::move(batch))) erased += in_batch;
        batch = kv::Batch{};
        in_batch = 0;
    };
    {
        auto cursor = store_.scan(prefix, behind_prefix, nullptr, kv::Access::many);
        for (; cursor->valid(); cursor->next()) {
            auto record = decode(cursor->value());
            const std::int64_t at = record ? rank(*record) : 0;
            if (at > upto || (at == upto && at != 0 && of_upto == 0)) continue;
            if (at == upto && at != 0) --of_upto;
            batch.erase(cursor->key());
            if (++in_batch == batch_size) flush();
        }
    }
    flush();
    size_ = all - std::min(all, erased);
    entries_.set(static_cast<std::int64_t>(size_));
    return erased;
}

std::size_t Greylist::sweep() {
    const auto in_force = rules();
    std::lock_guard changing{changing_};
    return remove_old(*in_force, clock_.now(), 0);
}

}  // namespace postrider::filter
