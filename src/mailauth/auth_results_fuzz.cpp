#include "mailauth/auth_results.h"
#include "mailauth/fuzz_dns.h"

using namespace postrider::mailauth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view value{reinterpret_cast<const char*>(data), size};
    auto read = parse_auth_results(value);
    if (!read) return 0;
    require(auth_results_host(value) == read->host && read->results.size() <= max_auth_results);
    // What we write of it is one field, and means the same.
    const std::string field = auth_results_field(*read);
    for (std::size_t at = 0; at + 2 < field.size(); ++at)
        if (field[at] == '\n') require(field[at + 1] == '\t');
    auto again = parse_auth_results(std::string_view{field}.substr(field.find(':') + 1));
    require(again.has_value() && again->results.size() == read->results.size());
    for (std::size_t i = 0; i < read->results.size(); ++i) {
        require(again->results[i].method == read->results[i].method
                && again->results[i].result == read->results[i].result);
        require(again->results[i].properties.size() == read->results[i].properties.size());
    }
    return 0;
}
