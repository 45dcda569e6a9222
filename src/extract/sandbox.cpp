#include "extract/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace postrider::extract {
namespace {

#if defined(__x86_64__)
constexpr unsigned this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned this_machine = AUDIT_ARCH_AARCH64;
#else
#error "the sandbox does not know this machine"
#endif

constexpr int computing[] = {
    SYS_read,        SYS_write,         SYS_readv,           SYS_writev,       SYS_pread64,
    SYS_lseek,       SYS_close,         SYS_fstat,           SYS_mmap,         SYS_munmap,
    SYS_mremap,      SYS_mprotect,      SYS_madvise,         SYS_brk,          SYS_futex,
    SYS_exit,        SYS_exit_group,    SYS_rt_sigreturn,    SYS_rt_sigaction, SYS_rt_sigprocmask,
    SYS_sigaltstack, SYS_clock_gettime, SYS_getrandom,       SYS_getpid,       SYS_gettid,
    SYS_sched_yield, SYS_fcntl,         SYS_restart_syscall,
};
/// What a program needs to start and to look up its own files.
constexpr int starting[] = {
    SYS_execve,
    SYS_set_tid_address,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_newfstatat,
    SYS_statx,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getcwd,
    SYS_uname,
    SYS_sysinfo,
    SYS_getdents64,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_gettimeofday,
    SYS_sched_getaffinity,
    SYS_statfs,
    SYS_fstatfs,
    SYS_dup,
    SYS_fadvise64,
#if defined(__x86_64__)
    SYS_arch_prctl,
    SYS_access,
    SYS_readlink,
    SYS_stat,
    SYS_lstat,
    SYS_time,
#endif
};

bool limit(int what, rlim_t most) {
    const rlimit value{most, most};
    return ::setrlimit(static_cast<__rlimit_resource_t>(what), &value) == 0;
}

sock_filter statement(unsigned code, unsigned k) {
    return {static_cast<__u16>(code), 0, 0, k};
}
sock_filter jump(unsigned code, unsigned k, unsigned yes, unsigned no) {
    return {static_cast<__u16>(code), static_cast<__u8>(yes), static_cast<__u8>(no), k};
}

void allow(std::vector<sock_filter>& filter, int call) {
    filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

std::vector<sock_filter> make_filter(Confinement confinement) {
    constexpr unsigned refused = SECCOMP_RET_ERRNO | EPERM;
    std::vector<sock_filter> filter;
    filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
    filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, this_machine, 1, 0));
    filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (int call : computing) allow(filter, call);
    if (confinement == Confinement::program) {
        for (int call : starting) allow(filter, call);
        // Limits may be looked at, not changed: prlimit64 without new ones. Of 64-bit arguments the lower
        // half comes first.
        filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 6));
        filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])));
        filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3));
        filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2]) + 4));
        filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
        filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        filter.push_back(statement(BPF_RET | BPF_K, refused));
        // Files may be opened to be read.
        filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3));
        filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])));
        constexpr unsigned changes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
        filter.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, changes, 1, 0));
        filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    filter.push_back(statement(BPF_RET | BPF_K, refused));
    return filter;
}

}  // namespace

bool confine(Confinement confinement, const SandboxLimits& limits) {
    const auto seconds = static_cast<rlim_t>(limits.cpu.count());
    if (!limit(RLIMIT_CPU, seconds) || !limit(RLIMIT_AS, limits.memory) || !limit(RLIMIT_FSIZE, 0)
        || !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, 64))
        return false;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    auto filter = make_filter(confinement);
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace postrider::extract
