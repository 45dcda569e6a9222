#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"

/// Access lists: who besides the owner may do what. Bytes to this room.
namespace postrider::mailstore {

inline constexpr std::size_t max_access_list = 256 * 1024;  ///< octets

Result<std::vector<Account::AccessList>> AccountImpl::access_lists() {
    {
        std::lock_guard lock{state_mutex};
        if (auto ok = usable(); !ok) return std::unexpected(ok.error());
    }
    std::vector<AccessList> all;
    const KeyRange range = account_range('p', account_id);
    auto ok = scan_range(*core.kv, range.begin, range.end, nullptr,
                         [&](std::string_view key, std::string_view value) {
                             if (!value.empty() && value[0] == record_version)
                                 all.push_back({FolderId{last_u32(key)}, std::string{value.substr(1)}});
                             return true;
                         });
    if (!ok) return std::unexpected(ok.error());
    return all;
}

Result<> AccountImpl::set_access_list(FolderId folder, std::string_view list,
                                      const std::function<void(kv::Batch&)>& also) {
    if (list.size() > max_access_list) return fail(MailError::too_much, "the access list is too long");
    {
        std::lock_guard lock{mutex};
        if (auto ok = usable(); !ok) return ok;
        if (folder.value() != 0 && !table.contains(folder.value()))
            return fail(MailError::no_such_folder, "no such folder");
        if (auto ok = core.before_giving_out(1); !ok) return ok;
        AccountEdit edit{*this};
        kv::Batch batch;
        if (list.empty())
            batch.erase(access_key(account_id, folder));
        else
            batch.put(access_key(account_id, folder), static_cast<char>(record_version) + std::string{list});
        edit.change_of_folder(batch, folder);
        if (also) also(batch);
        edit.put(batch);
        if (auto ok = core.write(std::move(batch)); !ok) return ok;
        edit.apply();
        edit.notify();
    }
    return core.sync();
}

}  // namespace postrider::mailstore
