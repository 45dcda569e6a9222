"""Every IMAP capability that is advertised, driven once on a whole server; and what is not driven is not advertised.

What each means in full is tested beside the code (docs/rfc.md says where). Here a client asks for what a word promises and
gets it, through sockets, storage and all.
"""

import base64
import re
import time
import unittest
import zlib

import clients
import harness

DRIVES = {}  # capability: the method that drives it


def drives(*words):
    def add(method):
        for word in words:
            DRIVES[word] = method
        return method
    return add


def message(number, subject, more=""):
    return (f"From: Person {number} <p{number}@example.net>\r\nTo: alice@example.org\r\nSubject: {subject}\r\n"
            f"Date: Fri, 20 Nov 2026 1{number}:00:00 +0000\r\nMessage-ID: <m{number}@example.net>\r\n{more}"
            f"\r\nText of {subject}.\r\n").encode()


MESSAGES = [message(1, "zebra"), message(2, "Re: zebra", "In-Reply-To: <m1@example.net>\r\nReferences: <m1@example.net>\r\n"),
            message(3, "ant"), message(4, "Grüße", "Content-Type: text/plain; charset=utf-8\r\n")]


class Capabilities(harness.ServerCase):
    def session(self, user="alice", folder="INBOX"):
        return self.imap(user, folder)

    def fresh(self):
        """A session in an INBOX of its own four messages, whatever the drive before has left."""
        with self.imap() as peer:
            peer.ok("SELECT INBOX")
            peer.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)", may_fail=True)
            peer.ok("EXPUNGE")
            for octets in MESSAGES:
                peer.append("INBOX", octets)
        return self.session()

    def words(self, peer):
        return peer.ok("CAPABILITY")[0].decode().split()[2:]

    def joined(self, peer, command):
        untagged, tagged = peer.command(command)
        assert tagged.startswith(b"OK"), f"{command!r}: {tagged!r}"
        return b"\n".join(text + b"".join(b"\r\n" + one for one in literals) for text, literals in untagged)

    def test_every_word_keeps_its_promise(self):
        with self.imap(None) as peer:
            words = [word for word in self.words(peer)]
        with self.imap() as peer:
            words += self.words(peer)
        with self.imap("postmaster@example.org") as peer:
            words += self.words(peer)
        words = sorted(set(word for word in words if not word.startswith("AUTH=")))
        names = {re.sub(r"^(APPENDLIMIT|SAVELIMIT|IMAPSIEVE|RIGHTS)=.*", r"\1", word) for word in words}
        self.assertEqual(names - set(DRIVES), set(), "advertised and not driven")
        self.assertEqual(set(DRIVES) - names, set(), "driven and not advertised")
        for name in sorted(names):
            with self.subTest(name), self.fresh() as peer:
                DRIVES[name](self, peer)

    def test_every_mechanism_is_one(self):
        with self.imap(None) as peer:
            mechanisms = [word[5:] for word in self.words(peer) if word.startswith("AUTH=")]
        self.assertIn("PLAIN", mechanisms)
        for mechanism in mechanisms:
            with self.subTest(mechanism), self.imap(None) as peer:
                tag = peer.start(f"AUTHENTICATE {mechanism}")
                self.assertTrue(peer.line().startswith(b"+"))
                peer.send(b"*\r\n")
                self.assertTrue(peer.finish(tag)[1].startswith(b"BAD"))

    # Each drive has a session with the four messages selected.

    @drives("IMAP4rev1")
    def imap4rev1(self, peer):
        self.assertIn(b"RECENT", self.joined(peer, "SELECT INBOX"))

    @drives("IMAP4rev2", "ENABLE")
    def imap4rev2(self, peer):
        self.assertEqual(self.joined(peer, "ENABLE IMAP4rev2"), b"* ENABLED IMAP4rev2")
        self.assertIn(b"* ESEARCH", self.joined(peer, "SEARCH ALL"))

    @drives("LITERAL+")
    def literal_plus(self, peer):
        self.assertIn(b"MESSAGES", self.joined(peer, "STATUS {5+}\r\nINBOX (MESSAGES)"))

    @drives("IDLE")
    def idle(self, peer):
        tag = peer.idle()
        with self.imap() as other:
            other.append("INBOX", message(5, "idle"))
        peer.until(rb"^\* 5 EXISTS")
        peer.done(tag)

    @drives("LANGUAGE")
    def language(self, peer):
        self.assertIn(b'* LANGUAGE', self.joined(peer, "LANGUAGE de"))

    @drives("INPROGRESS")
    def in_progress(self, peer):
        with self.imap("carol", "INBOX") as other:  # so much that it takes longer than it may without a word
            self.assertIn("INPROGRESS", self.words(other))  # its timing: session_test

    @drives("ID")
    def identity(self, peer):
        self.assertIn(b"Postrider", self.joined(peer, 'ID ("name" "test")'))

    @drives("SASL-IR")
    def sasl_ir(self, peer):
        secret = base64.b64encode(f"\0alice@example.org\0{self.server.password}".encode()).decode()
        with self.imap(None) as other:
            other.ok(f"AUTHENTICATE PLAIN {secret}")

    @drives("STARTTLS")
    def starttls(self, peer):
        with self.imap(None) as other:
            other.starttls()
            other.login("alice@example.org", self.server.password)

    @drives("NAMESPACE")
    def namespace(self, peer):
        self.assertEqual(self.joined(peer, "NAMESPACE"),
                         b'* NAMESPACE (("" "/")) (("Other Users/" "/")) (("Public Folders/" "/"))')

    @drives("CHILDREN")
    def children(self, peer):
        peer.ok("CREATE parent/child", may_fail=True)
        self.assertRegex(self.joined(peer, 'LIST "" parent'), rb"\\HasChildren")

    @drives("UIDPLUS")
    def uidplus(self, peer):
        self.assertRegex(peer.append("INBOX", message(5, "uidplus")), rb"^OK \[APPENDUID \d+ \d+\]")
        peer.ok("NOOP")
        peer.ok("COPY 1 Archive")
        self.assertRegex(peer.tagged, rb"\[COPYUID \d+ \d+ \d+\]")
        peer.ok("STORE 1:2 +FLAGS (\\Deleted)")
        uid = peer.uids()[0]
        self.assertIn(b"* 1 EXPUNGE", self.joined(peer, f"UID EXPUNGE {uid}"))

    @drives("UNSELECT")
    def unselect(self, peer):
        peer.ok("STORE 1 +FLAGS (\\Deleted)")
        peer.ok("UNSELECT")
        self.assertIn(b"MESSAGES 4", self.joined(peer, "STATUS INBOX (MESSAGES)"))

    @drives("MULTIAPPEND")
    def multiappend(self, peer):
        octets = message(5, "multi").decode()
        peer.ok(f"APPEND INBOX {{{len(octets)}+}}\r\n{octets} (\\Seen) {{{len(octets)}+}}\r\n{octets}")
        self.assertRegex(peer.tagged, rb"\[APPENDUID \d+ \d+:\d+\]")

    @drives("MOVE")
    def move(self, peer):
        said = self.joined(peer, "MOVE 2:3 Archive")
        self.assertRegex(said, rb"(?s)\* OK \[COPYUID.*EXPUNGE.*EXPUNGE")

    @drives("ESEARCH")
    def esearch(self, peer):
        self.assertRegex(self.joined(peer, "SEARCH RETURN (MIN MAX COUNT ALL) ALL"), rb"MIN 1 .*MAX 4|ALL 1:4")

    @drives("SEARCHRES")
    def searchres(self, peer):
        peer.ok("SEARCH RETURN (SAVE) SUBJECT zebra")
        self.assertEqual(self.joined(peer, "SEARCH $"), b"* SEARCH 1 2")

    @drives("WITHIN")
    def within(self, peer):
        self.assertEqual(self.joined(peer, "SEARCH YOUNGER 3600"), b"* SEARCH 1 2 3 4")
        self.assertEqual(self.joined(peer, "SEARCH OLDER 3600"), b"* SEARCH")

    @drives("CONDSTORE")
    def condstore(self, peer):
        modseq = int(re.search(rb"MODSEQ \((\d+)\)", self.joined(peer, "FETCH 1 (MODSEQ)"))[1])
        peer.ok("STORE 2 +FLAGS (\\Flagged)")
        self.assertEqual(re.findall(rb"\* (\d) FETCH", self.joined(peer, f"FETCH 1:2 (FLAGS) (CHANGEDSINCE {modseq + 3})")), [b"2"])
        peer.ok(f"STORE 2 (UNCHANGEDSINCE {modseq}) +FLAGS (\\Seen)")
        self.assertIn(b"[MODIFIED 2]", peer.tagged)

    @drives("QRESYNC")
    def qresync(self, peer):
        peer.ok("ENABLE QRESYNC")
        first = self.joined(peer, "SELECT INBOX")
        validity = re.search(rb"UIDVALIDITY (\d+)", first)[1].decode()
        modseq = re.search(rb"HIGHESTMODSEQ (\d+)", first)[1].decode()
        uids = peer.uids()
        with self.session() as other:
            other.ok("STORE 1 +FLAGS (\\Deleted)")
            other.ok("EXPUNGE")
            other.ok("STORE 1 +FLAGS (\\Flagged)")
        said = self.joined(peer, f"SELECT INBOX (QRESYNC ({validity} {modseq}))")
        self.assertIn(f"* VANISHED (EARLIER) {uids[0]}".encode(), said)
        self.assertIn(f"UID {uids[1]} FLAGS (".encode(), said)

    @drives("BINARY")
    def binary(self, peer):
        coded = base64.b64encode(b"bits \0 and bytes").decode()
        peer.append("INBOX", (f"Subject: b\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                              f"Content-Transfer-Encoding: base64\r\n\r\n{coded}\r\n").encode())
        peer.ok("NOOP")
        self.assertIn(b"BINARY.SIZE[1] 16", self.joined(peer, "FETCH 5 (BINARY.SIZE[1])"))
        peer.start("FETCH 5 (BINARY.PEEK[1])")
        self.assertRegex(peer.line(), rb"BINARY\[1\] ~\{16\}$")
        self.assertEqual(peer.exactly(16), b"bits \0 and bytes")

    @drives("LIST-EXTENDED")
    def list_extended(self, peer):
        self.assertIn(b"\\Subscribed", self.joined(peer, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" ("INBOX" "%") RETURN (CHILDREN)'))

    @drives("LIST-STATUS")
    def list_status(self, peer):
        self.assertIn(b"* STATUS INBOX (MESSAGES 4)", self.joined(peer, 'LIST "" INBOX RETURN (STATUS (MESSAGES))'))

    @drives("STATUS=SIZE", "STATUS=DELETED")
    def status(self, peer):
        peer.ok("STORE 1 +FLAGS (\\Deleted)")
        size = sum(map(len, MESSAGES))
        self.assertIn(f"DELETED 1 SIZE {size}".encode(), self.joined(peer, "STATUS INBOX (SIZE DELETED)"))

    @drives("SPECIAL-USE")
    def special_use(self, peer):
        self.assertRegex(self.joined(peer, 'LIST (SPECIAL-USE) "" "*"'), rb'\\Trash\) "/" Trash')

    @drives("CREATE-SPECIAL-USE")
    def create_special_use(self, peer):
        peer.ok("CREATE drafts2 (USE (\\Drafts))")
        self.assertRegex(self.joined(peer, 'LIST "" drafts2 RETURN (SPECIAL-USE)'), rb"\\Drafts")
        peer.ok("DELETE drafts2")

    @drives("XLIST")
    def xlist(self, peer):
        self.assertRegex(self.joined(peer, 'XLIST "" "*"'), rb"\* XLIST \(.*\\Inbox.*\) \"/\"")

    @drives("SEARCH=FUZZY")
    def fuzzy(self, peer):
        self.assertRegex(self.joined(peer, "SEARCH RETURN (RELEVANCY ALL) FUZZY SUBJECT zeb"), rb"ALL 1:2.*RELEVANCY|RELEVANCY.*ALL 1:2")

    @drives("SORT")
    def sort(self, peer):
        self.assertEqual(self.joined(peer, "SORT (SUBJECT REVERSE DATE) UTF-8 1:3"), b"* SORT 3 2 1")

    @drives("SORT=DISPLAY")
    def sort_display(self, peer):
        self.assertEqual(self.joined(peer, "SORT (REVERSE DISPLAYFROM) UTF-8 ALL"), b"* SORT 4 3 2 1")

    @drives("ESORT")
    def esort(self, peer):
        self.assertRegex(self.joined(peer, "SORT RETURN (ALL COUNT) (SUBJECT REVERSE DATE) UTF-8 1:3"), rb"ALL 3,2,1|ALL 3:1")

    @drives("CONTEXT=SEARCH", "CONTEXT=SORT")
    def context(self, peer):
        tag = peer.start("SEARCH RETURN (UPDATE COUNT) SUBJECT zebra")
        self.assertIn(b"COUNT 2", peer.finish(tag)[0][0][0])
        sorted_tag = peer.start("SORT RETURN (UPDATE COUNT) (DATE) UTF-8 SUBJECT zebra")
        peer.finish(sorted_tag)
        with self.imap() as other:
            other.append("INBOX", message(5, "zebra again"))
        said = self.joined(peer, "NOOP")
        self.assertRegex(said, rb'\* ESEARCH \(TAG "' + tag + rb'"\) ADDTO \(0 5\)')
        self.assertRegex(said, rb'\* ESEARCH \(TAG "' + sorted_tag + rb'"\) ADDTO \(3 5\)')
        peer.ok(f'CANCELUPDATE "{tag.decode()}" "{sorted_tag.decode()}"')

    @drives("MULTISEARCH")
    def multisearch(self, peer):
        said = self.joined(peer, 'ESEARCH IN (personal) RETURN (ALL) SUBJECT zebra')
        self.assertRegex(said, rb'MAILBOX INBOX UIDVALIDITY \d+\) UID ALL')

    @drives("THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES", "THREAD=REFS")
    def thread(self, peer):
        for algorithm in ("ORDEREDSUBJECT", "REFERENCES", "REFS"):
            self.assertRegex(self.joined(peer, f"THREAD {algorithm} UTF-8 1:3"), rb"\* THREAD .*\(1 2\)")

    @drives("PARTIAL")
    def partial(self, peer):
        self.assertIn(b"PARTIAL (-1:-2 3:4)", self.joined(peer, "SEARCH RETURN (PARTIAL -1:-2) ALL"))
        self.assertEqual(self.joined(peer, "UID FETCH 1:* (FLAGS) (PARTIAL 1:2)").count(b"FETCH"), 2)

    @drives("METADATA", "LIST-METADATA")
    def metadata(self, peer):
        peer.ok('SETMETADATA INBOX (/private/comment "mine")')
        self.assertEqual(self.joined(peer, "GETMETADATA INBOX /private/comment"), b'* METADATA INBOX (/private/comment "mine")')
        self.assertIn(b'* METADATA INBOX (/private/comment "mine")',
                      self.joined(peer, 'LIST "" INBOX RETURN (METADATA (/private/comment))'))

    @drives("FILTERS")
    def filters(self, peer):
        peer.ok('SETMETADATA "" (/private/filters/values/beasts "SUBJECT zebra")')
        self.assertEqual(self.joined(peer, "SEARCH FILTER beasts"), b"* SEARCH 1 2")

    @drives("NOTIFY")
    def notify(self, peer):
        peer.ok("NOTIFY SET (mailboxes Archive (MessageNew MessageExpunge))")
        with self.imap() as other:
            other.append("Archive", message(5, "notify"))
        self.assertRegex(peer.until(rb"^\* STATUS"), rb"\* STATUS Archive \(MESSAGES \d+ UIDNEXT \d+\)")
        with self.imap("bob") as other:  # and what others share
            other.ok("CREATE plans", may_fail=True)
            other.ok("SETACL plans alice lr")
            peer.ok('NOTIFY SET (subtree "Other Users" (MessageNew MessageExpunge))')
            other.append("plans", message(6, "shared"))
        self.assertRegex(peer.until(rb"^\* STATUS"), rb'\* STATUS "Other Users/bob/plans" \(MESSAGES')
        peer.ok("NOTIFY NONE")

    @drives("CATENATE")
    def catenate(self, peer):
        uid = peer.uids()[0]
        peer.ok(f'APPEND INBOX CATENATE (TEXT {{14+}}\r\nSubject: x\r\n\r\n URL "/INBOX/;UID={uid}/;SECTION=TEXT")')
        peer.ok("NOOP")
        self.assertIn(b"Text of zebra.", self.joined(peer, "FETCH 5 (BODY[TEXT])"))

    @drives("REPLACE")
    def replace(self, peer):
        octets = message(5, "instead").decode()
        said = self.joined(peer, f"REPLACE 2 INBOX {{{len(octets)}+}}\r\n{octets}")
        self.assertRegex(said, rb"(?s)\* OK \[APPENDUID.*\* 2 EXPUNGE")
        self.assertEqual(self.joined(peer, "SEARCH SUBJECT instead"), b"* SEARCH 4")

    @drives("URLAUTH")
    def urlauth(self, peer):
        uid = peer.uids()[0]
        said = self.joined(peer, f'GENURLAUTH "imap://alice%40example.org@example.org/INBOX/;UID={uid};URLAUTH=user+bob" INTERNAL')
        url = re.search(rb'"(imap:.*)"', said)[1].decode()
        with self.imap("bob") as other:
            self.assertIn(b"Text of zebra.", self.joined(other, f'URLFETCH "{url}"'))
        with self.imap("carol") as other:
            self.assertIn(b" NIL", self.joined(other, f'URLFETCH "{url}"'))
        peer.ok("RESETKEY")
        self.assertNotIn(b"URLMECH", self.joined(peer, "SELECT INBOX"), "where others may listen (RFC 4467 section 8)")
        with self.imap(service="imaps") as inside:
            self.assertIn(b"* OK [URLMECH INTERNAL] ", self.joined(inside, "EXAMINE INBOX"))
            inside.ok("RESETKEY INBOX")
            self.assertIn(b"[URLMECH INTERNAL]", inside.tagged)

    @drives("I18NLEVEL=2")
    def i18n(self, peer):
        self.assertIn(b"i;unicode-casemap", self.joined(peer, "COMPARATOR"))
        word = "GRÜßE".encode()  # of one letter the mapping makes one (RFC 5051)
        untagged, _ = peer.command(b"SEARCH CHARSET UTF-8 TEXT {%d+}\r\n%s" % (len(word), word))
        self.assertEqual(untagged[0][0], b"* SEARCH 4")

    @drives("UIDONLY")
    def uidonly(self, peer):
        uid = peer.uids()[0]
        peer.ok("ENABLE UIDONLY")
        self.assertIn(b"[UIDREQUIRED]", peer.no("FETCH 1 (FLAGS)", b"BAD"))
        self.assertRegex(self.joined(peer, f"UID FETCH {uid} (FLAGS)"), rb"\* %d UIDFETCH \(FLAGS" % uid)

    @drives("UIDBATCHES")
    def uidbatches(self, peer):
        self.assertRegex(self.joined(peer, "UIDBATCHES 500"), rb'\* UIDBATCHES \(TAG "\w+"\) \d+:1')

    @drives("SAVELIMIT")
    def savelimit(self, peer):
        self.assertEqual(self.joined(peer, "UID SEARCH UIDBEFORE 1"), b"* SEARCH")
        peer.ok("COPY 1:* Archive")

    @drives("OBJECTID")
    def objectid(self, peer):
        self.assertRegex(self.joined(peer, "FETCH 1 (EMAILID THREADID)"), rb"EMAILID \(M\w+\) THREADID \(T\w+\)")
        self.assertRegex(self.joined(peer, "STATUS INBOX (MAILBOXID)"), rb"MAILBOXID \(F[\w-]+\)")

    @drives("SAVEDATE")
    def savedate(self, peer):
        self.assertRegex(self.joined(peer, "FETCH 1 (SAVEDATE)"), rb'SAVEDATE "[ 0-3]\d-\w{3}-\d{4} ')
        self.assertEqual(self.joined(peer, "SEARCH SAVEDBEFORE 1-Jan-2000"), b"* SEARCH")

    @drives("PREVIEW")
    def preview(self, peer):
        self.assertIn(b'PREVIEW "Text of zebra."', self.joined(peer, "FETCH 1 (PREVIEW)"))
        self.assertIn(b"PREVIEW", self.joined(peer, "FETCH 1 (PREVIEW (LAZY))"))

    @drives("UTF8=ACCEPT")
    def utf8_accept(self, peer):
        peer.ok("ENABLE UTF8=ACCEPT")
        peer.ok('CREATE "Grüße"', may_fail=True)
        self.assertIn("Grüße".encode(), self.joined(peer, 'LIST "" "Gr*"'))
        peer.ok('DELETE "Grüße"')

    @drives("ACL", "RIGHTS", "LIST-MYRIGHTS")
    def acl(self, peer):
        peer.ok("CREATE team", may_fail=True)
        peer.ok("SETACL team bob lr")
        self.assertIn(b"bob@example.org", self.joined(peer, "GETACL team"))
        self.assertIn(b"* LISTRIGHTS team bob", self.joined(peer, "LISTRIGHTS team bob"))
        self.assertRegex(self.joined(peer, "MYRIGHTS team"), rb"lrswipkxteacd")
        with self.imap("bob") as other:
            self.assertIn(b'* MYRIGHTS "Other Users/alice/team" lr',
                          self.joined(other, 'LIST "" "Other Users/*" RETURN (MYRIGHTS)'))
        peer.ok("DELETEACL team bob")

    @drives("QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE", "QUOTA=RES-MAILBOX", "QUOTASET")
    def quota(self, peer):
        with self.imap("postmaster@example.org") as master:
            master.ok('SETQUOTA "alice@example.org" (STORAGE 100000 MESSAGE 5000 MAILBOX 100)')
        self.eventually(lambda: b"MAILBOX" in self.joined(peer, "GETQUOTAROOT INBOX"))
        said = self.joined(peer, "GETQUOTAROOT INBOX")
        for resource in (rb"STORAGE \d+ 100000", rb"MESSAGE \d+ 5000", rb"MAILBOX \d+ 100"):
            self.assertRegex(said, resource)

    @drives("APPENDLIMIT")
    def appendlimit(self, peer):
        word = next(word for word in self.words(peer) if word.startswith("APPENDLIMIT="))
        limit = int(word.split("=")[1])
        peer.send(f"z1 APPEND INBOX {{{limit + 1}}}\r\n".encode())
        self.assertRegex(peer.response()[0], rb"^z1 NO \[TOOBIG\]")

    @drives("IMAPSIEVE")
    def imapsieve(self, peer):
        word = next(word for word in self.words(peer) if word.startswith("IMAPSIEVE="))
        self.assertTrue(word.startswith("IMAPSIEVE=sieve://"))  # scripts that run: test_filters.py

    @drives("UNAUTHENTICATE")
    def unauthenticate(self, peer):
        peer.ok("UNAUTHENTICATE")
        peer.login("bob@example.org", self.server.password)
        peer.no("FETCH 1 (FLAGS)", b"BAD")
        peer.ok("COMPRESS DEFLATE")  # it ends with the command (RFC 8437 §4.1)
        out, into = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        peer.socket.sendall(out.compress(b"z1 UNAUTHENTICATE\r\n") + out.flush(zlib.Z_FINISH))
        said, end = b"", time.monotonic() + harness.PATIENCE
        while not into.eof and time.monotonic() < end:
            said += into.decompress(peer.socket.recv(65536))
        self.assertIn(b"z1 OK", said)
        peer.login("bob@example.org", self.server.password)

    @drives("COMPRESS=DEFLATE")
    def compress(self, peer):
        peer.ok("COMPRESS DEFLATE")
        out, into = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        peer.socket.sendall(out.compress(b"z1 FETCH 1:4 (FLAGS)\r\nz2 NOOP\r\n") + out.flush(zlib.Z_SYNC_FLUSH))
        said, end = b"", time.monotonic() + harness.PATIENCE
        while b"z2 OK" not in said and time.monotonic() < end:
            said += into.decompress(peer.socket.recv(65536))
        self.assertEqual(said.count(b"FETCH (FLAGS"), 4)


class MessageLimit(harness.ConfiguredCase):
    """RFC 9738, where an operator sets it."""

    @classmethod
    def config(cls, ports):
        return harness.config(ports, imap="messageLimit = 1000")

    def test_one_command_does_the_newest_and_the_client_goes_on(self):
        with self.imap("alice", "INBOX") as peer:
            words = peer.ok("CAPABILITY")[0].split()
            self.assertIn(b"MESSAGELIMIT=1000", words)
            self.assertFalse(any(word.startswith(b"SAVELIMIT") for word in words))
            one = "APPEND INBOX" + " {3+}\r\nA:b" * 400
            for _ in range(3):
                peer.ok(one)
            peer.ok("NOOP")
            seen, below = [], None
            while below != 1:  # as RFC 9738 section 3.1 has it
                untagged, tagged = peer.command(f"UID FETCH 1:{below - 1 if below else '*'} (FLAGS)")
                seen += [int(re.search(rb"UID (\d+)", text)[1]) for text, _ in untagged if b"FETCH" in text]
                limited = re.search(rb"\[MESSAGELIMIT 1000 (\d+)\]", tagged)
                below = int(limited[1]) if limited else 1
            self.assertEqual(sorted(seen), list(range(1, 1201)))
            self.assertEqual(len(set(seen)), 1200)
            self.assertIn(b"[MESSAGELIMIT 1000 201]", peer.no("COPY 1:* Archive"))
            self.assertIn(b"MESSAGES 0", peer.ok("STATUS Archive (MESSAGES)")[0])
            peer.ok("UID MOVE 1:* Archive")
            self.assertIn(b"[MESSAGELIMIT 1000 201]", peer.tagged)
            peer.ok("UID MOVE 1:* Archive")
            self.assertNotIn(b"MESSAGELIMIT", peer.tagged)
            self.assertIn(b"MESSAGES 1200", peer.ok("STATUS Archive (MESSAGES)")[0])


if __name__ == "__main__":
    unittest.main()
