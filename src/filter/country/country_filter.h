#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "filter/country/country_table.h"
#include "filter/country/settings.h"
#include "filter/lists/ip_ranges.h"
#include "observe/log.h"

namespace postrider::filter {

/// Where addresses are: a CSV table or a MaxMind database.
class CountrySource {
public:
    virtual ~CountrySource() = default;
    virtual std::optional<Country> find(const settings::Ip& ip) const = 0;

    static constexpr std::uintmax_t max_file = 1ULL << 30;
    /// By what the file is. The error says what is wrong with it and where.
    static std::expected<std::shared_ptr<const CountrySource>, std::string> open(
        const std::filesystem::path& file);
};

/// Whether a client's country is one that mail is taken from. Thread-safe; look-ups do not block.
class CountryFilter {
public:
    struct Verdict {
        bool banned = false;
        std::string country;  ///< "" = not known
    };

    /// @param directory  relative paths are relative to it
    CountryFilter(std::filesystem::path directory, observe::Logger log)
        : directory_{std::move(directory)}, log_{log} {}

    /// Reads the file if it is another one or has changed. On an error the settings and the file of before
    /// stay in force.
    std::expected<void, std::string> configure(const CountrySettings& settings);
    /// Reads the file again if it has changed; about once a minute. A file that cannot be read is logged
    /// once, and the one before stays in force.
    void refresh();

    /// By the settings; not banned while the filter is off.
    Verdict check(const settings::Ip& client) const;
    /// By lists that a policy gives: banned = it is in `banned`, or `allowed` is not empty and lacks it.
    Verdict check(const settings::Ip& client, const std::vector<std::string>& allowed,
                  const std::vector<std::string>& banned) const;
    std::string country(const settings::Ip& client) const;  ///< "" = not known
    bool loaded() const;

private:
    struct Stamp {
        std::filesystem::path file;
        std::filesystem::file_time_type time{};
        std::uintmax_t size = 0;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    struct State {
        bool enable = false;
        CountryMode mode = CountryMode::block;
        std::vector<Country> countries;  ///< sorted
        IpRanges exclusions;
        std::shared_ptr<const CountrySource> source;
        Stamp stamp;
    };
    std::shared_ptr<const State> state() const;
    Stamp stamp_of(const std::string& file) const;

    const std::filesystem::path directory_;
    observe::Logger log_;
    std::mutex changing_;
    CountrySettings settings_;
    Stamp tried_;  ///< the last that could not be read
    mutable std::mutex mutex_;
    std::shared_ptr<const State> state_ = std::make_shared<const State>();
};

}  // namespace postrider::filter
