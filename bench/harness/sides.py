"""The servers that are compared: each is started in a directory of its own and says where it can be reached."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time

from . import meters


class Failed(Exception):
    """A server did not start, or a run of the load generator gave no figures."""


def free_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Side:
    """What the rows need to know of a server."""

    name = ""

    def __init__(self, work, preload):
        self.work = os.path.join(work, self.name)
        self.preload = preload
        self.counters = os.path.join(work, f"{self.name}.flushes")
        self.ports = {}
        self.password = ""
        self.pids = []
        self.store = []
        self.version = ""
        meters.make_flush_counters(self.counters)

    def port(self, name):
        if name not in self.ports:
            raise Failed(f"{self.name} has no port for {name}")
        return self.ports[name]

    def alive(self):
        return all(meters.running(pid) for pid in self.pids)

    def usage(self):
        return meters.usage(self.pids, self.counters, os.path.dirname(self.work))

    def memory(self):
        return meters.memory(self.pids)


class Peers(Side):
    """Postfix and Dovecot."""

    name = "peers"

    def __init__(self, work, preload, scripts, port_base, users, scheme="PLAIN", hibernate=0, more=()):
        super().__init__(work, preload)
        self.scripts = scripts
        self.options = ["--port-base", str(port_base), "--users", str(users), "--scheme", scheme,
                        "--hibernate", str(hibernate), *more]

    def start(self):
        try:
            done = subprocess.run([f"{self.scripts}/start", self.work, "--preload", self.preload, "--counters",
                                   self.counters, *self.options], capture_output=True, text=True, timeout=180,
                                  check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed("the peers did not start within 180 s") from error
        if done.returncode != 0:
            raise Failed(f"the peers did not start: {done.stderr.strip()}")
        said = json.loads(done.stdout.strip().splitlines()[-1])
        self.ports, self.password, self.pids = said["ports"], said["password"], said["pids"]
        self.store = said["store"]
        self.version = f"Postfix {said['version']['postfix']} + Dovecot {said['version']['dovecot']}"

    def stop(self):
        subprocess.run([f"{self.scripts}/stop", self.work], timeout=180, check=False)


class Ours(Side):
    """`postrider demo`: all that is needed of it is the line of JSON it prints."""

    name = "ours"

    def __init__(self, work, preload, binary, port_base, users):
        super().__init__(work, preload)
        self.command = [binary, "demo", "--data", self.work, "--port-base", str(port_base), "--users", str(users),
                        "--json"]
        self.process = None
        self.start_seconds = None

    def start(self):
        os.makedirs(self.work, exist_ok=True)
        environment = dict(os.environ, LD_PRELOAD=self.preload, BENCH_FLUSHCOUNT=self.counters)
        begun = time.monotonic()
        with open(f"{self.work}.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env=environment, preexec_fn=raise_file_limit)
        said = self.read_json(begun + 300)
        self.ports, self.pids = said["ports"], [self.process.pid]
        self.store = [f"{self.work}/{part}" for part in ("messages", "kv", "index")]  # as of the peers: without logs
        wanted = "user0@example.org"
        self.password = next((a["password"] for a in said["accounts"] if a["address"] == wanted),
                             said["accounts"][0]["password"])
        with socket.create_connection(("127.0.0.1", self.ports["smtp"]), timeout=10) as probe:
            probe.settimeout(10)
            if not probe.recv(100).startswith(b"220"):
                raise Failed("no SMTP greeting")
            probe.sendall(b"QUIT\r\n")
        self.start_seconds = time.monotonic() - begun
        self.version = "Postrider"

    def read_json(self, limit):
        os.set_blocking(self.process.stdout.fileno(), False)
        said = b""
        while time.monotonic() < limit:
            piece = self.process.stdout.read()
            if piece:
                said += piece
                for line in said.splitlines(keepends=True):
                    if line.startswith(b"{") and line.endswith(b"\n"):
                        return json.loads(line)
            elif self.process.poll() is not None:
                break
            time.sleep(0.002)
        self.stop()
        raise Failed(f"{' '.join(self.command)} printed no JSON; see {self.work}.log")

    def stop(self):
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            for pid in meters.descendants([self.process.pid]):
                os.kill(pid, signal.SIGKILL)
            self.process.wait(10)


class Sink(Side):
    """Postfix's smtp-sink, which stores nothing: the ceiling that client and protocol leave."""

    name = "sink"

    def __init__(self, work, preload, port):
        super().__init__(work, preload)
        self.ports = {"smtp": port}
        self.process = None

    def start(self):
        path = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
        user = ["-u", "postfix"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([path, *user, f"127.0.0.1:{self.ports['smtp']}", "4096"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.pids = [self.process.pid]
        for _ in range(100):
            if not free_port(self.ports["smtp"]):
                return
            time.sleep(0.05)
        raise Failed("smtp-sink did not start")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
