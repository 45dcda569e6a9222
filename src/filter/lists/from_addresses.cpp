#include "filter/lists/from_addresses.h"

#include "mime/address_list.h"
#include "mime/header.h"

namespace postrider::filter {

std::vector<mime::AddrSpec> from_addresses(std::string_view header) {
    constexpr std::size_t most = 20;
    std::vector<mime::AddrSpec> all;
    for (std::string_view value : mime::find_fields(header, "From", most))
        for (const mime::Address& one : mime::parse_address_list(value, most - all.size())) {
            auto spec = mime::parse_addr_spec(one.local + "@" + one.domain);
            if (!spec) spec = mime::parse_addr_spec("\"" + one.local + "\"@" + one.domain);
            if (spec && all.size() < most) all.push_back(std::move(*spec));
        }
    return all;
}

}  // namespace postrider::filter
