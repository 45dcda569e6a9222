#!/usr/bin/env python3
"""People are told of their mail by XMPP (RFC 5437), by way of servers that others wrote."""

import json
import os
import shutil
import time
import unittest

import harness
import test_managesieve
import xmpp_peers


class XmppCase(harness.ConfiguredCase):
    kind = None

    @classmethod
    def prepare(cls):
        cls.xmpp = cls.kind()
        cls.addClassCleanup(cls.xmpp.stop)
        shutil.copy(cls.xmpp.certificate, os.path.join(cls.server.data, "xmpp-ca.pem"))

    @classmethod
    def config(cls, ports, **more):
        cls.ports = ports
        words = {"jid": "postrider@im.example.org/mail", "password": xmpp_peers.ACCOUNTS["postrider"], "host": "127.0.0.1",
                 "port": cls.xmpp.port, "caFile": "xmpp-ca.pem", "tlsPolicy": "verify", **more}
        rows = "\n".join(f'{name} = "{value}"' if isinstance(value, str) and name != "tlsPolicy" else f"{name} = {value}"
                         for name, value in words.items())
        sieve = harness.listener(ports["sieve"])
        return harness.config(ports, server=f"xmpp = {{ {rows} }} manageSieve = {{ listeners = ( {sieve} ) }}")

    def set(self, **more):
        with open(os.path.join(self.server.root, "test.cfg"), "w") as out:
            out.write(self.config(self.ports, **more))
        self.server.command("reload")

    def script(self, account, text):
        path = os.path.join(self.server.data, f"{account}.sieve")
        with open(path, "w") as out:
            out.write(text)
        self.server.command("script", "put", "tell", path, "--account", f"{account}@example.org", "--activate")

    def mail(self, account, subject, more=""):
        with self.smtp() as peer:
            peer.mail("you@example.net", f"{account}@example.org",
                      f"From: You <you@example.net>\r\nSubject: {subject}\r\n{more}\r\nx\r\n".encode())

    def state(self, word="show"):
        return json.loads(self.server.command("xmpp", word, "--json"))


class ByEjabberd(XmppCase):
    kind = xmpp_peers.Ejabberd

    def test_people_are_told_what_their_scripts_say(self):
        self.assertTrue(self.state("check")["works"], self.state("check"))
        self.script("bob", 'require ["enotify", "variables", "fileinto"];\n'
                    'if header :matches "Subject" "*" { set "subject" "${1}"; }\n'
                    'if valid_notify_method "xmpp:bob@im.example.org" {\n'
                    '  if notify_method_capability "xmpp:bob@im.example.org" "online" "maybe" {\n'
                    '    notify :importance "1" :message "${subject} <&> \'\\"" '
                    '"xmpp:bob@im.example.org?message;subject=Mail%20for%20you"; } }\n')
        listener = xmpp_peers.Listener(self.xmpp, "bob")
        self.addCleanup(listener.close)
        self.mail("bob", "=?utf-8?q?caf=C3=A9?=")
        kind, *said = listener.message()
        self.assertIn(kind, ("normal", None))  # one means the other (RFC 6121 §5.2.2)
        self.assertEqual(said, ["Mail for you", "caf\u00e9 <&> '\"", "high"])
        self.wait_for_one("bob", "caf=C3=A9")
        self.eventually(lambda: self.state()["waiting"] == 0)
        self.assertTrue(self.state()["connected"])
        # What was made by a machine tells nobody (RFC 5436 §2.7).
        self.mail("bob", "automatic", "Auto-Submitted: auto-replied\r\n")
        self.mail("bob", "another")
        self.assertIn("another", listener.message()[2])

    def test_without_words_of_its_own_a_notice_says_who_has_written(self):
        self.script("carol", 'require "enotify"; notify "xmpp:carol@im.example.org";\n')
        listener = xmpp_peers.Listener(self.xmpp, "carol")
        self.addCleanup(listener.close)
        self.mail("carol", "hello")
        kind, subject, body, urgency = listener.message()
        self.assertEqual((kind, subject, urgency), ("headline", None, "medium"))
        self.assertIn("hello", body)

    def test_many_are_told_in_order(self):
        self.script("alice", 'require "enotify"; notify :message "told" "xmpp:carol@im.example.org";\n')
        listener = xmpp_peers.Listener(self.xmpp, "carol")
        self.addCleanup(listener.close)
        for number in range(80):
            self.mail("alice", f"n{number}")
        for _ in range(80):
            self.assertEqual(listener.message()[2], "told")


class ByProsody(XmppCase):
    kind = xmpp_peers.Prosody

    def test_a_server_that_is_down_costs_no_mail_and_no_time(self):
        self.script("bob", 'require "enotify"; notify :message "mail" "xmpp:bob@im.example.org";\n')
        self.xmpp.halt()
        began = time.monotonic()
        self.mail("bob", "while it is down")
        self.wait_for_one("bob", "while it is down")
        self.assertLess(time.monotonic() - began, harness.PATIENCE)
        self.eventually(lambda: self.state()["trouble"] and self.state()["waiting"] == 1)
        self.xmpp.start()
        listener = xmpp_peers.Listener(self.xmpp, "bob")
        self.addCleanup(listener.close)
        self.assertEqual(listener.message()[2], "mail")
        self.eventually(lambda: self.state()["waiting"] == 0)
        # A session that the server ends is begun anew.
        listener.close()
        self.xmpp.halt()
        self.xmpp.start()
        listener = xmpp_peers.Listener(self.xmpp, "bob")
        self.addCleanup(listener.close)
        self.mail("bob", "after a restart")
        self.assertEqual(listener.message()[2], "mail")

    def test_it_is_offered_only_where_it_is_configured(self):
        def offered():
            with test_managesieve.Peer(self.port("sieve")) as peer:
                return b'"NOTIFY" "mailto xmpp"' in b"".join(peer.greeting)

        self.assertTrue(offered())
        self.script("carol", 'require ["enotify", "fileinto", "mailbox", "ihave"];\n'
                    'if not valid_notify_method "xmpp:carol@im.example.org" { fileinto :create "Untold"; }\n')
        self.mail("carol", "can be told")
        self.wait_for_one("carol", "can be told")
        self.set(jid="")
        try:
            self.assertFalse(offered())
            self.mail("carol", "cannot be told")
            self.wait_for_one("carol", "cannot be told", folder="Untold")
            self.assertEqual(self.state("check")["trouble"], "no XMPP server is configured")
        finally:
            self.set()

    def test_a_wrong_password_or_certificate_is_said(self):
        try:
            self.set(password="wrong")
            self.assertIn("not-authorized", self.state("check")["trouble"])
            self.set(caFile="none")
            self.assertIn("certificate", self.state("check")["trouble"])
            self.set(caFile="none", tlsPolicy="encrypt")
            self.assertEqual(self.state("check")["trouble"], "")
        finally:
            self.set()
        self.assertEqual(self.state("check")["trouble"], "")
        log = self.server.logs()
        for secret in ("our secret", "AHBvc3RyaWRlcgBvdXIgc2VjcmV0"):  # as it is, and as PLAIN shows it
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    unittest.main()
