#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "kv/kv.h"
#include "relay/tls_policy.h"

namespace postrider::relay {

/// Policies that have been fetched, until they are too old; they outlive the server (docs/formats/relay.md).
/// At most 10,000 domains: then the one that expires first goes. All of it is in memory; put() and erase()
/// write to the store and may block. Thread-safe.
class StsCache {
public:
    static constexpr std::size_t max_domains = 10'000;

    struct Entry {
        StsPolicy policy;  ///< with its id
        Time fetched{};
        Time expires() const { return fetched + policy.max_age; }
    };

    explicit StsCache(kv::Store& store) : store_{store} {}
    /// What an earlier run has left. Records that cannot be read are removed.
    kv::Result<> load(Time now);

    std::optional<Entry> find(const std::string& domain, Time now) const;
    kv::Result<> put(const std::string& domain, Entry entry);
    kv::Result<> erase(const std::string& domain);
    /// Those that were fetched before, or expire before, in the order of their names.
    std::vector<std::string> old(Time fetched_before, Time expires_before, std::size_t limit) const;
    std::size_t size() const;

private:
    kv::Store& store_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

/// One record, without its key.
std::string encode_sts(const StsCache::Entry& entry);
std::optional<StsCache::Entry> decode_sts(std::string_view record);

}  // namespace postrider::relay
