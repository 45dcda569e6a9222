// Preloaded into sinks: several may listen on one port, as the processes of a mail server do. The kernel
// shares connections out among them.

#include <dlfcn.h>
#include <sys/socket.h>

extern "C" int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
    static const auto next = reinterpret_cast<decltype(&bind)>(dlsym(RTLD_NEXT, "bind"));
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    return next(fd, address, size);
}
