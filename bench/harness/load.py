"""Runs the load generator and reads a server's counters just where it says that measuring begins and ends."""

import json
import os
import subprocess

from . import meters
from .sides import Failed


def run(loadgen, side, mode, timeout=900, on_phase=None, **options):
    """One run. Returns its figures and, added to them, `usage` between its begin and end marks."""
    command = [loadgen, mode, "--phases", "1"]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    os.sync()  # what earlier runs left to be written is not this one's
    process = subprocess.Popen(["timeout", str(timeout), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    usages, last = {}, ""
    with process:
        for line in process.stdout:
            last = line
            said = json.loads(line)
            if "phase" not in said:
                continue
            phase = said["phase"]
            if on_phase:
                on_phase(phase)
            usages[phase] = side.usage()
            process.stdin.write("\n")
            process.stdin.flush()
    if not last:
        raise Failed(f"{mode} on {side.name}: no result (timeout {timeout} s?)")
    result = json.loads(last)
    if "failed" in result:
        raise Failed(f"{mode} on {side.name}: {result['failed']}")
    if "phase" in result:
        raise Failed(f"{mode} on {side.name}: ended after phase {result['phase']}")
    if "begin" in usages and "end" in usages:
        result["usage"] = usages["end"].since(usages["begin"])
    return result


def per_operation(result, operations):
    """The counters of one run divided by what it did."""
    used = result.get("usage", meters.Usage())
    if not operations:
        return {}

    def share(value, scale=1.0):
        return None if value is None else value * scale / operations

    return {"cpu_ms": share(used.cpu_seconds, 1000), "written_kb": share(used.written_bytes, 1 / 1024),
            "flushes": share(used.flush_calls), "device_kb": share(used.device_written_bytes, 1 / 1024),
            "device_flushes": share(used.device_flushes)}
