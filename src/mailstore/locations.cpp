#include "mailstore/locations.h"

#include <mutex>

#include "mailstore/errors.h"

namespace postrider::mailstore {

Result<Location*> Locations::open(const LocationConfig& config) {
    if (find(config.number)) return fail(MailError::exists, "storage location number is taken");
    auto files = container::Location::open(config.number, config.options, config.storage_id);
    if (!files) return std::unexpected(from(files.error()));
    auto location = std::make_unique<Location>();
    location->config = config;
    location->files = std::move(*files);
    std::unique_lock lock{mutex_};
    auto [at, is_new] = by_number_.try_emplace(config.number, std::move(location));
    if (!is_new) return fail(MailError::exists, "storage location number is taken");
    return at->second.get();
}

Location* Locations::find(std::uint16_t number) const {
    std::shared_lock lock{mutex_};
    auto at = by_number_.find(number);
    return at == by_number_.end() ? nullptr : at->second.get();
}

Location* Locations::pick(std::uint16_t preferred) const {
    std::shared_lock lock{mutex_};
    auto at = by_number_.find(preferred);
    if (at != by_number_.end() && !at->second->files->full()) return at->second.get();
    for (const auto& [number, location] : by_number_)
        if (!location->files->full()) return location.get();
    return nullptr;
}

std::vector<Location*> Locations::all() const {
    std::shared_lock lock{mutex_};
    std::vector<Location*> all;
    for (const auto& [number, location] : by_number_) all.push_back(location.get());
    return all;
}

}  // namespace postrider::mailstore
