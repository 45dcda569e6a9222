#pragma once

#include <cstdint>
#include <string>

#include "container/file.h"

namespace postrider::container {

/// Goes through a container file from record to record. Where a record should begin and zeros lie, freed ones
/// have been punched out: it looks for the next one silently. Where something else lies it says so once, then
/// looks.
class Walk {
public:
    /// @param from  where a record begins  @param to  where to stop; a record that reaches beyond is damaged
    Walk(const ContainerFile& file, std::uint64_t seed, std::uint64_t from, std::uint64_t to)
        : file_{file}, seed_{seed}, position_{from}, to_{to} {}

    enum class Step { record, damage, end };
    /// Disk errors count as damage: `reason` says which.
    Step next();

    std::uint64_t offset() const { return offset_; }        ///< of the record or the damage
    const RecordHeader& header() const { return header_; }  ///< after record
    const Failure& reason() const { return reason_; }       ///< after damage

private:
    std::string_view at(std::uint64_t offset);
    bool search();

    const ContainerFile& file_;
    const std::uint64_t seed_;
    std::uint64_t position_;
    const std::uint64_t to_;
    std::uint64_t offset_ = 0;
    RecordHeader header_;
    Failure reason_;
    bool disk_failed_ = false;
    std::string window_;
    std::uint64_t window_at_ = 0;
};

}  // namespace postrider::container
