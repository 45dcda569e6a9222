"""Scanners from Debian, asked by `postrider scan`: the connectors that are built in, and the protocol files."""

import json
import os
import subprocess
import threading
import time
import unittest

import companions
import harness

FILTERS = os.path.join(os.path.dirname(os.path.dirname(harness.HERE)), "packaging", "filters")


def scan(message, *arguments, seconds=60):
    """Exit code and the finding; the finding is what standard error says when there is none."""
    done = subprocess.run([os.path.abspath(harness.BINARY), "scan", "--json", *arguments, "-"], input=message,
                          capture_output=True, timeout=seconds * harness.SLOW)
    said = done.stdout.decode()
    return done.returncode, json.loads(said) if said else done.stderr.decode()


class ScannerCase(unittest.TestCase):
    def finding(self, message, code, *arguments):
        got, finding = scan(message, *arguments)
        self.assertEqual(got, code, finding)
        return finding


class ClamAV(ScannerCase):
    @classmethod
    def setUpClass(cls):
        cls.clamd = companions.Clamd()
        cls.addClassCleanup(cls.clamd.stop)

    def both(self, message, code, protocol="clam-av.afsl"):
        found = [self.finding(message, code, "--protocol", protocol, "--address", address)
                 for address in (self.clamd.address, self.clamd.local)]
        self.assertEqual(found[0].get("virusLevel"), found[1].get("virusLevel"))
        return found[0]

    def test_finds_eicar(self):
        finding = self.both(companions.mail(companions.EICAR), 3)
        self.assertEqual(finding["virusLevel"], 5)
        self.assertIn("Eicar-Test-Signature", finding["text"])

    def test_finds_it_inside_an_attachment(self):
        import base64
        body = (b'Content-Type: multipart/mixed; boundary=x\r\nMIME-Version: 1.0\r\nSubject: y\r\n\r\n--x\r\n\r\nhello\r\n'
                b"--x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + base64.encodebytes(companions.EICAR) + b"\r\n--x--\r\n")
        self.assertEqual(self.both(body, 3)["virusLevel"], 5)

    def test_finds_it_inside_a_winmail_dat(self):
        import base64
        import struct

        def attribute(level, number, value):
            return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xffff)

        tnef = (struct.pack("<IH", 0x223e9f78, 1) + attribute(1, 0x89006, struct.pack("<I", 0x10000))
                + attribute(2, 0x69002, struct.pack("<HIHHI", 1, 0xffffffff, 32, 32, 0))
                + attribute(2, 0x18010, b"eicar.com\0") + attribute(2, 0x6800f, companions.EICAR))
        body = (b'Content-Type: multipart/mixed; boundary=x\r\nMIME-Version: 1.0\r\nSubject: y\r\n\r\n--x\r\n\r\nhello\r\n'
                b"--x\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + base64.encodebytes(tnef) + b"\r\n--x--\r\n")
        self.assertEqual(self.both(body, 3)["virusLevel"], 5)

    def test_passes_what_is_clean(self):
        self.assertEqual(self.both(companions.mail(b"nothing"), 0)["virusLevel"], 1)

    def test_a_message_beyond_its_own_limit_is_no_pass(self):
        large = companions.mail(b"x" * 70 * 1000 + b"\r\n" * 1_000_000)
        code, finding = scan(large, "--protocol", "clam-av.afsl", "--address", self.clamd.address)
        self.assertEqual(code, 1, finding)

    def test_by_its_protocol_file(self):
        protocol = os.path.join(FILTERS, "clam-av.afsl")
        self.assertEqual(self.both(companions.mail(companions.EICAR), 3, protocol)["virusLevel"], 5)
        self.assertEqual(self.both(companions.mail(b"nothing"), 0, protocol)["virusLevel"], 1)


class SpamAssassin(ScannerCase):
    @classmethod
    def setUpClass(cls):
        cls.spamd = companions.Spamd()
        cls.addClassCleanup(cls.spamd.stop)

    def test_scores_become_levels(self):
        for protocol in ("spamassassin.afsl", os.path.join(FILTERS, "spamassassin.afsl")):
            with self.subTest(protocol):
                arguments = ("--protocol", protocol, "--address", self.spamd.address)
                worst = self.finding(companions.mail(companions.GTUBE), 3, *arguments)
                self.assertEqual(worst["spamLevel"], 10)
                self.assertTrue(worst["text"].startswith("Spam: True ; 1000.0 / 5.0"), worst)
                self.assertEqual(self.finding(companions.mail(b"cheap watches"), 3, *arguments)["spamLevel"], 6)
                self.assertEqual(self.finding(companions.mail(b"nothing"), 0, *arguments)["spamLevel"], 1)


class Rspamd(ScannerCase):
    @classmethod
    def setUpClass(cls):
        cls.rspamd = companions.Rspamd()
        cls.addClassCleanup(cls.rspamd.stop)

    def test_actions_and_levels(self):
        arguments = ("--protocol", "rspamd.afsl", "--address", self.rspamd.address)
        found = self.finding(companions.mail(companions.GTUBE), 3, *arguments)
        self.assertEqual(found["spamLevel"], 10)
        self.assertIn("GTUBE", found["text"])
        self.assertEqual(self.finding(companions.mail(b"nothing"), 0, *arguments)["spamLevel"], 1)


class Bad(ScannerCase):
    """What is not there, hangs, or is wrong."""

    def test_nobody_listens(self):
        code, said = scan(b"x", "--protocol", "clam-av.afsl", "--address", f"inet://127.0.0.1:{harness.free_port()}")
        self.assertEqual(code, 1)
        self.assertIn("refused", said)

    def test_one_that_says_nothing_is_left(self):
        import socket
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            accepted = []
            threading.Thread(target=lambda: accepted.append(listener.accept()), daemon=True).start()
            code, said = scan(b"x", "--protocol", "spamassassin.afsl", "--timeout", "1", "--address",
                              f"inet://127.0.0.1:{listener.getsockname()[1]}")
            self.assertEqual(code, 1)
            self.assertIn("no answer in time", said)

    def test_protocol_files_are_checked(self):
        for name in os.listdir(FILTERS):
            done = subprocess.run([os.path.abspath(harness.BINARY), "scan", "--check", "--protocol",
                                   os.path.join(FILTERS, name)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_program(self):
        found = self.finding(companions.mail(companions.EICAR), 3, "--command",
                             "/bin/sh -c 'if grep -q EICAR; then echo found it; echo virus-level: 5; exit 1; fi'")
        self.assertEqual((found["text"], found["virusLevel"]), ("found it", 5))


class InTheServer(harness.ConfiguredCase):
    """Mail on its way to a folder: reception, chain of filters, quarantine, a scanner that goes and comes back."""

    @classmethod
    def prepare(cls):
        cls.clamd = companions.Clamd()
        cls.addClassCleanup(cls.clamd.stop)
        cls.spamd = companions.Spamd()
        cls.addClassCleanup(cls.spamd.stop)

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=f"""
            socketFilters = (
                {{ name = "AV:ClamAV" address = "{cls.clamd.address}" protocolFile = "clam-av.afsl" actionOnMatch = reject }}
                {{ name = "AV:Spam" address = "{cls.spamd.address}" protocolFile = "spamassassin.afsl" actionOnMatch = pass
                   levelActions = ( {{ level = 10 action = quarantine }} ) }} )
            serverActiveFilters = ( {{ priority = 10 filterName = "AV:ClamAV" filterType = socket }}
                                    {{ priority = 20 filterName = "AV:Spam" filterType = socket }} )""")

    def operation(self, *arguments):
        done = subprocess.run([os.path.abspath(harness.BINARY), "--data", self.server.data, "--json", *arguments],
                              capture_output=True, text=True, timeout=60 * harness.SLOW)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def deliver(self, text, subject):
        with self.smtp() as peer:
            peer.mail("sender@example.net", ["bob@example.org"], companions.mail(text, subject.encode()))

    def scanner(self, name):
        return next(one for one in self.operation("scanner", "list")["scanners"] if one["name"] == name)

    def test_clean_mail_carries_its_levels(self):
        self.deliver(b"nothing", "a clean one")
        mail = self.wait_for_one("bob", "a clean one")
        self.assertIn(b"\r\nX-AxigenSpam-Level: 1\r\n", mail)
        self.assertIn(b"X-AxigenVirus-Level: 1\r\n", mail)

    def test_spam_that_passes_carries_its_level(self):
        self.deliver(b"cheap watches", "a cheap one")
        self.assertIn(b"X-AxigenSpam-Level: 6\r\n", self.wait_for_one("bob", "a cheap one"))

    def test_a_level_that_comes_along_is_only_ever_raised(self):
        with self.smtp() as peer:
            peer.mail("sender@example.net", ["bob@example.org"],
                      b"X-AxigenSpam-Level: 3\r\n" + companions.mail(b"nothing", b"with a level"))
        mail = self.wait_for_one("bob", "with a level")
        self.assertEqual(mail.count(b"X-AxigenSpam-Level:"), 1)
        self.assertIn(b"X-AxigenSpam-Level: 3\r\n", mail)

    def test_infected_mail_reaches_nobody(self):
        before = self.scanner("AV:ClamAV")["matched"]
        with self.smtp() as peer:  # its sender hears of it at once, and nobody gets a report
            peer.envelope("sender@example.net", "bob@example.org")
            refused = peer.data(companions.mail(companions.EICAR, b"an infected one"))
            self.assertEqual(refused.code, 550)
            self.assertIn("AV:ClamAV", refused.text)
        self.assertGreater(self.scanner("AV:ClamAV")["matched"], before)
        self.assertEqual(self.operation("queue", "list")["messages"], [])
        self.deliver(b"nothing", "behind the infected one")
        self.wait_for_one("bob", "behind the infected one")
        self.assertFalse([m for m in self.inbox("bob") if b"an infected one" in m])

    def test_quarantine_and_release(self):
        self.deliver(companions.GTUBE, "first in quarantine")
        self.deliver(companions.GTUBE, "second in quarantine")
        found = self.eventually(lambda: (lambda m: len(m) == 2 and m)(self.operation("quarantine", "list")["messages"]))
        self.assertEqual({one["state"] for one in found}, {"Quarantined"})
        self.assertIn("AV:Spam", found[0]["status"])
        header = self.operation("quarantine", "show", found[0]["id"], "--header")["header"]
        self.assertIn("first in quarantine", header)
        self.assertEqual(self.operation("quarantine", "deliver", found[0]["id"])["changed"], 1)
        self.wait_for_one("bob", "first in quarantine")
        self.assertEqual(self.operation("quarantine", "delete", "--all")["changed"], 1)
        self.assertEqual(self.operation("quarantine", "list")["messages"], [])
        self.assertFalse([m for m in self.inbox("bob") if b"second in quarantine" in m])

    def test_a_scanner_that_is_down_holds_mail_until_it_is_back(self):
        self.spamd.halt()
        try:
            self.deliver(b"nothing", "while it is down")
            self.eventually(lambda: self.scanner("AV:Spam")["state"] == "down")
            queued = self.eventually(lambda: self.operation("queue", "list")["messages"])
            self.assertIn("AV:Spam", queued[0]["status"])
            self.assertFalse([m for m in self.inbox("bob") if b"while it is down" in m])
        finally:
            self.spamd.start()
        self.eventually(lambda: self.scanner("AV:Spam")["state"] == "up", 30)
        self.operation("queue", "retry", "--all")
        self.assertIn(b"X-AxigenSpam-Level: 1\r\n", self.wait_for_one("bob", "while it is down"))


if __name__ == "__main__":
    unittest.main()
