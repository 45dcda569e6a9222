#!/usr/bin/env python3
"""Mail fetched from mailboxes elsewhere: our own server and Dovecot as the peer, hostile servers, a killed server."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import clients
import harness


class RpopCase(harness.ServerCase):
    def do(self, *arguments, input=None):
        out = self.server.command(*arguments, "--json", input=input)
        return json.loads(out) if out.strip() else {}

    def add(self, user, password, *arguments):
        return self.do("account", "rpop", "add", self.address(user), *arguments, "--password", "-", input=password + "\n")["id"]

    def connections(self, user):
        return self.do("account", "rpop", "list", self.address(user))["connections"]

    def run_once(self, user, number):
        """Fetches now; the status when that has happened."""
        before = [c for c in self.connections(user) if c["id"] == number][0]
        time.sleep(1.1)  # times have a resolution of a second
        self.do("account", "rpop", "run", self.address(user), str(number))
        done = []

        def ran():
            now = [c for c in self.connections(user) if c["id"] == number][0]
            done[:] = [now]
            return now["last"] > before["last"]
        self.eventually(ran, 30, "the retrieval did not happen")
        return done[0]

    def update(self, user, number, *what):
        """Changes the connection, which makes it run; the status afterwards."""
        before = [c for c in self.connections(user) if c["id"] == number][0]
        time.sleep(1.1)
        self.do("account", "rpop", "update", self.address(user), str(number), *what)
        done = []

        def ran():
            done[:] = [c for c in self.connections(user) if c["id"] == number]
            return done[0]["last"] > before["last"]
        self.eventually(ran, 30, "the retrieval did not happen")
        return done[0]

    def first_run(self, user, number):
        done = []

        def ran():
            done[:] = [c for c in self.connections(user) if c["id"] == number]
            return done[0]["last"]
        self.eventually(ran, 30, "the first retrieval did not happen")
        return done[0]

    def deliver(self, user, *subjects):
        with self.smtp() as peer:
            for subject in subjects:
                peer.mail("x@example.net", self.address(user), f"From: x@example.net\r\nSubject: {subject}\r\n\r\n.dot\r\n")

    def subjects(self, user, folder="INBOX"):
        return sorted(m.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for m in self.inbox(user, folder))


class OwnServer(RpopCase):
    """From one account of this server into another, by both protocols."""

    def peer(self, protocol, user, *more):
        return ("--host", "127.0.0.1", "--port", str(self.port(protocol)), "--protocol", protocol[:4],
                "--tls", "tls" if protocol.endswith("s") else "starttls", "--no-verify", "--user", f"{user}@example.org", *more)

    def test_pop3_keeps_there_and_fetches_each_message_once(self):
        self.deliver("alice", "one", "two")
        self.wait_for("alice", 2)
        number = self.add("bob", self.server.password, *self.peer("pop3s", "alice"), "--folder", "Fetched/Alice")
        status = self.first_run("bob", number)
        self.assertTrue(status["ok"], status)
        self.assertEqual(self.subjects("bob", "Fetched/Alice"), ["one", "two"])
        self.deliver("alice", "three")
        self.wait_for("alice", 3)
        status = self.run_once("bob", number)
        self.assertIn("1 fetched", status["result"])
        self.assertEqual(status["fetched"], 3)
        self.assertEqual(self.subjects("bob", "Fetched/Alice"), ["one", "three", "two"])
        self.assertIn(b"\r\n\r\n.dot\r\n", self.inbox("bob", "Fetched/Alice")[0])
        self.assertIn(b" with POP3 ", self.inbox("bob", "Fetched/Alice")[0].replace(b"\r\n\t", b" "))
        self.server.stop()  # what has been fetched is remembered
        self.server.demo()
        self.assertIn("0 fetched", self.update("bob", number, "--port", str(self.port("pop3s")))["result"])
        status = self.update("bob", number, "--delete")
        self.assertIn("3 deleted", status["result"])
        self.assertEqual(self.inbox("alice"), [])
        self.do("account", "rpop", "remove", "bob@example.org", str(number))
        self.assertEqual(self.connections("bob"), [])

    def test_imap_fetches_new_uids_and_deletes(self):
        self.deliver("carol", "c1", "c2")
        self.wait_for("carol", 2)
        number = self.add("dora", self.server.password, *self.peer("imaps", "carol"))
        self.assertTrue(self.first_run("dora", number)["ok"])
        self.assertEqual(self.subjects("dora"), ["c1", "c2"])
        self.deliver("carol", "c3")
        self.wait_for("carol", 3)
        self.assertIn("1 fetched", self.run_once("dora", number)["result"])
        self.update("dora", number, "--delete")
        self.deliver("carol", "c4")
        self.wait_for("carol", 4)
        self.assertIn("1 deleted", self.run_once("dora", number)["result"])
        self.assertEqual(self.subjects("carol"), ["c1", "c2", "c3"])
        self.assertEqual(self.subjects("dora"), ["c1", "c2", "c3", "c4"])

    def test_starttls_both_protocols_and_a_certificate_that_nobody_knows(self):
        for protocol in ("pop3", "imap"):
            number = self.add("alice", self.server.password, *self.peer(protocol, "bob"))
            self.assertTrue(self.first_run("alice", number)["ok"], self.connections("alice"))
            status = self.update("alice", number, "--verify")
            self.assertFalse(status["ok"])
            self.assertIn("ertificate", status["result"])
            self.do("account", "rpop", "remove", "alice@example.org", str(number))

    @classmethod
    def prepare(cls):
        subprocess.run([os.path.abspath(harness.BINARY), "--data", cls.server.data, "account", "add", "dora@example.org",
                        "--password", "-", "--ignore-policy"], input=cls.server.password + "\n", text=True, check=True,
                       capture_output=True)

    def test_limits_and_what_is_shown(self):
        self.do("account", "set", "bob@example.org", "rpopConnectionCount", "1")
        number = self.add("bob", "topsecret", "--template", "gmail", "--user", "b@gmail.com", "--disable")
        shown = self.server.command("account", "rpop", "list", "bob@example.org")
        self.assertIn("imap.gmail.com", shown)
        self.assertNotIn("topsecret", shown)
        out = self.server.command("account", "rpop", "add", "bob@example.org", "--template", "web.de", "--user", "x",
                                  "--password", "-", "--json", input="y\n", check=False)
        self.assertIn("rpopConnectionCount", out)
        self.assertIn("pop.gmx.net", self.server.command("rpop", "templates"))
        stored = subprocess.run(["grep", "-rl", "topsecret", self.server.data], capture_output=True, text=True).stdout
        self.assertEqual(stored, "")
        self.do("account", "rpop", "remove", "bob@example.org", str(number))
        self.do("account", "reset", "bob@example.org", "rpopConnectionCount")

    def test_a_wrong_password_is_told_and_tried_less_often(self):
        number = self.add("carol", "wrong", *self.peer("pop3s", "alice"))
        first = self.first_run("carol", number)
        self.assertFalse(first["ok"])
        self.assertIn("log-in failed", first["result"])
        second = self.run_once("carol", number)
        self.assertEqual(second["failures"], 2)

        def pause(status):
            return time.mktime(time.strptime(status["next"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(
                time.strptime(status["last"], "%Y-%m-%dT%H:%M:%SZ"))
        self.assertGreater(pause(second), 1.5 * pause(first))
        self.do("account", "rpop", "remove", "carol@example.org", str(number))

    def test_a_full_mailbox_leaves_the_mail_where_it_is(self):
        subprocess.run([os.path.abspath(harness.BINARY), "--data", self.server.data, "account", "add", "full@example.org"],
                       check=True, capture_output=True)
        self.do("account", "set", "full@example.org", "totalMessageCount", "1")
        subprocess.run([os.path.abspath(harness.BINARY), "--data", self.server.data, "account", "add", "src@example.org",
                        "--password", "-", "--ignore-policy"], input=self.server.password + "\n", text=True, check=True,
                       capture_output=True)
        self.deliver("src", "f1", "f2")
        self.wait_for("src", 2)
        number = self.add("full", self.server.password, *self.peer("pop3s", "src", "--delete"))
        status = self.first_run("full", number)
        self.assertFalse(status["ok"])
        self.assertIn("mailbox is full", status["result"])
        # What broke off was not deleted there (RFC 1939 §6: no QUIT), but is not fetched again either.
        self.assertEqual(len(self.inbox("src")), 2)
        self.do("account", "set", "full@example.org", "totalMessageCount", "10")
        self.assertIn("1 fetched, 2 deleted", self.run_once("full", number)["result"])
        self.assertEqual(self.inbox("src"), [])


class Dovecot(RpopCase):
    """The real peer: Debian's Dovecot on ports of its own."""

    @classmethod
    def prepare(cls):
        mail = pwd.getpwnam("mail")
        cls.root = tempfile.mkdtemp(prefix="postrider-dovecot-")
        os.chmod(cls.root, 0o755)
        box = os.path.join(cls.root, "mail")
        os.mkdir(box)
        os.chown(box, mail.pw_uid, mail.pw_gid)
        with open(os.path.join(cls.root, "passwd"), "w") as file:
            file.write("".join(f"user{i}@example.net:{{PLAIN}}dove cot\\1:{mail.pw_uid}:{mail.pw_gid}::{box}/user{i}::\n" for i in range(2)))
        harness.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=localhost",
                    "-keyout", f"{cls.root}/key.pem", "-out", f"{cls.root}/cert.pem")
        cls.dovecot_ports = harness.FreePorts()
        p = cls.dovecot_ports
        with open(os.path.join(cls.root, "dovecot.conf"), "w") as file:
            file.write(f"""base_dir = {cls.root}/run
state_dir = {cls.root}/state
log_path = {cls.root}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
mail_location = maildir:~/Maildir
first_valid_uid = {mail.pw_uid}
first_valid_gid = {mail.pw_gid}
mail_access_groups = mail
ssl = yes
ssl_cert = <{cls.root}/cert.pem
ssl_key = <{cls.root}/key.pem
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = username_format=%u {cls.root}/passwd
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {cls.root}/passwd
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {p["imap"]}
  }}
  inet_listener imaps {{
    port = {p["imaps"]}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {p["pop3"]}
  }}
  inet_listener pop3s {{
    port = {p["pop3s"]}
  }}
}}
""")
        cls.dovecot = subprocess.Popen([harness.program("dovecot"), "-F", "-c", f"{cls.root}/dovecot.conf"])
        for _ in range(1800):
            try:
                socket.create_connection(("127.0.0.1", p["pop3s"]), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("Dovecot did not start: " + open(f"{cls.root}/dovecot.log").read())

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.dovecot.terminate()
            cls.dovecot.wait(20)
            shutil.rmtree(cls.root, ignore_errors=True)

    def there(self, user):
        """A session of our own with Dovecot."""
        peer = clients.Imap(self.dovecot_ports["imaps"], tls=True)
        peer.ok(f'LOGIN {user}@example.net "dove cot\\\\1"')
        return peer

    def put(self, user, *subjects):
        with self.there(user) as peer:
            for subject in subjects:
                peer.append("INBOX", f"From: y@example.net\r\nSubject: {subject}\r\n\r\n.{subject}\r\n..\r\n".encode())

    def count(self, user):
        with self.there(user) as peer:
            peer.ok("SELECT INBOX")
            return len(peer.uids())

    def fetch_and_check(self, protocol, there, here):
        arguments = ("--host", "localhost", "--port", str(self.dovecot_ports[protocol]), "--protocol", protocol[:4], "--tls",
                     "tls" if protocol.endswith("s") else "starttls", "--no-verify", "--user", f"{there}@example.net")
        self.put(there, "d1", "d2")
        number = self.add(here, "dove cot\\1", *arguments)
        status = self.first_run(here, number)
        self.assertTrue(status["ok"], status)
        self.assertEqual(self.subjects(here), ["d1", "d2"])
        self.assertTrue([m for m in self.inbox(here) if m.endswith(b"\r\n\r\n.d1\r\n..\r\n")])
        self.put(there, "d3")
        self.assertIn("1 fetched", self.run_once(here, number)["result"])
        self.assertEqual(self.count(there), 3)
        self.update(here, number, "--delete")
        self.put(there, "d4")
        self.assertIn("1 fetched", self.run_once(here, number)["result"])
        self.assertEqual(self.subjects(here), ["d1", "d2", "d3", "d4"])

    def test_pop3(self):
        self.fetch_and_check("pop3s", "user0", "alice")
        self.assertEqual(self.count("user0"), 0)

    def test_imap_with_starttls(self):
        self.fetch_and_check("imap", "user1", "bob")
        self.assertEqual(self.count("user1"), 3)  # what was kept before stays


class Hostile(RpopCase):
    """Servers that hang, talk without an end or lie; the service goes on with the others and stops in time."""

    def listen(self, talk):
        server = socket.create_server(("127.0.0.1", 0))
        stop = threading.Event()

        def serve():
            server.settimeout(0.2)
            while not stop.is_set():
                try:
                    peer, _ = server.accept()
                except OSError:
                    continue
                threading.Thread(target=talk, args=(peer, stop), daemon=True).start()
        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(server.close)
        self.addCleanup(stop.set)
        return server.getsockname()[1]

    def connect(self, port, protocol="pop3", user="alice"):
        return self.add(user, "p", "--host", "127.0.0.1", "--port", str(port), "--protocol", protocol, "--tls", "none", "--user", "u")

    def test_endless_lines_and_lies(self):
        def endless(peer, stop):
            try:
                while not stop.is_set():
                    peer.sendall(b"x" * 65536)
            except OSError:
                pass

        def huge_literal(peer, stop):
            try:
                peer.sendall(b"* OK ready\r\n* X {4000000000}\r\n")
                peer.recv(1000)
                stop.wait(5)
            except OSError:
                pass
        before = self.server.rss()
        for protocol, talk in (("pop3", endless), ("imap", endless), ("imap", huge_literal)):
            number = self.connect(self.listen(talk), protocol)
            status = self.first_run("alice", number)
            self.assertFalse(status["ok"])
            self.do("account", "rpop", "remove", "alice@example.org", str(number))
        self.assertLess(self.server.rss() - before, 64 << 20)

    def test_a_server_that_says_nothing_keeps_nobody_waiting(self):
        def silent(peer, stop):
            stop.wait(600)
            peer.close()
        self.connect(self.listen(silent), user="bob")
        self.eventually(lambda: [c for c in self.connections("bob")], 5)
        self.deliver("carol", "meanwhile")
        self.wait_for("carol", 1)
        number = self.add("alice", self.server.password, "--host", "127.0.0.1", "--port", str(self.port("pop3s")),
                          "--no-verify", "--user", "carol@example.org")
        self.assertTrue(self.first_run("alice", number)["ok"])
        began = time.monotonic()
        self.server.stop()
        self.assertLess(time.monotonic() - began, harness.PATIENCE)
        self.server.demo()


class Killed(RpopCase):
    """A retrieval that a kill cuts off is taken up again: nothing is lost, and there is nothing twice but what was
    being written at that moment."""

    def test_nothing_is_lost(self):
        subjects = [f"k{i:03}" for i in range(150)]
        self.deliver("alice", *subjects)
        self.wait_for("alice", 150)
        number = self.add("bob", self.server.password, "--host", "127.0.0.1", "--port", str(self.port("pop3s")),
                          "--no-verify", "--user", "alice@example.org", "--delete")
        self.eventually(lambda: len(self.inbox("bob")) > 20, 30, "nothing came")
        self.server.kill()
        self.server.demo()
        self.do("account", "rpop", "update", "bob@example.org", str(number), "--port", str(self.port("pop3s")))

        def all_there():
            return len(self.inbox("alice")) == 0
        self.eventually(all_there, 60, "the rest was not fetched")
        got = self.subjects("bob")
        self.assertEqual(sorted(set(got)), subjects)
        self.assertLessEqual(len(got) - len(subjects), 1)


if __name__ == "__main__":
    unittest.main()
