#include "app/privileges.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace postrider::app {
namespace {

std::unexpected<std::string> failed(const std::string& what) {
    return std::unexpected(what + ": " + std::strerror(errno));
}

std::optional<unsigned> number(const std::string& text) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Sets the effective and permitted capabilities (the first 32; we need none of the others).
bool set_capabilities(std::uint32_t wanted) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].effective = data[0].permitted = data[0].inheritable = wanted;
    return ::syscall(SYS_capset, &header, data) == 0;
}

constexpr std::uint32_t bind_service = 1u << CAP_NET_BIND_SERVICE;

}  // namespace

std::expected<std::optional<Identity>, std::string> identity(const std::string& user,
                                                             const std::string& group,
                                                             const std::filesystem::path& directory) {
    if (::geteuid() != 0) {
        if (user.empty() && group.empty()) return std::nullopt;
        const passwd* now = ::getpwuid(::geteuid());
        if (!user.empty() && (!now || user != now->pw_name) && number(user) != ::geteuid())
            return std::unexpected("Only root can run the server as " + user);
        return std::nullopt;
    }
    Identity made;
    if (!user.empty()) {
        const passwd* entry = ::getpwnam(user.c_str());
        if (!entry && number(user)) entry = ::getpwuid(*number(user));
        if (!entry && !number(user)) return std::unexpected("There is no user " + user);
        made.user = entry ? entry->pw_uid : *number(user);
        made.group = entry ? entry->pw_gid : made.user;
        if (entry) made.name = entry->pw_name;
    } else {
        struct stat status {};
        if (::stat(directory.c_str(), &status) != 0 || status.st_uid == 0) return std::nullopt;
        made.user = status.st_uid;
        made.group = status.st_gid;
        if (const passwd* entry = ::getpwuid(status.st_uid)) {
            made.group = entry->pw_gid;
            made.name = entry->pw_name;
        }
    }
    if (!group.empty()) {
        if (const struct ::group* entry = ::getgrnam(group.c_str()))
            made.group = entry->gr_gid;
        else if (auto id = number(group))
            made.group = *id;
        else
            return std::unexpected("There is no group " + group);
    }
    if (made.user == 0) return std::nullopt;
    return made;
}

std::expected<void, std::string> become(const Identity& who, bool bind_low_ports) {
    if (bind_low_ports && ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        return failed("Capabilities cannot be kept");
    const bool grouped =
        who.name.empty() ? ::setgroups(0, nullptr) == 0 : ::initgroups(who.name.c_str(), who.group) == 0;
    if (!grouped || ::setgid(who.group) != 0 || ::setuid(who.user) != 0)
        return failed(fmt::format("Cannot become user {} and group {}", who.user, who.group));
    if (bind_low_ports) {
        if (!set_capabilities(bind_service)
            || ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) != 0)
            return failed("The right to bind low ports cannot be kept");
    }
    if (::setuid(0) == 0) return std::unexpected("Root's rights could not be given up");
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // Another uid makes a process undumpable, and then it may not even look at its own /proc.
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return {};
}

void give_up_privileges() {
    if (::geteuid() == 0) return;  // root on purpose
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    set_capabilities(0);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

std::expected<void, std::string> allow_cores(const std::string& directory) {
    rlimit limit{};
    if (!directory.empty()) {
        if (directory.size() > 256)
            return std::unexpected("The directory of core files has more than 256 characters");
        if (::chdir(directory.c_str()) != 0) return failed(directory);
        ::getrlimit(RLIMIT_CORE, &limit);
        limit.rlim_cur = limit.rlim_max = ::geteuid() == 0 ? RLIM_INFINITY : limit.rlim_max;
    }
    // Passwords and mail are in memory: nowhere else unless an administrator asks for it.
    if (::setrlimit(RLIMIT_CORE, &limit) != 0) return failed("The limit of core files cannot be set");
    return {};
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void make_room_for_descriptors() {
    constexpr rlim_t enough = 16 * 1024;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < 2) return;
    const int first = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (first < 0) return;
    const int last = ::fcntl(first, F_DUPFD_CLOEXEC, static_cast<int>(std::min(limit.rlim_cur, enough) - 1));
    if (last >= 0) ::close(last);
    ::close(first);
}

}  // namespace postrider::app
