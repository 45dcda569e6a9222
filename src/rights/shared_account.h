#pragma once

#include <memory>
#include <unordered_map>

#include "rights/sharing.h"

namespace postrider::rights {

/// Somebody's account as another person may use it: every call is held against the person's rights as they
/// are at that moment (MailError::no_permission; no_such_folder for what he may not even know of), \Seen is
/// his own where he does not share it, and paths begin with where the folders stand in his tree. For one
/// session: not thread-safe.
class SharedAccount final : public mailstore::Account {
public:
    SharedAccount(Sharing& sharing, std::shared_ptr<mailstore::Account> inner, Owner owner, Person person);

    const Owner& owner() const { return owner_; }
    const std::string& root() const { return root_; }  ///< "Other Users/bob", without a slash behind it
    Result<RightSet> rights(FolderId folder);          ///< 0: of the account as a whole
    mailstore::Account& inner() { return *inner_; }
    Sharing& sharing() { return sharing_; }

    // ---- folders. Names that only lead to what is seen are there too, not selectable; the root has the id
    // 0.
    AccountId id() const override { return inner_->id(); }
    Result<std::vector<mailstore::FolderInfo>> folders() override;
    Result<mailstore::FolderInfo> folder(std::string_view path) override;
    Result<mailstore::FolderInfo> folder(FolderId id) override;
    /// Who makes a folder gets all rights on it.
    Result<mailstore::FolderInfo> create_folder(std::string_view path, mailstore::FolderKind kind,
                                                mailstore::SpecialUse use) override;
    Result<> delete_folder(FolderId id) override;
    Result<> rename_folder(FolderId id, std::string_view new_path) override;
    Result<> subscribe(std::string_view path, bool on) override;  ///< is the person's own account's to do
    Result<std::vector<std::string>> subscriptions() override;
    mailstore::Quota quota() override { return inner_->quota(); }

    // ---- items
    Result<std::unique_ptr<mailstore::FolderView>> view(FolderId folder) override;
    Result<std::unique_ptr<mailstore::FolderView>> select(FolderId folder) override;
    Result<Appended> append(FolderId folder, std::vector<NewItem> items) override;
    Result<Stored> store(FolderId folder, const mailstore::UidSet& uids, const mailstore::FlagChange& change,
                         std::optional<ModSeq> unchanged_since) override;
    Result<Copied> copy(FolderId from, const mailstore::UidSet& uids, FolderId to,
                        const mailstore::KeptFlags& keep) override;
    Result<Copied> move(FolderId from, const mailstore::UidSet& uids, FolderId to,
                        const mailstore::KeptFlags& keep) override;
    Result<Copied> copy_from(AccountId other, FolderId from, const mailstore::UidSet& uids, FolderId to,
                             const mailstore::KeptFlags& keep) override;
    Result<Copied> move_from(AccountId other, FolderId from, const mailstore::UidSet& uids, FolderId to,
                             const mailstore::KeptFlags& keep) override;
    Result<Expunged> expunge(FolderId folder, const std::optional<mailstore::UidSet>& uids,
                             bool only_deleted) override;

    // ---- what is its owner's and administrators' alone: no_permission
    Result<bool> has_import_mark(std::string_view mark) override;
    Result<> forget_import_marks() override;
    Result<mailstore::FolderInfo> adopt_uids(FolderId folder, std::uint32_t uid_validity,
                                             Uid uid_next) override;
    Result<> each_deleted(const mailstore::DeletedId& after,
                          const std::function<bool(const mailstore::DeletedItem&)>& visit) override;
    Result<Undeleted> undelete(std::vector<mailstore::DeletedId> which,
                               const std::optional<std::string>& into) override;
    Result<std::uint64_t> purge_deleted(Time before) override;

    // ---- the rest. What is noted privately is the person's own (RFC 5464 §3.3).
    Result<std::vector<mailstore::Annotation>> annotations(FolderId folder) override;
    Result<> annotate(FolderId folder, const std::vector<AnnotationChange>& changes) override;
    Result<std::vector<AccessList>> access_lists() override;
    Result<> set_access_list(FolderId folder, std::string_view list,
                             const std::function<void(kv::Batch&)>& also) override;
    std::uint64_t shape() override { return inner_->shape(); }
    Result<mailstore::UidSet> seen_by(AccountId reader, FolderId folder) override;
    Result<Stored> mark_seen_by(AccountId reader, FolderId folder, const mailstore::UidSet& uids, Seen how,
                                std::optional<ModSeq> unchanged_since) override;
    ModSeq highest_modseq() override { return inner_->highest_modseq(); }
    Result<Changes> changes(ModSeq since, std::optional<FolderId> folder) override;
    Watch watch(std::optional<FolderId> folder, std::function<void()> changed) override;

    /// What the person may keep of flags in a folder, and whether his \Seen is kept apart.
    static mailstore::KeptFlags kept(RightSet rights);

private:
    friend Result<Copied> carry(mailstore::Account& from_account, FolderId from,
                                const mailstore::UidSet& uids, mailstore::Account& to_account, FolderId to,
                                bool move);
    Result<> refresh();
    Result<RightSet> need(FolderId folder, RightSet all);
    Result<std::string> inner_path(std::string_view path) const;
    mailstore::FolderInfo seen_from_outside(mailstore::FolderInfo info, RightSet rights) const;
    mailstore::FolderInfo root_info() const;
    Result<> count_unseen(mailstore::FolderInfo& info, RightSet rights);
    Result<std::unique_ptr<mailstore::FolderView>> as_read(
        Result<std::unique_ptr<mailstore::FolderView>> view, FolderId folder, RightSet rights);
    Result<> read_privately(FolderId folder, const mailstore::UidSet& uids);

    Sharing& sharing_;
    std::shared_ptr<mailstore::Account> inner_;
    const Owner owner_;
    const Person person_;
    const std::string root_;
    std::shared_ptr<const Who> who_;
    std::uint64_t people_version_ = 0;
    std::shared_ptr<const Sharing::Lists> lists_;
    struct Unseen {
        ModSeq at;
        std::uint32_t count = 0;
    };
    std::unordered_map<std::uint32_t, Unseen> unseen_;
};

/// What a session may do there: everything, when the account is its own.
Result<RightSet> rights_in(mailstore::Account& account, FolderId folder);

/// Appends in the place of another message (RFC 8508), each account as the person sees it: nothing comes
/// where the old one may not go. As mailstore::Account::append().
Result<mailstore::Account::Appended> replace(mailstore::Account& old_account, FolderId old_folder, Uid old,
                                             mailstore::Account& account, FolderId folder,
                                             mailstore::Account::NewItem item);

/// Copies or moves between two folders of whomever, each account as the person sees it. As
/// mailstore::Account::copy() and move().
Result<mailstore::Account::Copied> carry(mailstore::Account& from_account, FolderId from,
                                         const mailstore::UidSet& uids, mailstore::Account& to_account,
                                         FolderId to, bool move);

}  // namespace postrider::rights
