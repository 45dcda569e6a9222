#!/usr/bin/env python3
"""Folders of others and public folders: who may do what there, by every command."""

import json
import re
import unittest

import clients
import harness

MESSAGE = (b"From: alice@example.org\r\nTo: team@example.org\r\nSubject: shared\r\n"
           b"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <shared@example.org>\r\n\r\nText\r\n")
LETTERS = "lrswikxtea"


class SharingCase(harness.ConfiguredCase):
    users = 2
    smtp = ""

    @classmethod
    def config(cls, ports):
        return harness.config(ports, smtp=cls.smtp)

    def do(self, *arguments):
        out = self.server.command(*arguments, "--json")
        return json.loads(out) if out.strip() else {}

    def folders(self, peer, pattern, verb="LIST"):
        return [re.search(rb'"/" "?([^"]*)"?$', line)[1].decode() for line in peer.ok(f'{verb} "" "{pattern}"')]


class Matrix(SharingCase):
    """Each right granted alone, beside r, and all but it: every operation does what the table of RFC 4314 section 4 says."""

    # What each operation needs of the folder. One that works in a selected folder needs r to get there.
    OPERATIONS = {
        "LIST": "l",
        "SELECT": "r",
        "EXAMINE": "r",
        "STATUS": "r",
        "APPEND": "i",
        "COPY there": "i",
        "COPY away": "r",
        "MOVE away": "rte",
        "STORE flag": "rw",
        "STORE keyword": "rw",
        "STORE deleted": "rt",
        "STORE seen for all": "rs",
        "FETCH sets seen for all": "rs",
        "STORE seen for oneself": "r",
        "EXPUNGE": "re",
        "REPLACE there": "rtei",
        "CREATE": "k",
        "DELETE": "x",
        "RENAME": "xk",
        "SUBSCRIBE": "l",
        "GETACL": "a",
        "SETACL": "a",
        "DELETEACL": "a",
        "LISTRIGHTS": "a",
        "GETQUOTAROOT": "",          # whoever may name it
        "ESEARCH": "lr",
        "GETMETADATA": "l+",         # and one of r, s, w, i (RFC 5464 section 3.3)
        "SETMETADATA shared": "l-",  # and one of s, w, i
    }

    def expected(self, operation, granted):
        needs = self.OPERATIONS[operation]
        if needs == "l+":
            return "l" in granted and bool(set("rswi") & set(granted))
        if needs == "l-":
            return "l" in granted and bool(set("swi") & set(granted))
        if operation == "GETQUOTAROOT":
            return bool(granted)
        return set(needs) <= set(granted)

    def attempt(self, operation, path):
        """Whether it is done. `path` is the folder as bob sees it, fresh, with one message."""
        bob, theirs = self.bob, self.alice

        def done(command):
            return bob.command(command)[1].startswith(b"OK")

        def selected(command):
            if not done(f'SELECT "{path}"'):
                return False
            worked = done(command)
            bob.ok("UNSELECT")
            return worked

        own = path.split("/", 2)[2]
        unseen = lambda: b"UNSEEN 1" in theirs.ok(f'STATUS "{own}" (UNSEEN)')[0]
        if operation == "LIST":
            return path in self.folders(bob, path)
        if operation in ("SELECT", "EXAMINE"):
            worked = done(f'{operation} "{path}"')
            if worked:
                bob.ok("UNSELECT")
            return worked
        if operation == "STATUS":
            return done(f'STATUS "{path}" (MESSAGES)')
        if operation == "APPEND":
            return done(f'APPEND "{path}" {{{len(MESSAGE)}+}}\r\n'.encode() + MESSAGE)
        if operation == "COPY there":
            bob.ok("SELECT Source")
            worked = done(f'COPY 1 "{path}"')
            bob.ok("UNSELECT")
            return worked
        if operation == "COPY away":
            return selected("COPY 1 Target")
        if operation == "MOVE away":
            return selected("MOVE 1 Target")
        if operation == "STORE flag":
            return selected("STORE 1 +FLAGS (\\Flagged)")
        if operation == "STORE keyword":
            return selected("STORE 1 +FLAGS (Word)")
        if operation == "STORE deleted":
            return selected("STORE 1 +FLAGS (\\Deleted)")
        if operation == "STORE seen for all":
            selected("STORE 1 +FLAGS (\\Seen)")
            return not unseen()
        if operation == "FETCH sets seen for all":
            selected("FETCH 1 BODY[]")
            return not unseen()
        if operation == "STORE seen for oneself":
            selected("STORE 1 +FLAGS (\\Seen)")
            untagged, tagged = bob.command(f'STATUS "{path}" (UNSEEN)')
            return tagged.startswith(b"OK") and b"UNSEEN 0" in untagged[0][0]
        if operation == "EXPUNGE":
            theirs.ok(f'SELECT "{own}"')
            theirs.ok("STORE 1 +FLAGS (\\Deleted)")
            theirs.ok("UNSELECT")
            selected("EXPUNGE")
            return b"MESSAGES 0" in theirs.ok(f'STATUS "{own}" (MESSAGES)')[0]
        if operation == "REPLACE there":
            return selected(f'REPLACE 1 "{path}" {{{len(MESSAGE)}+}}\r\n'.encode() + MESSAGE)
        if operation == "CREATE":
            return done(f'CREATE "{path}/below"')
        if operation == "DELETE":
            return done(f'DELETE "{path}"')
        if operation == "RENAME":
            return done(f'RENAME "{path}" "{path}2"')
        if operation == "SUBSCRIBE":
            return done(f'SUBSCRIBE "{path}"')
        if operation == "GETACL":
            return done(f'GETACL "{path}"')
        if operation == "SETACL":
            return done(f'SETACL "{path}" user0 l')
        if operation == "DELETEACL":
            return done(f'DELETEACL "{path}" user0')
        if operation == "LISTRIGHTS":
            return done(f'LISTRIGHTS "{path}" user0')
        if operation == "GETQUOTAROOT":
            return done(f'GETQUOTAROOT "{path}"')
        if operation == "ESEARCH":
            return any(b"ESEARCH" in line for line in bob.ok(f'ESEARCH IN (mailboxes "{path}") ALL', may_fail=True))
        if operation == "GETMETADATA":
            return done(f'GETMETADATA "{path}" /shared/comment')
        if operation == "SETMETADATA shared":
            return done(f'SETMETADATA "{path}" (/shared/comment "x")')
        raise AssertionError(operation)

    def grants(self, operation):
        needs = {letter for letter in self.OPERATIONS[operation] if letter in LETTERS}
        yield ""
        yield LETTERS
        yield "".join(sorted(needs))
        for letter in LETTERS:
            yield letter
            if "r" in needs:
                yield "".join(sorted({letter, "r"}))
        for letter in needs:
            yield LETTERS.replace(letter, "")
            yield "".join(sorted(needs - {letter}))

    def test_every_right_and_every_operation(self):
        with self.imap("alice") as self.alice, self.imap("bob") as self.bob:
            self.bob.ok("CREATE Source")
            self.bob.ok("CREATE Target")
            self.assertTrue(self.bob.append("Source", MESSAGE).startswith(b"OK"))
            number = 0
            wrong = []
            for operation in self.OPERATIONS:
                for granted in dict.fromkeys(self.grants(operation)):
                    number += 1
                    self.alice.ok(f"CREATE m{number}/f")
                    self.assertTrue(self.alice.append(f"m{number}/f", MESSAGE).startswith(b"OK"))
                    if granted:
                        self.alice.ok(f"SETACL m{number}/f bob {granted}")
                    if "k" in granted:  # RENAME wants it where the folder then lies
                        self.alice.ok(f"SETACL m{number} bob k")
                    done = self.attempt(operation, f"Other Users/alice/m{number}/f")
                    if done != self.expected(operation, granted):
                        wrong.append(f"{operation} with '{granted}': {'done' if done else 'refused'}")
                    self.alice.command(f"DELETE m{number}/f")
                    self.alice.command(f"DELETE m{number}")
            self.assertEqual(wrong, [], f"of {number}")

    def test_a_denial_wins_over_what_groups_and_everyone_are_granted(self):
        self.do("group", "add", "crew@example.org")
        self.do("group", "member", "add", "crew@example.org", "bob@example.org")
        with self.imap("alice") as alice, self.imap("bob") as bob:
            alice.ok("CREATE denied")
            alice.ok("SETACL denied crew lrwi")
            alice.ok("SETACL denied anyone k")
            path = '"Other Users/alice/denied"'
            self.assertTrue(bob.ok(f"MYRIGHTS {path}")[0].endswith(b"lrwipkc"))
            for who in ("bob", "crew", "anyone"):
                alice.ok(f"SETACL denied -{who} w")
                self.assertTrue(bob.ok(f"MYRIGHTS {path}")[0].endswith(b"lripkc"), who)
                alice.ok(f"DELETEACL denied -{who}")
            self.assertTrue(bob.ok(f"MYRIGHTS {path}")[0].endswith(b"lrwipkc"))
            self.do("group", "member", "remove", "crew@example.org", "bob@example.org")
            self.assertTrue(bob.ok(f"MYRIGHTS {path}")[0].endswith(b" kc"))

    def test_rights_go_down_the_tree_with_exceptions(self):
        with self.imap("alice") as alice, self.imap("bob") as bob:
            alice.ok("CREATE tree/branch/leaf")
            self.do("permission", "set", "alice@example.org", "bob", "--folder", "tree", "--level", "editor")
            self.do("permission", "set", "alice@example.org", "bob", "--folder", "tree/branch", "--deny", "setFlags",
                    "--no-subfolders")
            rights = [bob.ok(f'MYRIGHTS "Other Users/alice/{path}"')[0].split()[-1]
                      for path in ("tree", "tree/branch", "tree/branch/leaf")]
            self.assertEqual(rights, [b"lrwipted", b"lripted", b"lrwipted"])
            alice.ok("RENAME tree/branch elsewhere")
            bob.no('MYRIGHTS "Other Users/alice/elsewhere"')
            self.assertEqual(self.do("permission", "effective", "alice@example.org", "bob@example.org",
                                     "--folder", "tree")["letters"], "lrwipted")

    def test_a_new_folder_is_shared_as_the_one_it_is_in(self):
        with self.imap("alice") as alice, self.imap("bob") as bob:
            alice.ok("CREATE parent")
            alice.ok("SETACL parent bob lrik")
            alice.ok("CREATE parent/child")
            self.assertTrue(bob.ok('MYRIGHTS "Other Users/alice/parent/child"')[0].endswith(b"lripkc"))
            bob.ok('CREATE "Other Users/alice/parent/his/own"')
            self.assertTrue(bob.ok('MYRIGHTS "Other Users/alice/parent/his/own"')[0].endswith(b"lrswipkxteacd"))
            alice.ok("DELETEACL parent/child bob")
            bob.no('SELECT "Other Users/alice/parent/child"')
            alice.ok("DELETE parent")
            alice.ok("CREATE parent")
            bob.no('SELECT "Other Users/alice/parent"')

    def test_a_right_that_is_taken_away_ends_what_a_session_may_do(self):
        with self.imap("alice") as alice, self.imap("bob") as bob:
            alice.ok("CREATE taken")
            alice.append("taken", MESSAGE)
            alice.ok("SETACL taken bob lrw")
            bob.ok('SELECT "Other Users/alice/taken"')
            tag = bob.idle()
            alice.ok("SETACL taken bob lr")
            self.assertIn(b"[PERMANENTFLAGS (\\Seen)]", bob.until(rb"PERMANENTFLAGS"))
            bob.done(tag)
            self.assertIn(b"NOPERM", bob.no("STORE 1 +FLAGS (\\Flagged)"))
            tag = bob.idle()
            alice.ok("DELETEACL taken bob")
            bob.until(rb"EXPUNGE|VANISHED")
            bob.done(tag)
            bob.no('SELECT "Other Users/alice/taken"')


class PublicFolders(SharingCase):
    """Public folders: made by administrators, seen by right, with addresses and quotas."""

    def test_they_are_made_with_an_address_and_get_mail(self):
        self.do("publicfolder", "add", "example.org", "Support/Mail", "--address", "support")
        self.do("permission", "set", "@example.org", "anyone", "--folder", "Support/Mail", "--level", "viewer")
        with clients.Smtp(self.port("smtp")) as smtp:
            smtp.mail("x@example.net", ["support@example.org"], MESSAGE)
        with self.imap("bob") as bob:
            self.assertEqual(self.folders(bob, "Public Folders/Support*"),
                             ["Public Folders/Support", "Public Folders/Support/Mail"])
            self.eventually(lambda: b"MESSAGES 1" in bob.ok('STATUS "Public Folders/Support/Mail" (MESSAGES)')[0])
            bob.ok('SELECT "Public Folders/Support/Mail"')
            self.assertIn(b"Subject: shared", bob.messages()[0])
            bob.no("STORE 1 +FLAGS (\\Deleted)")
            bob.ok("STORE 1 +FLAGS (\\Seen)")
        with self.imap("alice") as alice:
            self.assertIn(b"UNSEEN 1", alice.ok('STATUS "Public Folders/Support/Mail" (UNSEEN)')[0])

    def test_the_postmaster_may_do_everything_there(self):
        self.do("publicfolder", "add", "example.org", "Board")
        with self.imap("alice") as alice:
            alice.no('SELECT "Public Folders/Board"')
        self.do("account", "password", "postmaster@example.org", "--password", self.server.password)
        with self.imap("postmaster") as postmaster:
            self.assertTrue(postmaster.ok('MYRIGHTS "Public Folders/Board"')[0].endswith(b"lrswipkxteacd"))
            self.assertTrue(postmaster.ok('MYRIGHTS "Other Users/alice/INBOX"')[0].endswith(b"la"))
            postmaster.no('SELECT "Other Users/alice/INBOX"')
            self.assertTrue(postmaster.append("Public Folders/Board", MESSAGE).startswith(b"OK"))
            postmaster.ok('SETACL "Public Folders/Board" alice lrk')
        with self.imap("alice") as alice:
            alice.ok('CREATE "Public Folders/Board/Mine"')
            self.assertTrue(alice.ok('MYRIGHTS "Public Folders/Board/Mine"')[0].endswith(b"lrswipkxteacd"))

    def test_a_quota_keeps_them_from_growing(self):
        self.do("publicfolder", "add", "example.org", "Small", "--address", "small")
        used = self.do("publicfolder", "quota", "example.org")["used_messages"]
        self.do("publicfolder", "quota", "example.org", "--messages", str(used + 1))
        with clients.Smtp(self.port("smtp")) as smtp:
            smtp.mail("x@example.net", ["small@example.org"], MESSAGE)
            smtp.command("MAIL FROM:<x@example.net>", 250)
            self.assertEqual(smtp.command("RCPT TO:<small@example.org>").code // 100, 4)
        self.do("publicfolder", "quota", "example.org", "--messages", "0")

    def test_the_root_has_the_name_that_the_domain_gives_it(self):
        self.do("publicfolder", "add", "example.org", "Named")
        self.do("publicfolder", "root", "example.org", "--name", "Alle")
        try:
            with self.imap("bob") as bob:
                self.assertIn(b"Alle/", bob.ok("NAMESPACE")[0])
                self.assertIn("Alle/Named", self.folders(bob, "Alle/*"))
                # Nobody's own folder can be called so, whoever wants to make it.
                bob.no("CREATE Alle")
                bob.no("RENAME Archive Alle")
            with self.assertRaises(AssertionError) as refused:
                self.server.command("account", "search", "add", "bob@example.org", "Alle/x", "FLAGGED")
            path = self.server.data + "/names.sieve"
            with open(path, "w") as out:
                out.write('require ["fileinto", "mailbox"];\nfileinto :create "Alle/mine";\n')
            self.server.command("script", "put", "names", path, "--account", "bob@example.org", "--activate")
            with clients.Smtp(self.port("smtp")) as smtp:
                smtp.mail("x@example.net", ["bob@example.org"], MESSAGE.replace(b": shared", b": to bob"))
            self.wait_for_one("bob", "to bob")
            self.server.command("script", "deactivate", "--account", "bob@example.org", check=False)
        finally:
            self.do("publicfolder", "root", "example.org", "--name", "Public Folders")


class SendAs(SharingCase):
    """Who has been granted it uses somebody's address, and nobody else does."""

    smtp = "senderMustMatchLogin = yes"

    def send(self, sender, header=None, more=b"", to="alice@example.org"):
        """What bob is answered; the message's header as alice got it."""
        subject = self.unique()
        header = f"From: {sender}" if header is None else header
        with self.submission("bob") as smtp:
            code = smtp.command(f"MAIL FROM:<{sender}>").code
            if code != 250:
                return code, b""
            smtp.command(f"RCPT TO:<{to}>", 250)
            code = smtp.data(header.encode() + b"\r\n" + more + f"Subject: {subject}\r\n\r\nText\r\n".encode()).code
        if code != 250:
            return code, b""
        with self.imap("alice") as alice:
            alice.ok("SELECT INBOX")
            found = self.eventually(lambda: re.search(rb"SEARCH (\d+)", alice.ok(f"SEARCH SUBJECT {subject}")[0]))
            return code, alice.whole(f"FETCH {found[1].decode()} BODY.PEEK[HEADER]")

    def unique(self):
        type(self).number = getattr(type(self), "number", 0) + 1
        return f"mark{type(self).number}"

    def test_only_who_was_granted_it_sends_in_somebodys_name(self):
        self.assertEqual(self.send("bob@example.org")[0], 250)
        self.assertEqual(self.send("alice@example.org")[0], 553)
        self.do("permission", "set", "alice@example.org", "bob", "--allow", "sendAs")
        self.assertEqual(self.send("alice@example.org")[0], 250)
        self.do("permission", "remove", "alice@example.org", "bob")
        self.assertEqual(self.send("alice@example.org")[0], 553)

    def test_sender_says_who_sent_in_somebodys_name(self):
        self.do("permission", "set", "alice@example.org", "bob", "--allow", "sendAs")
        own = b"Sender: <bob@example.org>"
        for name, header, more, wanted in (
                ("of somebody else", "From: Alice <alice@example.org>", b"", [own]),
                ("his own", "From: Bob <bob@example.org>", b"", []),
                ("both", "From: bob@example.org, alice@example.org", b"", [own]),
                ("said already", "From: alice@example.org", b"Sender: Bob <bob@example.org>\r\n",
                 [b"Sender: Bob <bob@example.org>"]),
                ("a stranger's", "From: alice@example.org", b"Sender: <eve@example.net>\r\n", [own]),
                ("a stranger's, needless", "From: bob@example.org", b"Sender: <eve@example.net>\r\n", [])):
            with self.subTest(name):
                code, text = self.send("bob@example.org", header, more)
                self.assertEqual((code, re.findall(rb"^Sender: .*?(?=\r)", text, re.M)), (250, wanted), text)
        self.do("permission", "remove", "alice@example.org", "bob")

    def test_sender_says_it_too_where_the_message_names_nobody(self):
        self.do("permission", "set", "alice@example.org", "bob", "--allow", "sendAs")
        code, text = self.send("alice@example.org", "X-Nothing: here")
        self.assertEqual(code, 250)
        self.assertIn(b"From: <alice@example.org>", text)
        self.assertIn(b"Sender: <bob@example.org>", text)
        self.do("permission", "remove", "alice@example.org", "bob")

    def test_members_of_a_group_send_in_its_name_when_it_lets_them(self):
        self.do("group", "add", "team@example.org")
        self.do("group", "add", "inner@example.org", "--member", "bob@example.org")
        self.assertEqual(self.send("team@example.org")[0], 553)
        self.do("group", "sendas", "allow", "team@example.org")
        self.assertEqual(self.send("team@example.org")[0], 553, "he is no member")
        self.do("group", "member", "add", "team@example.org", "inner@example.org")
        code, text = self.send("team@example.org")
        self.assertEqual(code, 250)
        self.assertIn(b"Sender: <bob@example.org>", text)
        self.do("group", "sendas", "deny", "team@example.org")
        self.assertEqual(self.send("team@example.org")[0], 553)

    def test_the_domain_sends_in_the_name_of_a_public_folder_that_lets_it(self):
        self.do("publicfolder", "add", "example.org", "Desk", "--address", "desk")
        self.assertEqual(self.send("desk@example.org")[0], 553)
        self.do("folder-recipient", "sendas", "allow", "desk@example.org")
        self.assertEqual(self.send("desk@example.org")[0], 250)
        self.do("folder-recipient", "sendas", "deny", "desk@example.org")
        self.assertEqual(self.send("desk@example.org")[0], 553)
        self.do("permission", "set", "@example.org", "bob", "--folder", "Desk", "--allow", "sendAs")
        self.assertEqual(self.send("desk@example.org")[0], 250)


if __name__ == "__main__":
    unittest.main()
