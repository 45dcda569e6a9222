#pragma once

#include <cstdint>

namespace postrider::index {

/// Where in a message a term stands; several as a mask. The envelope's fields are kept as SEARCH FROM, TO, CC
/// and SUBJECT read them (decoded, addresses as `Name <local@host>`), the header as SEARCH TEXT does (all of
/// it).
enum Field : std::uint8_t {
    body = 1,
    header = 2,
    subject = 4,
    from = 8,
    to = 16,
    cc = 32,
};
using Fields = std::uint8_t;

}  // namespace postrider::index
