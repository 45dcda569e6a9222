#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "directory/records.h"

namespace {

using namespace postrider::directory;

/// What was read must be written and read again as the same: a record may not change by being touched.
template <class Record, class Encode, class Decode>
void same_again(const std::optional<Record>& first, Encode encode, Decode decode) {
    if (!first) return;
    auto bytes = encode(*first);
    auto second = decode(bytes);
    if (!second || encode(*second) != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    auto encode = [](const auto& record) { return records::encode(record); };
    switch (data[0] % 10) {
        case 0: same_again(records::decode_counters(bytes), encode, records::decode_counters); break;
        case 1:
            same_again(
                records::decode_domain(bytes),
                [](const records::DomainRecord& record) {
                    return records::encode(record.domain, record.state);
                },
                records::decode_domain);
            break;
        case 2: same_again(records::decode_name(bytes), encode, records::decode_name); break;
        case 3: {
            auto object = records::decode_object(bytes);
            if (object && object->members.size() + object->aliases.size() > bytes.size()) std::abort();
            same_again(object, encode, records::decode_object);
            break;
        }
        case 4: same_again(records::decode_credentials(bytes), encode, records::decode_credentials); break;
        case 5: same_again(records::decode_class(bytes), encode, records::decode_class); break;
        case 6: same_again(records::decode_admin(bytes), encode, records::decode_admin); break;
        case 7: same_again(records::decode_admin_group(bytes), encode, records::decode_admin_group); break;
        case 8: same_again(records::decode_admin_rights(bytes), encode, records::decode_admin_rights); break;
        case 9: same_again(records::decode_contact(bytes), encode, records::decode_contact); break;
    }
    return 0;
}
