#pragma once

#include <chrono>
#include <cstddef>

namespace postrider::extract {

enum class Confinement {
    compute,  ///< read and write what is open, memory, exit
    program,  ///< also become another program, which may open files for reading
};

struct SandboxLimits {
    std::chrono::seconds cpu{10};
    std::size_t memory = 1u << 30;  ///< octets of address space
};

/// Gives up everything else, for good: no network, no new files, no new processes, no signals to others
/// (seccomp, with no_new_privs), limited time and memory. To be called before the process has read anything
/// from outside. False when the kernel refuses: then nothing must be read.
bool confine(Confinement confinement, const SandboxLimits& limits = {});

}  // namespace postrider::extract
