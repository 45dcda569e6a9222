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
    sdbox,  ///< Dovecot's, a file for each message
    mdbox,  ///< Dovecot's, many messages in a file
    cyrus,  ///< files "1." as in Cyrus's spool, with an index that its `reconstruct` believes
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
    std::uint64_t removed = 0;              ///< that an earlier run has written and that are gone here
    std::uint64_t emptied = 0;  ///< folders that are gone here, and lost what an earlier run wrote
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
    /// Everything is written: what is gone here goes there, lists of UIDs and the like come. On disk when it
    /// returns, or when the target's finish() does.
    virtual std::expected<void, std::string> finish() = 0;
    std::uint64_t removed() const { return removed_; }

protected:
    std::uint64_t removed_ = 0;
};

/// Where all folders of an account go.
class ExportTarget {
public:
    using Opened = std::expected<std::unique_ptr<FolderWriter>, std::string>;
    virtual ~ExportTarget() = default;
    virtual Opened folder(const mailstore::FolderInfo& folder, const OnProblem& problem) = 0;
    virtual std::expected<void, std::string> finish() { return {}; }
};
/// The directory of the account exists. The error is that it cannot be gone on with.
std::expected<std::unique_ptr<ExportTarget>, std::string> export_target(ExportFormat format,
                                                                        const std::filesystem::path& root);

/// Writes the account's mail folders below `root`, which is made. A run that was cut short is taken up where
/// it stopped (mbox: folder by folder); a later run brings all up to date. Nothing else should write there in
/// between; what holds another account's export, or a Dovecot store that none made, is refused. The error
/// ends the run.
mailstore::Result<ExportReport> export_mail(mailstore::Account& account, ExportFormat format,
                                            const std::filesystem::path& root, const ExportOptions& options,
                                            const OnImported& progress);

}  // namespace postrider::migration
