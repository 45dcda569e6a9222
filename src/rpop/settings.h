#pragma once

#include "settings/common.h"

namespace postrider::rpop {

struct RpopSettings {
    settings::LogProducerSettings log;
    unsigned max_threads = 20;  ///< retrievals at once
    unsigned min_threads = 1;
    std::uint32_t max_message_size = 51200;  ///< KB
};

settings::TableOf<RpopSettings> rpop_table();

}  // namespace postrider::rpop
