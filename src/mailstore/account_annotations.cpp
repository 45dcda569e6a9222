#include <map>

#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {
namespace {

constexpr std::size_t prefix_size = 1 + 8 + 4;  ///< of a key, before the name

}  // namespace

Result<std::vector<Annotation>> AccountImpl::annotations(FolderId folder) {
    {
        std::lock_guard lock{state_mutex};
        if (auto ok = usable(); !ok) return std::unexpected(ok.error());
    }
    std::vector<Annotation> all;
    const KeyRange range = folder_range('n', account_id, folder);
    auto ok = scan_range(
        *core.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
            if (key.size() <= prefix_size || value.empty() || value[0] != record_version) return true;
            all.push_back({std::string{key.substr(prefix_size)}, std::string{value.substr(1)}});
            return all.size() < 2 * max_annotations;
        });
    if (!ok) return std::unexpected(ok.error());
    return all;
}

Result<> AccountImpl::annotate(FolderId folder, const std::vector<AnnotationChange>& changes) {
    for (const AnnotationChange& change : changes)
        if (change.name.empty() || change.name.size() > max_annotation_name
            || (change.value && change.value->size() > max_annotation_value))
            return fail(MailError::too_much, "the annotation is too long");
    {
        std::lock_guard lock{mutex};
        if (auto ok = usable(); !ok) return ok;
        auto at = table.find(folder.value());
        if (folder.value() != 0 && at == table.end())
            return fail(MailError::no_such_folder, "no such folder");
        auto there = annotations(folder);
        if (!there) return std::unexpected(there.error());
        std::map<std::string, std::optional<std::string>> wanted;
        for (const AnnotationChange& change : changes) wanted[change.name] = change.value;
        std::size_t left = 0;
        for (const Annotation& one : *there) left += !wanted.contains(one.name);
        for (const auto& [name, value] : wanted) left += value.has_value();
        if (left > max_annotations && left > there->size())
            return fail(MailError::too_much, "there are too many annotations");
        if (auto ok = core.before_giving_out(1); !ok) return ok;
        AccountEdit edit{*this};
        kv::Batch batch;
        for (const auto& [name, value] : wanted) {
            std::string key = annotation_key(account_id, folder, name);
            if (value)
                batch.put(key, static_cast<char>(record_version) + *value);
            else
                batch.erase(key);
        }
        if (folder.value() != 0)
            edit.change(batch, Change::Kind::folder, edit.folder(at->second), {});
        else
            edit.change_of_folder(batch, folder);
        edit.reshape();
        edit.put(batch);
        if (auto ok = core.write(std::move(batch)); !ok) return ok;
        edit.apply();
        edit.notify();
    }
    return core.sync();
}

}  // namespace postrider::mailstore
