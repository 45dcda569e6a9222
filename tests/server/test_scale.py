"""Sizes that few have: a folder of a million messages, ten thousand folders, a hundred sessions on one folder. Times are
printed; what may grow is held against bounds. The short variant is smaller (POSTRIDER_LONG=1 for the whole)."""

import concurrent.futures
import re
import sys
import time

import clients
import harness
from corpus import sample

MESSAGES = 1_000_000 if harness.LONG else 50_000
FOLDERS = 10_000 if harness.LONG else 1_500
SESSIONS = 100
MB = 1 << 20


def timed(what, work):
    begin = time.monotonic()
    result = work()
    print(f"    {what}: {(time.monotonic() - begin) * 1000:.1f} ms", file=sys.stderr)
    return result


class BigFolder(harness.ServerCase):
    """One folder, more messages than any program shows."""

    exclusive = True

    @classmethod
    def prepare(cls):
        """500 messages that differ, copied again and again."""
        peer = clients.Imap(cls.server.ports["imap"], timeout=600)
        peer.login("alice@example.org", cls.server.password)
        for folder in ("Seed", "Big"):
            peer.ok(f"CREATE {folder}")
        for number in range(500):
            sender = f"sender{number % 50}@example.net"
            answer = peer.append("Seed", sample(f"number {number}", sender=sender, size=600))
            assert answer.startswith(b"OK"), answer
        peer.ok("SELECT Seed")
        peer.ok("COPY 1:* Big")
        peer.ok("SELECT Big")
        have = 500
        while have < MESSAGES:
            many = min(have, 25_000, MESSAGES - have)
            peer.ok(f"COPY 1:{many} Big")
            have += many
        peer.ok("LOGOUT")
        peer.close()

    def test_what_a_program_does_with_it(self):
        before = self.server.rss()
        with self.imap("alice") as peer:
            peer.socket.settimeout(300)
            lines = timed(f"SELECT of {MESSAGES} messages", lambda: peer.ok("SELECT Big"))
            self.assertIn(b"* %d EXISTS" % MESSAGES, lines)
            timed("STATUS", lambda: peer.ok("STATUS Big (MESSAGES UNSEEN UIDNEXT SIZE)"))
            for where in ("1:50", f"{MESSAGES // 2}:{MESSAGES // 2 + 49}", f"{MESSAGES - 49}:*"):
                got = timed(f"FETCH of a screen ({where})", lambda: peer.ok(
                    f"FETCH {where} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"))
                self.assertEqual(sum(b" FETCH (" in line for line in got), 50)
            timed("FETCH of one body", lambda: peer.ok(f"FETCH {MESSAGES - 7} BODY.PEEK[]"))
            got = timed("STORE on one", lambda: peer.ok(f"STORE {MESSAGES // 3} +FLAGS (\\Seen)"))
            self.assertTrue(any(b"\\Seen" in line for line in got))
            got = timed("SEARCH SEEN", lambda: peer.ok("UID SEARCH RETURN (COUNT MIN MAX) SEEN"))
            self.assertIn(b"COUNT 1 ", got[0] + b" ")
            got = timed("SEARCH FROM", lambda: peer.ok("UID SEARCH RETURN (COUNT) FROM sender7@example.net"))
            self.assertIn(b"COUNT %d" % (MESSAGES // 50), got[0])
            timed("SEARCH SUBJECT, COUNT", lambda: peer.ok('UID SEARCH RETURN (COUNT) SUBJECT "number 77"'))
            timed("SEARCH ALL as a set", lambda: peer.ok("UID SEARCH RETURN (ALL) ALL"))
            timed("SORT of the newest", lambda: peer.ok("UID SORT RETURN (PARTIAL 1:50) (REVERSE DATE) UTF-8 ALL"))
            timed("FETCH 1:* (UID FLAGS)", lambda: self.assertEqual(len(peer.ok("FETCH 1:* (UID FLAGS)")), MESSAGES))
            timed("STORE on 10,000", lambda: peer.ok("STORE 1:10000 +FLAGS.SILENT (Later)"))
            peer.ok("STORE 1:1000 +FLAGS.SILENT (\\Deleted)")
            timed("EXPUNGE of 1,000", lambda: peer.ok("EXPUNGE"))
            timed("NOOP", lambda: peer.ok("NOOP"))
            with self.imap("alice") as other:
                other.socket.settimeout(300)
                lines = timed("SELECT by another session", lambda: other.ok("SELECT Big"))
                self.assertIn(b"* %d EXISTS" % (MESSAGES - 1000), lines)
        grown = self.server.rss() - before
        print(f"    memory: {before // MB} MB before, {grown // MB} MB more", file=sys.stderr)
        # Mostly the engine's caches, which have bounds of their own; the folder itself is a list of runs.
        self.assertLess(grown, 700 * MB)


class ManyFolders(harness.ServerCase):
    exclusive = True

    def test_listing_them(self):
        before = self.server.rss()
        with self.imap("bob") as peer:
            peer.socket.settimeout(300)

            def create():
                names = [f"Group {number // 100}/Folder {number}" for number in range(FOLDERS - 100)]
                for at in range(0, len(names), 50):  # several commands on the way at once
                    tags = [peer.start(f'CREATE "{name}"') for name in names[at:at + 50]]
                    for tag in tags:
                        _, answer = peer.finish(tag)
                        self.assertTrue(answer.startswith(b"OK"), answer)

            timed(f"CREATE of {FOLDERS - 100} folders", create)
            got = timed("LIST", lambda: peer.ok('LIST "" "*"'))
            self.assertGreaterEqual(len(got), FOLDERS - 100)
            got = timed("LIST of one level", lambda: peer.ok('LIST "" "%"'))
            self.assertLess(len(got), 200)
            got = timed("LIST-STATUS", lambda: peer.ok('LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))'))
            self.assertGreaterEqual(sum(line.startswith(b"* STATUS") for line in got), FOLDERS - 100)

            def each_status():
                for number in range(0, FOLDERS - 100, max(1, FOLDERS // 200)):
                    peer.ok(f'STATUS "Group {number // 100}/Folder {number}" (MESSAGES)')

            timed("STATUS of 200", each_status)
            timed("RENAME of a hundred at once", lambda: peer.ok('RENAME "Group 3" "Renamed"'))
            self.assertEqual(len(peer.ok('LIST "" "Renamed/%"')), 100)
            timed("DELETE of one", lambda: peer.ok('DELETE "Group 4/Folder 400"'))
            with self.imap("bob") as other:
                self.assertGreaterEqual(len(other.ok('LIST "" "*"')), FOLDERS - 200)
        grown = self.server.rss() - before
        print(f"    memory: {grown // MB} MB more", file=sys.stderr)
        self.assertLess(grown, 300 * MB)


def picture(peer):
    """The folder as that session sees it; \\Recent is each session's own."""
    lines = peer.ok("FETCH 1:* (UID FLAGS)")
    return tuple((re.search(rb"UID \d+", line)[0],
                  tuple(sorted(set(re.search(rb"FLAGS \((.*?)\)", line)[1].split()) - {b"\\Recent"}))) for line in lines)


class ManySessions(harness.ServerCase):
    exclusive = True

    def test_all_see_every_change(self):
        self.server.command("account", "set", "carol@example.org", "imapConnectionCount", str(SESSIONS + 10))
        with self.imap("carol") as writer:
            for number in range(20):
                self.assertTrue(writer.append("INBOX", sample(f"first {number}")).startswith(b"OK"))
            writer.ok("SELECT INBOX")
            peers = [self.imap("carol").__enter__() for _ in range(SESSIONS)]
            try:
                with concurrent.futures.ThreadPoolExecutor(20) as pool:
                    for lines in pool.map(lambda peer: peer.ok("SELECT INBOX"), peers):
                        self.assertIn(b"* 20 EXISTS", lines)
                    tags = [peer.idle() for peer in peers]
                    begin = time.monotonic()
                    self.assertTrue(writer.append("INBOX", sample("news")).startswith(b"OK"))
                    writer.ok("STORE 3 +FLAGS (\\Flagged)")
                    writer.ok("STORE 5 +FLAGS (\\Deleted)")
                    writer.ok("EXPUNGE")

                    def told(peer):
                        peer.until(rb"^\* 5 EXPUNGE", 30)
                        return time.monotonic() - begin

                    latencies = sorted(pool.map(told, peers))
                    print(f"    {SESSIONS} sessions told after {latencies[SESSIONS // 2] * 1000:.0f} ms (half of them), "
                          f"{latencies[-1] * 1000:.0f} ms (all)", file=sys.stderr)
                    list(pool.map(lambda pair: pair[0].done(pair[1]), zip(peers, tags)))
                    # Every session changes a message of its own; all end with the same picture.
                    list(pool.map(lambda pair: pair[1].ok(f"STORE {pair[0] % 20 + 1} +FLAGS (key{pair[0] % 40})"),
                                  enumerate(peers)))
                    list(pool.map(lambda peer: peer.ok("NOOP"), peers))
                    pictures = set(pool.map(picture, peers))
                self.assertEqual(len(pictures), 1, list(pictures)[:2])
            finally:
                for peer in peers:
                    peer.close()


class HugeLiteral(harness.ServerCase):
    """2 GB are refused before they are read (RFC 7888 section 4, RFC 7889)."""

    def setUp(self):
        self.before = self.server.rss()

    def tearDown(self):
        self.assertLess(self.server.rss() - self.before, 64 * MB)

    def test_a_synchronising_one_is_answered_at_once(self):
        with self.imap("alice") as peer:
            for size in (2 << 30, (4 << 30) - 1, 10 << 40):
                answer = peer.command("APPEND INBOX {%d}" % size)[1]
                self.assertRegex(answer, rb"^(NO \[TOOBIG\]|NO|BAD)")
            peer.ok("NOOP")  # the session lives
            self.assertTrue(peer.append("INBOX", sample("small")).startswith(b"OK"))

    def test_a_non_synchronising_one_ends_the_session_or_is_passed_over(self):
        with self.imap("alice") as peer:
            tag = peer.start("APPEND INBOX {%d+}" % (2 << 30))
            said = peer.line()
            # A BYE before anything of it was read, or a refusal; never a request to go on.
            self.assertFalse(said.startswith(b"+"), said)
            self.assertRegex(said, rb"^(\* BYE|" + tag + rb" (NO|BAD))")
        with self.imap("alice") as peer:
            peer.ok("NOOP")

    def test_before_login(self):
        with clients.Imap(self.port("imap")) as peer:
            answer = peer.command("LOGIN {%d}" % (2 << 30))[1]
            self.assertRegex(answer, rb"^(NO|BAD)")
