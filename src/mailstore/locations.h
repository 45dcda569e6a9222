#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "mailstore/mailstore.h"

namespace postrider::mailstore {

/// One storage location.
struct Location {
    LocationConfig config;
    std::unique_ptr<container::Location> files;
};

/// The locations by number. They are only ever added.
class Locations {
public:
    Result<Location*> open(const LocationConfig& config);
    /// nullptr when there is none of that number.
    Location* find(std::uint16_t number) const;
    Location* of(BlobId blob) const { return find(static_cast<std::uint16_t>(blob.value() >> 48)); }
    /// The preferred one, or another when that is full or unknown; nullptr when all are full.
    Location* pick(std::uint16_t preferred) const;
    std::vector<Location*> all() const;
    bool full() const { return pick(0) == nullptr; }

private:
    mutable std::shared_mutex mutex_;
    std::map<std::uint16_t, std::unique_ptr<Location>> by_number_;
};

/// The number within its location.
inline std::uint64_t number_in_location(BlobId blob) {
    return blob.value() & 0xffff'ffff'ffff;
}

}  // namespace postrider::mailstore
