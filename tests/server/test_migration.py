"""Mail from other servers' stores, and written for them. Dovecot and Cyrus from Debian make and read the stores."""

import base64
import contextlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import clients
import harness
from corpus import sample


class Dovecot:
    """doveadm on a store in a directory of its own; no daemon."""

    def __init__(self, location, more=""):
        self.root = tempfile.mkdtemp(prefix="postrider-dovecot-")
        self.user = pwd.getpwnam("dovecot") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.store = os.path.join(self.root, "store")
        os.mkdir(os.path.join(self.root, "run"))
        with open(os.path.join(self.root, "conf"), "w") as file:
            file.write(f"base_dir = {self.root}/run\nlog_path = {self.root}/log\nssl = no\n"
                       f"mail_location = {location.format(store=self.store)}\n"
                       f"mail_uid = {self.user.pw_uid}\nmail_gid = {self.user.pw_gid}\n"
                       "first_valid_uid = 1\nfirst_valid_gid = 1\nlast_valid_uid = 0\n"
                       "namespace inbox {\n  inbox = yes\n  separator = /\n}\n" + more.replace("{root}", self.root))
        self.own()

    def own(self):
        """The mail process gives up root's rights."""
        for path, _, files in os.walk(self.root):
            for one in [path, *(os.path.join(path, name) for name in files)]:
                os.chown(one, self.user.pw_uid, self.user.pw_gid)

    def __call__(self, *arguments, input=None):
        for _ in range(5):
            done = subprocess.run(["doveadm", "-c", os.path.join(self.root, "conf"), *arguments], input=input,
                                  capture_output=True, timeout=60 * harness.SLOW,
                                  env=dict(os.environ, HOME=self.root, USER="someone", TZ="UTC"))
            if done.returncode != os.EX_TEMPFAIL or arguments[0] != "expunge":
                break
            time.sleep(0.5)  # it says so now and then on a busy machine, without a reason; it can be done again
        if done.returncode != 0:
            with contextlib.suppress(OSError), open(os.path.join(self.root, "log")) as log:
                done.stderr += log.read().encode()
            raise AssertionError(f"doveadm {arguments}: {done.returncode} {done.stderr.decode()} {done.stdout[-300:]}")
        self.complaints = done.stderr.decode()
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

    users = 7  # one for each test: the folders of an account get UIDVALIDITYs of their own, which count up
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
                text = peer.whole("FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])").decode()
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
            text = peer.whole("FETCH 1 BODY.PEEK[TEXT]")
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

    def test_compressed_messages(self):
        for location, packing, user in (("maildir:{store}", "gz", "user5"), ("maildir:{store}", "zstd", "alice"),
                                        ("sdbox:{store}", "gz", "user5"), ("sdbox:{store}", "bz2", "user5"),
                                        ("mdbox:{store}", "zstd", "user5"), ("mdbox:{store}", "lz4", "user5")):
            with self.subTest(f"{location} {packing}"):
                dovecot = Dovecot(location, f"mail_plugins = zlib\nplugin {{\n  zlib_save = {packing}\n}}\n")
                self.addCleanup(dovecot.remove)
                dovecot.fill(folders=("INBOX",), each=6)
                into = f"{location[:5]}-{packing}"
                report = self.run_json("import", "account", f"{user}@example.org", dovecot.store, "--into", into)
                self.assertEqual((report["messages"], report["problems"]), (4, 0), report)
                with self.imap(user) as peer:
                    peer.ok(f"EXAMINE {into}/INBOX")
                    self.assertIn(b"\nFrom here on\r\n", peer.whole("FETCH 1 BODY.PEEK[TEXT]"))

    def test_attachments_in_files_of_their_own(self):
        encoded = base64.encodebytes(bytes(range(256)) * 40)
        parts = [b"Content-Type: application/octet-stream; name=a.bin\nContent-Transfer-Encoding: base64\n\n" + encoded,
                 b"Content-Type: text/html\nContent-Disposition: attachment\n\n" + b"<p>long</p>\n" * 300,
                 b"Content-Type: image/png; name=b.png\nContent-Transfer-Encoding: base64\n\n" + encoded[:3000]]
        message = (b"From: a@example.net\nSubject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=xx\n"
                   b"\n--xx\nContent-Type: text/plain\n\nHello\n--xx\n" + b"--xx\n".join(parts) + b"--xx--\n")
        for kind in ("sdbox", "mdbox"):
            with self.subTest(kind):
                dovecot = Dovecot(kind + ":{store}", "mail_attachment_dir = {root}/apart\nmail_attachment_min_size = 1k\n"
                                  "mail_attachment_fs = sis posix\n")
                self.addCleanup(dovecot.remove)
                dovecot("save", "-m", "INBOX", input=message)
                self.assertTrue(os.listdir(os.path.join(dovecot.root, "apart")))
                arguments = ("import", "account", "user6@example.org", dovecot.store, "--into", kind)
                report = self.run_json(*arguments)
                self.assertEqual((report["messages"], report["problems"]), (0, 1), report)
                self.assertIn("--attachments", report["not_read"][0]["problem"])
                report = self.run_json(*arguments, "--attachments", os.path.join(dovecot.root, "apart"))
                self.assertEqual((report["messages"], report["problems"]), (1, 0), report)
                with self.imap("user6") as peer:
                    peer.ok(f"EXAMINE {kind}/INBOX")
                    self.assertIn(message.replace(b"\n", b"\r\n"), peer.whole("FETCH 1 BODY.PEEK[]"))

    flags = [set(), {"\\Seen", "Project"}, {"\\Flagged", "\\Answered", "$Forwarded"}]

    def written(self, location, format):
        """What Dovecot reads of bob's mail: folder -> UID -> (flags, received, subject), and the directory."""
        dovecot = Dovecot(location)
        self.addCleanup(dovecot.remove)
        report = self.run_json("export", "account", "bob@example.org", dovecot.store, "--format", format)
        self.assertEqual(report["problems"], 0, report)
        dovecot.own()
        return dovecot

    def seen_by_dovecot(self, dovecot, folder):
        return {uid: value for (name, uid), value in dovecot.messages().items() if name == folder}

    def test_dovecot_reads_what_we_write(self):
        with self.imap("bob") as peer:
            for folder in ("Work", "Work/Old"):
                peer.ok(f"CREATE {folder}")
            for number in range(15):
                flags = "(" + " ".join(self.flags[number % 3]) + f') "{number + 1:2}-Oct-2025 12:34:56 +0000"'
                self.assertTrue(peer.append("Work/Old", sample(f"ours {number}"), flags).startswith(b"OK"))
            peer.ok("SELECT Work/Old")
            peer.ok("STORE 2,15 +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
            status = b"\n".join(peer.ok("STATUS Work/Old (UIDVALIDITY UIDNEXT)")).decode()
            validity = tuple(int(re.search(rf"{word} (\d+)", status)[1]) for word in ("UIDVALIDITY", "UIDNEXT"))
            stores = {}
            for location, format, folder in (("maildir:{store}", "maildir", "Work/Old"),
                                             ("mbox:{store}:INBOX={store}/INBOX.mbox", "mbox", "Work/Old.mbox"),
                                             ("sdbox:{store}", "sdbox", "Work/Old"), ("mdbox:{store}", "mdbox", "Work/Old")):
                with self.subTest(format):
                    dovecot = self.written(location, format)
                    theirs = self.seen_by_dovecot(dovecot, folder)
                    self.assertEqual(dovecot.complaints, "")
                    self.assertEqual(theirs, {uid: (self.flags[(uid - 1) % 3], f"2025-10-{uid:02} 12:34:56", f"ours {uid - 1}")
                                              for uid in (1, *range(3, 15))})
                    self.assertEqual(dovecot.validity()[folder], validity)
                    text = dovecot("fetch", "text", "mailbox", folder, "uid", "3")
                    self.assertIn(sample("ours 2").replace(b"\r\n", b"\n").decode(), text)
                    stores[format] = (dovecot, folder)
            # What has changed here since is brought up to date: flags, what is new, what is gone.
            peer.ok("STORE 1 FLAGS (\\Draft Later)")
            peer.ok("UID STORE 5 +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
            self.assertTrue(peer.append("Work/Old", sample("ours 15"), "(\\Seen)").startswith(b"OK"))
        for format, (dovecot, folder) in stores.items():
            with self.subTest(f"{format}, again"):
                report = self.run_json("export", "account", "bob@example.org", dovecot.store, "--format", format)
                if format != "mbox":
                    self.assertEqual((report["messages"], report["exported_before"]), (1, 12), report)
                dovecot.own()
                theirs = self.seen_by_dovecot(dovecot, folder)
                self.assertEqual(dovecot.complaints, "")
                self.assertEqual(sorted(theirs), [1, 3, 4, *range(6, 15), 16])
                self.assertEqual((theirs[1][0], theirs[16][0]), ({"\\Draft", "Later"}, {"\\Seen"}))
                # And it is a store that can be worked in.
                dovecot("save", "-m", folder, input=b"Subject: theirs\n\ntheirs\n")
                self.assertEqual(self.seen_by_dovecot(dovecot, folder)[17][2], "theirs")


class Cyrus:
    """Debian's Cyrus from scripts/unpack-cyrus, as a server of its own."""

    place = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "build", "cyrus"))
    there = os.path.exists(os.path.join(place, "usr/lib/cyrus/bin/imapd"))

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="postrider-cyrus-")
        os.chmod(self.root, 0o755)
        self.spool = os.path.join(self.root, "spool")
        self.port = harness.free_port()
        self.user = pwd.getpwnam("dovecot") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        libraries = [os.path.join(self.place, place, "x86_64-linux-gnu") for place in ("usr/lib", "lib")]
        self.environment = dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))
        for name in ("spool", "proc", "conf", "conf/db", "conf/lock", "conf/log", "conf/socket"):
            os.mkdir(os.path.join(self.root, name))
        with open(self.root + "/imapd.conf", "w") as file:
            file.write(f"configdirectory: {self.root}/conf\nproc_path: {self.root}/proc\n"
                       f"mboxname_lockpath: {self.root}/conf/lock\ndefaultpartition: default\n"
                       f"partition-default: {self.spool}\ncyrus_user: {self.user.pw_name}\nadmins: cyrus\n"
                       "allowplaintext: yes\nsasl_mech_list: PLAIN\nsasl_pwcheck_method: auxprop\n"
                       f"sasl_auxprop_plugin: sasldb\nsasl_sasldb_path: {self.root}/sasldb2\n"
                       "altnamespace: yes\nunixhierarchysep: yes\nservername: cyrus.test\n")
        with open(self.root + "/cyrus.conf", "w") as file:
            file.write(f"START {{\n  recover cmd=\"{self.program('ctl_cyrusdb')} -C {self.root}/imapd.conf -r\"\n}}\n"
                       f"SERVICES {{\n  imap cmd=\"{self.program('imapd')} -C {self.root}/imapd.conf\" "
                       f"listen=\"127.0.0.1:{self.port}\" prefork=0\n}}\nEVENTS {{\n}}\n")
        for name in ("cyrus", "alice", "bob.by"):
            subprocess.run([os.path.join(self.place, "usr/sbin/saslpasswd2"), "-p", "-c", "-f", self.root + "/sasldb2",
                            "-u", "cyrus.test", name], input=b"secret", check=True, env=self.environment)
        self.own()
        self.master = subprocess.Popen(
            [self.program("master"), "-C", self.root + "/imapd.conf", "-M", self.root + "/cyrus.conf",
             "-p", self.root + "/master.pid"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def program(self, name):
        return os.path.join(self.place, "usr/lib/cyrus/bin", name)

    def own(self):
        for path, _, files in os.walk(self.root):
            for one in [path, *(os.path.join(path, name) for name in files)]:
                os.chown(one, self.user.pw_uid, self.user.pw_gid)

    def login(self, user):
        end = time.monotonic() + harness.START_SECONDS
        while True:
            try:
                peer = clients.Imap(self.port)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        peer.login(user, "secret")
        return peer

    def stop(self):
        self.master.terminate()
        self.master.wait(30)
        shutil.rmtree(self.root, ignore_errors=True)


@unittest.skipUnless(Cyrus.there, "Cyrus is not there: scripts/unpack-cyrus build/cyrus")
class FromCyrus(harness.ServerCase):
    """The spool of a Cyrus that runs, and files that it takes over from us."""

    users = 2
    folders = {"INBOX": "INBOX", "Work": "Work", "Work/Old": "Work/Old", "Entw&APw-rfe": "Entw&APw-rfe", "v1.2": "v1.2"}

    def state(self, peer, folder):
        status = b"\n".join(peer.ok(f'STATUS "{folder}" (UIDVALIDITY UIDNEXT)')).decode()
        validity = tuple(int(re.search(rf"{word} (\d+)", status)[1]) for word in ("UIDVALIDITY", "UIDNEXT"))
        peer.ok(f'EXAMINE "{folder}"')
        found = {}
        for one in peer.whole("FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])").decode().split("* ")[1:]:
            flags = frozenset(re.search(r"FLAGS \((.*?)\)", one)[1].split()) - {"\\Recent"}
            date = re.search(r'INTERNALDATE "\s*(.*?)"', one)[1].rjust(26, "0")
            found[int(re.search(r"UID (\d+)", one)[1])] = (flags, date, re.search(r"Subject: (.*?)\r", one)[1])
        return validity, found

    def test_a_spool_of_all_users(self):
        time.sleep(8)  # Cyrus's UIDVALIDITY is the time of day, as that of the folders just made here
        cyrus = Cyrus()
        self.addCleanup(cyrus.stop)
        with cyrus.login("cyrus") as admin:
            admin.ok("CREATE user/alice")
            admin.ok("CREATE user/bob.by")
        with cyrus.login("bob.by") as other:
            other.append("INBOX", sample("for bob"))
        with cyrus.login("alice") as peer:
            for folder in list(self.folders)[1:]:
                time.sleep(1.1)  # in one second they would get one UIDVALIDITY, which two folders cannot have here
                peer.ok(f'CREATE "{folder}"')
            for folder in self.folders:
                for number in range(8):
                    flags = ["(\\Seen Project)", "(\\Flagged $Forwarded)", "()"][number % 3]
                    date = f' "{number + 1:2}-Oct-2025 12:34:56 +0000"'
                    self.assertTrue(peer.append(folder, sample(f"{number} of {folder}"), flags + date).startswith(b"OK"))
                peer.ok(f'SELECT "{folder}"')
                peer.ok("STORE 4 +FLAGS (\\Deleted)")
                peer.ok("EXPUNGE")
                peer.ok("STORE 2 +FLAGS (\\Answered)")
                peer.ok("UNSELECT")
            for folder in ("INBOX", "Work/Old", "Entw&APw-rfe"):
                peer.ok(f'SUBSCRIBE "{folder}"')
            peer.ok("CREATE Gone")
            peer.ok("DELETE Gone")
            theirs = {folder: self.state(peer, folder) for folder in self.folders}
        report = json.loads(self.server.command("import", "account", "alice@example.org", cyrus.spool, "--cyrus-config",
                                                cyrus.root + "/conf", "--json"))
        self.assertEqual((report["messages"], report["uids_kept"], report["problems"]), (35, 35, 0), report)
        with self.imap("alice") as peer:
            subscribed = b"\n".join(peer.ok('LSUB "" "*"'))
            for folder in self.folders:
                self.assertEqual(folder.encode() in [line.split(b' "/" ')[1].strip(b'"') for line in subscribed.split(b"\n")],
                                 folder in ("INBOX", "Work/Old", "Entw&APw-rfe"), folder)
            for folder in self.folders:
                self.assertEqual(self.state(peer, folder), theirs[folder], folder)
        report = json.loads(self.server.command("import", "tree", cyrus.spool, "%n", "--domain", "example.org", "--create",
                                                "--json"))
        self.assertEqual((report["accounts"], report["created"], report["messages"], report["failed"]), (2, 1, 1, 0), report)
        self.assertEqual(report["imported"][1]["account"], "bob.by@example.org")

    def test_files_that_cyrus_takes_over(self):
        cyrus = Cyrus()
        self.addCleanup(cyrus.stop)
        with self.imap("bob") as peer:
            for number in range(4):
                flags = ["(\\Seen Project)", "(\\Flagged $Forwarded)", "()", "(\\Draft \\Answered Project $Forwarded)"][number]
                date = f' "{number + 1:2}-Oct-2025 12:34:56 +0000"'
                self.assertTrue(peer.append("INBOX", sample(f"to cyrus {number}"), flags + date).startswith(b"OK"))
            peer.ok("SELECT INBOX")
            peer.ok("STORE 3 +FLAGS (\\Deleted)")
            peer.ok("EXPUNGE")
            ours = self.state(peer, "INBOX")
        with cyrus.login("cyrus") as admin:
            admin.ok("CREATE user/alice")
        place = next(path for path, _, files in os.walk(cyrus.spool) if "cyrus.header" in files)
        there = os.path.join(cyrus.root, "exported")
        self.server.command("export", "account", "bob@example.org", there, "--format", "cyrus", "--folder", "INBOX")
        for name in os.listdir(there):
            if not name.startswith("."):
                shutil.copy2(os.path.join(there, name), place)
        cyrus.own()
        subprocess.run([cyrus.program("reconstruct"), "-C", cyrus.root + "/imapd.conf", "user/alice"], check=True,
                       env=cyrus.environment, capture_output=True, timeout=60 * harness.SLOW)
        with cyrus.login("alice") as peer:
            self.assertEqual(self.state(peer, "INBOX"), ours)
            self.assertTrue(peer.append("INBOX", sample("after that")).startswith(b"OK"))
            peer.ok("SELECT INBOX")
            self.assertEqual(len(peer.messages()), 4)


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

    def test_accounts_that_are_missing_are_made_on_demand(self):
        for user in ("ada", "ben", "user0"):
            self.maildir("made", user, marker=f"made-{user}")
        self.maildir("made", "carl", marker="carl")
        where = os.path.join(self.root, "made")
        arguments = ("import", "tree", where, "%n", "--domain", "example.org")
        report = self.run_json(*arguments)
        self.assertEqual((report["failed"], report["created"]), (3, 0), report)
        self.assertIn("--create", report["imported"][0]["failed"])
        report = self.run_json(*arguments, "--create", "--dry-run")
        self.assertEqual((report["failed"], report["created"]), (0, 0), report)
        self.assertEqual([row.get("created") for row in report["imported"]], [False, False, False, None])
        self.assertEqual(report["imported"][0]["messages"], 3)
        self.assertNotIn("ada@example.org", self.server.command("account", "list", "--json"))
        report = self.run_json(*arguments, "--create", "--random-password")
        self.assertEqual((report["accounts"], report["created"], report["messages"]), (4, 3, 9), report)
        password = report["imported"][0]["password"]
        with clients.Imap(self.port("imap")) as peer:
            peer.login("ada@example.org", password)
            self.assertIn(b"* 3 EXISTS", peer.ok("EXAMINE INBOX"))
        report = self.run_json(*arguments, "--create", "--random-password")
        self.assertEqual((report["created"], report["messages"]), (0, 0), report)
        self.assertNotIn("password", report["imported"][0])
        one = self.run_json("import", "account", "dora@example.org", os.path.join(where, "ada"), "--create")
        self.assertEqual((one["created"], one["messages"]), (True, 3), one)
        self.assertFalse(self.run_json("account", "show", "dora@example.org")["has_password"])
        with self.assertRaisesRegex(AssertionError, "no domain"):
            self.server.command("import", "account", "x@example.net", where, "--create")

    def test_public_folders_there_and_back(self):
        place = self.maildir("team", marker="team")
        with self.assertRaisesRegex(AssertionError, "--into"):
            self.server.command("import", "account", "@example.org", place)
        report = self.run_json("import", "account", "@example.org", place, "--into", "Team")
        self.assertEqual((report["messages"], report["problems"]), (3, 0), report)
        there = os.path.join(self.root, "public")
        report = self.run_json("export", "account", "@example.org", there, "--format", "mdbox")
        self.assertEqual((report["messages"], report["problems"]), (3, 0), report)
        self.assertTrue(os.path.exists(os.path.join(there, "mailboxes/Team/INBOX/dbox-Mails/dovecot.index.log")))

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
        for messages in (4000, 16_000, 64_000):  # more, where the kill came too late
            place = self.maildir("long", count=messages, marker="long")
            with self.imap("bob") as peer:
                running = subprocess.Popen([os.path.abspath(harness.BINARY), "--data", self.server.data, "import",
                                            "account", "bob@example.org", place], stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                try:
                    self.eventually(lambda: int(re.search(rb"MESSAGES (\d+)", peer.ok("STATUS INBOX (MESSAGES)")[0])[1])
                                    > 200, what="nothing is imported")
                    self.server.kill()
                finally:
                    running.wait(300)
            self.server.demo()
            before = self.count("bob")
            if before < messages:
                break
            shutil.rmtree(place)
            self.server.command("account", "delete", "bob@example.org")
            self.server.command("account", "add", "bob@example.org", "--password", "-", input=self.server.password + "\n")
        self.assertLess(before, messages)
        report = self.run_json("import", "account", "bob@example.org", place)
        self.assertEqual(report["messages"] + report["imported_before"], messages, report)
        self.assertEqual(report["imported_before"], before)
        self.assertEqual(self.count("bob"), messages)
        with self.imap("bob") as peer:
            peer.ok("EXAMINE INBOX")
            text = peer.whole("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
        self.assertEqual(len(set(re.findall(rb"Subject: long \d+", text))), messages)
        self.assertTrue(json.loads(self.server.command("storage", "verify", "--json"))["clean"])

    def count(self, user):
        rows = self.run_json("account", "folders", f"{user}@example.org")["folders"]
        return next(row["messages"] for row in rows if row["path"] == "INBOX")
