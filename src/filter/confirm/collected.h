#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "kv/kv.h"
#include "mime/address.h"

namespace postrider::filter {

/// Addresses that an account has met: those it has written to, and those that have confirmed who they are
/// ("Collected Addresses"). At most 10,000 of an account; then the tenth that was met longest ago goes.
/// Thread-safe; asks the store. Records: docs/formats/trust.md.
class CollectedAddresses {
public:
    static constexpr std::size_t max_addresses = 10'000;
    enum class How : std::uint8_t { written_to, confirmed, by_hand };
    struct Entry {
        std::string address;  ///< lower case
        How how = How::written_to;
        Time since{};
    };

    CollectedAddresses(kv::Store& store, const Clock& clock) : store_{store}, clock_{clock} {}

    kv::Result<bool> has(AccountId account, const mime::AddrSpec& address);
    /// true: it is new. Cheap for those that are there.
    kv::Result<bool> add(AccountId account, const mime::AddrSpec& address, How how);
    kv::Result<bool> remove(AccountId account, const mime::AddrSpec& address);
    kv::Result<std::vector<Entry>> list(AccountId account, std::size_t limit = max_addresses);
    static void erase(AccountId account, kv::Batch& batch);  ///< adds that all of them go

private:
    kv::Result<> trim(AccountId account);

    kv::Store& store_;
    const Clock& clock_;
    std::mutex changing_;
    std::unordered_map<AccountId, std::size_t> counts_;  ///< of accounts that have added some; bounded
};

}  // namespace postrider::filter
