#include "queue/survey.h"

#include "queue/view.h"

namespace postrider::queue {
namespace {

constexpr std::uint64_t look_up_every = 1024;

}  // namespace

mailstore::Result<Survey> survey(Queue& queue, Time now, const std::function<bool()>& go_on) {
    using std::chrono::microseconds;
    const auto present = std::chrono::duration_cast<microseconds>(now.time_since_epoch()).count();
    Survey out;
    EntryView view;
    std::int64_t first = present;
    auto seen = queue.each_record([&](QueueId id, std::string_view bytes) {
        if (!view.read(id, bytes)) return true;  // `storage verify` names what is damaged
        ++out.messages;
        out.octets += view.size;
        for (const EntryView::Recipient& one : view.recipients) out.recipients += one.waits();
        ++out.states[state_word(view, false)];
        first = std::min(first, static_cast<std::int64_t>(view.arrival));
        return out.messages % look_up_every != 0 || !go_on || go_on();
    });
    if (!seen) return std::unexpected(seen.error());
    out.oldest = std::chrono::duration_cast<std::chrono::seconds>(microseconds{present - first});
    return out;
}

}  // namespace postrider::queue
