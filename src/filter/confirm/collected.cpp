#include "filter/confirm/collected.h"

#include <algorithm>

#include "base/codec.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

constexpr std::string_view prefix = "Uc";
constexpr std::uint8_t version = 1;
constexpr std::size_t most_counts = 100'000;

std::string account_key(AccountId account) {
    std::string key{prefix};
    put_be(key, account.value());
    return key;
}
std::string behind(AccountId account) {
    return account_key(AccountId{account.value() + 1});
}
std::string key_of(AccountId account, const mime::AddrSpec& address) {
    return account_key(account) + text::to_lower(address.local) + "@" + address.domain;
}

}  // namespace

kv::Result<bool> CollectedAddresses::has(AccountId account, const mime::AddrSpec& address) {
    if (address.domain.empty()) return false;
    auto found = store_.get(key_of(account, address));
    if (!found) return std::unexpected(found.error());
    return found->has_value();
}

kv::Result<bool> CollectedAddresses::add(AccountId account, const mime::AddrSpec& address, How how) {
    if (address.domain.empty()) return false;
    const std::string key = key_of(account, address);
    std::lock_guard lock{changing_};
    auto there = store_.get(key);
    if (!there) return std::unexpected(there.error());
    if (*there) return false;
    std::string value;
    value += static_cast<char>(version);
    value += static_cast<char>(how);
    put_varint(
        value,
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count()));
    kv::Batch batch;
    batch.put(key, value);
    if (auto ok = store_.write(std::move(batch)); !ok) return std::unexpected(ok.error());
    if (counts_.size() > most_counts) counts_.clear();
    auto at = counts_.find(account);
    if (at == counts_.end()) {
        std::size_t many = 0;
        const std::string end = behind(account);
        auto cursor = store_.scan(account_key(account), end);
        for (; cursor->valid(); cursor->next()) ++many;
        at = counts_.emplace(account, many).first;
    } else {
        ++at->second;
    }
    if (at->second > max_addresses)
        if (auto ok = trim(account); !ok) return std::unexpected(ok.error());
    return true;
}

/// With `changing_` held.
kv::Result<> CollectedAddresses::trim(AccountId account) {
    std::vector<std::pair<std::uint64_t, std::string>> all;
    const std::string end = behind(account);
    auto cursor = store_.scan(account_key(account), end, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) {
        Decoder in{cursor->value()};
        in.take(2);
        all.emplace_back(in.varint(), std::string{cursor->key()});
    }
    const std::size_t many = std::min(all.size(), max_addresses / 10);
    std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(many));
    kv::Batch batch;
    for (std::size_t i = 0; i < many; ++i) batch.erase(all[i].second);
    counts_[account] = all.size() - many;
    return store_.write(std::move(batch));
}

kv::Result<bool> CollectedAddresses::remove(AccountId account, const mime::AddrSpec& address) {
    const std::string key = key_of(account, address);
    std::lock_guard lock{changing_};
    auto there = store_.get(key);
    if (!there) return std::unexpected(there.error());
    if (!*there) return false;
    kv::Batch batch;
    batch.erase(key);
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return std::unexpected(ok.error());
    counts_.erase(account);
    return true;
}

kv::Result<std::vector<CollectedAddresses::Entry>> CollectedAddresses::list(AccountId account,
                                                                            std::size_t limit) {
    std::vector<Entry> out;
    const std::string begin = account_key(account), end = behind(account);
    auto cursor = store_.scan(begin, end);
    for (; cursor->valid() && out.size() < limit; cursor->next()) {
        Decoder in{cursor->value()};
        if (in.be<std::uint8_t>() != version) continue;
        Entry one;
        one.address = cursor->key().substr(begin.size());
        one.how = static_cast<How>(std::min<std::uint8_t>(in.be<std::uint8_t>(), 2));
        one.since = Time{std::chrono::seconds{
            static_cast<std::int64_t>(std::min<std::uint64_t>(in.varint(), 1ULL << 33))}};
        if (in.ok()) out.push_back(std::move(one));
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(ok.error());
    return out;
}

void CollectedAddresses::erase(AccountId account, kv::Batch& batch) {
    batch.erase_range(account_key(account), behind(account));
}

}  // namespace postrider::filter
