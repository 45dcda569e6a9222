"""Milters from Debian, driven by `postrider milter`: opendkim signs and verifies, clamav-milter and rspamd refuse."""

import json
import os
import subprocess
import tempfile
import unittest

import companions
import harness


def milter(address, message, *arguments):
    """Exit code, what was decided, and the message as it is afterwards."""
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run([os.path.abspath(harness.BINARY), "milter", "--json", "--address", address, "--out", out.name,
                               *arguments, "-"], input=message, capture_output=True, timeout=60 * harness.SLOW)
        said = done.stdout.decode()
        return done.returncode, json.loads(said) if said else done.stderr.decode(), out.read()


class OpenDkim(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.opendkim = companions.OpenDkim()
        cls.addClassCleanup(cls.opendkim.stop)

    def verified(self, message):
        code, _, after = milter(self.opendkim.address, message, "--client", "192.0.2.7", "--helo", "mx.example.net")
        self.assertEqual(code, 0)
        self.assertTrue(after.endswith(message), "the message itself must stay as it was")
        return after[:len(after) - len(message)]

    def test_signs_and_verifies(self):
        mail = companions.mail(b"nothing here")
        code, said, signed = milter(self.opendkim.address, mail, "--sender", "alice@example.org")
        self.assertEqual(code, 0, said)
        self.assertTrue(said["changed"])
        self.assertTrue(signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;"), signed)
        self.assertTrue(signed.endswith(mail))
        self.assertIn(b"dkim=pass", self.verified(signed))
        self.assertIn(b"dkim=fail", self.verified(signed.replace(b"nothing", b"something")))
        # What is folded, spaced and empty in the header must reach the filter octet by octet.
        odd = mail.replace(b"Subject: hello", b"Subject:  many   blanks\r\n\tand a fold \r\nX-Empty:\r\nKeywords: \t a")
        signed = milter(self.opendkim.address, odd, "--sender", "alice@example.org")[2]
        self.assertIn(b"dkim=pass", self.verified(signed))


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clamd = companions.Clamd()
        cls.addClassCleanup(cls.clamd.stop)
        cls.clamav = companions.ClamavMilter(cls.clamd)
        cls.addClassCleanup(cls.clamav.stop)
        cls.rspamd = companions.Rspamd()
        cls.addClassCleanup(cls.rspamd.stop)

    def test_clamav_milter(self):
        for version in ("2", "3", "4", "6"):
            with self.subTest(version):
                code, said, after = milter(self.clamav.address, companions.mail(companions.EICAR), "--client", "192.0.2.7",
                                           "--protocol-version", version)
                self.assertEqual(code, 3)
                self.assertTrue(said["decision"].startswith("550 5.7.1 Infected by Eicar"), said)
        code, said, after = milter(self.clamav.address, companions.mail(b"nothing"), "--client", "192.0.2.7")
        self.assertEqual((code, said["decision"]), (0, "none"))
        self.assertIn(b"X-Virus-Status: Clean\r\n", after)

    def test_rspamd(self):
        code, said, _ = milter(self.rspamd.milter, companions.mail(companions.GTUBE), "--client", "192.0.2.7")
        self.assertEqual(code, 3)
        self.assertTrue(said["decision"].startswith("554 5.7.1 Gtube"), said)
        code, said, _ = milter(self.rspamd.milter, companions.mail(b"nothing"), "--client", "192.0.2.7")
        self.assertEqual((code, said["decision"]), (0, "none"))

    def test_nobody_listens(self):
        code, said, after = milter(f"inet://127.0.0.1:{harness.free_port()}", b"a: b\r\n\r\nc")
        self.assertEqual(code, 3)
        self.assertTrue(said["decision"].startswith("451 4.3.0"))
        self.assertEqual(after, b"a: b\r\n\r\nc")


class InTheServer(harness.ConfiguredCase):
    """Milters of the settings, along real SMTP sessions."""

    @classmethod
    def prepare(cls):
        cls.clamd = companions.Clamd()
        cls.addClassCleanup(cls.clamd.stop)
        cls.clamav = companions.ClamavMilter(cls.clamd)
        cls.addClassCleanup(cls.clamav.stop)
        cls.opendkim = companions.OpenDkim()
        cls.addClassCleanup(cls.opendkim.stop)

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=f"""
            milters = ( {{ name = "clamav" address = "{cls.clamav.address}" }}
                        {{ name = "opendkim" address = "{cls.opendkim.address}" }} )""")

    def test_infected_mail_is_refused_and_the_session_goes_on(self):
        with self.smtp() as peer:
            peer.envelope("alice@example.org", ["bob@example.org"])
            reply = peer.data(companions.mail(companions.EICAR))
            self.assertEqual(reply.code, 550)
            self.assertIn("Infected by Eicar-Test-Signature", reply.text)
            peer.mail("alice@example.org", ["bob@example.org"], companions.mail(b"nothing", b"behind it"))
        mail = self.wait_for_one("bob", "Subject: behind it")
        self.assertIn(b"X-Virus-Status: Clean\r\n", mail)
        self.assertIn(b"DKIM-Signature: v=1; a=rsa-sha256;", mail)
        self.assertTrue(mail.endswith(b"\r\n\r\nnothing\r\n"))
        self.assertLess(mail.index(b"Received:"), mail.index(b"Subject:"))

    def test_a_milter_that_is_down_makes_senders_come_again(self):
        self.opendkim.halt()
        try:
            with self.smtp(hello=None) as peer:
                codes = [peer.greeting.code]
                for command in ("EHLO client.example.net", "MAIL FROM:<alice@example.org>", "RCPT TO:<bob@example.org>"):
                    if codes[-1] < 400:
                        codes.append(peer.command(command).code)
                self.assertIn(codes[-1], range(400, 500), codes)
        finally:
            self.opendkim.start()
        with self.smtp() as peer:
            peer.mail("alice@example.org", ["bob@example.org"], companions.mail(b"nothing", b"when it was back"))
        self.wait_for_one("bob", "when it was back")


if __name__ == "__main__":
    unittest.main()
