#pragma once

#include <array>
#include <bitset>
#include <map>
#include <mutex>

#include "kv/kv.h"
#include "mailstore/records.h"

namespace postrider::mailstore {

struct Core;

/// Serialises changes of `b` records: a stripe of locks, taken in ascending order and after account locks.
class BlobLocks {
public:
    static constexpr std::size_t stripes = 256;
    static std::size_t stripe_of(BlobId blob) { return blob.value() % stripes; }

    class Held {
    public:
        Held() = default;
        Held(BlobLocks& locks, const std::bitset<stripes>& which) : locks_{&locks}, which_{which} {
            for (std::size_t i = 0; i < stripes; ++i)
                if (which_[i]) locks_->mutexes_[i].lock();
        }
        Held(Held&& other) noexcept : locks_{other.locks_}, which_{other.which_} { other.locks_ = nullptr; }
        Held& operator=(Held&& other) noexcept {
            std::swap(locks_, other.locks_);
            std::swap(which_, other.which_);
            return *this;
        }
        ~Held() {
            for (std::size_t i = 0; locks_ && i < stripes; ++i)
                if (which_[i]) locks_->mutexes_[i].unlock();
        }

    private:
        BlobLocks* locks_ = nullptr;
        std::bitset<stripes> which_;
    };

private:
    std::array<std::mutex, stripes> mutexes_;
};

/// What one batch does to reference counts. Keeps the stripes it touches locked until it is destroyed, so
/// that nobody reads a count between the reading here and the writing of the batch.
class BlobRefs {
public:
    explicit BlobRefs(Core& core) : core_{core} {}
    void add_ref(BlobId blob, std::int32_t by) { deltas_[blob.value()].refs += by; }
    void add_hold(BlobId blob, std::int32_t by) { deltas_[blob.value()].holds += by; }

    enum class Missing {
        ignore,  ///< a blob without a record has nothing left to count (removing what is damaged must work)
        fail,    ///< unless the batch only removes references to it
    };
    /// Reads the records, counts, and adds the changed ones to the batch; a blob nobody refers to gets its
    /// `z`.
    Result<> put(kv::Batch& batch, Missing missing);

private:
    struct Delta {
        std::int32_t refs = 0, holds = 0;
    };
    Core& core_;
    std::map<std::uint64_t, Delta> deltas_;
    BlobLocks::Held held_;
};

/// A new record, or a changed one; with its `z` when nobody refers to it.
void put_blob(kv::Batch& batch, BlobId blob, const BlobRecord& record, std::int64_t now);

}  // namespace postrider::mailstore
