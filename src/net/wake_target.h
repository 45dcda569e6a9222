#pragma once

#include "net/stream.h"

namespace postrider::net {

/// What a WakeHandle points at; outlives its stream while someone is waking it.
struct Stream::WakeHandle::Target {
    virtual ~Target() = default;
    virtual void wake() = 0;  ///< from any thread
};

}  // namespace postrider::net
