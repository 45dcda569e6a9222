#include "mailstore/new_folder.h"

#include <algorithm>

#include "mailstore/errors.h"

namespace postrider::mailstore {

Result<FolderId> NewFolders::make(kv::Batch& batch, const std::string& path, FolderKind kind, SpecialUse use,
                                  Limits respect) {
    const QuotaLimits limits =
        respect == Limits::respect ? impl_.core.limits(impl_.account_id) : QuotaLimits{};
    FolderId parent;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const bool last = end == path.size();
        FolderState* there = impl_.by_path(path.substr(0, end));
        if (there && !last) {
            parent = there->id;
        } else {
            const std::size_t folders = impl_.table.size() + made_.size();
            if (folders >= max_folders || (!there && limits.folders != 0 && folders >= limits.folders))
                return fail(MailError::over_quota, "the account has too many folders");
            FolderState state;
            state.id = there ? there->id : FolderId{edit_.account.next_folder++};
            FolderRecord& r = state.record;
            r.epoch = impl_.core.epoch;
            r.parent = parent;
            r.name = path.substr(begin, end - begin);
            r.kind = !last && kind == FolderKind::search ? FolderKind::mail : kind;
            r.special_use = last ? use : SpecialUse::none;
            // Grows with time, so that a folder made anew has a higher one than its predecessor of the same
            // name (RFC 9051 §2.3.1.1), and is unique in the account, so that renaming never confuses two.
            const auto clock = static_cast<std::uint32_t>(impl_.core.now_seconds());
            r.uid_validity = std::max(edit_.account.next_validity, clock);
            edit_.account.next_validity = r.uid_validity + 1;
            r.n.highest_modseq = edit_.change_of_folder(batch, state.id);
            batch.put(folder_key(impl_.account_id, state.id), encoded(r));
            parent = state.id;
            made_.push_back(std::move(state));
        }
        begin = end + 1;
    }
    return parent;
}

void NewFolders::apply() {
    for (FolderState& state : made_) {  // parents come before what lies in them
        const std::uint32_t id = state.id.value();
        impl_.table.insert_or_assign(id, std::move(state));
        impl_.paths.insert_or_assign(impl_.path_of(FolderId{id}), id);
    }
}

}  // namespace postrider::mailstore
