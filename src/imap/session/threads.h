#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imap/wire/sort.h"
#include "mailstore/types.h"

/// Which messages belong together, by what is known of them. Pure. RFC 5256 §3.
namespace postrider::imap {

struct ThreadMessage {
    Uid uid;
    std::int64_t sent = 0;     ///< RFC 5256 §2.2
    std::int64_t arrived = 0;  ///< internal date
    std::uint64_t id = 0;      ///< mime::reference_key() of its Message-ID; 0 = none
    std::uint32_t references_begin = 0, references_end = 0;  ///< in ThreadInput::references
    std::uint32_t subject = 0;  ///< base subjects that are the same have the same number; 0 = none
    bool reply = false;         ///< or forward
};

struct ThreadInput {
    std::vector<ThreadMessage> messages;    ///< in mailbox order
    std::vector<std::uint64_t> references;  ///< of all, each message's eldest first
};

/// A message below another one is never deeper than this: what would be, begins anew. Bounds the work that
/// made-up references can cause.
inline constexpr unsigned max_thread_depth = 500;

/// A forest: what THREAD answers. Index 0 is the root and no message.
struct Threads {
    struct Node {
        std::int32_t message = -1;  ///< in ThreadInput::messages; -1: only holds others together
        std::vector<std::uint32_t> children;
    };
    std::vector<Node> nodes;
};

Threads thread(const ThreadInput& input, ThreadArgs::Algorithm algorithm);

/// " (2)(3 6 (4 23)(44 7 96))" (RFC 5256 §4); `number` gives what is shown of a message.
template <class Number>
void put_threads(std::string& out, const Threads& threads, const ThreadInput& input, const Number& number);

}  // namespace postrider::imap

#include "imap/session/put_threads.h"
