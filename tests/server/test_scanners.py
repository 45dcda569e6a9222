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
        code, said = scan(b"x", "--protocol", "clam-av.afsl", "--address", f"inet://127.0.0.1:{companions.free_port()}")
        self.assertEqual(code, 1)
        self.assertIn("refused", said)

    def test_one_that_says_nothing_is_left(self):
        import socket
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            accepted = []
            threading.Thread(target=lambda: accepted.append(listener.accept()), daemon=True).start()
            begun = time.monotonic()
            code, said = scan(b"x", "--protocol", "spamassassin.afsl", "--timeout", "1", "--address",
                              f"inet://127.0.0.1:{listener.getsockname()[1]}")
            self.assertEqual(code, 1)
            self.assertIn("no answer in time", said)
            self.assertLess(time.monotonic() - begun, 4 * harness.SLOW)

    def test_protocol_files_are_checked(self):
        for name in os.listdir(FILTERS):
            done = subprocess.run([os.path.abspath(harness.BINARY), "scan", "--check", "--protocol",
                                   os.path.join(FILTERS, name)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_program(self):
        found = self.finding(companions.mail(companions.EICAR), 3, "--command",
                             "/bin/sh -c 'if grep -q EICAR; then echo found it; echo virus-level: 5; exit 1; fi'")
        self.assertEqual((found["text"], found["virusLevel"]), ("found it", 5))


if __name__ == "__main__":
    unittest.main()
