#pragma once

#include <filesystem>

#include "migration/dovecot_index.h"

/// Dovecot's index files where they lie.
namespace postrider::migration {

/// @param base  ".../dovecot.index", whose logs lie beside it
DovecotIndex dovecot_index_at(const std::filesystem::path& base, std::string_view extension,
                              const OnProblem& problem);

/// A little-endian number; 0 beyond the end.
std::uint32_t u32_at(std::string_view data, std::size_t at);

/// All index files there are, without the log: Dovecot makes them again from what they are about.
std::expected<void, std::string> remove_dovecot_index(const std::filesystem::path& base);

/// Puts a log in the place of all index files there are: Dovecot makes the others from it.
std::expected<void, std::string> put_dovecot_log(const std::filesystem::path& base, std::string_view log);

}  // namespace postrider::migration
