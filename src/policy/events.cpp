#include "policy/events.h"

#include "text/ascii.h"

namespace postrider::policy {

std::optional<Event> find_event(std::string_view name) {
    for (std::size_t i = 0; i < event_count; ++i)
        if (text::equal_ci(event_names[i].name, name)) return static_cast<Event>(i);
    return std::nullopt;
}

}  // namespace postrider::policy
