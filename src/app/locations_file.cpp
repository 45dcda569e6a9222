#include "app/locations_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "settings/writer.h"

namespace postrider::app {
namespace {

using Json = nlohmann::ordered_json;
using mailstore::LocationConfig;
using mailstore::MailError;

constexpr std::uint64_t megabyte = 1 << 20;
constexpr std::uint64_t highest_number = std::numeric_limits<std::uint16_t>::max();

std::filesystem::path file_in(const std::filesystem::path& home) {
    return home / "run" / "locations.json";
}

std::optional<LocationConfig> decode(const Json& json) {
    auto number = json.value("number", std::uint64_t{0}), files = json.value("max_files", std::uint64_t{0}),
         size = json.value("max_file_size_mb", std::uint64_t{0});
    if (number < 1 || number > highest_number || files < 1 || files > 128 || size < 1 || size > 2048)
        return std::nullopt;
    LocationConfig location;
    location.number = static_cast<std::uint16_t>(number);
    location.options.directory = json.value("directory", std::string{});
    location.options.max_files = static_cast<std::uint32_t>(files);
    location.options.max_file_bytes = size * megabyte;
    location.options.read_only = json.value("read_only", false);
    location.storage_id = json.value("storage_id", std::string{});
    if (location.options.directory.empty()) return std::nullopt;
    return location;
}

std::unexpected<mailstore::Failure> fail(MailError kind, std::string what) {
    return std::unexpected(mailstore::Failure{kind, std::move(what)});
}

}  // namespace

std::expected<LocationsFile, std::string> LocationsFile::load(std::filesystem::path home) {
    LocationsFile made;
    made.home_ = std::move(home);
    const auto file = file_in(made.home_);
    std::error_code error;
    if (!std::filesystem::exists(file, error) && !error) return made;
    auto text = settings::load_file(file.string());
    if (!text) return std::unexpected(text.error());
    auto damaged = [&] {
        return std::unexpected(file.string() + " is damaged; it lists the storage locations, and without them mail would be "
                                               "missing. Restore it from a backup.");
    };
    try {
        Json json = Json::parse(*text);
        for (const Json& one : json.at("locations")) {
            auto location = decode(one);
            if (!location) return damaged();
            location->options.directory = made.absolute(location->options.directory);
            made.locations_.push_back(std::move(*location));
        }
    } catch (const Json::exception&) {
        return damaged();
    }
    return made;
}

std::filesystem::path LocationsFile::absolute(const std::filesystem::path& directory) const {
    auto path = (home_ / directory).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

std::optional<std::uint16_t> LocationsFile::number_of(const std::filesystem::path& directory) const {
    auto path = absolute(directory);
    if (path == absolute("messages")) return 0;
    auto at = std::ranges::find_if(locations_,
                                   [&](const LocationConfig& one) { return one.options.directory == path; });
    if (at == locations_.end()) return std::nullopt;
    return at->number;
}

std::uint16_t LocationsFile::next_number() const {
    std::uint16_t highest = 0;
    for (const LocationConfig& one : locations_) highest = std::max(highest, one.number);
    return static_cast<std::uint16_t>(highest + 1);
}

std::expected<LocationConfig, mailstore::Failure> LocationsFile::add(LocationConfig location) {
    location.options.directory = absolute(location.options.directory);
    if (std::ranges::any_of(locations_,
                            [&](const LocationConfig& one) { return one.number == location.number; }))
        return fail(MailError::exists,
                    fmt::format("There is a storage location {} already", location.number));
    if (auto number = number_of(location.options.directory))
        return fail(MailError::exists,
                    fmt::format("{} is storage location {}", location.options.directory.string(), *number));
    {
        auto opened = container::Location::open(location.number, location.options, location.storage_id);
        if (!opened) return fail(MailError::storage, opened.error().what);
        location.storage_id = (*opened)->storage_id();
    }
    locations_.push_back(location);
    if (auto saved = save(); !saved) {
        locations_.pop_back();
        return fail(MailError::storage, saved.error());
    }
    return location;
}

std::expected<void, std::string> LocationsFile::remove(std::uint16_t number) {
    std::erase_if(locations_, [&](const LocationConfig& one) { return one.number == number; });
    return save();
}

std::expected<LocationConfig, mailstore::Failure> LocationsFile::change(std::uint16_t number,
                                                                        std::uint32_t max_files,
                                                                        std::uint64_t max_file_bytes,
                                                                        bool read_only) {
    auto at = std::ranges::find(locations_, number, &LocationConfig::number);
    if (at == locations_.end())
        return fail(MailError::no_permission,
                    number == 0 ? "The limits of the server's own storage location do not change"
                                : fmt::format("There is no storage location {}", number));
    const LocationConfig before = *at;
    if (max_files != 0) at->options.max_files = max_files;
    if (max_file_bytes != 0) at->options.max_file_bytes = max_file_bytes;
    at->options.read_only = read_only;
    if (auto saved = save(); !saved) {
        *at = before;
        return fail(MailError::storage, saved.error());
    }
    return *at;
}

std::expected<void, std::string> LocationsFile::save() const {
    Json rows = Json::array();
    for (const LocationConfig& one : locations_) {
        // Below the working directory as a relative path, so that it can be moved as a whole.
        auto relative = one.options.directory.lexically_relative(home_);
        bool below = !relative.empty() && *relative.begin() != "..";
        rows.push_back(Json{{"number", one.number},
                            {"directory", (below ? relative : one.options.directory).string()},
                            {"max_files", one.options.max_files},
                            {"max_file_size_mb", one.options.max_file_bytes / megabyte},
                            {"read_only", one.options.read_only},
                            {"storage_id", one.storage_id}});
    }
    return settings::save_file(file_in(home_).string(), Json{{"locations", std::move(rows)}}.dump(2) + "\n");
}

}  // namespace postrider::app
