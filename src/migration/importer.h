#pragma once

#include "mailstore/mailstore.h"
#include "migration/found.h"

namespace postrider::migration {

struct ImportOptions {
    std::string into;      ///< folder under which everything goes; "" for where it was
    bool again = false;    ///< also what was imported before
    bool dry_run = false;  ///< read and count only
};

struct ImportReport {
    std::uint64_t folders = 0;
    std::uint64_t messages = 0, bytes = 0;  ///< that were brought in
    std::uint64_t present = 0;              ///< left out: imported before
    std::uint64_t uids_kept = 0;
    std::uint64_t problems = 0;
    std::vector<Problem> first_problems;  ///< max_problems of them
};
inline constexpr std::size_t max_problems = 1'000;

/// Called with folder and messages read so far of how many (a guess); may throw to end the work, which a
/// later run takes up again.
using OnImported = std::function<void(const std::string& folder, std::uint64_t done, std::uint64_t of)>;

/// Brings everything from the source into the account. What an earlier run has brought is recognised by its
/// octets and folder, noted with it in one batch, and left out, whatever has become of it since. UIDs are
/// kept where the folder is new here. Without an account (that is still to be made) only a dry run is
/// possible. The error (quota, disk, nothing to read) ends the run; what could not
/// be read is a problem and does not.
mailstore::Result<ImportReport> import_mail(Source& source, mailstore::Account* account,
                                            const ImportOptions& options, const OnImported& progress);

}  // namespace postrider::migration
