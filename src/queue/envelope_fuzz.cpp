#include <cstdint>
#include <cstdlib>

#include "queue/destinations.h"
#include "queue/envelope.h"
#include "queue/report.h"
#include "queue/view.h"

using namespace postrider;
using namespace postrider::queue;

/// Whatever decodes encodes to something that decodes to the same: the record beside a message's bytes, and
/// the queue's own. What looks through records without decoding them sees the same.
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
        EntryView view;
        if (!view.read(QueueId{1}, bytes) || view.recipients.size() != entry->envelope.recipients.size())
            std::abort();
        for (std::size_t i = 0; i < view.recipients.size(); ++i)
            if (view.recipients[i].destination != entry->envelope.recipients[i].destination) std::abort();
    }
    if (auto state = decode_state(bytes)) {
        auto back = decode_state(encode(*state));
        if (!back || encode(*back) != encode(*state)) std::abort();
    }
    (void)parse_queue_id(bytes);
    (void)expand(bytes, {{"a", "value"}});
    return 0;
}
