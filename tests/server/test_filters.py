#!/usr/bin/env python3
"""Filters as administrators and people set them up: the dialogue's filter contexts, presets, what becomes of unwanted
mail, scripts on what IMAP clients do."""

import base64
import json
import os
import quopri
import re
import struct
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
        self.eventually(lambda: not self.inbox("alice", "Project"))  # a moment later: it is filed first


    def test_an_edited_message_takes_the_place_of_the_one_that_lies_there(self):
        self.script("carol", "edits", 'require ["imapsieve", "editheader"];\naddheader "X-Filed" "yes";\n')
        with self.imap("carol") as imap:
            imap.ok("CREATE Edited")
            imap.ok('SETMETADATA Edited (/shared/imapsieve/script "edits")')
            imap.append("Edited", b"From: a@b.example\r\nSubject: a draft\r\n\r\nx\r\n")
        self.eventually(lambda: [b"X-Filed: yes" in m for m in self.inbox("carol", "Edited")] == [True])


class Scripts(FiltersCase):
    """What scripts of accounts can ask that needs a whole server."""

    def test_documents_are_converted_in_the_sandbox(self):
        self.script("alice", "plain", 'require "convert"; convert "application/pdf" "text/plain" [""];'
                    'convert "application/ms-tnef" "text/plain" [""];\n', "--activate")
        stream = b"BT /F1 24 Tf 72 700 Td (quarterly figures) Tj ET"
        objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                   b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
                   b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
                   b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
        pdf, table = b"%PDF-1.4\n", b"0000000000 65535 f \n"
        for i, one in enumerate(objects):
            table += b"%010d 00000 n \n" % len(pdf)
            pdf += b"%d 0 obj%sendobj\n" % (i + 1, one)
        pdf += b"xref\n0 6\n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(pdf))
        tnef = struct.pack("<IH", 0x223E9F78, 1)
        for number, data in ((0x00069007, struct.pack("<II", 1252, 0)), (0x0002800C, b"Gr\xfc\xdfe aus Outlook\0")):
            tnef += struct.pack("<BII", 1, number, len(data)) + data + b"\0\0"
        for kind, content, said in (("application/pdf", pdf, b"quarterly figures"),
                                    ("application/ms-tnef", tnef, "Grüße aus Outlook".encode())):
            subject = kind.split("/")[1]
            message = (f"From: x@example.net\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n"
                       "Content-Transfer-Encoding: base64\r\n\r\n").encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")
            with self.smtp() as peer:
                peer.mail("x@example.net", "alice@example.org", message)
            stored = self.wait_for_one("alice", subject)
            self.assertIn(b"text/plain", stored)
            body = stored.split(b"\r\n\r\n", 1)[1]
            decoded = base64.b64decode(body) if b"base64" in stored else quopri.decodestring(body)
            self.assertIn(said, decoded)

    def test_lists_of_the_account(self):
        self.server.command("whitelist", "add", "friend@example.net", "--account", "bob@example.org")
        self.script("bob", "known", 'require ["extlists", "fileinto", "mailbox"];\n'
                    'if header :list "From" ":addrbook:default" { fileinto :create "Friends"; }\n', "--activate")
        with self.smtp() as peer:
            peer.mail("friend@example.net", "bob@example.org", "From: friend@example.net\r\nSubject: a friend\r\n\r\nx\r\n")
            peer.mail("other@example.net", "bob@example.org", "From: other@example.net\r\nSubject: a stranger\r\n\r\nx\r\n")
        self.wait_for_one("bob", "a friend", folder="Friends")
        self.wait_for_one("bob", "a stranger")

    def test_scripts_on_imap_events_are_not_activated(self):
        self.script("carol", "events", 'require "imapsieve"; keep;\n')
        with self.assertRaises(Exception) as refused:
            self.server.command("script", "activate", "events", "--account", "carol@example.org")
        self.assertIn("imapsieve", str(refused.exception))


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
