#pragma once

#include <sys/types.h>

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

namespace postrider::app {

/// Who the server runs as.
struct Identity {
    uid_t user = 0;
    gid_t group = 0;
    std::string name;  ///< for supplementary groups; "" = none
};

/// From names or numbers. Without a user: the owner of `directory`, or nobody else than now when that is root
/// or the directory is not there yet. Nothing when this process is not root, or is to stay root.
std::expected<std::optional<Identity>, std::string> identity(const std::string& user,
                                                             const std::string& group,
                                                             const std::filesystem::path& directory);

/// Becomes it for good. CAP_NET_BIND_SERVICE stays, also over exec, where `bind_low_ports` says so.
std::expected<void, std::string> become(const Identity& identity, bool bind_low_ports);

/// No capability at all, and none to come by: for who speaks with the world.
void give_up_privileges();

/// Cores go to `directory` (the new working directory) without a limit; "" = none are written.
std::expected<void, std::string> allow_cores(const std::string& directory);

/// As many descriptors as the system lets us have: a connection needs one.
void raise_descriptor_limit();

/// Lets the kernel's table of our descriptors grow now to what a busy server needs (128 KB there). Otherwise
/// it doubles when the 257th, 513th, ... connection comes, and in a process with several threads each of
/// these steps holds up whoever wants a descriptor for 10 to 50 ms (Linux waits for a grace period of RCU).
void make_room_for_descriptors();

}  // namespace postrider::app
