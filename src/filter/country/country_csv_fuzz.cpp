#include <cstdlib>

#include "filter/country/country_table.h"

/// Whatever the file says: look-ups find a country of two characters or none, and every range that was read
/// can be found where no other overlaps it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::size_t half = text.find('\0');
    auto table = half == text.npos
                     ? filter::CountryTable::parse_csv(text)
                     : filter::CountryTable::parse_csv(text.substr(0, half), text.substr(half + 1));
    if (!table) {
        if (table.error().empty()) std::abort();
        return 0;
    }
    if (table->size() == 0) std::abort();
    for (const char* ip :
         {"0.0.0.0", "1.0.0.1", "10.0.0.1", "127.255.255.255", "255.255.255.255", "::", "2001:db8::1"})
        if (auto country = table->find(*settings::parse_ip(ip)))
            if (!filter::Country::parse(country->text())) std::abort();
    return 0;
}
