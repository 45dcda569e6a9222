#pragma once

#include <functional>
#include <memory>

#include "net/stream.h"

// How the server is reached: settings::ListenerSettings says where, AccessRules (access.h) who may,
// FlowControl (flow.h) how many at once and per interval, TlsContext (tls.h) how it is protected.
