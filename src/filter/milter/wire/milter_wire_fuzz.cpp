#include <cstdint>
#include <cstdlib>

#include "filter/milter/changes.h"
#include "filter/milter/wire/request.h"
#include "filter/milter/wire/response.h"
#include "mime/header.h"

using namespace postrider;
using namespace postrider::filter::milter;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool same(const Options& a, const Options& b) {
    return a.version == b.version && a.actions == b.actions && a.steps == b.steps && a.macros == b.macros;
}

/// A response that could be read says the same when it is written and read again.
void check_response(const Response& response) {
    const std::string octets = pack_response(response);
    const Unpacked unpacked = unpack(octets, octets.size());
    require(unpacked.state == Unpacked::State::packet && unpacked.size == octets.size());
    const auto again = parse_response(unpacked.packet);
    require(again && again->answer == response.answer && again->name == response.name
            && again->value == response.value && again->index == response.index
            && again->body == response.body && same(again->options, response.options));
    if (response.answer == Answer::reply_code) {
        const auto reply = parse_reply_code(response.value);
        if (!reply) return;
        require(reply->code >= 400 && reply->code <= 599 && !reply->lines.empty()
                && reply->lines.size() <= 32);
        for (const std::string& line : reply->lines)
            for (char c : line) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
}

/// A request: the server's side of us against the filter's side of tests.
void check_request(const Request& request) {
    std::string octets;
    switch (request.command) {
        case Command::connect: put_connect(octets, request.client); break;
        case Command::macro: put_macros(octets, request.before, request.macros); break;
        case Command::helo: put_helo(octets, request.name); break;
        case Command::mail:
        case Command::rcpt: put_path(octets, request.command, request.name, request.parameters); break;
        case Command::header: put_header(octets, request.name, request.value, leading_space); break;
        case Command::unknown: put_unknown(octets, request.name); break;
        default: return;
    }
    if (octets.empty()) return;
    const Unpacked unpacked = unpack(octets, octets.size());
    require(unpacked.state == Unpacked::State::packet && unpacked.size == octets.size());
    const auto again = parse_request(unpacked.packet);
    require(again && again->command == request.command && again->name == request.name
            && again->parameters == request.parameters && again->macros == request.macros);
}

/// Changes never make fields that nobody asked for.
void check_changes(const Changes& changes, std::size_t added) {
    constexpr std::string_view message = "Received: a\r\nSubject: x\r\nSubject: y\r\n\r\nbody\r\n";
    for (const bool spaced : {false, true}) {
        const auto changed = changes.apply(message, spaced);
        if (!changed) continue;
        std::size_t fields = 0;
        mime::HeaderReader reader{*changed};
        for (mime::Field field; reader.next(field); ++fields) {
            require(!field.name.empty());
            require(field.bytes.ends_with("\r\n"));
        }
        require(fields <= 3 + added);
        require(std::string_view{*changed}.substr(reader.position()).starts_with("\r\n"));
    }
    for (const auto& one : changes.recipients)
        for (char c : one.address + one.parameters)
            require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view octets{reinterpret_cast<const char*>(data), size};
    Changes changes;
    Changes::Limits limits;
    limits.count = 50;
    std::size_t added = 0;
    while (true) {
        const Unpacked unpacked = unpack(octets, 4096);
        if (unpacked.state != Unpacked::State::packet) break;
        require(unpacked.size >= 5 && unpacked.size <= octets.size());
        if (const auto response = parse_response(unpacked.packet)) {
            check_response(*response);
            if (changes.take(*response, limits)) ++added;
            if (response->answer == Answer::options) (void)agree(offer(6), response->options);
        }
        if (const auto request = parse_request(unpacked.packet)) check_request(*request);
        octets.remove_prefix(unpacked.size);
    }
    check_changes(changes, added);
    return 0;
}
