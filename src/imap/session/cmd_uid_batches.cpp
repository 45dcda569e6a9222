#include "imap/session/commands.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"

namespace postrider::imap {
namespace {

constexpr std::uint32_t smallest_batch = 500;

}  // namespace

/// RFC 10022: UID ranges that hold so many messages each, from the newest down. Both ends of a range are UIDs
/// of messages.
Reply cmd_uid_batches(Client& client, const Command& command) {
    auto args = parse_uid_batches(command.args);
    if (!args) return bad(args.error());
    if (args->size < smallest_batch) return no("[TOOSMALL] A batch has at least 500 messages");
    const UidSet uids = subtract(client.selected->map.uids(), client.selected->gone);
    std::string& out = client.out;
    out += "* UIDBATCHES (TAG ";
    put_string(out, command.tag);
    out += ')';
    char before = ' ';
    std::uint32_t batch = 1, room = args->size;
    Uid high, low;
    auto end_batch = [&] {
        if (batch >= args->first && batch <= args->last) {
            out += before;
            before = ',';
            put_number(out, high.value());
            out += ':';
            put_number(out, low.value());
        }
        ++batch;
        room = args->size;
        high = Uid{};
    };
    for (auto run = uids.rbegin(); run != uids.rend() && batch <= args->last; ++run) {
        std::uint32_t left = run->last.value() - run->first.value() + 1;
        while (left > 0) {
            const std::uint32_t taken = std::min(left, room);
            if (high == Uid{}) high = Uid{run->first.value() + left - 1};
            left -= taken;
            room -= taken;
            low = Uid{run->first.value() + left};
            if (room == 0) end_batch();
        }
    }
    if (high != Uid{}) end_batch();
    out += "\r\n";
    return ok("UIDBATCHES completed");
}

}  // namespace postrider::imap
