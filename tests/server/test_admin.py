#!/usr/bin/env python3
"""Administration commands against a running server, and against the data of a stopped one."""

import imaplib
import json
import os
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import tempfile
import time
import unittest

import harness

BINARY = os.path.abspath(harness.BINARY)


class AdminCommands(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="postrider-admin-")
        self.data = os.path.join(self.home, "data")
        self.server = None

    def tearDown(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self):
        self.server = subprocess.Popen(
            [BINARY, "demo", "--data", self.data, "--port-base", "0", "--json"], stdout=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        self.assertTrue(line, "the server did not start")
        self.demo = json.loads(line)
        self.ports = self.demo["ports"]

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.assertEqual(self.server.wait(harness.STOP_SECONDS), 0)
            self.server.stdout.close()
            self.server = None

    def call(self, *arguments, stdin=""):
        environment = dict(os.environ, POSTRIDER_DATA=self.data)
        return subprocess.run([BINARY, *arguments], input=stdin, capture_output=True, text=True, env=environment, timeout=120 * harness.SLOW)

    def ok(self, *arguments, stdin=""):
        done = self.call(*arguments, "--json", stdin=stdin)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout} {done.stderr}")
        return json.loads(done.stdout)

    def fails(self, kind, *arguments, code=1):
        done = self.call(*arguments, "--json")
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout} {done.stderr}")
        self.assertEqual(json.loads(done.stdout)["error"]["kind"], kind)

    def log_in(self, user, password):
        with imaplib.IMAP4("127.0.0.1", self.ports["imap"]) as imap:
            try:
                return imap.login(user, password)[0] == "OK"
            except imaplib.IMAP4.error:
                return False

    def work(self):
        """The same with and without a server."""
        made = self.ok("account", "add", "ann@example.org", "--password", "-", "--alias", "anna", "--alias", "a.o",
                       "--full-name", "Ann O'Hara", stdin="correct horse 1\n")
        self.assertEqual(made["aliases"], ["anna", "a.o"])
        self.assertEqual(made["full_name"], "Ann O'Hara")
        self.assertEqual(self.ok("account", "show", "anna@example.org")["address"], "ann@example.org")
        self.fails("exists", "account", "add", "ann@example.org")
        self.fails("not_found", "account", "show", "nobody@example.org")
        names = [one["address"] for one in self.ok("account", "list", "example.org", "--prefix", "an")["accounts"]]
        self.assertEqual(names, ["ann@example.org"])
        self.ok("account", "set", "ann@example.org", "mboxCount", "7")
        self.assertEqual(self.ok("account", "quota", "ann@example.org")["limit_folders"], 7)
        self.ok("account", "reset", "ann@example.org", "mboxCount")
        self.assertEqual(self.ok("account", "quota", "ann@example.org")["limit_folders"], 0)
        self.ok("group", "add", "all@example.org", "--member", "ann@example.org")
        self.ok("group", "member", "add", "all@example.org", "x@example.net", "y@example.net")
        self.assertEqual(len(self.ok("group", "show", "all@example.org")["members"]), 3)
        self.ok("group", "delete", "all@example.org")
        self.ok("domain", "add", "example.net")
        self.fails("in_use", "domain", "delete", "example.org")
        self.ok("domain", "delete", "example.net")
        self.assertTrue(self.ok("storage", "verify")["clean"])
        self.ok("account", "delete", "ann@example.org")
        self.fails("not_found", "account", "folders", "ann@example.org")

    def test_the_same_commands_work_with_and_without_a_running_server(self):
        self.ok("domain", "add", "example.org", "--postmaster-password", "postmaster secret")
        self.work()
        self.fails("not_running", "metrics", "list")
        self.start()
        self.work()
        self.assertGreater(len(self.ok("metrics", "list")["metrics"]), 0)
        self.stop()
        self.assertFalse(os.path.exists(os.path.join(self.data, "run", "control")))
        self.work()

    def test_an_account_made_on_the_fly_can_log_in_until_its_password_is_changed(self):
        self.start()
        password = self.ok("account", "add", "dora@example.org", "--random-password")["password"]
        self.assertTrue(self.log_in("dora@example.org", password))
        self.ok("account", "password", "dora@example.org", "--password", "-", stdin="another-Secret-9\n")
        self.assertFalse(self.log_in("dora@example.org", password))
        self.assertTrue(self.log_in("dora@example.org", "another-Secret-9"))
        self.ok("account", "disable", "dora@example.org")
        self.assertFalse(self.log_in("dora@example.org", "another-Secret-9"))

    def test_mail_for_other_hosts_waits_and_can_be_deleted(self):
        self.start()
        alice = self.demo["accounts"][0]
        with smtplib.SMTP("127.0.0.1", self.ports["submission"]) as smtp:
            smtp.login(alice["address"], alice["password"])
            smtp.sendmail(alice["address"], ["far@example.com"], "Subject: away\r\n\r\nHello\r\n", mail_options=["HOLDFOR=3600"])
        self.ok("queue", "hold", "--recipient", "far@")
        held = self.ok("queue", "list", "--recipient", "far@")["messages"]
        self.assertEqual(held[0]["state"], "Held")
        self.assertEqual(held[0]["sender"], alice["address"])
        self.stop()
        self.assertIn("Subject: away", self.ok("queue", "show", held[0]["id"], "--header")["header"])
        self.ok("queue", "delete", held[0]["id"])
        self.assertEqual(self.ok("queue", "list")["messages"], [])
        self.assertTrue(self.ok("storage", "verify")["clean"])

    def test_a_storage_location_is_there_again_after_a_restart(self):
        self.start()
        disk = os.path.join(self.home, "disk2")
        self.ok("storage", "add-location", "2", disk, "--max-files", "4", "--max-file-size", "64")
        self.fails("exists", "storage", "add-location", "3", disk)
        self.ok("domain", "set", "example.org", "--location", "2")
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"]) as smtp:
            smtp.sendmail("you@example.net", ["alice@example.org"], "Subject: second disk\r\n\r\nHello\r\n")

        def second():
            return [one for one in self.ok("storage", "report")["locations"] if one["location"] == 2][0]
        self.assertEqual(second()["records"], 1)
        self.stop()
        self.assertEqual(second()["records"], 1)
        self.start()
        self.assertEqual(second()["records"], 1)
        self.stop()
        # A disk that is not mounted: said clearly, and nothing is made in its place.
        os.rename(disk, disk + ".away")
        done = self.call("storage", "report")
        self.assertEqual(done.returncode, 1)
        self.assertIn("disk2", done.stderr)
        self.assertFalse(os.path.exists(disk) and os.listdir(disk))
        if os.path.isdir(disk):
            os.rmdir(disk)
        os.rename(disk + ".away", disk)
        self.assertTrue(self.ok("storage", "verify")["clean"])

    def test_a_snapshot_can_be_put_in_the_place_of_the_data(self):
        self.start()
        alice = self.demo["accounts"][0]
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"]) as smtp:
            smtp.sendmail("you@example.net", ["alice@example.org"], "Subject: kept\r\n\r\nHello\r\n")
        copy = os.path.join(self.home, "copy")
        self.ok("storage", "snapshot", copy)
        self.ok("account", "delete", alice["address"])
        self.stop()
        for there, here in (("kv", "kv"), ("messages", "messages")):
            shutil.rmtree(os.path.join(self.data, here))
            shutil.move(os.path.join(copy, there), os.path.join(self.data, here))
        self.assertEqual(self.ok("account", "folders", alice["address"])["folders"][0]["messages"], 1)
        self.assertTrue(self.ok("storage", "verify")["clean"])

    def test_the_control_socket_is_private_and_answers_garbage_with_an_error(self):
        self.start()
        path = os.path.join(self.data, "run", "control")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

        def ask(octets):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(60)
                peer.connect(path)
                try:
                    peer.sendall(octets)
                except OSError:
                    pass  # cut off while it was still sending
                return peer.makefile("rb").readline()
        for octets in (b"\n", b"hello\n", b"\xff\x00\n", b"[" * 50_000 + b"\n", b'{"operation":"fly"}\n'):
            self.assertEqual(json.loads(ask(octets))["error"]["kind"], "usage")
        self.assertIn("1 MB", json.loads(ask(b"x" * (1 << 20)))["error"]["what"])
        # Those that have just ended may still hold a place, so it may take one or two more to fill them all.
        waiting, answer = [], {}
        while "error" not in answer and len(waiting) < 20:
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(path)
            waiting.append(peer)
            if len(waiting) >= 8:
                answer = json.loads(ask(b'{"operation":"domain list"}\n'))
        self.assertIn("Too many", answer["error"]["what"])
        for peer in waiting:
            peer.close()
        for _ in range(1200):
            answer = json.loads(ask(b'{"operation":"domain list"}\n'))
            if "result" in answer:
                break
            time.sleep(0.05)
        self.assertEqual(answer["result"]["domains"][0]["name"], "example.org")
        self.assertTrue(self.log_in(self.demo["accounts"][0]["address"], self.demo["accounts"][0]["password"]))

    def test_people_get_tables_and_exit_codes(self):
        self.assertEqual(self.call("account", "list").returncode, 1)
        self.assertEqual(self.call("account", "fly").returncode, 2)
        self.assertEqual(self.call("account", "show").returncode, 2)
        self.assertEqual(self.call("--version").returncode, 0)
        self.ok("domain", "add", "example.org")
        self.assertEqual(self.call("storage", "add-location", "two", "/tmp/x").returncode, 2)
        lines = self.call("account", "list").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["address", "enabled", "class", "full_name", "aliases"])
        self.assertTrue(lines[1].startswith("postmaster@example.org"))
        self.assertIn("name               = example.org\n", self.call("domain", "show", "example.org").stdout)
        steps = self.call("storage", "verify", "--progress").stderr
        self.assertIn("100 %", steps)


if __name__ == "__main__":
    unittest.main()
