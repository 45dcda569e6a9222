#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Messages of all folders of an mdbox: files m.1, m.2, ... and the map that says where each lies.
namespace postrider::migration {

class MdboxStorage {
public:
    using Done = std::expected<void, std::string>;

    explicit MdboxStorage(std::filesystem::path root) : root_{std::move(root)} {}
    MdboxStorage(const MdboxStorage&) = delete;
    MdboxStorage& operator=(const MdboxStorage&) = delete;
    ~MdboxStorage();

    /// Reads the map of an earlier run. What that run has left without putting it into the map goes.
    Done open();
    std::uint32_t validity() const { return validity_; }
    /// Whether the message with that number in the map is there.
    bool has(std::uint32_t number) const;
    /// @param dbox  the message as it stands in the file
    /// @return its number in the map, into which flush() puts it
    std::expected<std::uint32_t, std::string> add(std::string_view dbox);

    /// A folder's log, which may name only what is in the map: flush() writes it.
    void later(std::filesystem::path index, std::string log);
    /// So much is not in the map that it is time: the map is always written whole.
    bool due() const { return fresh_ >= std::max<std::size_t>(5'000, places_.size() / 4); }
    Done flush();

private:
    struct Place {
        std::uint32_t number, file, offset, size;
    };
    Done next_file();
    Done write_out();
    Done sync();
    std::filesystem::path file(std::uint32_t number) const;

    std::filesystem::path root_;
    std::uint32_t validity_ = 0, next_number_ = 1, file_number_ = 0;
    std::vector<Place> places_;  ///< ascending by number
    std::size_t fresh_ = 0;
    int fd_ = -1;
    std::uint32_t written_ = 0;  ///< of the open file
    std::string buffer_;
    std::vector<std::pair<std::filesystem::path, std::string>> logs_;
};

}  // namespace postrider::migration
