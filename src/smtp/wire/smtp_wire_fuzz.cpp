#include <cstdint>
#include <cstdlib>

#include "smtp/wire/data_receiver.h"
#include "smtp/wire/path.h"
#include "smtp/wire/wishes.h"

using namespace postrider::smtp;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void require_inside(std::string_view part, std::string_view whole) {
    require(part.empty()
            || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()));
}

struct Received {
    std::string text;
    std::size_t taken = 0;
    bool done = false;
};
Received receive(std::string_view octets, std::size_t piece) {
    Received result;
    DataReceiver receiver{result.text, 1 << 20};
    while (result.taken < octets.size() && !receiver.done())
        result.taken += receiver.take(octets.substr(result.taken, piece));
    result.done = receiver.done();
    return result;
}

}  // namespace

/// The same message whatever the pieces, ended by CRLF.CRLF alone, without bare CR or LF; and paths whose
/// views lie in the line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view octets{reinterpret_cast<const char*>(data), size};
    Received whole = receive(octets, octets.size() + 1);
    Received single = receive(octets, 1);
    require(whole.text == single.text && whole.taken == single.taken && whole.done == single.done);
    std::string_view head = octets.substr(0, whole.taken);
    require(whole.done == (head == ".\r\n" || head.ends_with("\r\n.\r\n")));
    if (!whole.done)
        require(octets.find("\r\n.\r\n") == std::string_view::npos && !octets.starts_with(".\r\n"));
    std::string normal = whole.text;
    if (whole.done) require(!normalize_newlines(normal));

    for (std::string_view keyword : {"FROM", "TO"}) {
        auto parsed = parse_path_arguments(octets, keyword);
        if (!parsed.arguments) continue;
        require(parsed.arguments->parameters.size() <= max_parameters);
        for (const Parameter& p : parsed.arguments->parameters) {
            require_inside(p.keyword, octets);
            require_inside(p.value, octets);
        }
    }
    (void)decode_xtext(octets, true);
    if (auto by = parse_by(octets)) require(std::abs(by->time.count()) <= 999'999'999);
    if (auto hold = parse_hold_for(octets)) require(hold->count() >= 0 && hold->count() <= 999'999'999);
    if (auto until = parse_hold_until(octets)) require(until->time_since_epoch().count() >= 0);
    if (auto priority = parse_priority(octets)) require(*priority >= -9 && *priority <= 9);
    return 0;
}
