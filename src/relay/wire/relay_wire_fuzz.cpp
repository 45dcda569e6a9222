#include <cstdint>
#include <cstdlib>

#include "relay/wire/command.h"
#include "relay/wire/dots.h"
#include "relay/wire/extensions.h"
#include "relay/wire/reply.h"

/// What a server says, octet for octet, and what we say: one line each, whatever is in it.
using namespace postrider;
using namespace postrider::relay;

namespace {

void require(bool what) {
    if (!what) std::abort();
}

void check_reply(std::string_view octets) {
    ReplyReader reader;
    std::size_t lines = 0;
    while (!octets.empty()) {
        const std::size_t end = std::min(octets.find('\n'), octets.size());
        const auto state = reader.take(octets.substr(0, end));
        octets.remove_prefix(std::min(end + 1, octets.size()));
        require(++lines <= max_reply_lines + 1);
        if (state == ReplyReader::State::more) continue;
        if (state == ReplyReader::State::malformed) break;
        const Reply reply = reader.take_reply();
        require(reply.code >= 200 && reply.code < 600);
        const std::string line = reply.line();
        require(line.size() <= 800);
        for (const char c : line) require(static_cast<unsigned char>(c) >= 32 && c != 127);
        require(reply.status.empty() || reply.status[0] == '0' + reply.code / 100);
        const Extensions offers = parse_extensions(reply.text);
        require(offers.auth.size() <= 32);
        reader.reset();
        lines = 0;
    }
}

/// Dot-stuffing as the receiver undoes it gives the message back, and the end comes once.
void check_dots(std::string_view message) {
    std::string wire;
    DotStuffer pieces{message};
    for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) wire.append(piece);
    wire.append(DotStuffer::end(message));
    require(wire.ends_with(".\r\n"));
    std::string back;
    bool at_start = true, ended = false;
    for (std::size_t i = 0; i < wire.size();) {
        require(!ended);
        if (at_start && wire.compare(i, 3, ".\r\n") == 0 && i + 3 == wire.size()) {
            ended = true;
            break;
        }
        require(!(at_start && wire.compare(i, 3, ".\r\n") == 0));
        if (at_start && wire[i] == '.') {
            ++i;
            at_start = false;
            continue;
        }
        at_start = wire[i] == '\n';
        back.push_back(wire[i++]);
    }
    require(ended);
    require(back == message || back == std::string{message} + "\r\n");
}

void check_commands(std::string_view octets) {
    std::string out;
    append_xtext(out, octets);
    append_utf8_xtext(out, octets, false);
    for (const char c : out) require(c > 32 && c < 127);
    queue::Recipient to;
    to.original = octets.find(';') == 0 ? std::string{} : "rfc822;" + std::string{octets};
    std::string command;
    MailParameters known;
    known.dsn = true;
    append_rcpt(command, "a@b", to, known);
    require(command.find("\r\n") == command.size() - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets{reinterpret_cast<const char*>(data), size};
    check_reply(octets);
    check_dots(octets);
    check_commands(octets);
    return 0;
}
