#include "sieve/one_address.h"

#include "mime/address.h"
#include "mime/address_list.h"
#include "text/ascii.h"

namespace postrider::sieve {

std::optional<std::string> one_address(std::string_view text) {
    text = text::trim(text);
    for (char c : text)
        if (static_cast<unsigned char>(c) < 32 || c == 127) return std::nullopt;
    if (auto plain = mime::parse_addr_spec(text)) {
        if (plain->domain.empty()) return std::nullopt;
        return plain->text();
    }
    // More than an address: it must end in "<address>".
    std::size_t open = text.rfind('<');
    if (open == std::string_view::npos || !text.ends_with('>')) return std::nullopt;
    mime::AddressReader reader{text};
    using Item = mime::AddressReader::Item;
    if (reader.next() != Item::mailbox) return std::nullopt;
    auto inner = mime::parse_addr_spec(text.substr(open + 1, text.size() - open - 2));
    if (!inner || inner->domain.empty() || reader.next() != Item::end) return std::nullopt;
    return inner->text();
}

}  // namespace postrider::sieve
