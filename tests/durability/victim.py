"""A `postrider demo` under test: started on a data directory, killed without warning, started again."""

import json
import os
import signal
import subprocess
import time


class StartFailed(Exception):
    pass


class Server:
    def __init__(self, binary, data, users=8, preload=None, env=None, output=None):
        self.binary, self.data, self.users = binary, data, users
        self.preload, self.env, self.output = preload, env or {}, output
        self.process = None

    def start(self, seconds=180):
        env = dict(os.environ, **self.env)
        if self.preload:
            env["LD_PRELOAD"] = self.preload
        log = open(self.output, "ab") if self.output else subprocess.DEVNULL
        self.process = subprocess.Popen(
            [self.binary, "demo", "--data", self.data, "--port-base", "0", "--json", "--users", str(self.users)],
            stdout=subprocess.PIPE, stderr=log, env=env)
        if self.output:
            log.close()
        began = time.monotonic()
        line = self._first_line(began + seconds)
        if not line:
            code = self.process.poll()
            self.kill()
            raise StartFailed(f"the server did not start within {seconds} s (exit code {code})")
        said = json.loads(line)
        self.ports = said["ports"]
        self.accounts = {one["address"]: one["password"] for one in said["accounts"]}
        self.start_seconds = time.monotonic() - began
        return self

    def _first_line(self, deadline):
        import select
        fd, got = self.process.stdout.fileno(), b""
        while time.monotonic() < deadline:
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            piece = os.read(fd, 1 << 20)
            got += piece
            if b"\n" in got:
                return got.split(b"\n")[0]
            if not piece:
                self.process.wait(10)
                return None
        return None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.process is None:
            return
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.process.stdout.close()

    def stop(self, seconds=120):
        """A clean stop; the exit code."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.process.stdout.close()


def storage_check(binary, data, *arguments):
    """-> what `storage_check` finds wrong in the data of a stopped server"""
    program = os.path.join(os.path.dirname(os.path.abspath(binary)), "storage_check")
    done = subprocess.run([program, data, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode not in (0, 1, 3):
        lines.append(f"storage_check ended with {done.returncode}")
    return lines
