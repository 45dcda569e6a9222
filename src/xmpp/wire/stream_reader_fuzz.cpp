#include <cstdint>
#include <cstdlib>

#include "xmpp/wire/stream_reader.h"

using namespace postrider::xmpp;

namespace {

std::vector<StreamReader::Event> all(StreamReader& reader) {
    std::vector<StreamReader::Event> events;
    while (auto event = reader.next()) events.push_back(std::move(*event));
    return events;
}

/// What is written is read as the same: namespaces of attributes other than xml: are not written, and names
/// of elements of no namespace could be taken for others.
bool writable(const Element& element) {
    for (const auto& one : element.attributes)
        if (!one.space.empty() && one.space != ns::xml) return false;
    if (element.space.empty() || element.space == ns::xml) return false;
    for (const Element& child : element.children)
        if (!writable(child)) return false;
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const StreamReader::Limits limits{2000, 10, 50};
    StreamReader at_once{limits}, by_octet{limits};
    at_once.feed(input);
    const auto events = all(at_once);
    for (std::size_t i = 0; i < input.size(); ++i) by_octet.feed(input.substr(i, 1));
    const auto same = all(by_octet);
    // Limits bite where a piece ends, so that a long stanza may end a stream earlier one way than the other.
    const bool long_one = (!events.empty() && events.back().problem.find("too long") != std::string::npos)
                          || (!same.empty() && same.back().problem.find("too long") != std::string::npos);
    if (!long_one) {
        if (events.size() != same.size()) std::abort();
        for (std::size_t i = 0; i < events.size(); ++i)
            if (events[i].kind != same[i].kind || !(events[i].element == same[i].element)) std::abort();
    }
    for (const auto& event : events) {
        if (event.kind != StreamReader::Event::Kind::element || !writable(event.element)) continue;
        StreamReader again{StreamReader::Limits{200'000, 12, 100}};
        again.feed("<s xmlns='jabber:client'>");
        again.feed(to_xml(event.element));
        const auto read = all(again);
        if (read.size() != 2 || !(read[1].element == event.element)) std::abort();
    }
    return 0;
}
