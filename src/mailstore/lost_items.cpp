#include "mailstore/lost_items.h"

#include <algorithm>

#include "mailstore/errors.h"
#include "mailstore/scan.h"
#include "mailstore/undelete.h"

namespace postrider::mailstore {
namespace {

/// What does not depend on header lines of one copy: the offsets of parts do.
std::string key_of(const mime::Description& description) {
    return description.envelope + '\n' + description.body_structure;
}

/// Stored messages to which more items should refer than do.
Result<std::vector<BlobId>> orphans(Core& core) {
    auto snapshot = core.kv->snapshot();
    std::vector<std::uint64_t> used;
    for (const char* letter : {"i", "u"}) {
        const std::string end(1, static_cast<char>(letter[0] + 1));
        auto ok = scan_range(*core.kv, letter, end, snapshot.get(),
                             [&](std::string_view key, std::string_view value) {
                                 if (auto blob = blob_of(key, value)) used.push_back(blob->value());
                                 return true;
                             });
        if (!ok) return std::unexpected(ok.error());
    }
    std::sort(used.begin(), used.end());
    std::vector<BlobId> found;
    auto ok =
        scan_range(*core.kv, "b", "c", snapshot.get(), [&](std::string_view key, std::string_view value) {
            auto record = decode_blob(value);
            const auto [first, last] = std::equal_range(used.begin(), used.end(), first_u64(key));
            if (record && record->refs > static_cast<std::uint64_t>(last - first))
                found.push_back(BlobId{first_u64(key)});
            return true;
        });
    if (!ok) return std::unexpected(ok.error());
    return found;
}

}  // namespace

Result<FoundItems> find_lost_items(Core& core, const std::vector<LostItem>& lost) {
    FoundItems found;
    if (lost.empty()) return found;
    std::multimap<std::string, const LostItem*> wanted;
    for (const LostItem& one : lost) wanted.emplace(key_of(one.description), &one);
    auto candidates = orphans(core);
    if (!candidates) return std::unexpected(candidates.error());
    for (BlobId blob : *candidates) {
        auto stored = core.read(blob);
        if (!stored && stored.error().kind == MailError::storage) return std::unexpected(stored.error());
        if (!stored) continue;
        auto at = wanted.find(key_of(mime::describe(stored->payload)));
        if (at == wanted.end()) continue;
        Item item;
        item.uid = at->second->uid;
        item.size = static_cast<std::uint32_t>(stored->payload.size());
        item.blob = blob;
        item.email_id = blob.value();
        item.save_date = core.now_seconds();
        item.internal_date =
            at->second->description.sent != 0 ? at->second->description.sent : item.save_date;
        found.emplace(std::pair{at->second->folder, item.uid}, item);
        wanted.erase(at);
    }
    return found;
}

}  // namespace postrider::mailstore
