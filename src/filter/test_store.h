#pragma once

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/test_folder.h"
#include "kv/kv.h"
#include "mime/address.h"
#include "observe/memory_log.h"
#include "observe/metrics.h"
#include "settings/address.h"

namespace postrider::filter {

/// A key-value store of a test's own, and a clock that it moves.
struct TestStore {
    TestStore() { open(); }
    void open() {
        kv.reset();
        kv = std::move(*kv::Store::open(folder.path() / "kv", {}));
    }
    std::size_t records(std::string_view prefix) {
        std::string end{prefix};
        ++end.back();
        std::size_t many = 0;
        for (auto cursor = kv->scan(prefix, end); cursor->valid(); cursor->next()) ++many;
        return many;
    }

    TestFolder folder;
    std::unique_ptr<kv::Store> kv;
    ManualClock clock{Time{} + std::chrono::hours{24 * 365 * 56}};
    observe::Metrics metrics;
    observe::MemoryLog log{"FILTERS", 31};
    observe::Logger logger = log.logger();
};

inline mime::AddrSpec address(std::string_view text) {
    return mime::parse_addr_spec(text).value();
}
inline settings::Ip ip(std::string_view text) {
    return settings::parse_ip(text).value();
}

}  // namespace postrider::filter
