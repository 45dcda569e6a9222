#include "filter/ban/bans.h"

#include <algorithm>

#include "base/codec.h"
#include "text/utf8.h"

namespace postrider::filter {
namespace {

using std::chrono::seconds;

constexpr std::string_view automatic_prefix = "Uba", by_hand_prefix = "Ubh";
constexpr std::uint8_t version = 1;
constexpr std::size_t longest_reason = 200;

std::string key_of(std::string_view prefix, const settings::Ip& ip) {
    std::string key{prefix};
    key.append(reinterpret_cast<const char*>(ip.octets.data()), ip.octets.size());
    return key;
}
std::string behind(std::string_view prefix) {
    std::string end{prefix};
    ++end.back();
    return end;
}
std::optional<settings::Ip> ip_of(std::string_view octets) {
    settings::Ip ip;
    if (octets.size() != ip.octets.size()) return std::nullopt;
    std::ranges::copy(octets, reinterpret_cast<char*>(ip.octets.data()));
    return ip;
}
std::uint64_t to_number(Time time) {
    const auto since = std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
    return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}
Time to_time(std::uint64_t number) {
    return Time{seconds{static_cast<std::int64_t>(std::min<std::uint64_t>(number, 1ULL << 33))}};
}
/// When nothing ends: as far as a record can say.
const Time for_good = Time{seconds{std::int64_t{1} << 33}};

}  // namespace

std::string_view words(Offence offence) {
    switch (offence) {
        case Offence::failed_login: return "failed log-ins";
        case Offence::protocol_error: return "sessions full of mistakes";
        case Offence::unknown_recipient: return "unknown recipients";
        case Offence::trap: return "mail to a trap";
    }
    return "";
}

std::size_t Bans::HashKey::operator()(const Key& key) const {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(key.octets.data()), key.octets.size()});
}

Bans::Bans(kv::Store& store, const Clock& clock, observe::Metrics& metrics, observe::Logger log)
    : store_{store},
      clock_{clock},
      log_{log},
      banned_{metrics.counter("bans.made", "Networks that were shut out for what they did")},
      refused_{metrics.counter("bans.refused", "Connections refused because their network is shut out")},
      in_force_{metrics.gauge("bans.active", "Networks that are shut out")} {}

std::expected<std::shared_ptr<const Bans::Rules>, std::string> Bans::rules_of(const BanSettings& settings) {
    auto out = std::make_shared<Rules>();
    out->settings = settings;
    auto exclusions = IpRanges::compile(settings.exclusions);
    if (!exclusions) return std::unexpected("bans: " + exclusions.error());
    out->exclusions = std::move(*exclusions);
    std::vector<std::string> traps;
    for (const std::string& text : settings.traps) {
        traps.push_back(canonical_pattern(text));
        if (traps.back().empty()) return std::unexpected("bans: the trap '" + text + "' is no address");
    }
    out->traps = AddressPatterns{traps};
    return std::shared_ptr<const Rules>{std::move(out)};
}

std::expected<std::unique_ptr<Bans>, std::string> Bans::open(kv::Store& store, const Clock& clock,
                                                             observe::Metrics& metrics, observe::Logger log,
                                                             const BanSettings& settings) {
    std::unique_ptr<Bans> out{new Bans{store, clock, metrics, log}};
    if (auto ok = out->reconfigure(settings); !ok) return std::unexpected(ok.error());
    if (auto ok = out->load(); !ok) return std::unexpected("Bans cannot be read: " + ok.error().what);
    return out;
}

std::expected<void, std::string> Bans::reconfigure(const BanSettings& settings) {
    auto fresh = rules_of(settings);
    if (!fresh) return std::unexpected(fresh.error());
    std::unique_lock lock{mutex_};
    rules_ = std::move(*fresh);
    return {};
}

std::shared_ptr<const Bans::Rules> Bans::rules() const {
    std::shared_lock lock{mutex_};
    return rules_;
}

kv::Result<> Bans::load() {
    const std::string end = behind(automatic_prefix);
    auto cursor = store_.scan(automatic_prefix, end, nullptr, kv::Access::many);
    for (; cursor->valid() && records_.size() < max_banned; cursor->next()) {
        const auto ip = ip_of(cursor->key().substr(automatic_prefix.size()));
        Decoder in{cursor->value()};
        if (!ip || in.be<std::uint8_t>() != version) continue;
        Record record;
        record.offence = static_cast<Offence>(std::min<std::uint8_t>(in.be<std::uint8_t>(), 3));
        record.times = static_cast<unsigned>(std::min<std::uint64_t>(in.varint(), 1000));
        record.since = to_time(in.varint());
        record.until = to_time(in.varint());
        if (in.ok()) records_.emplace(*ip, record);
    }
    if (auto ok = cursor->status(); !ok) return ok;
    const std::string hand_end = behind(by_hand_prefix);
    cursor = store_.scan(by_hand_prefix, hand_end);
    for (; cursor->valid() && by_hand_.size() < max_by_hand; cursor->next()) {
        const auto first = ip_of(cursor->key().substr(by_hand_prefix.size()));
        Decoder in{cursor->value()};
        if (!first || in.be<std::uint8_t>() != version) continue;
        const auto last = ip_of(in.take(16));
        ByHand ban;
        ban.since = to_time(in.varint());
        ban.until = to_time(in.varint());
        ban.reason = in.string();
        if (!in.ok() || !last) continue;
        ban.range = {*first, *last};
        by_hand_.emplace(*first, std::move(ban));
    }
    count_bans();
    return cursor->status();
}

void Bans::put(const Key& key, const Record& record) {
    std::string value;
    value += static_cast<char>(version);
    value += static_cast<char>(record.offence);
    put_varint(value, record.times);
    put_varint(value, to_number(record.since));
    put_varint(value, to_number(record.until));
    kv::Batch batch;
    batch.put(key_of(automatic_prefix, key), value);
    if (auto ok = store_.write(std::move(batch)); !ok)
        log_.warning({}, "A ban is not kept: {}", ok.error().what);
}

void Bans::count_bans() {
    const Time now = clock_.now();
    std::int64_t many = static_cast<std::int64_t>(by_hand_.size());
    for (const auto& [key, record] : records_)
        if (now < record.until) ++many;
    in_force_.set(many);
}

/// With `counting_` held.
Bans::Count& Bans::touch(const Key& key) {
    if (auto at = young_.find(key); at != young_.end()) return at->second;
    Count count;
    if (auto at = old_.find(key); at != old_.end()) {
        count = at->second;
        old_.erase(at);
    }
    if (young_.size() >= max_counted / 2) {
        old_ = std::move(young_);
        young_ = {};
    }
    return young_[key] = count;
}

bool Bans::note(std::string_view client, Offence offence, unsigned many) {
    const auto ip = settings::parse_ip(client);
    return ip && note(*ip, offence, many);
}

bool Bans::note(const settings::Ip& client, Offence offence, unsigned many) {
    const auto in_force = rules();
    const BanSettings& s = in_force->settings;
    const unsigned limits[] = {s.failed_logins, s.protocol_errors, s.unknown_recipients, s.trap_hits};
    const unsigned limit = limits[static_cast<std::size_t>(offence)];
    if (!s.enable || limit == 0 || in_force->exclusions.has(client)) return false;
    const Time now = clock_.now();
    const Key key = network_of(client, s.v4_bits, s.v6_bits);
    {
        std::lock_guard lock{counting_};
        Count& count = touch(key);
        if (now - count.since >= s.window) count = Count{{}, now};
        std::uint32_t& done = count.many[static_cast<std::size_t>(offence)];
        done += many;
        if (done < limit) return false;
        count = Count{{}, now};  // the next ban needs as much again
    }
    ban(key, offence, *in_force, now);
    return true;
}

bool Bans::is_trap(const mime::AddrSpec& recipient) const {
    return rules()->traps.has(recipient);
}

bool Bans::note_recipient(const settings::Ip& client, const mime::AddrSpec& recipient) {
    const auto in_force = rules();
    if (in_force->traps.empty() || !in_force->traps.has(recipient)) return false;
    note(client, Offence::trap);
    return true;
}

void Bans::ban(const Key& key, Offence offence, const Rules& rules, Time now) {
    const BanSettings& s = rules.settings;
    std::unique_lock lock{mutex_};
    auto at = records_.find(key);
    if (at != records_.end() && now < at->second.until) return;
    Record record{now, now, 1, offence};
    if (at != records_.end() && now - at->second.until < s.remembered)
        record.times = std::min(at->second.times + 1, 1000U);
    seconds life = s.first_ban;
    for (unsigned i = 1; i < record.times && life < s.longest_ban; ++i) life *= 2;
    life = std::min(life, std::max(s.longest_ban, s.first_ban));
    record.until = now + life;
    if (at == records_.end() && records_.size() >= max_banned) make_room();
    records_[key] = record;
    put(key, record);
    banned_.add();
    in_force_.add();
    log_.warning({}, "{} is shut out for {} s, time {}: {}", network_text(key, s.v4_bits, s.v6_bits),
                 life.count(), record.times, words(offence));
}

/// With `mutex_` held: the eighth that ends soonest goes.
void Bans::make_room() {
    std::vector<std::pair<Time, Key>> all;
    all.reserve(records_.size());
    for (const auto& [key, record] : records_) all.emplace_back(record.until, key);
    const std::size_t many = std::max<std::size_t>(all.size() / 8, 1);
    std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(many - 1));
    kv::Batch batch;
    for (std::size_t i = 0; i < many; ++i) {
        records_.erase(all[i].second);
        batch.erase(key_of(automatic_prefix, all[i].second));
    }
    (void)store_.write(std::move(batch));
}

Ban Bans::shown(const Key& key, const Record& record, const Rules& rules) const {
    return {network_text(key, rules.settings.v4_bits, rules.settings.v6_bits),
            record.since,
            record.until,
            std::string{words(record.offence)},
            record.times,
            false};
}

Ban Bans::shown(const ByHand& ban) {
    std::string network = settings::to_string(ban.range.first);
    if (ban.range.first != ban.range.last) network += "-" + settings::to_string(ban.range.last);
    return {std::move(network), ban.since, ban.until, ban.reason, 1, true};
}

std::optional<Ban> Bans::find(const settings::Ip& client) const {
    const Time now = clock_.now();
    std::shared_lock lock{mutex_};
    if (!by_hand_.empty()) {
        auto at = by_hand_.upper_bound(client);
        if (at != by_hand_.begin() && (--at)->second.range.has(client) && now < at->second.until)
            return shown(at->second);
    }
    const BanSettings& s = rules_->settings;
    if (!s.enable || records_.empty()) return std::nullopt;
    const Key key = network_of(client, s.v4_bits, s.v6_bits);
    auto at = records_.find(key);
    if (at == records_.end() || now >= at->second.until || rules_->exclusions.has(client))
        return std::nullopt;
    return shown(key, at->second, *rules_);
}

std::optional<std::string> Bans::refuse(const settings::Ip& client) const {
    auto ban = find(client);
    if (!ban) return std::nullopt;
    refused_.add();
    return "shut out: " + ban->reason;
}

std::vector<Ban> Bans::list(std::size_t limit) const {
    const Time now = clock_.now();
    std::vector<Ban> all, automatic;
    std::shared_lock lock{mutex_};
    for (const auto& [first, ban] : by_hand_)
        if (now < ban.until) all.push_back(shown(ban));
    for (const auto& [key, record] : records_)
        if (now < record.until) automatic.push_back(shown(key, record, *rules_));
    lock.unlock();
    std::ranges::sort(automatic, [](const Ban& a, const Ban& b) {
        return std::tie(a.until, a.network) < std::tie(b.until, b.network);
    });
    for (Ban& one : automatic) all.push_back(std::move(one));
    if (all.size() > limit) all.resize(limit);
    return all;
}

std::expected<Ban, std::string> Bans::add(std::string_view text, seconds life, std::string reason) {
    const auto range = settings::parse_ip_set(text);
    if (!range) return std::unexpected("'" + std::string{text} + "' is no IP address, range or network");
    reason = text::repair_utf8(reason);
    reason.resize(text::truncate_utf8(reason, longest_reason).size());
    ByHand ban{*range, clock_.now(), for_good, std::move(reason)};
    if (life.count() > 0) ban.until = std::min(ban.since + life, for_good);
    std::unique_lock lock{mutex_};
    if (by_hand_.size() >= max_by_hand) return std::unexpected("there are 10,000 bans by hand already");
    auto behind_it = by_hand_.upper_bound(range->last);
    if (behind_it != by_hand_.begin()) {
        const ByHand& before = std::prev(behind_it)->second;
        const bool same = before.range == *range;
        if (!same && range->first <= before.range.last && before.range.first.v4() == range->first.v4())
            return std::unexpected("it overlaps the ban of " + shown(before).network);
    }
    std::string value;
    value += static_cast<char>(version);
    value.append(reinterpret_cast<const char*>(range->last.octets.data()), range->last.octets.size());
    put_varint(value, to_number(ban.since));
    put_varint(value, to_number(ban.until));
    put_string(value, ban.reason);
    kv::Batch batch;
    batch.put(key_of(by_hand_prefix, range->first), value);
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return std::unexpected(ok.error().what);
    Ban out = shown(ban);
    by_hand_.insert_or_assign(range->first, std::move(ban));
    count_bans();
    return out;
}

std::expected<bool, std::string> Bans::remove(std::string_view text) {
    const auto range = settings::parse_ip_set(text);
    if (!range) return std::unexpected("'" + std::string{text} + "' is no IP address, range or network");
    std::unique_lock lock{mutex_};
    kv::Batch batch;
    bool some = false;
    if (auto at = by_hand_.find(range->first); at != by_hand_.end() && at->second.range == *range) {
        batch.erase(key_of(by_hand_prefix, range->first));
        by_hand_.erase(at);
        some = true;
    }
    const BanSettings& s = rules_->settings;
    const Key key = network_of(range->first, s.v4_bits, s.v6_bits);
    if (auto at = records_.find(key);
        at != records_.end() && network_of(range->last, s.v4_bits, s.v6_bits) == key) {
        some |= clock_.now() < at->second.until;
        batch.erase(key_of(automatic_prefix, key));
        records_.erase(at);
    }
    if (!batch.empty())
        if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
            return std::unexpected(ok.error().what);
    count_bans();
    lock.unlock();
    std::lock_guard counting{counting_};
    young_.erase(key);
    old_.erase(key);
    return some;
}

void Bans::sweep() {
    const Time now = clock_.now();
    std::unique_lock lock{mutex_};
    kv::Batch batch;
    for (auto at = records_.begin(); at != records_.end();) {
        if (now - at->second.until >= rules_->settings.remembered) {
            batch.erase(key_of(automatic_prefix, at->first));
            at = records_.erase(at);
        } else {
            ++at;
        }
    }
    for (auto at = by_hand_.begin(); at != by_hand_.end();) {
        if (now >= at->second.until) {
            batch.erase(key_of(by_hand_prefix, at->first));
            at = by_hand_.erase(at);
        } else {
            ++at;
        }
    }
    if (!batch.empty()) (void)store_.write(std::move(batch));
    count_bans();
}

}  // namespace postrider::filter
