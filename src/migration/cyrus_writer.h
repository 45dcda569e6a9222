#pragma once

#include <array>
#include <map>
#include <set>
#include <span>

#include "migration/exporter.h"

/// What Cyrus takes over: a file for each message, named by its UID, with an index that `reconstruct`
/// believes.
namespace postrider::migration {

/// A message in an index of version 13, which every Cyrus since 2.5 reads.
struct CyrusRecord {
    std::uint32_t uid = 0;
    std::uint8_t flags = 0;                     ///< mailstore::Flag
    std::array<std::uint32_t, 4> user_flags{};  ///< bits, by place in the header's list of names
    std::int64_t internal_date = 0;             ///< seconds since 1970
    std::uint32_t size = 0, header_size = 0;    ///< octets; the header with the empty line behind it
    std::array<unsigned char, 20> guid{};       ///< SHA-1 of the message
};

/// @param records  ascending by UID. Pure, like those below.
std::string cyrus_index(std::uint32_t uid_validity, std::uint32_t uid_next,
                        std::span<const CyrusRecord> records);
/// The records of an index that cyrus_index() has made for that UIDVALIDITY, by UID: flags not among what is
/// known of them. None of any other.
std::map<std::uint32_t, CyrusRecord> read_cyrus_records(std::string_view index, std::uint32_t uid_validity);
/// Its id and rights Cyrus knows from its list of mailboxes, and puts them in.
std::string cyrus_header(std::span<const std::string> keywords);

class CyrusWriter final : public FolderWriter {
public:
    CyrusWriter(std::filesystem::path place, const mailstore::FolderInfo& folder, OnProblem problem);
    std::expected<void, std::string> open();

    std::expected<bool, std::string> present(const mailstore::Item& item,
                                             const std::vector<std::string>& keywords) override;
    std::expected<void, std::string> write(const mailstore::Item& item, std::string octets,
                                           const std::vector<std::string>& keywords) override;
    std::expected<void, std::string> finish() override;

private:
    std::filesystem::path file_of(std::uint32_t uid) const;
    void take(CyrusRecord record, const mailstore::Item& item, const std::vector<std::string>& keywords);

    std::filesystem::path place_;
    const mailstore::FolderInfo folder_;
    OnProblem problem_;
    std::map<std::uint32_t, CyrusRecord> before_;  ///< of an earlier run
    std::vector<CyrusRecord> records_;
    std::vector<std::string> keywords_;
    std::set<std::string> lost_;
};

}  // namespace postrider::migration
