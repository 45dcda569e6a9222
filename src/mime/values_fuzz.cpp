#include <cstdint>
#include <cstdlib>

#include "mime/address.h"
#include "mime/address_list.h"
#include "mime/date.h"
#include "mime/edit.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/message_id.h"
#include "mime/parameters.h"
#include "mime/section.h"
#include "mime/subject.h"
#include "text/utf8.h"

using namespace postrider;
using namespace postrider::mime;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool single_field(const std::string& line) {
    HeaderReader reader{line};
    Field field;
    return reader.next(field) && !field.name.empty() && field.bytes.size() == line.size();
}

void addresses(std::string_view value) {
    using Item = AddressReader::Item;
    AddressReader reader{value};
    bool in_group = false;
    std::size_t items = 0;
    for (Item item = reader.next(); item != Item::end; item = reader.next()) {
        require(++items <= 2 * value.size() + 2);
        if (item == Item::mailbox) continue;
        require(in_group == (item == Item::group_end));
        in_group = !in_group;
    }
    require(!in_group);
    for (const Address& address : parse_address_list(value)) require(text::valid_utf8(address.name));
    if (auto address = parse_addr_spec(value)) {
        auto again = parse_addr_spec(address->text());
        require(again && *again == *address);
    }
}

void dates(std::string_view value) {
    for (auto date : {parse_date(value), parse_internal_date(value)}) {
        if (!date) continue;
        auto again = parse_date(format_date(*date));
        // A zone can move the first or last hours of the years that exist beyond them.
        if (date->seconds < -2'208'900'000 || date->seconds > 253'402'200'000) continue;
        require(again && again->seconds == date->seconds && again->zone_minutes == date->zone_minutes);
        require(parse_internal_date(format_internal_date(*date))->seconds == date->seconds);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view value{reinterpret_cast<const char*>(data), size};
    addresses(value);
    dates(value);
    require(text::valid_utf8(decode_encoded_words(value)));
    std::string repaired = text::repair_utf8(value);
    require(decode_encoded_words(unfold(encode_words(repaired))) == repaired
            || repaired.find_first_of("\r\n \t") != repaired.npos);
    BaseSubject subject = base_subject(value);
    require(text::valid_utf8(subject.text) && subject.text.size() <= 1000);
    for (const std::string& id : parse_message_ids(value)) require(!id.empty() && id.size() <= 998);
    for (const Parameter& parameter : decode_parameters(Lexer{value}))
        require(!parameter.name.empty() && text::valid_utf8(parameter.value));
    parse_content_type(value);
    require(single_field(header_line("Subject", value)));
    Trace trace{std::string{value}, std::string{value}, std::string{value},
                std::string{value}, std::string{value}, std::string{value},
                std::string{value}, std::string{value}, {}};
    require(single_field(received_line(trace)));

    // Filtering a header by a name and by its opposite loses nothing and doubles nothing but the empty line.
    std::string_view block = value.substr(0, header_size(value));
    std::string with = filter_header(block, {"subject", "to"}, true);
    std::string without = filter_header(block, {"subject", "to"}, false);
    HeaderReader reader{block};
    for (Field field; reader.next(field);) {
    }
    require(with.size() + without.size() == block.size() + (block.size() - reader.position()));
    return 0;
}
