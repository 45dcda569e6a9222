#include <cstdint>
#include <cstdlib>
#include <string>

#include "managesieve/wire/command_reader.h"
#include "managesieve/wire/words.h"

using namespace postrider::managesieve;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

/// What a client can say ends, within its limits; and a string of ours reads back as itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    CommandReader reader;
    while (!rest.empty()) {
        std::size_t end = std::min(rest.find('\n'), rest.size());
        auto state = reader.line(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        require(reader.tokens().size() <= max_tokens);
        if (state != CommandReader::State::literal) {
            require((state == CommandReader::State::bad) == !reader.problem().empty());
            if (state == CommandReader::State::done) require(!reader.tokens().empty() || reader.skipped());
            reader.clear();
            continue;
        }
        if (reader.literal_size() > 1000) {
            reader.literal_skipped();
            continue;
        }
        std::string_view octets = rest.substr(0, reader.literal_size());
        rest.remove_prefix(octets.size());
        reader.literal(std::string{octets});
    }
    std::string text{reinterpret_cast<const char*>(data), size};
    std::string sent = to_string(text);
    CommandReader back;
    if (sent.starts_with('"')) {
        if (back.line(sent) == CommandReader::State::done)
            require(back.tokens().size() == 1 && back.tokens()[0].text == text);
    } else {
        require(sent.ends_with(text));
    }
    return 0;
}
