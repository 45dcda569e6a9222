#pragma once

#include "delivery/processor.h"
#include "settings/common.h"

namespace postrider::delivery {

struct ProcessingSettings {
    settings::LogProducerSettings log;
    std::chrono::seconds longest_retry{28800};
    std::chrono::seconds first_retry{300};
    std::uint32_t max_retry_count = 20;
    unsigned delivery_threads = 20;
    unsigned messages_per_second = 0;
    std::chrono::seconds disable_interval{300};

    RetrySchedule schedule() const;
    ProcessingOptions options(std::string host) const;
};

settings::TableOf<ProcessingSettings> processing_table();

}  // namespace postrider::delivery
