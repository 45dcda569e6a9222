"""Mail from other servers' stores, and written for them. Dovecot from Debian makes and reads the stores."""

import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import harness
from corpus import sample


def whole(peer, command):
    """What a FETCH answers, literals where they stood last."""
    untagged, tagged = peer.command(command)
    assert tagged.startswith(b"OK"), tagged
    return b"\n".join(text + b"\r\n".join(literals) for text, literals in untagged)


class Dovecot:
    """doveadm on a store in a directory of its own; no daemon."""

    def __init__(self, location):
        self.root = tempfile.mkdtemp(prefix="postrider-dovecot-")
        self.user = pwd.getpwnam("dovecot") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.store = os.path.join(self.root, "store")
        os.mkdir(os.path.join(self.root, "run"))
        with open(os.path.join(self.root, "conf"), "w") as file:
            file.write(f"base_dir = {self.root}/run\nlog_path = {self.root}/log\nssl = no\n"
                       f"mail_location = {location.format(store=self.store)}\n"
                       f"mail_uid = {self.user.pw_uid}\nmail_gid = {self.user.pw_gid}\n"
                       "first_valid_uid = 1\nfirst_valid_gid = 1\nlast_valid_uid = 0\n"
                       "namespace inbox {\n  inbox = yes\n  separator = /\n}\n")
        self.own()

    def own(self):
        """The mail process gives up root's rights."""
        for path, _, files in os.walk(self.root):
            for one in [path, *(os.path.join(path, name) for name in files)]:
                os.chown(one, self.user.pw_uid, self.user.pw_gid)

    def __call__(self, *arguments, input=None):
        done = subprocess.run(["doveadm", "-c", os.path.join(self.root, "conf"), *arguments], input=input,
                              capture_output=True, timeout=60 * harness.SLOW,
                              env=dict(os.environ, HOME=self.root, USER="someone", TZ="UTC"))
        if done.returncode != 0:
            raise AssertionError(f"doveadm {arguments}: {done.stderr.decode()}")
        return done.stdout.decode()

    def messages(self):
        """{(folder, UID): (flags, received, subject)}"""
        found = {}
        for one in json.loads(self("-f", "json", "fetch", "mailbox uid flags date.received hdr.subject", "ALL") or "[]"):
            flags = frozenset(one["flags"].split()) - {"\\Recent"}
            found[one["mailbox"], int(one["uid"])] = (flags, one["date.received"], one["hdr.subject"])
        return found

    def validity(self):
        rows = json.loads(self("-f", "json", "mailbox", "status", "uidvalidity uidnext", "*"))
        return {row["mailbox"]: (int(row["uidvalidity"]), int(row["uidnext"])) for row in rows}

    def fill(self, folders=("INBOX", "Work", "Work/Old", "Entwürfe"), each=12):
        """Folders, messages, flags and gaps."""
        for folder in folders[1:]:
            self("mailbox", "create", "-s", folder)
        for folder in folders:
            for number in range(each):
                text = sample(f"{number} of {folder.encode('ascii', 'replace').decode()}").replace(b"\r\n", b"\n")
                self("save", "-m", folder, input=text + b"\nFrom here on\n>From there\n")
        self("flags", "add", "\\Seen \\Flagged Project", "mailbox", "*", "uid", "2,5:7")
        self("flags", "add", "\\Answered \\Draft $Forwarded", "mailbox", "*", "uid", "4")
        self("flags", "remove", "\\Flagged", "mailbox", "*", "uid", "6")
        self("expunge", "mailbox", "*", "uid", f"3,{each}")

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)


@unittest.skipUnless(shutil.which("doveadm"), "Dovecot is not installed")
class FromDovecot(harness.ServerCase):
    """Stores of every kind that Dovecot makes, and what it reads of ours."""

    users = 6
    mapped = {"INBOX": "INBOX", "Work": "Work", "Work/Old": "Work/Old", "Entwürfe": "Entwürfe"}

    @classmethod
    def prepare(cls):
        time.sleep(8)  # Dovecot's UIDVALIDITY is the time of day, as that of the folders just made here

    def run_json(self, *arguments):
        return json.loads(self.server.command(*arguments, "--json"))

    def seen_by_imap(self, user):
        """As Dovecot.messages(), and UIDVALIDITY with UIDNEXT of each folder."""
        found, validity = {}, {}
        with self.imap(user) as peer:
            for folder in self.mapped:
                name = folder.replace("ü", "&APw-")
                lines = b"\n".join(peer.ok(f"STATUS {name} (UIDVALIDITY UIDNEXT)")).decode()
                validity[folder] = tuple(int(re.search(rf"{word} (\d+)", lines)[1]) for word in ("UIDVALIDITY", "UIDNEXT"))
                peer.ok(f"EXAMINE {name}")
                text = whole(peer, "FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])").decode()
                for one in re.finditer(r"\* \d+ FETCH \((.*?)Subject: (.*?)\r", text, re.DOTALL):
                    uid = int(re.search(r"UID (\d+)", one[1])[1])
                    flags = frozenset(re.search(r"FLAGS \((.*?)\)", one[1])[1].split()) - {"\\Recent"}
                    date = re.search(r'INTERNALDATE "(.*?)"', one[1])[1]
                    found[folder, uid] = (flags, date, one[2])
        return found, validity

    def compare(self, theirs, ours):
        self.assertEqual(sorted(theirs), sorted(ours))
        for key, (flags, received, subject) in theirs.items():
            self.assertEqual(ours[key][0], flags, key)
            self.assertEqual(ours[key][2], subject, key)
            there = received.split()[1]
            self.assertIn(there, ours[key][1], key)

    def bring_in(self, location, user, format):
        dovecot = Dovecot(location)
        self.addCleanup(dovecot.remove)
        dovecot.fill()
        theirs, validity = dovecot.messages(), dovecot.validity()
        self.assertEqual(len(theirs), 40)
        report = self.run_json("import", "account", f"{user}@example.org", dovecot.store)
        self.assertEqual((report["messages"], report["problems"]), (40, 0), report)
        self.assertEqual(report["uids_kept"], 40, report)
        ours, our_validity = self.seen_by_imap(user)
        self.compare(theirs, ours)
        self.assertEqual(our_validity, {folder: validity[folder] for folder in self.mapped})
        # A second run adds nothing, and after another message that one.
        dovecot("save", "-m", "Work", input=b"Subject: late\n\nlate\n")
        again = self.run_json("import", "account", f"{user}@example.org", dovecot.store, "--format", format)
        self.assertEqual((again["messages"], again["imported_before"]), (1, 40), again)
        with self.imap(user) as peer:
            self.assertIn(b"Work/Old", b"\n".join(peer.ok('LSUB "" "*"')))
            peer.ok("EXAMINE INBOX")
            text = whole(peer, "FETCH 1 BODY.PEEK[TEXT]")
            self.assertIn(b"\nFrom here on\r\n", text)
        return dovecot

    def test_maildir(self):
        self.bring_in("maildir:{store}", "user0", "maildir")

    def test_maildir_in_directories(self):
        self.bring_in("maildir:{store}:LAYOUT=fs", "user1", "maildir")

    def test_sdbox(self):
        self.bring_in("sdbox:{store}", "user2", "sdbox")

    def test_mdbox(self):
        self.bring_in("mdbox:{store}", "user3", "mdbox")

    def test_mdbox_whose_index_was_rewritten(self):
        dovecot = Dovecot("mdbox:{store}")
        self.addCleanup(dovecot.remove)
        dovecot.fill(folders=("INBOX", "Work"), each=12)
        # Enough changes that the log is folded into the index.
        many = " ".join(f"key{number}{'x' * 40}" for number in range(12))
        for number in range(24):
            dovecot("flags", "remove" if number % 2 else "add", many, "mailbox", "*", "ALL")
        self.assertTrue(os.path.exists(os.path.join(dovecot.store, "mailboxes/Work/dbox-Mails/dovecot.index")))
        dovecot("flags", "add", "Project", "mailbox", "Work", "uid", "9")
        dovecot("force-resync", "*")
        theirs = dovecot.messages()
        report = self.run_json("import", "account", "carol@example.org", dovecot.store)
        self.assertEqual((report["messages"], report["problems"]), (len(theirs), 0), report)
        with self.imap("carol") as peer:
            peer.ok("EXAMINE Work")
            flagged = b"\n".join(peer.ok("UID SEARCH KEYWORD Project"))
            expected = sorted(uid for (folder, uid), (flags, *_) in theirs.items()
                              if folder == "Work" and "Project" in flags)
            self.assertEqual([int(uid) for uid in re.findall(rb" (\d+)", flagged.splitlines()[0])], expected)

    def test_mbox(self):
        dovecot = Dovecot("mbox:{store}:INBOX={store}/INBOX")
        self.addCleanup(dovecot.remove)
        os.mkdir(dovecot.store)
        dovecot.own()
        dovecot.fill(folders=("INBOX", "Work", "Entwürfe"))
        theirs, validity = dovecot.messages(), dovecot.validity()
        report = self.run_json("import", "account", "user4@example.org", dovecot.store)
        self.assertEqual((report["messages"], report["problems"], report["uids_kept"]), (30, 0, 30), report)
        self.mapped = {"INBOX": "INBOX", "Work": "Work", "Entwürfe": "Entwürfe"}
        ours, our_validity = self.seen_by_imap("user4")
        self.compare(theirs, ours)
        self.assertEqual({f: v[0] for f, v in our_validity.items()}, {f: validity[f][0] for f in self.mapped})

    def test_dovecot_reads_what_we_write(self):
        with self.imap("bob") as peer:
            for folder in ("Work", "Work/Old"):
                peer.ok(f"CREATE {folder}")
            for number in range(15):
                flags = ["()", "(\\Seen Project)", "(\\Flagged \\Answered $Forwarded)"][number % 3]
                self.assertTrue(peer.append("Work/Old", sample(f"ours {number}"), flags).startswith(b"OK"))
            peer.ok("SELECT Work/Old")
            peer.ok("STORE 2,15 +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
            status = b"\n".join(peer.ok("STATUS Work/Old (UIDVALIDITY UIDNEXT)")).decode()
        validity = tuple(int(re.search(rf"{word} (\d+)", status)[1]) for word in ("UIDVALIDITY", "UIDNEXT"))
        for location, format, folder in (("maildir:{store}", "maildir", "Work/Old"),
                                         ("mbox:{store}:INBOX={store}/INBOX.mbox", "mbox", "Work/Old.mbox"),
                                         ("sdbox:{store}", "sdbox", "Work/Old")):
            with self.subTest(format):
                dovecot = Dovecot(location)
                self.addCleanup(dovecot.remove)
                report = self.run_json("export", "account", "bob@example.org", dovecot.store, "--format", format)
                self.assertEqual((report["messages"], report["problems"]), (13, 0), report)
                dovecot.own()
                if format == "sdbox":  # files only: it makes the index
                    dovecot("force-resync", "*")
                theirs = {key: value for key, value in dovecot.messages().items() if key[0] == folder}
                self.assertEqual(sorted(uid for _, uid in theirs), [1, *range(3, 15)])
                self.assertEqual({value[2] for value in theirs.values()},
                                 {f"ours {number}" for number in range(15) if number not in (1, 14)})
                if format == "sdbox":
                    continue
                self.assertEqual(dovecot.validity()[folder], validity)
                for (_, uid), (flags, _, _) in theirs.items():
                    number = uid - 1
                    wanted = [set(), {"\\Seen", "Project"}, {"\\Flagged", "\\Answered", "$Forwarded"}][number % 3]
                    self.assertEqual(flags, wanted, uid)


class Trees(harness.ServerCase):
    """Many accounts at once, damage, and runs that were cut short."""

    users = 3

    def run_json(self, *arguments):
        return json.loads(self.server.command(*arguments, "--json"))

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="postrider-tree-")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def maildir(self, *path, count=3, marker="tree"):
        place = os.path.join(self.root, *path)
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(place, part))
        for number in range(count):
            with open(os.path.join(place, "cur", f"{number}.{marker}:2,S"), "wb") as file:
                file.write(sample(f"{marker} {number}"))
        return place

    def test_a_tree_of_accounts_there_and_back(self):
        for user in ("user0", "user1", "stranger"):
            self.maildir("example.org", user, "Maildir", marker=user)
        report = self.run_json("import", "tree", self.root, "%d/%n/Maildir")
        self.assertEqual((report["accounts"], report["messages"], report["failed"]), (3, 6, 1), report)
        failed = [row for row in report["imported"] if "failed" in row]
        self.assertEqual(failed[0]["account"], "stranger@example.org")
        there = os.path.join(self.root, "out")
        report = self.run_json("export", "tree", there, "--domain", "example.org", "--format", "mbox")
        self.assertGreaterEqual(report["messages"], 6)
        with open(os.path.join(there, "example.org", "user1", "INBOX.mbox")) as file:
            self.assertEqual(file.read().count("Subject: user1"), 3)
        self.assertIn("layout", self.server.command("import", "tree", self.root, "../%n", check=False) or "layout")

    def test_damage_is_reported_and_the_rest_comes(self):
        place = self.maildir("damaged", count=5)
        os.symlink("/etc/passwd", os.path.join(place, "cur", "link:2,"))
        open(os.path.join(place, "cur", "empty:2,"), "w").close()
        with open(os.path.join(place, "dovecot-uidlist"), "w") as file:
            file.write("3 V1234 N10\n1 :0.tree\nwhat\n3 :2.tree\n")
        report = self.run_json("import", "account", "user2@example.org", place)
        self.assertEqual((report["messages"], report["uids_kept"], report["problems"]), (5, 2, 2), report)
        self.assertEqual({(os.path.basename(row["file"]), row["line"]) for row in report["not_read"]},
                         {("dovecot-uidlist", 3), ("empty:2,", 0)})

    def test_a_killed_import_is_taken_up_where_it_stopped(self):
        place = self.maildir("long", count=4000, marker="long")
        running = subprocess.Popen([os.path.abspath(harness.BINARY), "--data", self.server.data, "import", "account",
                                    "bob@example.org", place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.eventually(lambda: self.count("bob") > 200, seconds=60, what="nothing is imported")
            self.server.kill()
        finally:
            running.wait(60)
        self.server.demo()
        before = self.count("bob")
        self.assertLess(before, 4000)
        report = self.run_json("import", "account", "bob@example.org", place)
        self.assertEqual(report["messages"] + report["imported_before"], 4000, report)
        self.assertEqual(report["imported_before"], before)
        self.assertEqual(self.count("bob"), 4000)
        with self.imap("bob") as peer:
            peer.ok("EXAMINE INBOX")
            text = whole(peer, "FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
        self.assertEqual(len(set(re.findall(rb"Subject: long \d+", text))), 4000)
        self.assertTrue(json.loads(self.server.command("storage", "verify", "--json"))["clean"])

    def count(self, user):
        rows = self.run_json("account", "folders", f"{user}@example.org")["folders"]
        return next(row["messages"] for row in rows if row["path"] == "INBOX")
