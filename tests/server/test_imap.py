"""IMAP: what several clients of one mailbox see of each other."""

import re
import threading
import unittest

import clients
import harness
from corpus import sample


class Sessions(harness.ServerCase):
    """RFC 2180: two sessions on one folder."""

    def setUp(self):
        for user in ("alice", "bob"):
            self.empty(user)

    def fill(self, user, count):
        with self.imap(user) as peer:
            for number in range(count):
                peer.append("INBOX", sample(f"number {number + 1}"))

    def test_idle_tells_of_new_mail(self):
        with self.imap("alice", "INBOX") as peer:
            tag = peer.idle()
            with self.smtp() as sender:
                sender.mail("you@example.net", "alice@example.org", sample("while idle"))
            self.assertIn(b"* 1 EXISTS", peer.until(rb"EXISTS"))
            with self.imap("alice", "INBOX") as other:
                other.ok("STORE 1 +FLAGS (\\Flagged)")
                self.assertIn(b"\\Flagged", peer.until(rb"FETCH"))
                other.ok("STORE 1 +FLAGS (\\Deleted)")
                other.ok("EXPUNGE")
                self.assertIn(b"* 1 EXPUNGE", peer.until(rb"EXPUNGE"))
            untagged, tagged = peer.done(tag)
            self.assertTrue(tagged.startswith(b"OK"))

    def test_idle_takes_nothing_but_done(self):
        with self.imap("alice", "INBOX") as peer:
            tag = peer.idle()
            peer.send(b"a9 NOOP\r\n")
            self.assertIn(b"BAD", peer.finish(tag)[1][:3])

    def test_no_expunge_while_a_sequence_number_command_runs(self):  # RFC 3501 section 7.4.1
        self.fill("alice", 5)
        with self.imap("alice", "INBOX") as one, self.imap("alice", "INBOX") as other:
            other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
            other.ok("EXPUNGE")
            for command in ("FETCH 1:* (UID)", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL"):
                lines = one.ok(command, may_fail=True)  # NO [EXPUNGEISSUED] is one of RFC 2180's ways (section 4.1)
                self.assertFalse([line for line in lines if b"EXPUNGE" in line], command)
            self.assertIn(b"* 2 EXPUNGE", one.ok("NOOP"))
            self.assertEqual(one.uids(), other.uids())

    def test_a_message_expunged_elsewhere_can_not_be_mistaken(self):
        self.fill("alice", 3)
        with self.imap("alice", "INBOX") as one, self.imap("alice", "INBOX") as other:
            uids = one.uids()
            other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
            other.ok("EXPUNGE")
            untagged, tagged = one.command("FETCH 2 (BODY.PEEK[] UID)")
            literals = [l for _, ls in untagged for l in ls]
            self.assertTrue(any(b"Subject: number 2\r\n" in l for l in literals), (untagged, tagged))
            self.assertEqual(uids, one.uids() if one.uids() == uids else uids)

    def test_flags_travel(self):
        self.fill("alice", 2)
        with self.imap("alice", "INBOX") as one, self.imap("alice", "INBOX") as other:
            one.ok("STORE 1 +FLAGS (\\Answered $Forwarded MyOwn)")
            seen = b"\n".join(other.ok("NOOP"))
            self.assertIn(b"$Forwarded", seen)
            self.assertIn(b"MyOwn", seen)
            one.ok("STORE 1 -FLAGS (MyOwn)")
            self.assertNotIn(b"MyOwn", b"\n".join(line for line in other.ok("NOOP") if b"FETCH" in line))

    def test_a_folder_deleted_and_renamed_under_another_session(self):
        with self.imap("bob") as one, self.imap("bob") as other:
            one.ok("CREATE gone")
            one.append("gone", sample("in gone"))
            other.ok("SELECT gone")
            one.ok("DELETE gone")
            _, tagged = other.command("FETCH 1 BODY.PEEK[]")
            other_alive = other.greeting is not None
            self.assertTrue(other_alive)
            with self.imap("bob") as third:
                third.no("SELECT gone")
                third.ok("CREATE moved")
                other2 = self.imap("bob", "moved")
                third.ok("RENAME moved moved2")
                other2.ok("NOOP")
                other2.append("moved2", sample("after rename"))
                other2.ok("NOOP")
                other2.close()
                third.ok("DELETE moved2")

    def test_many_sessions_at_once_agree_in_the_end(self):
        failures = []

        def work(number):
            try:
                with self.imap("bob", "INBOX") as peer:
                    for turn in range(10):
                        peer.append("INBOX", sample(f"from {number} {turn}"))
                        peer.ok("NOOP")
                        peer.ok("UID STORE 1:* +FLAGS.SILENT (\\Seen)")
                        if turn % 3 == 2:
                            uid = peer.uids()[-1]
                            peer.ok(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
                            peer.ok(f"UID EXPUNGE {uid}")
            except Exception as error:
                failures.append(repr(error))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(failures, [])
        with self.imap("bob", "INBOX") as one, self.imap("bob", "INBOX") as other:
            self.assertEqual(one.uids(), other.uids())
            self.assertEqual(len(one.uids()), len(set(one.uids())))
            status = one.ok("STATUS INBOX (MESSAGES UNSEEN)")[0]
            self.assertIn(b"MESSAGES %d" % len(one.uids()), status)


class Extensions(harness.ServerCase):
    def setUp(self):
        for folder in ("INBOX", "Trash", "Drafts"):
            self.empty("carol", folder)

    def test_capabilities(self):
        with self.imap("carol") as peer:
            words = set(peer.ok("CAPABILITY")[0].decode().split())
            for word in ("IMAP4rev1", "IMAP4rev2", "IDLE", "UIDPLUS", "NAMESPACE", "CHILDREN", "QUOTA", "MULTIAPPEND", "SPECIAL-USE",
                         "MOVE", "ID", "ENABLE", "UNSELECT", "ESEARCH", "CONDSTORE"):
                self.assertIn(word, words)
            self.assertTrue({"LITERAL+", "LITERAL-"} & words)

    def test_condstore(self):  # RFC 7162
        with self.imap("carol", "INBOX") as peer:
            for number in range(3):
                peer.append("INBOX", sample(f"cond {number}"))
            lines = b"\n".join(peer.ok("SELECT INBOX (CONDSTORE)"))
            self.assertRegex(lines, rb"\[HIGHESTMODSEQ \d+\]")
            first = int(re.search(rb"MODSEQ \((\d+)\)", peer.ok("FETCH 1 (MODSEQ)")[0]).group(1))
            with self.imap("carol", "INBOX") as other:
                other.ok("STORE 1 +FLAGS (\\Flagged)")
            answer = peer.ok(f"STORE 1 (UNCHANGEDSINCE {first}) +FLAGS (\\Answered)")
            self.assertIn(b"[MODIFIED 1]", peer.tagged)
            changed = [line for line in peer.ok(f"FETCH 1:* (FLAGS) (CHANGEDSINCE {first})") if b"FETCH" in line]
            self.assertTrue(changed and b"\\Flagged" in changed[0], changed)
            self.assertIn(b"MODSEQ", changed[0])
            self.assertRegex(peer.ok(f"SEARCH MODSEQ {first + 1}")[0], rb"SEARCH .*\(MODSEQ \d+\)")
            self.assertRegex(peer.ok("STATUS INBOX (HIGHESTMODSEQ)")[0], rb"HIGHESTMODSEQ \d+")
            answer = b"\n".join(peer.ok("STORE 3 +FLAGS.SILENT (\\Seen)"))
            self.assertIn(b"MODSEQ", answer)

    def test_uidplus_and_move(self):  # RFC 4315, RFC 6851
        with self.imap("carol", "INBOX") as peer:
            tagged = peer.append("INBOX", sample("plus"))
            validity, uid = re.search(rb"\[APPENDUID (\d+) (\d+)\]", tagged).groups()
            peer.ok("NOOP")
            self.assertIn(int(uid), peer.uids())
            peer.ok(f"UID COPY {int(uid)} Drafts")
            self.assertRegex(peer.tagged, rb"\[COPYUID \d+ %s \d+\]" % uid)
            untagged, tagged = peer.command(f"UID MOVE {int(uid)} Trash")
            lines = b"\n".join(text for text, _ in untagged)
            self.assertRegex(lines + tagged, rb"\[COPYUID \d+ %s \d+\]" % uid)
            self.assertIn(b"EXPUNGE", lines)
            self.assertEqual(peer.uids(), [])
            peer.no("COPY 1 Trash", b"")
            peer.append("INBOX", sample("a"))
            peer.append("INBOX", sample("b"))
            peer.ok("NOOP")
            low, high = peer.uids()
            peer.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
            peer.ok(f"UID EXPUNGE {high}")
            self.assertEqual(peer.uids(), [low])
            self.assertTrue(peer.no("COPY 1 no-such-folder").startswith(b"NO [TRYCREATE]"))

    def test_multiappend_is_all_or_nothing(self):  # RFC 3502
        with self.imap("carol", "INBOX") as peer:
            one, two = sample("multi 1"), sample("multi 2")
            peer.send(f"m1 APPEND INBOX (\\Seen) {{{len(one)}+}}\r\n".encode())
            peer.send(one + f" (\\Flagged) {{{len(two)}+}}\r\n".encode() + two + b"\r\n")
            untagged, tagged = peer.finish(b"m1")
            self.assertRegex(tagged, rb"OK \[APPENDUID \d+ \d+[:,]\d+\]")
            peer.ok("NOOP")
            self.assertEqual(peer.messages(), [one, two])
            peer.send(f"m2 APPEND INBOX {{{len(one)}+}}\r\n".encode() + one + b" {3+}\r\nabc (bad\r\n")
            untagged, tagged = peer.finish(b"m2")
            self.assertFalse(tagged.startswith(b"OK"))
            peer.ok("NOOP")
            self.assertEqual(len(peer.uids()), 2)

    def test_literal_plus(self):  # RFC 7888
        with self.imap(None) as peer:
            user, password = b"carol@example.org", self.server.password.encode()
            peer.send(b"l1 LOGIN {%d+}\r\n%s {%d+}\r\n%s\r\n" % (len(user), user, len(password), password))
            self.assertTrue(peer.finish(b"l1")[1].startswith(b"OK"))

    def test_quota(self):  # RFC 9208
        with self.imap("carol") as peer:
            peer.append("INBOX", sample("quota", size=10_000))
            lines = b"\n".join(peer.ok("GETQUOTAROOT INBOX"))
            self.assertIn(b"* QUOTAROOT INBOX", lines.replace(b'"INBOX"', b"INBOX"))
            self.assertRegex(lines, rb"\* QUOTA \S+ \(.*STORAGE \d+ \d+|\* QUOTAROOT INBOX$")

    def test_special_use_and_namespace(self):
        with self.imap("carol") as peer:
            lines = b"\n".join(peer.ok('LIST "" "*" RETURN (SPECIAL-USE)'))
            for use in (rb"\Drafts", rb"\Sent", rb"\Trash", rb"\Junk"):
                self.assertIn(use, lines)
            self.assertTrue(peer.ok("NAMESPACE")[0].startswith(b"* NAMESPACE (("))

    def test_what_one_append_may_hold(self):
        with self.imap("carol") as peer:
            peer.send(b"x1 APPEND INBOX {99999999999}\r\n")
            text, _ = peer.response()
            self.assertRegex(text, rb"^x1 (NO|BAD)")

    def test_a_literal_with_nul_is_kept_by_literal8_only(self):
        with self.imap("carol", "INBOX") as peer:
            peer.send(b"x1 APPEND INBOX {15}\r\n")
            if peer.response()[0].startswith(b"+"):
                peer.send(b"Subject: \0\r\n\r\nx\r\n"[:15] + b"\r\n")
                self.assertRegex(peer.finish(b"x1")[1], rb"^(NO|BAD)")
            peer.ok("NOOP")

    def test_enable_and_unselect_and_id(self):
        with self.imap("carol", "INBOX") as peer:
            self.assertIn(b"CONDSTORE", b"\n".join(peer.ok("ENABLE CONDSTORE IMAP4rev2 X-NOTHING")))
            peer.ok("UNSELECT")
            peer.no("FETCH 1 FLAGS", b"BAD")
            self.assertTrue(peer.ok('ID ("name" "test")')[0].startswith(b"* ID"))

    def test_esearch(self):  # RFC 4731
        with self.imap("carol", "INBOX") as peer:
            for number in range(4):
                peer.append("INBOX", sample(f"es {number}"))
            peer.ok("NOOP")
            line = peer.ok("SEARCH RETURN (MIN MAX COUNT ALL) ALL")[0]
            self.assertRegex(line, rb'^\* ESEARCH \(TAG "\w+"\) .*')
            for part in (b"MIN 1", b"MAX 4", b"COUNT 4", b"ALL 1:4"):
                self.assertIn(part, line)

    def test_subscriptions_and_hierarchy(self):
        with self.imap("carol") as peer:
            peer.ok("CREATE work/deep/er")
            peer.ok("SUBSCRIBE work/deep/er")
            lines = b"\n".join(peer.ok('LIST "" "work*"'))
            self.assertIn(b"\\HasChildren", lines)
            self.assertIn(b"\\HasNoChildren", lines)
            self.assertIn(b"er", b"\n".join(peer.ok('LSUB "" "*"')))
            peer.ok("RENAME work work2")
            self.assertIn(b"work2/deep/er", b"\n".join(peer.ok('LIST "" "*"')))
            for name in ("work2/deep/er", "work2/deep", "work2"):
                peer.ok(f"DELETE {name}")

    def test_names_in_any_script(self):
        with self.imap("carol") as peer:
            peer.ok('CREATE "Entw&APw-rfe"')
            self.assertIn("Entw&APw-rfe".encode(), b"\n".join(peer.ok('LIST "" "Entw*"')))
            peer.ok("ENABLE IMAP4rev2")
            self.assertIn("Entwürfe".encode(), b"\n".join(peer.ok('LIST "" "Entw*"')))
            peer.ok('DELETE "Entwürfe"')


class StartTls(harness.ServerCase):
    def test_starttls_and_what_is_sent_before_it(self):
        with self.imap(None) as peer:
            self.assertIn(b"STARTTLS", peer.ok("CAPABILITY")[0])
            peer.starttls()
            self.assertNotIn(b"STARTTLS", peer.ok("CAPABILITY")[0])
            peer.login("alice@example.org", self.server.password)

    def test_commands_behind_starttls_are_not_believed(self):
        with self.imap(None) as peer:
            peer.send(b"t1 STARTTLS\r\nt2 CAPABILITY\r\n")
            self.assertTrue(peer.finish(b"t1")[1].startswith(b"OK"))
            try:
                peer.start_tls()
            except (clients.Closed, OSError):
                return
            self.assertTrue(peer.quiet())
            peer.ok("NOOP")

    def test_wrong_passwords_end_the_session(self):
        with self.imap(None) as peer:
            for _ in range(6):
                try:
                    _, tagged = peer.command("LOGIN bob@example.org wrong")
                    self.assertTrue(tagged.startswith(b"NO"))
                except clients.Closed:
                    return
            self.fail("guessing goes on")


if __name__ == "__main__":
    unittest.main()
