"""Mail programs: those that keep a copy of everything, and Thunderbird."""

import mailbox
import os
import re

import harness
import thunderbird
from corpus import sample


class TwoWays:
    """What programs that keep a copy have in common: what happens on one side happens on the other, once."""

    def near(self, home, folder="INBOX"):
        return mailbox.Maildir(os.path.join(home, "mail", folder), create=True)

    def state(self, user):
        with self.imap(user) as peer:
            return peer.ok("STATUS INBOX (MESSAGES UIDNEXT UNSEEN)")

    def round(self, user, sync):
        """`sync(home)` runs the program once."""
        with self.smtp() as peer:
            for number in range(20):
                peer.mail("you@example.net", f"{user}@example.org", sample(f"sync {number}", size=100 * number))
        with harness.scratch() as home:
            sync(home)
            box = self.near(home)
            self.assertEqual(len(box), 20)

            # Flags, deletions and a new message from here; flags, an expunge and a new message from there.
            for key, message in list(box.items()):
                if message["Subject"] == "sync 3":
                    message.set_flags("FS")
                    message.set_subdir("cur")
                    box[key] = message
                elif message["Subject"] == "sync 4":
                    self.delete(box, key, message)
            box.add(mailbox.MaildirMessage(sample("from near").replace(b"\r\n", b"\n")))
            with self.imap(user, "INBOX") as peer:
                peer.ok("STORE 6 +FLAGS (\\Answered)")
                peer.ok("STORE 7 +FLAGS (\\Deleted)")
                peer.ok("EXPUNGE")
                peer.append("INBOX", sample("from far"))
            sync(home)
            subjects = {message["Subject"]: message for message in self.near(home)}
            self.assertEqual(len(subjects), 20)
            self.assertIn("R", subjects["sync 5"].get_flags())
            self.assertNotIn("sync 6", subjects)
            self.assertIn("from far", subjects)
            with self.imap(user, "INBOX") as peer:
                for search, count in (('FLAGGED SEEN SUBJECT "sync 3"', 1), ('SUBJECT "sync 4"', 0), ('SUBJECT "from near"', 1)):
                    self.assertEqual(len(peer.ok(f"SEARCH {search}")[0].split()) - 2, count, search)

            # A third run has nothing to do.
            before, names = self.state(user), sorted(self.near(home).keys())
            sync(home)
            self.assertEqual(self.state(user), before)
            self.assertEqual(sorted(self.near(home).keys()), names)

            # Expunged there, gone here.
            self.empty(user)
            sync(home)
            self.assertEqual(len(self.near(home)), 0)


class Offlineimap(TwoWays, harness.ServerCase):
    """offlineimap3 synchronises a Maildir with the server, both ways, over TLS."""

    def sync(self, home, user):
        password = os.path.join(home, "password")
        with open(password, "w") as file:
            file.write(self.server.password)
        rc = os.path.join(home, "rc")
        with open(rc, "w") as file:
            file.write(f"""
[general]
accounts = one
metadata = {home}/state
maxsyncaccounts = 1
ui = quiet

[Account one]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {home}/mail

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {self.port("imaps")}
remoteuser = {user}@example.org
remotepassfile = {password}
ssl = yes
sslcacertfile = {self.server.data}/run/demo_cert.pem
folderfilter = lambda name: name in ("INBOX", "Drafts", "Archiv \u00fcber alles", "Archiv &APw-ber alles")
maxconnections = 2
""")
        harness.run("offlineimap", "-o", "-c", rc, seconds=120, env={"HOME": home})

    @staticmethod
    def delete(box, key, _):
        box.remove(key)

    def test_both_ways(self):
        self.round("alice", lambda home: self.sync(home, "alice"))


class Mbsync(TwoWays, harness.ServerCase):
    """mbsync synchronises a Maildir, with every way to TLS."""

    def sync(self, home, user, tls):
        mechanisms = {"None": "LOGIN", "STARTTLS": "SCRAM-SHA-256", "IMAPS": "SCRAM-SHA-1"}[tls]
        password = os.path.join(home, "password")
        with open(password, "w") as file:
            file.write(self.server.password)
        rc = os.path.join(home, "rc")
        with open(rc, "w") as file:
            file.write(f"""
IMAPAccount server
Host localhost
Port {self.port("imaps" if tls == "IMAPS" else "imap")}
User {user}@example.org
PassCmd "cat {password}"
SSLType {tls}
AuthMechs {mechanisms}
CertificateFile {self.server.data}/run/demo_cert.pem

IMAPStore far
Account server

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX Drafts
Create Both
Expunge Both
SyncState *
""")
        os.makedirs(os.path.join(home, "mail"), exist_ok=True)
        harness.run("mbsync", "-c", rc, "all", env={"HOME": home})

    @staticmethod
    def delete(box, key, message):
        message.set_flags("ST")
        message.set_subdir("cur")
        box[key] = message

    def test_without_tls(self):
        self.round("alice", lambda home: self.sync(home, "alice", "None"))

    def test_over_starttls(self):
        self.round("bob", lambda home: self.sync(home, "bob", "STARTTLS"))

    def test_over_implicit_tls(self):
        self.round("carol", lambda home: self.sync(home, "carol", "IMAPS"))


class Thunderbird(harness.ServerCase):
    """Thunderbird under Xvfb, over TLS. Each test has messages of its own; all share one Thunderbird."""

    @classmethod
    def prepare(cls):
        cls.missing = thunderbird.Thunderbird.missing()
        if cls.missing:
            return
        cls.home = harness.scratch()
        cls.addClassCleanup(cls.home.__exit__, None, None, None)
        cls.bird = thunderbird.Thunderbird(cls.home.__enter__(), "alice@example.org", cls.server.password,
                                           cls.server.ports["imaps"], cls.server.ports["submissions"])
        cls.addClassCleanup(cls.bird.end)
        cls.bird.__enter__()
        cls.bird.log_in()

    def setUp(self):
        if self.missing:
            self.skipTest(self.missing)

    def mail(self, *subjects):
        with self.smtp() as peer:
            for subject in subjects:
                peer.mail("you@example.net", "alice@example.org", sample(subject, size=1000))

    def arrived(self, *subjects):
        """Sent to alice, and there in Thunderbird."""
        self.mail(*subjects)
        self.bird.js("folder('INBOX').updateFolder(null)")
        self.bird.until("given.every(one => message('INBOX', one))", *subjects)

    def flags(self, subject, folder="INBOX"):
        """As another session sees them; None when the message is not there."""
        with self.imap("alice", folder) as peer:
            found = peer.ok(f'UID SEARCH SUBJECT "{subject}"')[0].split()[2:]
            if not found:
                return None
            said = b" ".join(peer.ok(f"UID FETCH {found[0].decode()} (FLAGS)"))
            return set(re.search(rb"FLAGS \(([^)]*)\)", said)[1].decode().split())

    def test_finds_the_folders_and_what_they_are_for(self):
        names = ["INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"]
        uses = self.bird.js("return Object.fromEntries(given.map(one => [one, folder(one).flags]))", *names)
        for name, bit in (("INBOX", 0x1000), ("Drafts", 0x400), ("Sent", 0x200), ("Trash", 0x100), ("Junk", 0x40000000),
                          ("Archive", 0x4000)):  # nsMsgFolderFlags
            self.assertTrue(uses[name] & bit, f"{name}: {uses[name]:#x}")

    def test_makes_renames_and_deletes_folders(self):
        def listed():
            with self.imap() as peer:
                return b"\n".join(peer.ok('LIST "" "*"'))
        self.bird.js("root.createSubfolder('Über uns', null)")
        self.bird.until("folder('Über uns')")
        self.assertIn(b"&ANw-ber uns", listed())
        self.bird.js("folder('Über uns').rename('Um uns', null)")
        self.bird.until("folder('Um uns')")
        self.assertNotIn(b"ber uns", listed())
        self.bird.js("folder('Um uns').deleteSelf(null)")  # into the Trash
        self.eventually(lambda: b"Trash/Um uns" in listed())

    def test_reads_what_was_sent(self):
        self.arrived("for reading")
        text = self.bird.js("return await octets('INBOX', 'for reading')")
        self.assertIn(sample("for reading", size=1000).decode().split("\r\n\r\n", 1)[1], text)

    def test_sets_and_clears_flags(self):
        self.arrived("for flags")
        self.bird.js("""const one = [message('INBOX', 'for flags')];
            folder('INBOX').markMessagesRead(one, true);
            folder('INBOX').markMessagesFlagged(one, true);
            folder('INBOX').addKeywordsToMessages(one, '$label2');""")
        self.eventually(lambda: {"\\Seen", "\\Flagged", "$label2"} <= self.flags("for flags"))
        self.bird.js("""const one = [message('INBOX', 'for flags')];
            folder('INBOX').markMessagesFlagged(one, false);
            folder('INBOX').removeKeywordsFromMessages(one, '$label2');""")
        self.eventually(lambda: not {"\\Flagged", "$label2"} & self.flags("for flags"))

    def test_copies_moves_and_deletes(self):
        self.arrived("to be copied", "to be moved", "to be deleted")
        self.bird.js("""await copied(told => MailServices.copy.copyMessages(folder('INBOX'),
            [message('INBOX', 'to be copied')], folder('Archive'), false, told, null, false))""")
        self.bird.js("""await copied(told => MailServices.copy.copyMessages(folder('INBOX'),
            [message('INBOX', 'to be moved')], folder('Archive'), true, told, null, false))""")
        self.bird.js("folder('INBOX').deleteMessages([message('INBOX', 'to be deleted')], null, false, true, null, false)")
        self.eventually(lambda: self.flags("to be deleted") is None)
        self.assertIsNotNone(self.flags("to be copied"))
        self.assertIsNone(self.flags("to be moved"))
        for subject, where in (("to be copied", "Archive"), ("to be moved", "Archive"), ("to be deleted", "Trash")):
            self.assertIsNotNone(self.flags(subject, where), subject)
            self.bird.js("folder(given[0]).updateFolder(null)", where)
            self.bird.until("message(given[0], given[1])", where, subject)

    def drafts(self):
        """Thunderbird 140 leaves what was there before marked as deleted, a later one expunges it."""
        with self.imap("alice", "Drafts") as peer:
            uids = peer.ok("UID SEARCH UNDELETED")[0].split()[2:]
            return [peer.whole(f"UID FETCH {uid.decode()} BODY.PEEK[]") for uid in uids]

    def test_keeps_a_draft_and_then_another_in_its_place(self):
        for text in ("first", "second"):
            self.bird.js("""const old = message('Drafts', 'a draft') ?? null;
                const file = await written(given[0]);
                await copied(told => MailServices.copy.copyFileMessage(file, folder('Drafts'), null, true, 0, '', told, null));
                if (old) folder('Drafts').deleteMessages([old], null, true, false, null, false);
                folder('Drafts').updateFolder(null);""", f"X-Version: {text}\r\n" + sample("a draft").decode())
            self.eventually(lambda: [f"X-Version: {text}\r\n".encode() in one for one in self.drafts()] == [True])
            self.bird.until("subjects('Drafts').length == 1")

    def test_hears_of_changes_while_it_idles(self):
        self.arrived("read elsewhere", "deleted elsewhere")
        # It looks by itself every ten hours only.
        self.bird.js("folder('INBOX').updateFolder(null)")
        idling = lambda: re.findall(r"SendData: (.*)", self.inbox_traffic())[-1:] and \
            re.findall(r"SendData: (.*)", self.inbox_traffic())[-1].endswith("IDLE")
        self.eventually(idling, 30, "no IDLE")
        self.mail("new while idle")
        self.bird.until("message('INBOX', 'new while idle')", seconds=10)
        self.eventually(idling, 30, "no IDLE again")
        with self.imap("alice", "INBOX") as peer:
            uid = {name: peer.ok(f'UID SEARCH SUBJECT "{name}"')[0].split()[-1].decode()
                   for name in ("read elsewhere", "deleted elsewhere")}
            peer.ok(f"UID STORE {uid['read elsewhere']} +FLAGS (\\Seen \\Answered)")
            peer.ok(f"UID STORE {uid['deleted elsewhere']} +FLAGS (\\Deleted)")
            peer.ok(f"UID EXPUNGE {uid['deleted elsewhere']}")
        self.bird.until("message('INBOX', 'read elsewhere').isRead && !message('INBOX', 'deleted elsewhere')", seconds=10)

    def inbox_traffic(self):
        """What it said and heard on its connections that have INBOX selected."""
        return "\n".join(line for line in self.bird.traffic().splitlines() if ":S-INBOX:" in line)

    def test_sees_a_folder_that_somebody_shares(self):
        with self.imap("bob") as peer:
            peer.ok("CREATE Plans")
            peer.append("Plans", sample("a plan of bob's"))
            peer.ok("SETACL Plans alice lrs")
        with self.imap("alice") as peer:
            peer.ok('SUBSCRIBE "Other Users/bob/Plans"')
        self.bird.js("server.performExpand(null)")
        self.bird.until("folder('Plans')")
        self.bird.js("folder('Plans').updateFolder(null)")
        self.bird.until("message('Plans', \"a plan of bob's\")")

    def test_sends_and_keeps_a_copy(self):
        self.bird.js("""const identity = MailServices.accounts.getIdentity('id1');
            MailServices.outgoingServer.servers[0].password = given[0];
            const fields = Cc['@mozilla.org/messengercompose/composefields;1'].createInstance(Ci.nsIMsgCompFields);
            fields.from = 'alice@example.org';
            fields.to = 'bob@example.org';
            fields.subject = 'sent by Thunderbird';
            fields.body = 'Grüße\\r\\n';
            fields.fcc = folder('Sent').URI;
            await new Promise((good, bad) => {
              const told = {
                QueryInterface: ChromeUtils.generateQI(['nsIMsgSendListener', 'nsIMsgCopyServiceListener']),
                onStartSending() {}, onProgress() {}, onStatus() {}, onSendNotPerformed() {}, onGetDraftFolderURI() {},
                onTransportSecurityError(id, status) { bad(new Error(`TLS: ${status}`)); },
                onStopSending(id, status) { if (!Components.isSuccessCode(status)) bad(new Error(`send: ${status}`)); },
                onStartCopy() {}, setMessageKey() {}, getMessageId() { return null; },
                onStopCopy(status) { good(status); },
              };
              Cc['@mozilla.org/messengercompose/send;1'].createInstance(Ci.nsIMsgSend).createAndSendMessage(null, identity,
                'account1', fields, false, false, Ci.nsIMsgCompDeliverMode.Now, null, 'text/plain', fields.body, null, null,
                told, '', '', Ci.nsIMsgCompType.New);
            });""", self.server.password)
        self.wait_for_one("bob", "Subject: sent by Thunderbird")
        self.wait_for_one("alice", "Subject: sent by Thunderbird", folder="Sent")


if __name__ == "__main__":
    harness.main()
