#pragma once

#include "delivery/processor.h"
#include "delivery/reporter.h"
#include "settings/common.h"

namespace postrider::delivery {

struct ProcessingSettings {
    settings::LogProducerSettings log;
    std::chrono::seconds longest_retry{28800};
    std::chrono::seconds first_retry{300};
    std::uint32_t max_retry_count = 20;
    unsigned delivery_threads = 20;
    unsigned filtering_threads = 20;
    std::chrono::minutes greylisting_cache{10};
    unsigned messages_per_second = 0;
    std::chrono::seconds disable_interval{300};
    queue::Notice permanent_ndr, temporary_ndr, success_dsn;
    std::uint32_t ndr_retry_count = 4;
    std::vector<DelayRule> delay_rules;
    std::uint32_t max_queue_size = 0;
    // Of servers that keep their queue in files; read, shown and not needed here.
    std::string queue_path = "queue";
    unsigned queue_entry_count = 64;
    std::uint32_t proc_queue_size = 256;

    RetrySchedule schedule() const;
    ProcessingOptions options(std::string host) const;
};

settings::TableOf<ProcessingSettings> processing_table();

}  // namespace postrider::delivery
