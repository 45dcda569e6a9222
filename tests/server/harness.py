"""Starts the server under test in a directory of its own, on free ports, and takes it down again.

A test class names what it needs; one server serves all its tests:

    class Greeting(harness.ServerCase):
        users = 2                       # user0, user1 besides alice, bob, carol

        def test_says_its_name(self):
            with self.smtp() as peer: ...

What the server logged is shown when a test fails. A server that dies, leaks or reports a sanitizer's finding fails its
class even when every answer was right.
"""

import contextlib
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import clients

BINARY = os.environ.get("POSTRIDER_BINARY", "build/release/postrider")
LONG = os.environ.get("POSTRIDER_LONG") == "1"
SLOW = float(os.environ.get("POSTRIDER_SLOW", "1"))  # how much slower than usual this machine or binary may be
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(HERE), "data")
# What does not come within these has hung: a busy machine may be ten times slower than ours.
PATIENCE = 60 * SLOW
START_SECONDS = 180 * SLOW
STOP_SECONDS = 120 * SLOW

_given_ports = set()


def free_port():
    """A port that is free for TCP and for UDP, and that nobody else is given: below those that the system gives to
    connections, which could take one before the server binds it; out of this process's share, as several run at once;
    never one that was given before."""
    share, shares = (int(word) for word in os.environ.get("POSTRIDER_PORTS", "0/1").split("/"))
    width = 22_000 // shares
    for _ in range(1000):
        port = 10_000 + share * width + random.randrange(width)
        if port in _given_ports:
            continue
        with (socket.socket(socket.AF_INET) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
              contextlib.suppress(OSError)):
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            _given_ports.add(port)
            return port
    raise AssertionError("no free port")


class FreePorts(dict):
    """Port numbers by any name: see free_port()."""

    def __missing__(self, name):
        self[name] = port = free_port()
        return port


class Server:
    """One `postrider` process and its data."""

    def __init__(self, directory=None):
        self.root = directory or tempfile.mkdtemp(prefix="postrider-test-")
        self.kept = directory is not None
        self.data = os.path.join(self.root, "data")
        self.process = None
        self.ports = {}
        self.password = None
        self.environment = {}  # what the process gets beside ours
        self.errors = []     # lines of standard error that point at a defect
        self._stderr = os.path.join(self.root, "stderr")

    # Starting

    def demo(self, users=0, arguments=()):
        """A server that makes its own domain, accounts and certificate; knows its ports at once."""
        self._spawn(["demo", "--data", self.data, "--port-base", "0", "--json", "--users", str(users), *arguments])
        line = self._first_line(START_SECONDS)
        try:
            started = json.loads(line)
        except ValueError:
            self.stop(check=False)
            raise AssertionError(f"demo did not start: {line!r}\n{self.stderr()}") from None
        self.ports = started["ports"]
        self.accounts = started["accounts"]
        self.password = self.accounts[0]["password"]
        return self

    def serve(self, config, ports_to_await=None):
        """A server with a configuration of the test's own. `config(ports)` is its text, `ports` free ports by name
        ("udp" and "ipv6" are not waited for). The data are those of an earlier demo() in this directory."""
        for attempt in range(5):
            ports = FreePorts()
            path = os.path.join(self.root, "test.cfg")
            with open(path, "w") as file:
                file.write(config(ports))
            self._spawn(["serve", "--single", "-W", self.data, "-C", path])
            self.ports = dict(ports)
            if self._await_ports(ports_to_await or [p for n, p in ports.items() if n not in ("udp", "ipv6")]):
                return self
            said = self.stderr()
            self.stop(check=False)
            if "in use" not in said:
                break
        raise AssertionError(f"serve did not start:\n{said}\n{self.log_tail()}")

    def prepared(self, users=0):
        """The domain, accounts and certificate of a demo, stopped again."""
        self.demo(users)
        self.stop()
        return self

    def _spawn(self, arguments):
        assert self.process is None, "still running"
        self._err = open(self._stderr, "ab")
        environment = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", **self.environment)
        self.process = subprocess.Popen([os.path.abspath(BINARY), *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self._err, cwd=self.root, env=environment)

    def _first_line(self, seconds):
        got = []
        reader = threading.Thread(target=lambda: got.append(self.process.stdout.readline()), daemon=True)
        reader.start()
        reader.join(seconds)
        return got[0].decode() if got else ""

    def _await_ports(self, ports):
        end = time.monotonic() + START_SECONDS
        for port in ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > end:
                        return False
                    time.sleep(0.05)
        return self.process.poll() is None

    # While it runs

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def rss(self):
        """Resident memory in octets."""
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def command(self, *arguments, input=None, check=True):
        """Runs `postrider --data DIR ARGUMENTS`; its standard output."""
        done = subprocess.run([os.path.abspath(BINARY), "--data", self.data, *arguments], input=input, text=True,
                              capture_output=True, timeout=300 * SLOW)
        if check and done.returncode != 0:
            raise AssertionError(f"postrider {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def logs(self):
        """Everything that is in the log files, oldest file first."""
        found = []
        for path in glob.glob(os.path.join(self.data, "log", "*")):
            with contextlib.suppress(FileNotFoundError):  # just rotated
                with open(path, errors="replace") as file:
                    found.append((os.path.getmtime(path), file.read()))
        return "".join(text for _, text in sorted(found))

    def log_tail(self, lines=25):
        return "\n".join(self.logs().splitlines()[-lines:])

    def stderr(self):
        with open(self._stderr, errors="replace") as file:
            return file.read()

    # Ending

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._gone(STOP_SECONDS)

    def _gone(self, seconds):
        self.process.wait(seconds)
        self.process.stdout.close()
        self._err.close()
        code, self.process = self.process.returncode, None
        return code

    def stop(self, check=True):
        """SIGTERM, then SIGKILL; complains about a server that had died or ends badly."""
        if self.process is None:
            return
        died = self.process.poll()
        if died is None:
            self.process.send_signal(signal.SIGTERM)
        late = False
        try:
            code = self._gone(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            late = True
            self.process.send_signal(signal.SIGKILL)
            code = self._gone(STOP_SECONDS)
        if not check:
            return
        said = self.stderr()
        if died is not None:
            raise AssertionError(f"the server had died with {died}\n{said[-20000:]}\n{self.log_tail()}")
        if late:
            raise AssertionError(f"the server did not stop within {STOP_SECONDS:.0f} s\n{self.log_tail()}")
        if code != 0 or "Sanitizer" in said or "runtime error:" in said:
            raise AssertionError(f"the server ended with {code}\n{said[-20000:]}")

    def remove(self):
        self.stop(check=False)
        if not self.kept:
            shutil.rmtree(self.root, ignore_errors=True)


class Case(unittest.TestCase):
    """Shows the log of `self.server` when a test fails."""

    exclusive = False     # True: alone on the machine, because it measures
    longDescription = None
    server = None

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result is not None else 0
        super().run(result)
        if result is not None and len(result.failures) + len(result.errors) > before and self.server is not None:
            print(f"--- log of the server after {self.id()}\n{self.server.log_tail()}\n---", file=sys.stderr)
        return result

    def eventually(self, condition, seconds=20, what="it did not happen"):
        """Waits until `condition()` is true; its value. `seconds` is what it may take on a machine of ours: a busy one
        gets a minute for whatever it is."""
        seconds = max(seconds * SLOW, PATIENCE)
        end = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                self.fail(f"{what} within {seconds} s")
            time.sleep(0.02)

    # Clients; all are context managers.

    def port(self, service):
        return self.server.ports[service]

    def smtp(self, service="smtp", **options):
        return clients.Smtp(self.port(service), tls=service == "submissions", **options)

    def lmtp(self):
        return clients.Smtp(self.port("lmtp"), hello="LHLO")

    def submission(self, user="alice", **options):
        """Logged in on the submission port."""
        peer = clients.Smtp(self.port("submission"), **options)
        peer.login(self.address(user), self.server.password)
        return peer

    def imap(self, user="alice", folder=None, service="imap"):
        peer = clients.Imap(self.port(service), tls=service == "imaps")
        if user:
            peer.login(self.address(user), self.server.password)
        if folder:
            peer.ok(f'SELECT "{folder}"')
        return peer

    def pop3(self, user="alice", service="pop3"):
        peer = clients.Pop3(self.port(service), tls=service == "pop3s")
        if user:
            peer.ok(f"USER {self.address(user)}")
            peer.ok(f"PASS {self.server.password}")
        return peer

    @staticmethod
    def address(user):
        return user if "@" in user else f"{user}@example.org"

    def inbox(self, user="alice", folder="INBOX"):
        """All messages of a folder as stored."""
        with self.imap(user, folder) as peer:
            return peer.messages()

    def wait_for(self, user, count, folder="INBOX", seconds=20):
        """The messages of a folder once there are `count`."""
        got = []

        def there():
            got[:] = self.inbox(user, folder)
            return len(got) >= count
        self.eventually(there, seconds, f"{count} messages for {user} (there are {len(got)})")
        self.assertEqual(len(got), count, repeated(got))
        return got

    def wait_for_one(self, user, marker, folder="INBOX", seconds=20):
        """The one message that contains `marker`."""
        marker = marker.encode() if isinstance(marker, str) else marker
        found = self.eventually(lambda: [m for m in self.inbox(user, folder) if marker in m], seconds,
                                f"no message with {marker!r} for {user}")
        self.assertEqual(len(found), 1, f"{marker!r} came {len(found)} times")
        return found[0]

    def empty(self, user, folder="INBOX"):
        with self.imap(user, folder) as peer:
            peer.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)", may_fail=True)
            peer.ok("EXPUNGE")


def repeated(messages):
    """The headers of messages that are there more than once, and of those that have no Message-ID."""
    by_id = {}
    for one in messages:
        head = one.split(b"\r\n\r\n", 1)[0]
        found = re.search(rb"^Message-ID: *(\S+)", head, re.IGNORECASE | re.MULTILINE)
        by_id.setdefault(found[1] if found else b"", []).append(head.decode(errors="replace"))
    return "\n\n".join(head for name, heads in by_id.items() if len(heads) > 1 or not name for head in heads)


class ServerCase(Case):
    """A demo server for all tests of the class."""

    users = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        try:
            cls.server.demo(cls.users)
            cls.prepare()
        except BaseException:
            cls.server.remove()
            raise

    @classmethod
    def prepare(cls):
        """What the class wants in the server before its tests."""

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            cls.server.remove()


class ConfiguredCase(Case):
    """A server with the class's configuration: `config(ports, data)` is the text of the file."""

    users = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        try:
            cls.server.prepared(cls.users)
            cls.prepare()
            cls.server.serve(lambda ports: cls.config(ports))
        except BaseException:
            cls.server.remove()
            raise

    @classmethod
    def prepare(cls):
        """What must be in the data directory before the start."""

    @classmethod
    def config(cls, ports):
        raise NotImplementedError

    tearDownClass = classmethod(ServerCase.tearDownClass.__func__)


def listener(port, more="", tls=True):
    """One entry of `listeners`, generous, with the demo's certificate."""
    address = f"127.0.0.1:{port}" if isinstance(port, int) else port
    ssl = "sslControl = { certFile = run/demo_cert.pem }" if tls else ""
    return (f"{{ address = {address} maxConnections = 2048 peerMaxConnections = 2048 maxIntervalConnections = 0\n"
            f"peerMaxIntervalConnections = 0 {ssl}\n{more} }}\n")


def config(ports, smtp="", imap="", pop3="", server="", smtp_listeners=None, imap_listeners=None, pop3_listeners=None,
           cli=""):
    """The text of a configuration: every service, what the test wants besides. Listeners may be replaced."""
    smtp_listeners = smtp_listeners if smtp_listeners is not None else (
        listener(ports["smtp"]) + listener(ports["submission"], "protocol = submission") + listener(ports["lmtp"], "protocol = lmtp"))
    imap_listeners = imap_listeners if imap_listeners is not None else (
        listener(ports["imap"], "idleTimeout = 1800") + listener(ports["imaps"], "sslEnable = yes"))
    pop3_listeners = pop3_listeners if pop3_listeners is not None else (
        listener(ports["pop3"]) + listener(ports["pop3s"], "sslEnable = yes"))
    return f"""Server {{
    serverName = mail.example.org
    primaryDomain = example.org
    {server}
    smtpIncoming = {{
        plainConnAuthTypes = (all)
        listeners = ( {smtp_listeners} )
        {smtp}
    }}
    imap = {{
        plainConnAllowLogin = yes
        listeners = ( {imap_listeners} )
        {imap}
    }}
    pop3 = {{
        plainConnAllowLogin = yes
        listeners = ( {pop3_listeners} )
        {pop3}
    }}
    cli = {{
        {cli or f"listeners = ( {listener(ports['cli'])} )"}
    }}
}}
"""


def program(name):
    """The path of a program that must be there (scripts/install-packages test)."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise AssertionError(f"{name} is not installed: run scripts/install-packages test")
    return path


def run(*command, input=None, seconds=300, check=True, env=None, cwd=None):
    """Runs a real program to its end; its output in octets."""
    if isinstance(input, str):
        input = input.encode()
    done = subprocess.run([program(command[0]), *command[1:]], input=input, capture_output=True, timeout=seconds * SLOW,
                          env=dict(os.environ, LC_ALL="C.UTF-8", **(env or {})), cwd=cwd)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout.decode(errors='replace')}"
                             f"{done.stderr.decode(errors='replace')}")
    return done


@contextlib.contextmanager
def scratch():
    """A directory that is removed afterwards."""
    path = tempfile.mkdtemp(prefix="postrider-test-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def has_admin():
    """Whether the binary can make accounts, groups and the like."""
    done = subprocess.run([os.path.abspath(BINARY), "account", "--help"], capture_output=True, timeout=30 * SLOW)
    return done.returncode == 0 and b"add" in done.stdout


def needs_admin(test):
    if not has_admin():
        test.skipTest("this binary has no account commands")
