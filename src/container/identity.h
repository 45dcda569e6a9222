#pragma once

#include <filesystem>
#include <string>

#include "container/container.h"

namespace postrider::container {

/// What hsf.dat says: which storage the directory is and whose. Text, so that it can be read by a person.
struct Identity {
    std::string storage_id;  ///< 32 hex digits
    std::string relation;    ///< lines of free text, without a trailing line end

    std::string encode() const;
    static Result<Identity> decode(std::string_view bytes);
    static Identity make();  ///< a new random storage id
};

inline constexpr std::uint32_t storage_version = 1;
inline constexpr std::size_t max_relation = 32u << 10;

/// @return io with an empty text if there is none
Result<Identity> read_identity(const std::filesystem::path& file);
/// Replaces the file as a whole; on disk when it returns.
Result<> write_identity(const std::filesystem::path& file, const Identity& identity);

}  // namespace postrider::container
