#pragma once

#include <filesystem>

#include "mailstore/mailstore.h"
#include "migration/found.h"
#include "migration/importer.h"

namespace postrider::migration {

enum class ExportFormat : std::uint8_t {
    maildir,  ///< Maildir++ with dovecot-uidlist, dovecot-keywords and subscriptions
    mbox,   ///< mboxrd, a file "NAME.mbox" for each folder, with UIDs and flags as c-client and Dovecot write
            ///< them
    sdbox,  ///< Dovecot's; its flags are in an index that is not written here
    cyrus,  ///< files "1." as in Cyrus's spool, for its `reconstruct`; no flags
};
std::string_view word(ExportFormat format);
std::optional<ExportFormat> export_format_of(std::string_view word);

struct ExportOptions {
    std::string folder;  ///< only this one and those in it; "" for all
};
struct ExportReport {
    std::uint64_t folders = 0;
    std::uint64_t messages = 0, bytes = 0;  ///< that were written
    std::uint64_t present = 0;              ///< that an earlier run has written
    std::uint64_t problems = 0;
    std::vector<Problem> first_problems;
};

/// Where one folder's messages go; one per format.
class FolderWriter {
public:
    virtual ~FolderWriter() = default;
    /// True when an earlier run has written it; then only what changes (flags) is brought up to date.
    virtual std::expected<bool, std::string> present(const mailstore::Item& item,
                                                     const std::vector<std::string>& keywords) = 0;
    virtual std::expected<void, std::string> write(const mailstore::Item& item, std::string octets,
                                                   const std::vector<std::string>& keywords) = 0;
    /// Everything is written: lists of UIDs and the like; on disk when it returns.
    virtual std::expected<void, std::string> finish() = 0;
};
/// The directory of the account exists.
std::expected<std::unique_ptr<FolderWriter>, std::string> folder_writer(ExportFormat format,
                                                                        const std::filesystem::path& root,
                                                                        const mailstore::FolderInfo& folder,
                                                                        const OnProblem& problem);

/// Writes the account's mail folders below `root`, which is made. A run that was cut short is taken up where
/// it stopped (mbox: folder by folder). The error ends the run.
mailstore::Result<ExportReport> export_mail(mailstore::Account& account, ExportFormat format,
                                            const std::filesystem::path& root, const ExportOptions& options,
                                            const OnImported& progress);

}  // namespace postrider::migration
