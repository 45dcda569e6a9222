#include <maxminddb.h>

#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "filter/country/country_filter.h"
#include "net/unique_fd.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

namespace fs = std::filesystem;

class CsvSource final : public CountrySource {
public:
    explicit CsvSource(CountryTable table) : table_{std::move(table)} {}
    std::optional<Country> find(const settings::Ip& ip) const override { return table_.find(ip); }

private:
    CountryTable table_;
};

/// libmaxminddb reads the mapped file and checks every offset against its size. A file that is cut short
/// under the server would be a fault of the machine (SIGBUS), so ours is a copy in memory that nobody else
/// has.
class MmdbSource final : public CountrySource {
public:
    static std::expected<std::shared_ptr<const CountrySource>, std::string> open(std::string_view octets) {
        const net::UniqueFd copy{memfd_create("country", MFD_CLOEXEC)};
        if (copy.get() < 0) return std::unexpected("no memory for it");
        while (!octets.empty()) {
            const ssize_t many = ::write(copy.get(), octets.data(), octets.size());
            if (many <= 0) return std::unexpected("no memory for it");
            octets.remove_prefix(static_cast<std::size_t>(many));
        }
        std::shared_ptr<MmdbSource> out{new MmdbSource};
        const std::string name = "/proc/self/fd/" + std::to_string(copy.get());
        const int status = MMDB_open(name.c_str(), MMDB_MODE_MMAP, &out->database_);
        if (status != MMDB_SUCCESS) return std::unexpected(MMDB_strerror(status));
        out->is_open_ = true;
        return out;
    }
    ~MmdbSource() override {
        if (is_open_) MMDB_close(&database_);
    }
    MmdbSource(const MmdbSource&) = delete;
    MmdbSource& operator=(const MmdbSource&) = delete;

    std::optional<Country> find(const settings::Ip& ip) const override {
        int error = MMDB_SUCCESS;
        MMDB_lookup_result_s found;
        if (ip.v4()) {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            std::memcpy(&address.sin_addr, ip.octets.data() + 12, 4);
            found = MMDB_lookup_sockaddr(&database_, reinterpret_cast<const sockaddr*>(&address), &error);
        } else {
            if (database_.metadata.ip_version == 4) return std::nullopt;
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            std::memcpy(&address.sin6_addr, ip.octets.data(), 16);
            found = MMDB_lookup_sockaddr(&database_, reinterpret_cast<const sockaddr*>(&address), &error);
        }
        if (error != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
        for (const char* section : {"country", "registered_country"}) {
            MMDB_entry_data_s data;
            const char* const path[] = {section, "iso_code", nullptr};
            if (MMDB_aget_value(&found.entry, &data, path) == MMDB_SUCCESS && data.has_data
                && data.type == MMDB_DATA_TYPE_UTF8_STRING)
                if (auto country = Country::parse({data.utf8_string, data.data_size})) return country;
        }
        return std::nullopt;
    }

private:
    MmdbSource() = default;
    MMDB_s database_{};
    bool is_open_ = false;
};

std::expected<std::string, std::string> read_file(const fs::path& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error) return std::unexpected(error.message());
    if (size > CountrySource::max_file) return std::unexpected("larger than 1 GiB");
    std::ifstream in{file, std::ios::binary};
    std::string text(size, '\0');
    in.read(text.data(), static_cast<std::streamsize>(size));
    if (!in || static_cast<std::uintmax_t>(in.gcount()) != size) return std::unexpected("it cannot be read");
    return text;
}

/// GeoLite2-Country-Blocks-IPv4.csv has its GeoLite2-Country-Locations-en.csv beside it.
fs::path locations_of(const fs::path& blocks) {
    std::string name = blocks.filename().string();
    const auto at = name.find("-Blocks-");
    if (at == name.npos) return {};
    return blocks.parent_path() / (name.substr(0, at) + "-Locations-en.csv");
}

}  // namespace

std::expected<std::shared_ptr<const CountrySource>, std::string> CountrySource::open(const fs::path& file) {
    auto csv = read_file(file);
    if (!csv) return std::unexpected(csv.error());
    if (text::to_lower(file.extension().string()) == ".mmdb") return MmdbSource::open(*csv);
    std::string locations;
    if (const fs::path beside = locations_of(file); !beside.empty()) {
        auto text = read_file(beside);
        if (!text) return std::unexpected(beside.filename().string() + ": " + text.error());
        locations = std::move(*text);
    }
    auto table = CountryTable::parse_csv(*csv, locations);
    if (!table) return std::unexpected(table.error());
    return std::make_shared<const CsvSource>(std::move(*table));
}

}  // namespace postrider::filter
