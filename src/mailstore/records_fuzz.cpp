#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mailstore/names.h"
#include "mailstore/prefix.h"
#include "mailstore/records.h"

using namespace postrider;
using namespace postrider::mailstore;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// What decodes once must come back the same from what it is written as.
template <class T, class Decode>
void round_trip(const std::optional<T>& record, Decode decode) {
    if (!record) return;
    const std::string once = encoded(*record);
    auto again = decode(once);
    require(again.has_value());
    require(encoded(*again) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view value{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 10) {
        case 0: round_trip(decode_store(value), decode_store); break;
        case 1: round_trip(decode_account(value), decode_account); break;
        case 2: round_trip(decode_folder(value), decode_folder); break;
        case 3: round_trip(decode_change(value), decode_change); break;
        case 4: round_trip(decode_blob(value), decode_blob); break;
        case 5:
            if (auto item = decode_item(Uid{1}, value)) {
                require(item->prefix.empty()
                        || (item->prefix.data() >= value.data()
                            && item->prefix.data() + item->prefix.size() <= value.data() + value.size()));
                round_trip(item, [](std::string_view bytes) { return decode_item(Uid{1}, bytes); });
            }
            break;
        case 6: (void)decode_zombie(value); break;
        case 8: round_trip(decode_uids(value), decode_uids); break;
        case 9: {
            const std::string key(undelete_key(AccountId{1}, {ModSeq{2}, FolderId{3}, Uid{4}}));
            round_trip(decode_deleted(key, value),
                       [&](std::string_view bytes) { return decode_deleted(key, bytes); });
            break;
        }
        case 7:
            if (auto path = normal_path(value)) {
                require(path->size() <= max_path_bytes && is_utf8(*path));
                require(*normal_path(*path) == *path);
            }
            (void)only_trace_fields(value);
            break;
    }
    return 0;
}
