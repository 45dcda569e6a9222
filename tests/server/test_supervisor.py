"""The supervisor: it starts the server again, keeps its sockets, drops its rights and lets a new binary take over."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import clients
import harness

MESSAGE = "From: you@example.net\r\nTo: alice@example.org\r\nSubject: {}\r\n\r\nx\r\n"


class Supervised(harness.Case):
    options = ()

    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.remove)
        self.server.prepared()
        self.config = os.path.join(self.server.root, "test.cfg")
        self.binary = None

    def write_config(self, extra="", smtp=""):
        ports = self.server.ports
        listener = "{ address = 127.0.0.1:%d maxConnections = 10000 maxIntervalConnections = 0 " \
                   "peerMaxConnections = 10000 peerMaxIntervalConnections = 0 %s }"
        with open(self.config, "w") as file:
            file.write(f"""Server {{
    serverName = mail.example.org primaryDomain = example.org
    smtpIncoming = {{ listeners = ( {listener % (ports["smtp"], "")} ) {smtp} }}
    imap = {{ listeners = ( {listener % (ports["imap"], "")} ) plainConnAllowLogin = yes }}
    pop3 = {{ listeners = ( {listener % (ports["pop3"], "")} ) }}
    cli = {{ listeners = ( {{ address = 127.0.0.1:{ports["cli"]} }} ) }}
    {extra} }}\n""")

    def start(self, *options, environment=None, wait=True, preexec=None, **config):
        self.server.ports = {name: harness.FreePorts()[name] for name in ("smtp", "imap", "pop3", "cli")}
        self.write_config(**config)
        err = open(self.server._stderr, "ab")
        self.server._err = err
        # Connections are taken before the server is ready, and one that dies until then is not started again.
        ready = None
        if wait and environment is None and "-u" not in options:
            ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            path = os.path.join(self.server.root, f"ready-{time.monotonic_ns()}")
            ready.bind(path)
            os.chmod(path, 0o777)  # the server may have become somebody else
            ready.settimeout(harness.START_SECONDS)
            environment = {"NOTIFY_SOCKET": path}
        command = [self.binary or os.path.abspath(harness.BINARY), "serve", "-W", self.server.data, "-C", self.config,
                   *options]
        self.server.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err,
                                               cwd=self.server.root, preexec_fn=preexec,
                                               env=dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", **(environment or {})))
        if wait:
            self.assertTrue(self.server._await_ports(list(self.server.ports.values())), self.server.stderr())
            self.eventually(lambda: self.child() is not None)
        if ready:
            with ready:
                while "READY=1" not in ready.recv(4096).decode():
                    pass

    def child(self):
        """The server's process id."""
        path = f"/proc/{self.server.pid}/task/{self.server.pid}/children"
        with contextlib.suppress(OSError), open(path) as file:
            found = file.read().split()
            return int(found[0]) if found else None
        return None

    def greeted(self, port=None):
        with contextlib.suppress(OSError, clients.Closed, AssertionError):
            with clients.Smtp(port or self.port("smtp"), timeout=5):
                return True
        return False

    def another_child(self, than):
        return self.eventually(lambda: (self.child() not in (None, than)) and self.greeted() and self.child(),
                               60, what="no new server")


class Load:
    """Connects without a pause and counts what happens; with `mail` it also hands in messages."""

    def __init__(self, port, threads=4, mail=False):
        self.port, self.mail = port, mail
        self.refused, self.broken, self.served, self.accepted = 0, 0, 0, []
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(threads)]
        for one in self.threads:
            one.start()

    def work(self, number):
        count = 0
        while not self.over.is_set():
            count += 1
            try:
                with clients.Smtp(self.port, timeout=60) as peer:
                    if self.mail:
                        name = f"load-{number}-{count}"
                        peer.mail("you@example.net", "alice@example.org", MESSAGE.format(name).encode())
                        with self.lock:
                            self.accepted.append(name)
                    with self.lock:
                        self.served += 1
            except ConnectionRefusedError:
                with self.lock:
                    self.refused += 1
            except (OSError, clients.Closed, AssertionError):  # a 421, or the connection was cut
                with self.lock:
                    self.broken += 1
            time.sleep(0.002)

    def finish(self):
        self.over.set()
        for one in self.threads:
            one.join()


class Restart(Supervised):
    def test_a_killed_server_is_started_again_and_refuses_no_connection(self):
        self.start()
        load = Load(self.port("smtp"))
        for _ in range(3):
            before = self.child()
            time.sleep(0.5)
            os.kill(before, signal.SIGKILL)
            self.another_child(before)
        load.finish()
        self.assertEqual(load.refused, 0)
        self.assertGreater(load.served, 10)
        self.assertIn("The server before this one ended with signal 9", self.server.logs())
        self.server.stop()
        print(f"3 kills: {load.served} served, {load.broken} cut, {load.refused} refused")

    def test_a_configuration_in_the_middle_of_a_change_does_not_keep_a_killed_server_down(self):
        self.start()
        with open(self.config, "w") as file:
            file.write("Server { half a")
        before = self.child()
        os.kill(before, signal.SIGKILL)
        self.another_child(before)
        self.eventually(lambda: "it runs with the settings of before" in self.server.logs())
        self.server.stop()

    def test_a_server_that_keeps_dying_is_started_more_and_more_slowly(self):
        self.start()
        for _ in range(4):
            before = self.child()
            os.kill(before, signal.SIGKILL)
            self.eventually(lambda: self.child() not in (None, before))
        waits = [int(ms) for ms in re.findall(r"started again in (\d+) ms", self.server.stderr())]
        self.assertEqual(waits, [0, 200, 400, 800])
        self.server.stop()

    def test_a_server_that_hangs_is_ended_and_started_again(self):
        self.start("--watchdog", "2")
        before = self.child()
        os.kill(before, signal.SIGSTOP)
        self.another_child(before)
        self.assertIn("has not moved for", self.server.stderr())
        self.server.stop()

    def test_a_server_that_cannot_start_at_all_is_not_tried_again(self):
        self.start(wait=False, extra="log = { path = ( ")
        self.assertEqual(self.server._gone(harness.STOP_SECONDS), 1)
        self.assertIn("has errors", self.server.stderr())

    def test_the_death_of_the_supervisor_ends_the_server(self):
        self.start()
        child = self.child()
        self.server.kill()
        self.eventually(lambda: not os.path.exists(f"/proc/{child}"))

    def test_a_stopped_server_leaves_no_socket_and_no_pid_file(self):
        self.start()
        pid_file = os.path.join(self.server.data, "run", "postrider.pid")
        with open(pid_file) as file:
            self.assertEqual(int(file.read()), self.server.pid)
        with self.smtp() as peer:
            self.server.process.send_signal(signal.SIGTERM)
            self.assertIn(b"421 4.3.2", peer.rest())
        self.server.stop(check=False)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port("smtp")), 5)
        self.assertFalse(os.path.exists(pid_file))


class Upgrade(Supervised):
    def setUp(self):
        super().setUp()
        self.binary = os.path.join(self.server.root, "postrider-installed")
        shutil.copy(harness.BINARY, self.binary)

    def install(self, source=None, text=None):
        """As dpkg does it: a new file in the old one's place."""
        if text is None:
            shutil.copy(source or harness.BINARY, self.binary + ".new")
        else:
            with open(self.binary + ".new", "w") as file:
                file.write(text)
            os.chmod(self.binary + ".new", 0o755)
        os.rename(self.binary + ".new", self.binary)

    def test_a_new_binary_takes_over_under_load_without_a_refused_connection_or_a_lost_message(self):
        self.start()
        load = Load(self.port("smtp"), mail=True)
        for by_command in (True, False):
            time.sleep(1)
            before = self.child()
            self.install()
            if by_command:
                self.server.command("upgrade")
            else:
                self.server.process.send_signal(signal.SIGUSR2)
            self.another_child(before)
        load.finish()
        self.assertEqual(load.refused, 0)
        self.assertGreater(len(load.accepted), 10)
        self.server.password = self.server.accounts[0]["password"]
        got = self.inbox("alice")
        for name in load.accepted:
            self.assertEqual(sum(f"Subject: {name}\r\n".encode() in one for one in got), 1, name)
        self.assertNotIn("not closed", self.server.logs())
        self.server.stop()
        print(f"2 upgrades: {len(load.accepted)} messages, {load.broken} sessions ended, {load.refused} refused")

    def test_a_binary_that_does_not_work_costs_nothing(self):
        self.start()
        before = self.child()
        self.install(text="#!/bin/sh\nexit 3\n")
        with self.assertRaisesRegex(AssertionError, "cannot take over"):
            self.server.command("upgrade")
        self.server.process.send_signal(signal.SIGUSR2)
        self.eventually(lambda: self.server.stderr().count("cannot take over") >= 1)
        self.assertEqual(self.child(), before)
        self.assertTrue(self.greeted())
        self.server.stop()

    def test_a_configuration_with_errors_keeps_the_old_program(self):
        self.start()
        before = self.child()
        self.write_config(extra="log = { path = ( ")
        with self.assertRaisesRegex(AssertionError, "cannot take over"):
            self.server.command("upgrade")
        self.assertEqual(self.child(), before)
        self.server.stop()


class Rights(Supervised):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        super().setUp()
        os.chmod(self.server.root, 0o755)
        subprocess.run(["chown", "-R", "nobody:nogroup", self.server.data], check=True)

    @staticmethod
    def status(pid, field):
        with open(f"/proc/{pid}/status") as file:
            return re.search(rf"^{field}:\s*(.*)$", file.read(), re.M).group(1)

    def test_root_becomes_the_owner_of_the_data_and_the_server_keeps_no_right(self):
        self.start()
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        for pid in (self.server.pid, self.child()):
            self.assertEqual(set(self.status(pid, "Uid").split()), {nobody})
            self.assertEqual(self.status(pid, "NoNewPrivs"), "1")
        self.assertEqual(int(self.status(self.child(), "CapPrm"), 16), 0)
        self.assertEqual(int(self.status(self.server.pid, "CapPrm"), 16), 1 << 10)  # CAP_NET_BIND_SERVICE
        self.server.stop()

    def test_a_low_port_can_be_added_after_the_rights_are_gone(self):
        self.start("-u", "nobody", "-g", "nogroup")
        port = next(p for p in range(1023, 600, -1) if self.free(p))
        self.write_config(smtp=f"listeners = ( {{ address = 127.0.0.1:{self.port('smtp')} }} "
                               f"{{ address = 127.0.0.1:{port} }} )".replace("listeners", "ignored", 0))
        with open(self.config) as file:
            text = file.read()
        text = re.sub(r"smtpIncoming = \{ listeners = \(.*?\) \s*listeners", "smtpIncoming = { listeners", text, flags=re.S)
        with open(self.config, "w") as file:
            file.write(text)
        self.assertIn("smtpIncoming.listeners", self.server.command("reload"))
        self.assertTrue(self.greeted(port))
        child = self.child()
        os.kill(child, signal.SIGKILL)
        self.another_child(child)
        self.assertTrue(self.greeted(port))
        self.server.stop()

    @staticmethod
    def free(port):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True

    def test_cores_are_written_only_where_an_administrator_wants_them(self):
        self.start()
        with open(f"/proc/{self.child()}/limits") as file:
            self.assertRegex(file.read(), r"Max core file size +0 ")
        self.server.stop()
        cores = os.path.join(self.server.root, "cores")
        os.mkdir(cores)
        self.start("--drop-core", cores)
        with open(f"/proc/{self.child()}/limits") as file:
            self.assertNotRegex(file.read(), r"Max core file size +0 ")
        self.assertEqual(os.readlink(f"/proc/{self.child()}/cwd"), cores)
        self.server.stop()


class ServiceManager(Supervised):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.server.root, "notify")
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(self.path)
        self.heard.settimeout(20 * harness.SLOW)
        self.addCleanup(self.heard.close)

    def await_word(self, word):
        while True:
            got = self.heard.recv(4096).decode()
            if word in got:
                return got

    def test_systemd_hears_of_readiness_reload_watchdog_and_stop(self):
        self.start(environment={"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "1000000"})
        self.await_word("READY=1")
        self.await_word("WATCHDOG=1")
        self.server.process.send_signal(signal.SIGHUP)
        self.assertIn("MONOTONIC_USEC=", self.await_word("RELOADING=1"))
        self.await_word("READY=1")
        self.server.process.send_signal(signal.SIGTERM)
        self.await_word("STOPPING=1")
        self.server.stop(check=False)

    def test_sockets_of_systemd_are_used(self):
        given = socket.socket()
        given.bind(("127.0.0.1", 0))
        given.listen(64)
        port = given.getsockname()[1]
        waiting = socket.create_connection(("127.0.0.1", port), 10)  # before there is a server
        self.addCleanup(waiting.close)

        def activate():
            if given.fileno() != 3:
                os.dup2(given.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ["LISTEN_FDS"] = "1"
        launcher = os.path.join(self.server.root, "launch")
        with open(launcher, "w") as file:
            file.write(f"#!/bin/sh\nLISTEN_PID=$$ LISTEN_FDS=1 exec {os.path.abspath(harness.BINARY)} \"$@\"\n")
        os.chmod(launcher, 0o755)
        self.server.ports = {name: harness.FreePorts()[name] for name in ("imap", "pop3", "cli")} | {"smtp": port}
        self.write_config()
        self.server._err = open(self.server._stderr, "ab")
        self.server.process = subprocess.Popen(
            [launcher, "serve", "-W", self.server.data, "-C", self.config], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.server._err, preexec_fn=activate, close_fds=False)
        given.close()
        self.assertTrue(waiting.recv(100).startswith(b"220 "))
        self.server.stop()


class CommandLine(Supervised):
    def run_postrider(self, *arguments, input=None):
        return subprocess.run([os.path.abspath(harness.BINARY), *arguments], input=input, text=True,
                              capture_output=True, timeout=60 * harness.SLOW)

    def test_the_options_of_an_init_script_start_a_daemon_that_a_pid_file_stops(self):
        self.server.ports = {name: harness.FreePorts()[name] for name in ("smtp", "imap", "pop3", "cli")}
        self.write_config()
        pid_file = os.path.join(self.server.root, "pid")
        started = self.run_postrider("-W", self.server.data, "-C", self.config, "-P", pid_file)
        self.assertEqual(started.returncode, 0, started.stderr)
        with open(pid_file) as file:
            pid = int(file.read())
        try:
            self.assertTrue(self.greeted())  # it is ready when the command returns
            self.assertEqual(os.getsid(pid), os.getsid(pid))
            self.assertNotEqual(os.getsid(pid), os.getsid(0))
        finally:
            os.kill(pid, signal.SIGTERM)
        self.eventually(lambda: not os.path.exists(pid_file))

    def test_a_daemon_that_cannot_start_says_so_to_who_started_it(self):
        self.server.ports = {name: harness.FreePorts()[name] for name in ("smtp", "imap", "pop3", "cli")}
        self.write_config()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port("imap")))
            taken.listen()
            started = self.run_postrider("-W", self.server.data, "-C", self.config)
        self.assertEqual(started.returncode, 1)
        self.assertIn(f"127.0.0.1:{self.port('imap')}", started.stderr)

    def test_a_new_server_has_no_password_until_setup_makes_one(self):
        fresh = os.path.join(self.server.root, "fresh")
        made = self.run_postrider("--data", fresh, "setup", "--domain", "example.com", "--json")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertRegex(made.stdout, r'"password":"[^"]{16}"')
        own = self.run_postrider("--data", fresh, "setup", "--password", "-", input="mine-and-mine\n")
        self.assertEqual((own.returncode, own.stdout), (0, ""), own.stderr)
        old = self.run_postrider("-W", fresh, "-A", "another-one-2")
        self.assertEqual((old.returncode, old.stdout), (0, ""), old.stderr)

    def test_the_version_is_a_bare_line(self):
        self.assertRegex(self.run_postrider("-v").stdout, r"^\d+\.\d+\.\d+\n$")
