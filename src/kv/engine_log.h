#pragma once

#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <string_view>

namespace postrider::kv {

/// Takes the engine's own log lines: warnings and worse go to `warn`, the rest nowhere. No LOG files are
/// written beside the store.
class EngineLog final : public rocksdb::Logger {
public:
    explicit EngineLog(std::function<void(std::string_view)> warn)
        : Logger{rocksdb::InfoLogLevel::WARN_LEVEL}, warn_{std::move(warn)} {}

    using Logger::Logv;
    void Logv(const char* format, va_list arguments) override;

private:
    std::function<void(std::string_view)> warn_;
};

/// Going on after an error is ours to decide (RocksStore::recover): the engine would wait five seconds
/// between looks at the free space, and refuse to be told meanwhile.
class NoAutoRecovery final : public rocksdb::EventListener {
public:
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
        *auto_recovery = false;
    }
};

/// Whoever delivers or reads mail goes before compaction. Its thread keeps a twentieth of a processor that is
/// busy: where it falls behind, the engine slows down writing until it has caught up.
class CompactionBehind final : public rocksdb::EventListener {
public:
    void OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override {
        const auto self = static_cast<id_t>(::gettid());
        if (::getpriority(PRIO_PROCESS, self) < niceness) ::setpriority(PRIO_PROCESS, self, niceness);
    }

private:
    static constexpr int niceness = 10;
};

}  // namespace postrider::kv
