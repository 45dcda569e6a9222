#include <cstdint>
#include <cstdlib>
#include <set>

#include "mime/header.h"
#include "screening/header_edits.h"
#include "text/ascii.h"

using namespace postrider;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

/// What edits make of a message has no fields but those that were there or that the edits name, and its body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr policy::Method methods[] = {
        policy::Method::addHeader,         policy::Method::addIfNotExistsHeader,
        policy::Method::removeFirstHeader, policy::Method::removeHeader,
        policy::Method::modifyHeader,      policy::Method::modifyIfExistsHeader};
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    std::vector<policy::Effect> edits;
    std::set<std::string> names;
    while (!rest.empty() && static_cast<unsigned char>(rest[0]) < 6 && edits.size() < 20) {
        const auto method = methods[static_cast<unsigned char>(rest[0])];
        rest.remove_prefix(1);
        const auto name = rest.substr(0, rest.find('\1'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        const auto value = rest.substr(0, rest.find('\1'));
        rest.remove_prefix(std::min(value.size() + 1, rest.size()));
        names.insert(text::to_lower(name));
        edits.push_back({method, std::string{name}, std::string{value}});
    }
    mime::HeaderReader before{rest};
    bool header = false;
    for (mime::Field field; before.next(field); header = true) names.insert(text::to_lower(field.name));
    const std::string_view body = rest.substr(before.position());
    const std::string out = screening::edit_header(rest, edits);
    require(std::string_view{out}.ends_with(body));
    if (!header || !(body.empty() || body.starts_with("\r\n") || body.starts_with("\n"))) return 0;
    mime::HeaderReader after{out};
    for (mime::Field field; after.next(field);) require(names.contains(text::to_lower(field.name)));
    return 0;
}
