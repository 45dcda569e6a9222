#include "directory/folder_quotas.h"

#include "base/codec.h"
#include "directory/keys.h"

namespace postrider::directory {
namespace {

constexpr char version = 1;

std::string key_of(AccountId owner, FolderId folder) {
    std::string key = keys::of('Q');
    put_be(key, owner.value());
    put_be(key, folder.value());
    return key;
}

/// The keys of an owner lie in [key_of(owner, 0), this).
std::string behind(AccountId owner) {
    return key_of(AccountId{owner.value() + 1}, FolderId{});
}

std::unexpected<Failure> storage(const kv::Failure& failure) {
    return std::unexpected(Failure{DirectoryError::storage, failure.what});
}

std::string encoded(const FolderQuota& quota) {
    std::string bytes{version};
    put_be(bytes, quota.message_count);
    put_be(bytes, quota.message_size_kb);
    return bytes;
}

std::uint64_t number(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

Result<FolderQuota> decoded(std::string_view bytes) {
    if (bytes.size() != 17 || bytes[0] != version)
        return std::unexpected(Failure{DirectoryError::storage, "the quota of a folder is damaged"});
    FolderQuota quota;
    quota.message_count = number(bytes.substr(1, 8));
    quota.message_size_kb = number(bytes.substr(9, 8));
    return quota;
}

}  // namespace

Result<> FolderQuotaBook::open() {
    const std::string first = keys::of('Q');
    const auto cursor = store_.scan(first, keys::after(first));
    std::lock_guard lock{mutex_};
    for (; cursor->valid(); cursor->next()) {
        const std::string_view key = cursor->key();
        if (key.size() == first.size() + 12) owners_.insert(AccountId{number(key.substr(first.size(), 8))});
    }
    any_ = !owners_.empty();
    if (auto ok = cursor->status(); !ok) return storage(ok.error());
    return {};
}

Result<FolderQuotas> FolderQuotaBook::of(AccountId owner) const {
    FolderQuotas quotas;
    const std::string first = key_of(owner, FolderId{}), end = behind(owner);
    const auto cursor = store_.scan(first, end);
    for (; cursor->valid() && quotas.size() < max_folder_quotas; cursor->next()) {
        const std::string_view key = cursor->key();
        if (key.size() != first.size()) continue;
        auto quota = decoded(cursor->value());
        if (!quota) return std::unexpected(quota.error());
        const auto folder = static_cast<std::uint32_t>(number(key.substr(key.size() - 4)));
        quotas.emplace(FolderId{folder}, *quota);
    }
    if (auto ok = cursor->status(); !ok) return storage(ok.error());
    return quotas;
}

Result<std::optional<FolderQuota>> FolderQuotaBook::of(AccountId owner, FolderId folder) const {
    if (!any_.load(std::memory_order_acquire)) return std::nullopt;
    {
        std::shared_lock lock{mutex_};
        if (!owners_.contains(owner)) return std::nullopt;
    }
    auto bytes = store_.get(key_of(owner, folder));
    if (!bytes) return storage(bytes.error());
    if (!*bytes) return std::nullopt;
    auto quota = decoded(**bytes);
    if (!quota) return std::unexpected(quota.error());
    return *quota;
}

void FolderQuotaBook::forget(AccountId owner, kv::Batch& batch) {
    batch.erase_range(key_of(owner, FolderId{}), behind(owner));
}

Result<> FolderQuotaBook::set(AccountId owner, const FolderQuotas& quotas) {
    if (quotas.size() > max_folder_quotas)
        return std::unexpected(
            Failure{DirectoryError::bad_value, "too many folders have a quota of their own"});
    std::lock_guard change{setting_};
    if (!quotas
             .empty()) {  // before it is written: who reads meanwhile looks into the store, and finds the old
        std::lock_guard lock{mutex_};
        owners_.insert(owner);
        any_.store(true, std::memory_order_release);
    }
    kv::Batch batch;
    forget(owner, batch);
    for (const auto& [folder, quota] : quotas) batch.put(key_of(owner, folder), encoded(quota));
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok) return storage(ok.error());
    if (quotas.empty()) {
        std::lock_guard lock{mutex_};
        owners_.erase(owner);
        any_.store(!owners_.empty(), std::memory_order_release);
    }
    return {};
}

}  // namespace postrider::directory
