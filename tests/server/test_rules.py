#!/usr/bin/env python3
"""Rules of sending and receiving: restrictions, limits, sizes, footers, notices, temporary addresses."""

import email
import email.policy
import json
import os
import time
import unittest

import harness

MESSAGE = "From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{body}\r\n"


class RulesCase(harness.ServerCase):
    def do(self, *arguments):
        out = self.server.command(*arguments, "--json")
        return json.loads(out) if out.strip() else {}

    def refused(self, *arguments):
        out = self.server.command(*arguments, "--json", check=False)
        return json.loads(out)["error"]["what"]

    def set(self, user, name, value):
        self.do("account", "set", self.address(user), name, value)

    def text(self, sender, to, subject, body="Body."):
        return MESSAGE.format(sender=self.address(sender), to=to, subject=subject, body=body)


class Restrictions(RulesCase):
    """sendPolicy and recvPolicy with their exceptions, at MAIL and RCPT, through groups too."""

    def test_an_account_sends_only_where_its_policy_allows(self):
        self.set("alice", "sendPolicy", "allowLocalDomain")
        self.set("alice", "sendPolicyExceptions", "(friend@example.net carol@example.org)")
        self.set("alice", "enableSendRestrictions", "yes")
        with self.submission("alice") as peer:
            peer.command("MAIL FROM:<alice@example.org>", 250)
            peer.command("RCPT TO:<bob@example.org>", 250)
            peer.command("RCPT TO:<friend@example.net>", 250)
            for who in ("stranger@example.net", "carol@example.org"):
                reply = peer.command(f"RCPT TO:<{who}>", 550)
                self.assertTrue(reply.text.startswith("5.7.1"), reply)
        # By a door without log-in the same rules hold for who says to be alice.
        with self.smtp() as peer:
            peer.command("MAIL FROM:<alice@example.org>", 250)
            peer.command("RCPT TO:<carol@example.org>", 550)
        self.do("account", "reset", "alice@example.org", "enableSendRestrictions")
        with self.submission("alice") as peer:
            peer.command("MAIL FROM:<alice@example.org>", 250)
            peer.command("RCPT TO:<stranger@example.net>", 250)

    def test_an_account_takes_mail_only_from_whom_its_policy_allows(self):
        self.set("bob", "recvPolicy", "denyAnyDomain")
        self.set("bob", "recvPolicyExceptions", "(boss@example.com *.example.com)")
        self.set("bob", "enableRecvRestrictions", "yes")
        self.do("group", "add", "team@example.org", "--member", "bob@example.org", "--member", "carol@example.org")
        with self.smtp() as peer:
            for sender, code in (("boss@example.com", 250), ("x@mail.example.com", 250), ("", 250),
                                 ("other@example.com", 550), ("alice@example.org", 550)):
                peer.command(f"MAIL FROM:<{sender}>", 250)
                reply = peer.command("RCPT TO:<bob@example.org>", code)
                if code == 550:
                    self.assertTrue(reply.text.startswith("5.7.1"), reply)
                peer.command("RSET", 250)
        with self.submission("alice") as peer:
            peer.mail("alice@example.org", "team@example.org", self.text("alice", "team", "through the group"))
        self.wait_for_one("carol", "through the group")
        self.assertFalse([m for m in self.inbox("bob") if b"through the group" in m])
        self.do("account", "reset", "bob@example.org", "enableRecvRestrictions")


class SendingLimits(RulesCase):
    """sentMessagesCount, sentRecipientsCount, sentMessagesSize, their counters and notice."""

    def send(self, peer, recipients, subject, code=250):
        peer.envelope("alice@example.org", recipients)
        reply = peer.data(self.text("alice", "x", subject))
        self.assertEqual(reply.code, code, reply)
        return reply

    def test_counts_messages_and_forgets_on_demand_and_survives_a_restart(self):
        for name, value in (("sentMessagesCount", "2"), ("sentMessagesInterval", "3600"),
                            ("sentOverquotaEmailAddress", "carol@example.org")):
            self.set("alice", name, value)
        with self.submission("alice") as peer:
            self.send(peer, "bob@example.org", "one")
            self.send(peer, "bob@example.org", "two")
            reply = peer.command("MAIL FROM:<alice@example.org>", 450)
            self.assertIn("4.7.1", reply.text)
            self.assertIn("minutes", reply.text)
        shown = self.do("account", "send-quota", "show", "alice@example.org")
        self.assertEqual((shown["messages"], shown["recipients"], shown["limit_messages"]), (2, 2, 2))
        notice = self.wait_for_one("carol", "alice@example.org has sent more than it may")
        self.assertIn(b"Auto-Submitted: auto-generated", notice)
        self.server.stop()
        self.server.demo()
        self.assertEqual(self.do("account", "send-quota", "show", "alice@example.org")["messages"], 2)
        with self.submission("alice") as peer:
            peer.command("MAIL FROM:<alice@example.org>", 450)
        self.do("account", "send-quota", "reset", "alice@example.org")
        with self.submission("alice") as peer:
            self.send(peer, "bob@example.org", "three")
        self.do("account", "reset", "alice@example.org", "sentMessagesCount")
        self.do("account", "send-quota", "reset", "alice@example.org")

    def test_counts_recipients_but_not_the_exceptions(self):
        self.set("bob", "sentRecipientsCount", "2")
        self.set("bob", "sentRecipientsExceptions", "(*@example.org)")
        with self.submission("bob") as peer:
            peer.command("MAIL FROM:<bob@example.org>", 250)
            for who in ("alice@example.org", "a@example.net", "carol@example.org", "b@example.net"):
                peer.command(f"RCPT TO:<{who}>", 250)
            peer.command("RCPT TO:<c@example.net>", 452)
            self.assertEqual(peer.data(self.text("bob", "x", "to many")).code, 250)
            peer.command("MAIL FROM:<bob@example.org>", 250)
            peer.command("RCPT TO:<alice@example.org>", 250)
            peer.command("RCPT TO:<c@example.net>", 450)
            peer.command("RSET", 250)

    def test_counts_octets(self):
        self.set("carol", "sentMessagesSize", "2")
        with self.submission("carol") as peer:
            reply = peer.command("MAIL FROM:<carol@example.org> SIZE=3000", 550)
            self.assertIn("5.7.1", reply.text)
            peer.envelope("carol@example.org", "alice@example.org")
            self.assertEqual(peer.data(self.text("carol", "x", "big", "b" * 3000)).code, 550)
            peer.envelope("carol@example.org", "alice@example.org")
            self.assertEqual(peer.data(self.text("carol", "x", "fits", "b" * 1000)).code, 250)
            peer.envelope("carol@example.org", "alice@example.org")
            self.assertEqual(peer.data(self.text("carol", "x", "no more", "b" * 1500)).code, 450)


class Notices(RulesCase):
    """Warnings to the owner of a mailbox that is nearly full; and one that is too full to send."""

    def test_one_notice_an_interval_and_no_sending_from_a_full_mailbox(self):
        for name, value in (("totalMessageSize", "40"), ("quotaLimitThreshold", "50"),
                            ("quotaLimitNotificationEnabled", "yes"), ("quotaSendMessageThreshold", "60"),
                            ("quotaLimitNotificationSubject", "\"%ACCOUNT% at %SIZEUSEDPERCENT%%%\"")):
            self.set("alice", name, value)
        for number in range(3):
            with self.smtp() as peer:
                peer.mail("x@example.net", "alice@example.org",
                          self.text("bob", "alice", f"filler {number}", ("f" * 70 + "\r\n") * 130))
        notice = self.wait_for_one("alice", "Subject: alice@example.org at ")
        self.assertIn(b"Return-Path: <>", notice)
        time.sleep(2.5)
        with self.smtp() as peer:
            peer.mail("x@example.net", "alice@example.org", self.text("bob", "alice", "one more"))
        time.sleep(2.5)
        self.assertEqual(len([m for m in self.inbox("alice") if b"alice@example.org at " in m]), 1)
        with self.submission("alice") as peer:
            reply = peer.command("MAIL FROM:<alice@example.org>", 452)
            self.assertIn("4.2.2", reply.text)

    def test_a_mailbox_that_is_full_gets_the_notice_all_the_same(self):
        for name, value in (("totalMessageCount", "1"), ("quotaLimitNotificationEnabled", "yes")):
            self.set("bob", name, value)
        with self.smtp() as peer:
            peer.mail("x@example.net", "bob@example.org", self.text("carol", "bob", "the one"))
            peer.command("MAIL FROM:<x@example.net>", 250)
            peer.command("RCPT TO:<bob@example.org>", 452)
        self.wait_for_one("bob", "Your mailbox bob@example.org is nearly full")

    def test_a_new_account_is_welcomed(self):
        path = os.path.join(self.server.data, "welcome.txt")
        with open(path, "w") as file:
            file.write("Subject: Hello %FULLNAME%\nContent-Type: text/html\n\n<p>%ACCOUNT% &ndash; 100%%</p>\n")
        self.do("domain", "defaults", "set", "example.org", "welcomeMessageFileName", "welcome.txt")
        self.do("domain", "defaults", "set", "example.org", "welcomeMessageEnabled", "yes")
        import subprocess
        done = subprocess.run([os.path.abspath(harness.BINARY), "--data", self.server.data, "account", "add",
                               "dave@example.org", "--password", "-", "--ignore-policy", "--full-name", "D<ave"],
                              input=self.server.password + "\n", text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        welcome = self.wait_for_one("dave", b"Subject: Hello D<ave")
        self.assertIn(b"<p>dave@example.org &ndash; 100%</p>", welcome)


class Footers(RulesCase):
    """The message appender of a domain."""

    def test_mail_that_leaves_gets_the_footer_once_and_signed_mail_does_not(self):
        self.do("domain", "appender", "set", "example.org", "--text", "Example Ltd, Köln", "--html",
                "<p>Example Ltd, K&ouml;ln</p>", "--on", "--local")
        body = ("From: alice@example.org\r\nTo: bob@example.org\r\nSubject: footer {0}\r\nMIME-Version: 1.0\r\n"
                "Content-Type: multipart/alternative; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
                "--b1\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                "<html><body>H=E4llo</body></html>\r\n--b1--\r\n")
        with self.submission("alice") as peer:
            peer.mail("alice@example.org", "bob@example.org", body.format("one"))
        got = email.message_from_bytes(self.wait_for_one("bob", "footer one"), policy=email.policy.default)
        plain, html = list(got.iter_parts())
        self.assertIn("Hello", plain.get_content())
        self.assertTrue(plain.get_content().rstrip().endswith("Example Ltd, Köln"), plain.get_content())
        self.assertIn("<p>Example Ltd, K&ouml;ln</p>", html.get_content())
        self.assertLess(html.get_content().index("Example Ltd"), html.get_content().index("</body>"))
        self.assertIn("Hällo", html.get_content())
        signed = body.format("two").replace("multipart/alternative", "multipart/signed")
        with self.submission("alice") as peer:
            peer.mail("alice@example.org", "bob@example.org", signed)
        self.assertNotIn(b"Example Ltd", self.wait_for_one("bob", "footer two"))
        self.do("domain", "appender", "set", "example.org", "--remote-only")
        with self.submission("alice") as peer:
            peer.mail("alice@example.org", "bob@example.org", body.format("three"))
        self.assertNotIn(b"Example Ltd", self.wait_for_one("bob", "footer three"))
        with self.smtp() as peer:  # what comes from elsewhere is nobody's of ours
            peer.mail("x@example.net", "bob@example.org", body.format("four"))
        self.assertNotIn(b"Example Ltd", self.wait_for_one("bob", "footer four"))


class TemporaryAddresses(RulesCase):
    def test_work_for_a_while_and_are_nobodys_afterwards(self):
        self.set("alice", "temporaryAliasesCount", "2")
        made = self.do("account", "temporary", "add", "alice@example.org", "--seconds", "4")
        address = made["address"]
        with self.smtp() as peer:
            peer.mail("x@example.net", address, self.text("bob", "alice", "to the temporary one"))
        self.wait_for_one("alice", "to the temporary one")
        self.do("account", "temporary", "add", "alice@example.org", "--name", "shop")
        self.assertIn("may have 2", self.refused("account", "temporary", "add", "alice@example.org"))

        def expired():
            with self.smtp() as peer:
                peer.command("MAIL FROM:<x@example.net>", 250)
                reply = peer.command(f"RCPT TO:<{address}>")
                return reply.code == 550 and "5.1.1" in reply.text
        self.eventually(expired, 10, "the address still works")
        self.do("account", "temporary", "remove", "alice@example.org", "shop")
        with self.smtp() as peer:
            peer.command("MAIL FROM:<x@example.net>", 250)
            peer.command("RCPT TO:<shop@example.org>", 550)
        self.assertIn("taken", self.refused("account", "add", "shop@example.org"))
        self.assertIn("taken", self.refused("account", "temporary", "add", "bob@example.org", "--name", "shop"))
        self.do("account", "temporary", "add", "alice@example.org", "--name", "Shop")
        listed = self.do("account", "temporary", "list", "alice@example.org")["temporary_addresses"]
        self.assertEqual([one["active"] for one in listed if one["name"].lower() == "shop"], [True])
        self.assertIn("30 days", self.refused("account", "temporary", "add", "bob@example.org", "--days", "31"))


class Sizes(harness.ConfiguredCase):
    """sizeRules: the first that matches; SIZE is what may still come out."""

    @classmethod
    def config(cls, ports):
        return harness.config(ports, smtp="""maxDataSize = 1000
            sizeRules = ( { sender = big@example.net maxSize = 500 }
                          { recipient = bob@example.org authentication = no maxSize = 2 }
                          { addresses = (127.0.0.1) authentication = no maxSize = 10 }
                          { authentication = yes maxSize = 5000 } )""")

    def text(self, octets):
        return "Subject: s\r\n\r\n" + ("x" * 70 + "\r\n") * (octets // 72)

    def test_by_sender_recipient_address_and_login(self):
        with self.smtp() as peer:
            self.assertEqual(peer.extensions["SIZE"], str(500 * 1024))
            peer.command("MAIL FROM:<x@example.net> SIZE=20000", 552)
            peer.command("MAIL FROM:<big@example.net> SIZE=400000", 250)
            peer.command("RSET", 250)
            peer.command("MAIL FROM:<x@example.net> SIZE=5000", 250)
            peer.command("RCPT TO:<bob@example.org>", 552)
            peer.command("RCPT TO:<alice@example.org>", 250)
            peer.command("RSET", 250)
            peer.envelope("x@example.net", ["alice@example.org", "bob@example.org"])
            self.assertEqual(peer.data(self.text(5000)).code, 552)
            peer.envelope("x@example.net", "alice@example.org")
            self.assertEqual(peer.data(self.text(5000)).code, 250)
            peer.envelope("big@example.net", "bob@example.org")
            self.assertEqual(peer.data(self.text(100_000)).code, 250)
        with self.submission("alice") as peer:
            self.assertEqual(peer.hello().lines[0][:4], "mail")
            self.assertEqual(peer.extensions["SIZE"], str(1000 * 1024))
            peer.command("MAIL FROM:<alice@example.org> SIZE=900000", 250)


class Flood(harness.ConfiguredCase):
    """messagesPerSecond and disableInterval."""

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server="processing = { messagesPerSecond = 5 disableInterval = 6 }")

    def test_a_mailbox_that_gets_too_much_takes_nothing_for_a_while(self):
        with self.smtp() as peer:
            codes = []
            for _ in range(12):
                peer.command("MAIL FROM:<x@example.net>", 250)
                codes.append(peer.command("RCPT TO:<alice@example.org>").code)
                if codes[-1] == 250:
                    peer.command("RCPT TO:<bob@example.org>", 250) if len(codes) == 1 else None
                peer.command("RSET", 250)
            self.assertEqual(codes[:5], [250] * 5)
            self.assertEqual(codes[-1], 450)
            peer.command("MAIL FROM:<x@example.net>", 250)
            peer.command("RCPT TO:<carol@example.org>", 250)
            time.sleep(6.5)
            peer.command("RCPT TO:<alice@example.org>", 250)


if __name__ == "__main__":
    unittest.main()
