#include "mailstore/errors.h"
#include "rights/shared_account.h"

/// What no right that can be granted covers: imports, and what was deleted for good, which may be from
/// folders that the person never saw.
namespace postrider::rights {
namespace {

std::unexpected<mailstore::Failure> refused() {
    return mailstore::fail(mailstore::MailError::no_permission, "that is for the account's owner alone");
}

}  // namespace

Result<bool> SharedAccount::has_import_mark(std::string_view) {
    return refused();
}

Result<> SharedAccount::forget_import_marks() {
    return refused();
}

Result<mailstore::FolderInfo> SharedAccount::adopt_uids(FolderId, std::uint32_t, Uid) {
    return refused();
}

Result<> SharedAccount::each_deleted(const mailstore::DeletedId&,
                                     const std::function<bool(const mailstore::DeletedItem&)>&) {
    return refused();
}

Result<mailstore::Account::Undeleted> SharedAccount::undelete(std::vector<mailstore::DeletedId>,
                                                              const std::optional<std::string>&) {
    return refused();
}

Result<std::uint64_t> SharedAccount::purge_deleted(Time) {
    return refused();
}

}  // namespace postrider::rights
