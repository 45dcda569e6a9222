#pragma once

#include <string>
#include <vector>

#include "dns/answer.h"
#include "net/task.h"

/// Questions to the DNS. What records mean is read by pure functions (records.h).
namespace postrider::dns {

/// What one name server is up to, for administrators.
struct ServerState {
    std::string address;  ///< "" = the Internet's name servers, from the root on
    unsigned priority = 0;
    bool answers = true;
    bool validates = false;
};

class Resolver {
public:
    virtual ~Resolver() = default;
    /// @param name  absolute, with or without the last dot, A-labels; not a name: no_name
    /// Resumes on the I/O thread of the caller. Never throws for what the DNS does.
    virtual net::Task<Answer> query(std::string name, Type type) = 0;
    /// The same for threads that may block (administration).
    virtual Answer ask(std::string name, Type type) = 0;

    virtual void flush() {}  ///< forgets all answers
    virtual std::vector<ServerState> servers() const { return {}; }
};

}  // namespace postrider::dns
