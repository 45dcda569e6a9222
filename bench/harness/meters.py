"""What a server has used: processor time, bytes written, flushes, memory. Read from /proc and /sys only."""

import dataclasses
import os
import struct

TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Usage:
    """Counters since the server (or, for device_*, the machine) started."""

    cpu_seconds: float = 0.0
    written_bytes: int = 0
    flush_calls: int | None = None
    device_written_bytes: int | None = None
    device_flushes: int | None = None

    def since(self, earlier):
        def difference(name):
            now, then = getattr(self, name), getattr(earlier, name)
            return None if now is None or then is None else now - then

        return Usage(**{field.name: difference(field.name) for field in dataclasses.fields(self)})


def descendants(roots):
    """The given processes and all below them, as they are now."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        stat = stat_fields(int(entry))
        if stat:
            children.setdefault(int(stat[1]), []).append(int(entry))
    found, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in found:
            continue
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def stat_fields(pid):
    """The fields of /proc/PID/stat after the command's name: [state, ppid, ...]."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def running(pid):
    stat = stat_fields(pid)
    return stat is not None and stat[0] != "Z"


def processes_usage(roots):
    """Sums over the living processes. Those that ended and were waited for are in their parents' sums: the
    kernel adds a child's times (cutime, cstime) and its I/O account to the parent that reaps it."""
    usage = Usage()
    for pid in descendants(roots):
        stat = stat_fields(pid)
        if not stat:
            continue
        usage.cpu_seconds += sum(int(ticks) for ticks in stat[11:15]) / TICK
        try:
            with open(f"/proc/{pid}/io", encoding="ascii") as file:
                io = dict(line.split(": ") for line in file.read().splitlines())
        except OSError:
            continue
        usage.written_bytes += int(io["write_bytes"]) - int(io["cancelled_write_bytes"])
    return usage


def device_counters(path):
    """(bytes written, flushes) of the block device under `path`, or (None, None) where there is none."""
    device = os.stat(path).st_dev
    try:
        with open(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat", encoding="ascii") as file:
            fields = [int(field) for field in file.read().split()]
    except OSError:
        return None, None
    return fields[6] * 512, fields[15] if len(fields) > 15 else None


def make_flush_counters(path):
    with open(path, "wb") as file:
        file.write(bytes(64))
    os.chmod(path, 0o666)  # servers change their user


def flush_calls(path):
    """All calls counted by the preloaded library, of every kind."""
    with open(path, "rb") as file:
        return sum(struct.unpack("<4Q", file.read(32)))


def usage(roots, counters, store):
    result = processes_usage(roots)
    result.flush_calls = flush_calls(counters) if counters else None
    result.device_written_bytes, result.device_flushes = device_counters(store)
    return result


def memory(roots):
    """(proportional, resident) bytes: pages that processes share count once in the first."""
    pss = rss = 0
    for pid in descendants(roots):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        pss += int(line.split()[1]) * 1024
                    elif line.startswith("Rss:"):
                        rss += int(line.split()[1]) * 1024
        except OSError:
            continue
    return pss, rss


def disk_usage(directories):
    """Bytes the file system has allocated for all files below; hard links count once."""
    total, seen = 0, set()
    for directory in directories:
        for folder, _, files in os.walk(directory):
            for name in files:
                try:
                    stat = os.lstat(os.path.join(folder, name))
                except OSError:
                    continue
                if (stat.st_dev, stat.st_ino) not in seen:
                    seen.add((stat.st_dev, stat.st_ino))
                    total += stat.st_blocks * 512
    return total
