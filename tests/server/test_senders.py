#!/usr/bin/env python3
"""What the server learns and remembers about senders: bans, lists, the spam filter."""

import json
import re
import time
import unittest

import clients
import harness
from corpus import sample
from test_net import refused

SPAM = ("From: shop{n}@shop.example\r\nTo: bob@example.org\r\nSubject: casino bonus {n}\r\n"
        "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <s{n}@shop.example>\r\n\r\n"
        "casino bonus winner lottery million unlimited offer miracle {n} replica watches cheap pharmacy\r\n")
LETTER = ("From: colleague{n}@work.example\r\nTo: bob@example.org\r\nSubject: meeting notes {n}\r\n"
          "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <h{n}@work.example>\r\n\r\n"
          "agenda of the meeting on thursday, draft report, budget review, printer paper, lunch {n}\r\n")


class SendersCase(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=cls.more)

    more = ""

    def do(self, *arguments):
        out = self.server.command(*arguments, "--json")
        return json.loads(out) if out.strip() else {}

    def refused(self, *arguments):
        return json.loads(self.server.command(*arguments, "--json", check=False))["error"]["kind"]


class Bans(SendersCase):
    """Attackers are shut out of all services, also after a restart; administrators lift and add bans."""

    more = """antiSpam = { bans = { maxFailedLogins = 4 exclusions = (127.0.0.1) } }"""

    def guess(self, source, times):
        for _ in range(times):
            with clients.Imap(self.port("imap"), source=source) as imap:
                imap.no('LOGIN "alice@example.org" "wrong"')

    def test_who_guesses_passwords_is_shut_out_of_every_service(self):
        self.guess("127.0.0.9", 4)
        for service in ("imap", "pop3", "smtp"):
            self.assertIsNotNone(refused(self.port(service), source="127.0.0.9"), service)
            self.assertIsNone(refused(self.port(service), source="127.0.0.8"), service)
        bans = self.do("bans", "list")["bans"]
        self.assertEqual([b["network"] for b in bans], ["127.0.0.9"])
        self.assertEqual(bans[0]["reason"], "failed log-ins")
        self.do("bans", "remove", "127.0.0.9")
        self.assertIsNone(refused(self.port("smtp"), source="127.0.0.9"))

    def test_who_is_excluded_may_guess_on(self):
        for _ in range(6):
            with clients.Imap(self.port("imap"), source="127.0.0.1") as imap:
                imap.no('LOGIN "nobody@example.org" "wrong"')
        self.assertIsNone(refused(self.port("imap"), source="127.0.0.1"))

    def test_an_administrator_shuts_out_a_network(self):
        self.do("bans", "add", "127.7.0.0/16", "--minutes", "5", "--reason", "for a test")
        self.assertIsNotNone(refused(self.port("pop3"), source="127.7.3.4"))
        self.assertEqual(self.refused("bans", "add", "127.7.1.0/24"), "bad_value")
        self.assertEqual(self.refused("bans", "add", "rubbish"), "bad_value")
        self.do("bans", "remove", "127.7.0.0/16")
        self.assertIsNone(refused(self.port("pop3"), source="127.7.3.4"))
        self.assertEqual(self.refused("bans", "remove", "127.7.0.0/16"), "not_found")


class SpamFilter(SendersCase):
    """The spam filter learns from moves into and out of Junk."""

    def status(self, *more):
        return self.do("spam", "status", *more)

    def test_moves_teach_it_and_what_it_learned_is_asked(self):
        with self.imap("bob") as imap:
            for n in range(12):
                imap.append("INBOX", SPAM.format(n=n).encode())
                imap.append("Junk", LETTER.format(n=n).encode())
            imap.ok("SELECT INBOX")
            imap.ok('UID MOVE 1:* Junk')
            self.eventually(lambda: self.status()["spam_messages"] == 12, what="spam was not learned")
            imap.ok("SELECT Junk")
            imap.ok("MOVE 1:12 INBOX")
            self.eventually(lambda: self.status()["wanted_messages"] == 12, what="letters were not learned")
        self.assertEqual(self.status("--account", "bob@example.org")["spam_messages"], 12)
        with harness.scratch() as folder:
            levels = []
            for name, text in (("spam", SPAM), ("letter", LETTER)):
                with open(f"{folder}/{name}", "w", newline="") as out:
                    out.write(text.format(n=99))
                levels.append(self.do("spam", "test", f"{folder}/{name}")["level"])
        self.assertGreaterEqual(levels[0], 5)
        self.assertLess(levels[1], 5)
        # Back again: unlearned as the one, learned as the other.
        with self.imap("bob") as imap:
            imap.ok("SELECT INBOX")
            imap.ok("MOVE 1 Junk")
            self.eventually(lambda: self.status()["spam_messages"] == 13, what="a change of mind was not learned")
            self.assertEqual(self.status()["wanted_messages"], 11)

    def test_a_delivery_teaches_nothing(self):
        before = self.status("--account", "carol@example.org")
        with self.smtp() as peer:
            peer.mail("x@shop.example", "carol@example.org", SPAM.format(n=1))
        self.wait_for_one("carol", "casino bonus 1")
        time.sleep(0.3)
        self.assertEqual(self.status("--account", "carol@example.org"), before)


class Lists(SendersCase):
    """Black- and whitelists by command."""

    def test_by_command(self):
        self.do("blacklist", "add", "*@Bad.example")
        self.do("whitelist", "add", "friend@example.com", "--account", "alice@example.org")
        self.assertEqual(self.do("blacklist", "list")["patterns"], ["bad.example"])
        self.assertEqual(self.refused("blacklist", "add", "bad.example"), "exists")
        self.assertEqual(self.do("whitelist", "list", "--account", "alice@example.org")["patterns"], ["friend@example.com"])
        self.do("blacklist", "reset")
        self.assertEqual(self.do("blacklist", "list")["patterns"], [])


    def test_what_becomes_of_their_mail(self):
        self.do("blacklist", "add", "shut.example")
        self.do("blacklist", "add", "pest.example", "--account", "bob@example.org")
        with self.smtp() as peer:
            peer.envelope("a@shut.example", "bob@example.org")
            reply = peer.data(sample("from whom nobody wants", sender="a@shut.example"))
            self.assertEqual((reply.code, "not wanted" in reply.text), (550, True), reply)
            peer.mail("a@pest.example", "bob@example.org", sample("from a pest", sender="a@pest.example"))
            peer.mail("a@pest.example", "carol@example.org", sample("from a friend", sender="a@pest.example"))
        self.wait_for_one("bob", "from a pest", folder="Trash")
        self.wait_for_one("carol", "from a friend")
        why = self.server.command("why", "--sender", "a@shut.example")
        self.assertIn("The sender is in a blacklist of the server or the domain", why)


class Confirmation(harness.ServerCase):
    """Mail of strangers waits until they have answered a question; whom one has written to is no stranger."""

    def letter(self, sender, subject):
        return sample(subject, sender=sender)

    def test_a_stranger_answers(self):
        self.server.command("account", "set", "alice@example.org", "identityConfirmation", "yes")
        with self.smtp() as peer:
            peer.mail("bob@example.org", "alice@example.org", self.letter("bob@example.org", "may I come in"))
        self.wait_for_one("alice", "may I come in", folder="Unconfirmed Messages")
        question = self.wait_for_one("bob", "Please confirm your message")
        self.assertIn(b"Auto-Submitted: auto-", question)
        mark = re.search(rb"\((confirm-\w+)\)", question)[1].decode()
        with self.smtp() as peer:
            peer.mail("bob@example.org", "alice@example.org", self.letter("bob@example.org", f"Re: ({mark})"))
        self.wait_for_one("alice", "may I come in")
        with self.smtp() as peer:
            peer.mail("bob@example.org", "alice@example.org", self.letter("bob@example.org", "here I am"))
        self.wait_for_one("alice", "here I am")

    def test_whom_one_has_written_to(self):
        self.server.command("account", "set", "carol@example.org", "identityConfirmation", "yes")
        with self.submission("carol") as peer:
            peer.mail("carol@example.org", "bob@example.org", self.letter("carol@example.org", "how are you"))
        self.wait_for_one("bob", "how are you")
        with self.smtp() as peer:
            peer.mail("bob@example.org", "carol@example.org", self.letter("bob@example.org", "fine, thanks"))
        self.wait_for_one("carol", "fine, thanks")


if __name__ == "__main__":
    unittest.main()
