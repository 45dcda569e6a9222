"""What an account may hold, where its mail lies, and what is left of it when it is switched off or deleted."""

import json
import random
import re
import subprocess
import time
import unittest

import clients
import harness
from corpus import sample


def make_account(server, name, **settings):
    """With the password that all accounts of a test server have."""
    server.command("account", "add", f"{name}@example.org", "--password", "-", input=server.password + "\n")
    for setting, value in settings.items():
        server.command("account", "set", f"{name}@example.org", setting, str(value))


class Quota(harness.ServerCase):
    """RFC 9208 with limits that are reached."""

    @classmethod
    def prepare(cls):
        make_account(cls.server, "bytes", totalMessageSize=100)  # KB
        make_account(cls.server, "count", totalMessageCount=3)

    def resources(self, peer, folder="INBOX"):
        """Used and allowed by resource name, as GETQUOTAROOT tells."""
        lines = b"\n".join(peer.ok(f"GETQUOTAROOT {folder}"))
        self.assertRegex(lines, rb'\* QUOTAROOT "?' + folder.encode() + rb'"? \S+')
        found = re.search(rb"\* QUOTA \S+ \((.*)\)", lines)
        self.assertIsNotNone(found, lines)
        words = found.group(1).split()
        return {words[i].decode(): (int(words[i + 1]), int(words[i + 2])) for i in range(0, len(words), 3)}

    def test_octets(self):
        with self.imap("bytes") as peer:
            self.assertIn(b"QUOTA", b" ".join(peer.ok("CAPABILITY")))
            self.assertEqual(self.resources(peer)["STORAGE"], (0, 100))
            self.assertTrue(peer.append("INBOX", sample("fits", size=60_000)).startswith(b"OK"))
            used, limit = self.resources(peer)["STORAGE"]
            self.assertEqual(limit, 100)
            self.assertTrue(58 <= used <= 61, used)
            self.assertIn(b"[OVERQUOTA]", peer.append("INBOX", sample("does not", size=60_000)))
            peer.ok("SELECT INBOX")
            self.assertEqual(len(peer.uids()), 1)
            self.assertIn(b"[OVERQUOTA]", peer.no("COPY 1 Archive"))
            self.assertEqual(self.resources(peer)["STORAGE"], (used, 100))
            # MOVE needs no room.
            peer.ok("MOVE 1 Archive")
            self.assertEqual(self.resources(peer)["STORAGE"], (used, 100))
            peer.ok("SELECT Archive")
            peer.ok("STORE 1 +FLAGS (\\Deleted)")
            peer.ok("EXPUNGE")
            self.assertEqual(self.resources(peer)["STORAGE"], (0, 100))
            self.assertTrue(peer.append("INBOX", sample("fits now", size=60_000)).startswith(b"OK"))

    def test_messages(self):
        with self.imap("count") as peer:
            for number in range(3):
                self.assertTrue(peer.append("INBOX", sample(f"number {number}")).startswith(b"OK"))
            self.assertEqual(self.resources(peer)["MESSAGE"], (3, 3))
            self.assertIn(b"[OVERQUOTA]", peer.append("INBOX", sample("too many")))
        with self.smtp() as peer:
            peer.command("MAIL FROM:<you@example.net>", 250)
            self.assertEqual(peer.command("RCPT TO:<count@example.org>").code, 452)
        # The limit is raised on the running server.
        self.server.command("account", "set", "count@example.org", "totalMessageCount", "4")
        with self.imap("count") as peer:
            self.assertEqual(self.resources(peer)["MESSAGE"], (3, 4))
            self.assertTrue(peer.append("INBOX", sample("one more")).startswith(b"OK"))


class Disabled(harness.ServerCase):
    """An account that is switched off takes no mail and lets nobody in, until it is switched on again."""

    def may_log_in(self, user):
        """By service."""
        found = {}
        with self.imap(None) as peer:
            found["imap"] = peer.command(f"LOGIN {self.address(user)} {clients.quoted(self.server.password)}")[1].startswith(b"OK")
        with self.pop3(None) as peer:
            peer.ok(f"USER {self.address(user)}")
            found["pop3"] = peer.command(f"PASS {self.server.password}").startswith(b"+OK")
        with clients.Smtp(self.port("submission")) as peer:
            try:
                peer.login(self.address(user), self.server.password)
                found["submission"] = True
            except AssertionError:
                found["submission"] = False
        return found

    def everywhere(self, user, allowed):
        self.assertEqual(self.may_log_in(user), dict.fromkeys(("imap", "pop3", "submission"), allowed))

    def recipient(self, user):
        with self.smtp() as peer:
            peer.command("MAIL FROM:<you@example.net>", 250)
            return peer.command(f"RCPT TO:<{self.address(user)}>").code

    def test_an_account(self):
        with self.smtp() as peer:
            peer.mail("you@example.net", "bob@example.org", sample("before"))
        self.wait_for("bob", 1)
        self.server.command("account", "disable", "bob@example.org")
        self.everywhere("bob", False)
        self.assertIn(self.recipient("bob") // 100, (4, 5))
        self.everywhere("alice", True)
        self.server.command("account", "enable", "bob@example.org")
        self.everywhere("bob", True)
        with self.smtp() as peer:
            peer.mail("you@example.net", "bob@example.org", sample("after"))
        self.wait_for("bob", 2)

    def test_a_domain(self):
        make = self.server.command
        make("domain", "add", "off.example")
        make("account", "add", "dora@off.example", "--password", "-", input=self.server.password + "\n")
        self.everywhere("dora@off.example", True)
        make("domain", "disable", "off.example")
        self.everywhere("dora@off.example", False)
        self.assertIn(self.recipient("dora@off.example") // 100, (4, 5))
        make("domain", "enable", "off.example")
        self.everywhere("dora@off.example", True)
        self.assertEqual(self.recipient("dora@off.example"), 250)


class Deleted(harness.ServerCase):
    """A domain's mail goes with the domain, also when the server is killed in the middle of it."""

    def stored(self):
        return json.loads(self.server.command("storage", "report", "--json"))

    def test_killed_while_a_domain_is_deleted(self):
        for attempt in range(30 if harness.LONG else 4):
            domain = f"gone{attempt}.example"
            self.server.command("domain", "add", domain)
            names = [f"user{number}@{domain}" for number in range(24)]
            for name in names:
                self.server.command("account", "add", name)
            with self.smtp() as peer:
                peer.mail("you@example.net", names, sample(f"for {domain}", size=20_000))
            self.assertEqual(self.stored()["messages"], 24)
            # Killed before, within or after it.
            deletion = subprocess.Popen([harness.BINARY, "--data", self.server.data, "domain", "delete", domain, "--forced"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.01, 0.06))
            self.server.kill()
            deletion.wait(30)
            self.server.demo()
            there = any(row["name"] == domain for row in json.loads(self.server.command("domain", "list", "--json"))["domains"])
            if there:
                self.assertEqual(self.stored()["messages"], 24)
                self.server.command("domain", "delete", domain, "--forced")
            self.eventually(lambda: self.stored()["messages"] == 0, what="some of the mail stayed")
            self.assertTrue(json.loads(self.server.command("storage", "verify", "--json"))["clean"])


class Locations(harness.ConfiguredCase):
    """messageStorageLocations of the configuration: mail and what is appended lie there, in parallel."""

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server="""domainStorageParams = ( { domainName = "example.org" enable = yes
            messageStorageLocations = ("disks/one" "disks/two") } )""")

    def records(self):
        """Messages by location number."""
        rows = json.loads(self.server.command("storage", "report", "--json"))["locations"]
        return {row["location"]: row["records"] for row in rows}

    def test_mail_lies_in_the_domains_own_locations(self):
        self.assertEqual(self.records(), {0: 0, 1: 0, 2: 0})
        for number in range(6):
            with self.smtp() as peer:
                peer.mail("you@example.net", "alice@example.org", sample(f"sent {number}"))
        self.wait_for("alice", 6)
        received = self.records()
        self.assertEqual(received, {0: 0, 1: 3, 2: 3})
        with self.imap("bob") as peer:
            for number in range(6):
                self.assertTrue(peer.append("INBOX", sample(f"appended {number}")).startswith(b"OK"))
        self.assertEqual(self.records(), {0: 0, 1: 6, 2: 6})
        # Another domain's mail lies in location 0.
        self.server.command("domain", "add", "other.example", "--postmaster-password", "-", input=self.server.password + "\n")
        with self.imap("postmaster@other.example") as peer:
            peer.append("INBOX", sample("elsewhere"))
        self.assertEqual(self.records(), {0: 1, 1: 6, 2: 6})
        # The same directories are found again.
        self.server.stop()
        self.server.serve(lambda ports: self.config(ports))
        self.assertEqual(self.records(), {0: 1, 1: 6, 2: 6})
        self.assertEqual(sorted(re.search(rb"Subject: (.*?)\r", one).group(1) for one in self.inbox("bob")),
                         [b"appended %d" % n for n in range(6)])
        self.assertEqual(len(self.inbox("alice")), 6)


if __name__ == "__main__":
    unittest.main()
