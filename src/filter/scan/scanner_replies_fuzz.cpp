#include <cstdint>
#include <cstdlib>

#include "filter/scan/clamd.h"
#include "filter/scan/external.h"
#include "filter/scan/http.h"
#include "filter/scan/levels.h"
#include "filter/scan/rspamd.h"
#include "filter/scan/spamd.h"

using namespace postrider::filter;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const Maybe<Finding>& finding) {
    if (!finding) {
        require(finding.error().text.find_first_of("\r\n") == std::string::npos);
        return;
    }
    require(finding->kind != Finding::Kind::failed);
    require(!finding->spam_level || (*finding->spam_level >= 1 && *finding->spam_level <= 10));
    require(!finding->virus_level || (*finding->virus_level >= 1 && *finding->virus_level <= 5));
    require(finding->text == one_line(finding->text));
    require(finding->headers.size() <= 20);
    for (const auto& [name, value] : finding->headers) {
        require(!name.empty() && name.find_first_of(": \r\n\t") == std::string::npos);
        require(value.find_first_of("\r\n") == std::string::npos);
    }
}

/// What has been decoded of a chunked body does not depend on how it came.
void check_chunks(std::string_view octets) {
    Chunked whole, pieces;
    decode_chunks(octets, whole);
    for (std::size_t i = 0; i < octets.size() && i < 300; ++i) decode_chunks(octets.substr(0, i), pieces);
    decode_chunks(octets, pieces);
    if (whole.state != Chunked::State::nonsense)
        require(whole.body == pieces.body && whole.state == pieces.state);
    require(whole.body.size() <= octets.size() && whole.taken <= octets.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view reply{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 6) {
        case 0: check(parse_clamd_reply(reply)); break;
        case 1: check(parse_spamd_reply(reply)); break;
        case 2: check(parse_rspamd_reply(reply)); break;
        case 3: check(parse_program_verdict(data[0] / 6 % 3, reply)); break;
        case 4:
            if (const auto head = parse_http_head(reply)) require(!(head->chunked && head->length));
            check_chunks(reply);
            break;
        default: {
            const Levels levels = read_levels(reply);
            if (const auto again = with_levels(reply, {7, 3})) {
                require(read_levels(*again) == (Levels{7, 3}));
                require(!with_levels(*again, {7, 3}));
            }
            (void)levels;
        }
    }
    return 0;
}
