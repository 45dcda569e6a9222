#pragma once

#include "imap/session/threads.h"
#include "imap/wire/encode.h"

namespace postrider::imap {

template <class Number>
void put_threads(std::string& out, const Threads& threads, const ThreadInput& input, const Number& number) {
    auto put = [&](auto& self, std::uint32_t at) -> void {  // deep by max_thread_depth and two
        out += '(';
        for (bool first = true;; first = false) {
            const Threads::Node& node = threads.nodes[at];
            if (node.message >= 0) {
                if (!first) out += ' ';
                put_number(out, number(input.messages[static_cast<std::size_t>(node.message)].uid));
            }
            if (node.children.size() == 1) {
                at = node.children.front();
                continue;
            }
            if (!node.children.empty() && node.message >= 0) out += ' ';
            for (std::uint32_t child : node.children) self(self, child);
            break;
        }
        out += ')';
    };
    for (std::uint32_t child : threads.nodes[0].children) put(put, child);
}

}  // namespace postrider::imap
