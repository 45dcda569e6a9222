#include "kv/engine_log.h"

#include <algorithm>
#include <cstdio>

namespace postrider::kv {

void EngineLog::Logv(const char* format, va_list arguments) {
    if (!warn_) return;
    char line[1024];
    const int length = std::vsnprintf(line, sizeof line, format, arguments);
    if (length > 0) warn_({line, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof line - 1)});
}

}  // namespace postrider::kv
