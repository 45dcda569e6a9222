#include <algorithm>

#include "imap/session/commands.h"
#include "imap/session/message_limit.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"

namespace postrider::imap {
namespace {

constexpr std::uint32_t smallest_batch = 500;
/// For as long as a mailbox stays as it is: more than a client needs for ten million messages by ranges of
/// 100,000.
constexpr std::uint32_t most_often = 120;

/// RFC 10022 §3.1.1, §6: a client asks again when half a batch has come or gone.
bool asks_too_often(Selected& selected, std::uint64_t messages, Uid last, std::uint32_t size) {
    auto& asked = selected.batches;
    const std::uint64_t come = last.value() - std::min(asked.last, last).value();
    const std::uint64_t gone = asked.messages + come - std::min(messages, asked.messages + come);
    if (asked.asked == 0 || come > size / 2 || gone > size / 2) asked = {0, messages, last};
    return ++asked.asked > most_often;
}

}  // namespace

/// RFC 10022: UID ranges that hold so many messages each, from the newest down. The last one ends with 1, so
/// that the ranges leave nothing out.
Reply cmd_uid_batches(Client& client, const Command& command) {
    auto args = parse_uid_batches(command.args);
    if (!args) {
        Reply reply = bad(args.error());
        reply.text = "[CLIENTBUG] " + reply.text;
        return reply;
    }
    if (args->size < smallest_batch) return no("[TOOFEW] A batch has at least 500 messages");
    // What is made for other commands must fit them.
    const std::uint32_t limit = client.settings->message_limit;
    if (limit != 0 && args->size > limit) return over_limit(client);
    const UidSet uids = subtract(client.selected->map.uids(), client.selected->gone);
    const Uid last_uid = uids.empty() ? Uid{} : uids.back().last;
    if (asks_too_often(*client.selected, count(uids), last_uid, args->size))
        return no("[LIMIT] The mailbox has hardly changed since you asked");
    std::string& out = client.out;
    out += "* UIDBATCHES (TAG ";
    put_string(out, command.tag);
    out += ')';
    char before = ' ';
    std::uint32_t batch = 1, room = args->size;
    std::uint64_t told = 0;
    const std::uint64_t all = count(uids);
    Uid high, low;
    auto end_batch = [&] {
        if (batch >= args->first && batch <= args->last) {
            out += before;
            before = ',';
            put_number(out, high.value());
            out += ':';
            put_number(out, told == all ? 1u : low.value());
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
            told += taken;
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
