"""Deleted mail that comes back."""

import json
import time

import harness
from corpus import sample


class Undelete(harness.ServerCase):
    """What was expunged, alone or with its folder, can be restored until its time is up."""

    users = 1

    def deleted(self, user, *more):
        return json.loads(self.server.command("undelete", "list", f"{user}@example.org", *more, "--json"))

    def restore(self, user, *more):
        return json.loads(self.server.command("undelete", "restore", f"{user}@example.org", *more, "--json"))

    def records(self):
        return sum(row["records"] for row in json.loads(self.server.command("storage", "report", "--json"))["locations"])

    def test_expunged_messages_come_back(self):
        with self.imap("alice") as peer:
            for number in range(3):
                self.assertTrue(peer.append("INBOX", sample(f"lost {number}"), "(\\Flagged Project)").startswith(b"OK"))
            peer.ok("SELECT INBOX")
            peer.ok("STORE 2:3 +FLAGS (\\Deleted)")
            peer.ok("EXPUNGE")
            rows = self.deleted("alice", "--folder", "INBOX")["deleted"]
            self.assertEqual([row["subject"] for row in rows], ["lost 1", "lost 2"])
            self.assertEqual(self.restore("alice", "--id", rows[1]["id"])["restored"], 1)
            # The open session is told as of any arrival.
            lines = b"\n".join(peer.ok("NOOP"))
            self.assertIn(b"* 2 EXISTS", lines)
            found = peer.whole("FETCH 2 (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            self.assertIn(b"lost 2", found)
            self.assertIn(b"\\Flagged", found)
            self.assertIn(b"Project", found)
            self.assertNotIn(b"\\Deleted", found)

    def test_a_folder_survives_deletion_and_a_kill(self):
        with self.imap("bob") as peer:
            peer.ok("CREATE Work")
            peer.ok("CREATE Work/Old")
            for number in range(20):
                self.assertTrue(peer.append("Work/Old", sample(f"old {number}", size=20_000)).startswith(b"OK"))
            peer.ok("DELETE Work/Old")
            peer.ok("DELETE Work")
        self.server.kill()
        self.server.demo()
        self.assertEqual(len(self.deleted("bob", "--folder", "Work")["deleted"]), 20)
        half = [row["id"] for row in self.deleted("bob", "--folder", "Work")["deleted"][:10]]
        self.assertEqual(self.restore("bob", *[word for one in half for word in ("--id", one)])["restored"], 10)
        self.server.kill()
        self.server.demo()
        self.assertEqual(self.restore("bob", "--since", "1h", "--folder", "Work")["restored"], 10)
        with self.imap("bob") as peer:
            self.assertIn(b"* 20 EXISTS", peer.ok("SELECT Work/Old"))
            subjects = peer.whole("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            for number in range(20):
                self.assertEqual(subjects.count(b"Subject: old %d\r" % number), 1, number)
        self.assertTrue(json.loads(self.server.command("storage", "verify", "--json"))["clean"])

    def test_what_was_deleted_in_public_folders_comes_back(self):
        self.server.command("publicfolder", "add", "example.org", "Board")
        self.server.command("permission", "set", "@example.org", "anyone", "--folder", "Board", "--level", "master")
        with self.imap("alice") as peer:
            self.assertTrue(peer.append("Public Folders/Board", sample("for all")).startswith(b"OK"))
            peer.ok('SELECT "Public Folders/Board"')
            peer.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
            rows = json.loads(self.server.command("undelete", "list", "@example.org", "--json"))["deleted"]
            self.assertEqual([row["subject"] for row in rows], ["for all"])
            restored = json.loads(self.server.command("undelete", "restore", "@example.org", "--all", "--json"))
            self.assertEqual(restored["restored"], 1)
            self.assertIn(b"* 1 EXISTS", peer.ok("NOOP"))

    def test_a_quota_ends_a_restoration_that_can_be_taken_up(self):
        with self.imap("user0") as peer:
            for number in range(250):
                self.assertTrue(peer.append("INBOX", sample(f"many {number}")).startswith(b"OK"))
            peer.ok("SELECT INBOX")
            peer.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
        self.server.command("account", "set", "user0@example.org", "totalMessageCount", "220")
        with self.assertRaisesRegex(AssertionError, "200 of 250 messages are restored; then: over quota"):
            self.restore("user0", "--all")
        self.server.command("account", "set", "user0@example.org", "totalMessageCount", "0")
        self.assertEqual(self.restore("user0", "--all")["restored"], 50)

    def test_space_is_given_back_when_it_cannot_be_restored_any_more(self):
        with self.imap("carol") as peer:
            for number in range(5):
                self.assertTrue(peer.append("INBOX", sample(f"big {number}", size=200_000)).startswith(b"OK"))
            before = self.records()
            peer.ok("SELECT INBOX")
            peer.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
        time.sleep(1)
        self.assertEqual(self.records(), before)
        # A limit on their size: the oldest go with the next expunge.
        self.server.command("account", "set", "carol@example.org", "undeleteSize", "500")
        with self.imap("carol") as peer:
            self.assertTrue(peer.append("INBOX", sample("last")).startswith(b"OK"))
            peer.ok("SELECT INBOX")
            peer.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
        self.eventually(lambda: self.deleted("carol")["messages"] == 3, what="the limit does not count")
        self.eventually(lambda: self.records() == before - 2, seconds=40, what="the bytes are not freed")
        self.assertEqual(json.loads(self.server.command("undelete", "purge", "carol@example.org", "--all", "--json"))["purged"], 3)
        self.server.command("account", "set", "carol@example.org", "undeleteWindow", "0")
        with self.imap("carol") as peer:
            self.assertTrue(peer.append("INBOX", sample("not kept")).startswith(b"OK"))
            peer.ok("SELECT INBOX")
            peer.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")
        self.assertEqual(self.deleted("carol")["messages"], 0)
        self.eventually(lambda: self.records() == before - 5, seconds=40, what="the bytes are not freed")
