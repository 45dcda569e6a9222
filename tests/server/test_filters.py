#!/usr/bin/env python3
"""Filters as administrators and people set them up: the dialogue's filter contexts, presets, what becomes of unwanted
mail, scripts on what IMAP clients do."""

import json
import os
import re
import unittest

import companions
import harness
from test_cli import Peer

SPAM = ("From: shop@shop.example\r\nTo: bob@example.org\r\nSubject: {subject}\r\n"
        "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{subject}@shop.example>\r\n\r\n"
        + companions.GTUBE.decode() + "\r\n")


class FiltersCase(harness.ServerCase):
    def do(self, *arguments):
        out = self.server.command(*arguments, "--json")
        return json.loads(out) if out.strip() else {}

    def script(self, account, name, text, *more):
        path = os.path.join(self.server.data, f"{name}.sieve")
        with open(path, "w") as out:
            out.write(text)
        self.server.command("script", "put", name, path, "--account", f"{account}@example.org", *more)


class Unwanted(FiltersCase):
    """filteringOption: what becomes of mail that filters take for unwanted."""

    def option(self, account, word):
        self.server.command("account", "set", f"{account}@example.org", "filteringOption", word)

    def spam(self, account, subject, sender="shop@shop.example"):
        with self.smtp() as peer:
            return peer.mail(sender, f"{account}@example.org", SPAM.format(subject=subject))

    def test_it_goes_into_junk_unless_another_word_is_said(self):
        self.spam("alice", "first")
        self.wait_for_one("alice", "first", folder="Junk")
        self.option("alice", "pass")
        self.spam("alice", "second")
        self.wait_for_one("alice", "second")

    def test_it_is_discarded_or_refused(self):
        self.option("bob", "discard")
        self.spam("bob", "dropped")
        self.option("bob", "sendNDR")
        with self.smtp() as peer:
            with self.assertRaises(Exception) as refused:
                peer.mail("shop@shop.example", "bob@example.org", SPAM.format(subject="refused"))
            self.assertIn("unsolicited", str(refused.exception))
        self.option("bob", "pass")
        self.spam("bob", "through")
        self.wait_for_one("bob", "through")
        self.assertFalse([m for m in self.inbox("bob") + self.inbox("bob", "Junk")
                          if b"dropped" in m or b"refused" in m])

    def test_a_preset_switches_the_spam_filter_off(self):
        self.do("filter", "preset", "carol@example.org", "off")
        self.assertEqual(self.do("filter", "preset", "carol@example.org")["preset"], "off")
        self.spam("carol", "not looked at")
        self.wait_for_one("carol", "not looked at")
        self.do("filter", "switch", "carol@example.org", "spamFilter", "--on")
        self.assertEqual(self.do("filter", "preset", "carol@example.org")["preset"], "custom")
        self.spam("carol", "looked at")
        self.wait_for_one("carol", "looked at", folder="Junk")


class OnImap(FiltersCase):
    """Scripts on what IMAP clients do (RFC 6785)."""

    def test_what_is_put_into_a_folder_is_filed_on(self):
        self.script("alice", "onimap", 'require ["imapsieve", "environment", "fileinto", "mailbox"];\n'
                    'if environment :is "imap.cause" "COPY" { fileinto :create "Copied"; }\n')
        with self.imap("alice") as imap:
            self.assertRegex(b" ".join(imap.ok("CAPABILITY")).decode(), r"IMAPSIEVE=sieve://")
            imap.ok("CREATE Project")
            imap.ok('SETMETADATA Project (/shared/imapsieve/script "onimap")')
            with self.smtp() as peer:
                peer.mail("x@example.net", "alice@example.org", "Subject: for the project\r\n\r\nx\r\n")
            self.wait_for_one("alice", "for the project")
            imap.ok("SELECT INBOX")
            imap.ok("MOVE 1 Project")
        self.wait_for_one("alice", "for the project", folder="Copied")
        self.assertEqual(self.inbox("alice", "Project"), [])


class Dialogue(FiltersCase):
    """The filter contexts of the CLI service, and that what they say is done."""

    def cli(self):
        peer = Peer(self.port("cli"))
        self.assertIn("+OK", peer.login("admin", self.server.password))
        return peer

    def test_a_domains_rules_filters_and_template(self):
        with self.cli() as cli:
            cli.ok("UPDATE Domain example.org")
            cli.ok("CONFIG FILTERS")
            cli.ok("ADD ScriptFilter name lists file filters/lists.sieve")
            cli.send("UPLOAD filter")
            self.assertIn(b"+OK", cli.receive())
            for line in ('require "fileinto";', 'if exists "List-Id" { fileinto "Trash"; }'):
                cli.send(line)
            cli.ok(".")
            cli.ok("DONE")
            cli.ok("ADD ActiveFilter 10 filterName lists filterType script")
            cli.ok("DONE")
            cli.send("UPDATE WMFilterTemplate")
            self.assertIn(b"+OK", cli.receive())
            cli.send('require ["fileinto", "mailbox"]; if header :is "Subject" "new" { fileinto :create "New"; }')
            cli.ok(".")
            cli.ok("COMMIT")
            listed = "\n".join(cli.ok("SHOW ATTR name"))
            self.assertIn("example.org", listed)
            cli.ok("ADD Account name dave password s3cret-word")
            cli.ok("CONFIG Filters")
            cli.ok("ADD Blacklist eve@example.com")
            cli.ok("DONE")
            cli.ok("COMMIT")
        self.assertIn("wmFilter", json.dumps(self.do("script", "list", "--account", "dave@example.org")))
        with self.smtp() as peer:
            peer.mail("x@example.net", "bob@example.org", "List-Id: <l.example>\r\nSubject: to the list\r\n\r\nx\r\n")
            peer.mail("x@example.net", "dave@example.org", "Subject: new\r\n\r\nx\r\n")
        self.wait_for_one("bob", "to the list", folder="Trash")
        with harness.clients.Imap(self.port("imap")) as imap:
            imap.login("dave@example.org", "s3cret-word")
            self.eventually(lambda: b"MESSAGES 1" in b" ".join(imap.ok("STATUS New (MESSAGES)", may_fail=True)))
            self.assertIn(b"New", b" ".join(imap.ok('LSUB "" "*"')), "what a script makes is seen")

    def test_the_servers_filters_are_its_settings(self):
        with self.cli() as cli:
            cli.ok("CONFIG SERVER")
            cli.ok("CONFIG FILTERS")
            cli.ok("ADD IntegratedFilter name Check type externalCommand command /bin/true")
            cli.ok("DONE")
            cli.ok("ADD ActiveFilter 400 filterName Check filterType integrated")
            cli.ok("DONE")
            self.assertIn("400      | Check      | integrated | (local)", "\n".join(cli.ok("LIST Filters")))
            cli.ok("COMMIT")
            cli.ok("COMMIT")
        with self.smtp() as peer:
            peer.mail("x@example.net", "carol@example.org", "Subject: checked\r\n\r\nx\r\n")
        self.wait_for_one("carol", "checked")
        self.eventually(lambda: re.search(r"Start filter Check of type integrated", self.server.logs()))
        with self.cli() as cli:
            for line in ("CONFIG SERVER", "CONFIG FILTERS", "REMOVE ActiveFilter 400", "REMOVE IntegratedFilter Check",
                         "COMMIT", "COMMIT"):
                cli.ok(line)


if __name__ == "__main__":
    unittest.main()
