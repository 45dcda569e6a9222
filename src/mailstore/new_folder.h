#pragma once

#include <vector>

#include "mailstore/account_edit.h"

namespace postrider::mailstore {

inline constexpr std::size_t max_folders = 20'000;  ///< per account, whatever its quota says

/// Folders that one batch makes. The caller holds the account's lock.
class NewFolders {
public:
    NewFolders(AccountImpl& impl, AccountEdit& edit) : impl_{impl}, edit_{edit} {}

    /// Makes the folder and its missing parents, or makes a name without a folder selectable. The path is
    /// normal and taken by no selectable folder.
    enum class Limits { respect, ignore };
    Result<FolderId> make(kv::Batch& batch, const std::string& path, FolderKind kind, SpecialUse use,
                          Limits limits = Limits::respect);
    /// The folder that make() made last, until apply().
    FolderState& last() { return made_.back(); }
    /// After the batch was written, with state_mutex held.
    void apply();

private:
    AccountImpl& impl_;
    AccountEdit& edit_;
    std::vector<FolderState> made_;
};

}  // namespace postrider::mailstore
