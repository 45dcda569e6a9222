#include <cstdint>
#include <cstdlib>

#include "queue/envelope.h"
#include "queue/queue.h"

using namespace postrider;
using namespace postrider::queue;

/// Whatever decodes encodes to something that decodes to the same: the record beside a message's bytes, and
/// the queue's own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (auto acceptance = Acceptance::decode(bytes)) {
        const std::string once = acceptance->encode();
        auto back = Acceptance::decode(once);
        if (!back || back->encode() != once) std::abort();
    }
    if (auto entry = decode_entry(QueueId{1}, bytes)) {
        const std::string once = encode(*entry);
        auto back = decode_entry(QueueId{1}, once);
        if (!back || encode(*back) != once) std::abort();
    }
    (void)parse_queue_id(bytes);
    return 0;
}
