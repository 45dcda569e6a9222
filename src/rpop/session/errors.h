#pragma once

#include <stdexcept>
#include <string>

namespace postrider::rpop {

/// The retrieval cannot go on; the text is for the owner of the connection. Thrown by the sessions, caught
/// where they were started.
class Failed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace postrider::rpop
