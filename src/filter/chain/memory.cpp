#include "filter/chain/memory.h"

#include <openssl/sha.h>

#include "base/codec.h"

namespace postrider::filter {
namespace {

constexpr std::string_view prefix = "Fm", prefix_end = "Fn";

/// Fm account(8) digest(16): keys are texts of any length that people and senders choose.
std::string record_key(AccountId account, std::string_view key) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
    std::string out{prefix};
    put_be(out, account.value());
    out.append(reinterpret_cast<const char*>(digest), 16);
    return out;
}

std::uint64_t seconds(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}
Time time_of(std::uint64_t value) {
    return Time{std::chrono::seconds{value}};
}

}  // namespace

std::optional<Time> Memory::noted(AccountId account, std::string_view key) const {
    auto found = store_.get(record_key(account, key));
    if (!found || !*found) return std::nullopt;
    Decoder in{**found};
    const auto noted = in.be<std::uint64_t>(), until = in.be<std::uint64_t>();
    if (!in.ok() || time_of(until) <= clock_.now()) return std::nullopt;
    return time_of(noted);
}

void Memory::note(AccountId account, const Memo& memo) {
    std::string value;
    put_be(value, seconds(clock_.now()));
    put_be(value, seconds(memo.until));
    kv::Batch batch;
    batch.put(record_key(account, memo.key), value);
    // When the disk refuses, somebody is answered twice: the message itself is safe.
    (void)store_.write(std::move(batch));
}

void Memory::forget(AccountId account, kv::Batch& batch) {
    std::string begin{prefix}, end{prefix};
    put_be(begin, account.value());
    put_be(end, account.value() + 1);
    batch.erase_range(begin, end);
}

bool Memory::sweep(std::size_t limit) {
    const std::uint64_t now = seconds(clock_.now());
    auto cursor = store_.scan(swept_to_.empty() ? std::string{prefix} : swept_to_, prefix_end, nullptr,
                              kv::Access::many);
    kv::Batch batch;
    for (std::size_t seen = 0; cursor->valid() && seen < limit; cursor->next(), ++seen) {
        Decoder in{cursor->value()};
        in.be<std::uint64_t>();
        const auto until = in.be<std::uint64_t>();
        if (!in.ok() || until <= now) batch.erase(cursor->key());
    }
    swept_to_ = cursor->valid() ? std::string{cursor->key()} : std::string{};
    if (!batch.empty()) (void)store_.write(std::move(batch));
    return !swept_to_.empty();
}

}  // namespace postrider::filter
