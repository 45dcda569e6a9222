#include "relay/sts_cache.h"

#include <algorithm>

#include "base/codec.h"
#include "relay/sts_policy.h"

namespace postrider::relay {
namespace {

constexpr std::string_view prefix = "Ts", prefix_end = "Tt";
constexpr std::uint8_t version = 1;

std::string key_of(std::string_view domain) {
    return std::string{prefix}.append(domain);
}

}  // namespace

std::string encode_sts(const StsCache::Entry& entry) {
    std::string out;
    put_be<std::uint8_t>(out, version);
    put_varint(
        out, static_cast<std::uint64_t>(
                 std::chrono::duration_cast<std::chrono::seconds>(entry.fetched.time_since_epoch()).count()));
    put_string(out, entry.policy.id);
    put_string(out, entry.policy.text);
    return out;
}

std::optional<StsCache::Entry> decode_sts(std::string_view record) {
    Decoder in{record};
    const auto v = in.be<std::uint8_t>();
    const std::uint64_t fetched = in.varint();
    std::string id{in.string()};
    const std::string_view text = in.string();
    if (!in.ok() || !in.at_end() || v != version || fetched > 100'000'000'000) return std::nullopt;
    auto policy = parse_sts_policy(text);
    if (!policy) return std::nullopt;
    policy->id = std::move(id);
    return StsCache::Entry{std::move(*policy), Time{std::chrono::seconds{fetched}}};
}

kv::Result<> StsCache::load(Time now) {
    kv::Batch gone;
    std::lock_guard lock{mutex_};
    auto cursor = store_.scan(prefix, prefix_end, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) {
        auto entry = decode_sts(cursor->value());
        if (entry && entry->expires() > now && entries_.size() < max_domains)
            entries_.emplace(cursor->key().substr(prefix.size()), std::move(*entry));
        else
            gone.erase(cursor->key());
    }
    if (auto ok = cursor->status(); !ok) return ok;
    return gone.empty() ? kv::Result<>{} : store_.write(std::move(gone));
}

std::optional<StsCache::Entry> StsCache::find(const std::string& domain, Time now) const {
    std::lock_guard lock{mutex_};
    auto at = entries_.find(domain);
    if (at == entries_.end() || at->second.expires() <= now) return std::nullopt;
    return at->second;
}

kv::Result<> StsCache::put(const std::string& domain, Entry entry) {
    kv::Batch batch;
    batch.put(key_of(domain), encode_sts(entry));
    {
        std::lock_guard lock{mutex_};
        if (entries_.size() >= max_domains && !entries_.contains(domain)) {
            auto first =
                std::ranges::min_element(entries_, {}, [](const auto& one) { return one.second.expires(); });
            batch.erase(key_of(first->first));
            entries_.erase(first);
        }
        entries_[domain] = std::move(entry);
    }
    return store_.write(std::move(batch));
}

kv::Result<> StsCache::erase(const std::string& domain) {
    {
        std::lock_guard lock{mutex_};
        if (entries_.erase(domain) == 0) return {};
    }
    kv::Batch batch;
    batch.erase(key_of(domain));
    return store_.write(std::move(batch));
}

std::vector<std::string> StsCache::old(Time fetched_before, Time expires_before, std::size_t limit) const {
    std::lock_guard lock{mutex_};
    std::vector<std::string> out;
    for (const auto& [domain, entry] : entries_) {
        if (out.size() == limit) break;
        if (entry.fetched < fetched_before || entry.expires() < expires_before) out.push_back(domain);
    }
    return out;
}

std::size_t StsCache::size() const {
    std::lock_guard lock{mutex_};
    return entries_.size();
}

}  // namespace postrider::relay
