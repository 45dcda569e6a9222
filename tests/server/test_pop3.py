"""POP3, whole: RFC 1939, 2449, 1734, 2595, 5034."""

import base64
import hashlib
import re
import unittest

import clients
import corpus
import harness
from corpus import sample


class Maildrop(harness.ServerCase):
    def setUp(self):
        self.empty("alice")
        with self.smtp() as peer:
            for number in range(3):
                peer.mail("you@example.net", "alice@example.org", sample(f"drop {number}") + b".\r\n..\r\nlast\r\n")
        self.stored = self.wait_for("alice", 3)

    def test_the_whole_of_rfc_1939(self):
        with self.pop3() as peer:
            sizes = [len(one) for one in self.stored]
            self.assertEqual(peer.ok("STAT"), f"+OK 3 {sum(sizes)}".encode())
            self.assertEqual(peer.multi("LIST"), b"".join(b"%d %d\r\n" % (n + 1, s) for n, s in enumerate(sizes)))
            self.assertEqual(peer.ok("LIST 2"), b"+OK 2 %d" % sizes[1])
            for number in range(3):
                self.assertEqual(peer.multi(f"RETR {number + 1}"), self.stored[number])
            header, body = self.stored[0].split(b"\r\n\r\n", 1)
            self.assertEqual(peer.multi("TOP 1 0"), header + b"\r\n\r\n")
            self.assertEqual(peer.multi("TOP 1 1"), header + b"\r\n\r\n" + body.split(b"\r\n")[0] + b"\r\n")
            self.assertEqual(peer.multi("TOP 1 1000"), self.stored[0])
            for wrong in ("RETR 4", "RETR 0", "RETR x", "RETR", "TOP 1", "TOP 1 -1", "TOP 4 0", "DELE 4", "LIST 4", "UIDL 4",
                          "DELE 99999999999999999999", "FOO"):
                peer.err(wrong)
            peer.ok("NOOP")
            peer.ok("DELE 2")
            for wrong in ("DELE 2", "RETR 2", "LIST 2", "TOP 2 0", "UIDL 2"):
                peer.err(wrong)
            self.assertEqual(peer.ok("STAT"), b"+OK 2 %d" % (sizes[0] + sizes[2]))
            self.assertNotIn(b"\r\n2 ", b"\r\n" + peer.multi("LIST"))
            peer.ok("RSET")
            self.assertEqual(peer.ok("STAT"), f"+OK 3 {sum(sizes)}".encode())
            peer.ok("QUIT")
        self.assertEqual(len(self.inbox()), 3)

    def test_deleted_is_gone_after_quit_only(self):
        with self.pop3() as peer:
            peer.ok("DELE 1")
        self.assertEqual(len(self.inbox()), 3)
        self.eventually(lambda: self.delete_second())
        self.assertEqual(self.inbox(), [self.stored[0], self.stored[2]])

    def delete_second(self):
        """Once the session before is gone and its lock with it."""
        with clients.Pop3(self.port("pop3")) as peer:
            peer.ok("USER alice@example.org")
            if not peer.command(f"PASS {self.server.password}").startswith(b"+OK"):
                return False
            peer.ok("DELE 2")
            peer.ok("QUIT")
            return True

    def test_unique_ids_are_stable(self):
        with self.pop3() as peer:
            first = peer.multi("UIDL").split()
            self.assertEqual(peer.ok("UIDL 2").split()[2], first[3])
            peer.ok("DELE 1")
            peer.ok("QUIT")
        self.assertEqual(len(set(first[1::2])), 3)
        with self.pop3() as peer:
            self.assertEqual(peer.multi("UIDL").split()[1::2], first[3::2])
            peer.ok("QUIT")
        self.server.stop()
        self.server.demo()
        with self.pop3() as peer:
            self.assertEqual(peer.multi("UIDL").split()[1::2], first[3::2])
            peer.ok("QUIT")

    def test_retrieved_is_seen_by_imap(self):
        with self.pop3() as peer:
            peer.multi("RETR 2")
            peer.multi("TOP 1 5")
            peer.ok("QUIT")
        with self.imap("alice", "INBOX") as peer:
            self.assertEqual(peer.ok("SEARCH SEEN")[0], b"* SEARCH 2")

    def test_retrieved_is_seen_without_quit_too(self):
        with self.pop3() as peer:
            peer.multi("RETR 3")
        with self.imap("alice", "INBOX") as peer:
            self.eventually(lambda: peer.ok("SEARCH SEEN")[0] == b"* SEARCH 3")

    def test_one_session_holds_the_lock(self):
        with self.pop3() as peer, clients.Pop3(self.port("pop3")) as second:
            second.ok("USER alice@example.org")
            self.assertIn(b"[IN-USE]", second.err(f"PASS {self.server.password}"))
            peer.ok("QUIT")
            self.eventually(lambda: second.command("USER alice@example.org")
                            and second.command(f"PASS {self.server.password}").startswith(b"+OK"))

    def test_imap_expunges_under_an_open_session(self):
        with self.pop3() as peer:
            self.empty("alice")
            peer.err("RETR 1")
            peer.ok("NOOP")
            peer.ok("DELE 1")
            peer.ok("QUIT")

    def test_new_mail_waits_for_the_next_session(self):
        with self.pop3() as peer:
            with self.smtp() as sender:
                sender.mail("you@example.net", "alice@example.org", sample("later"))
            self.wait_for("alice", 4)
            self.assertTrue(peer.ok("STAT").startswith(b"+OK 3 "))

    def test_a_folder_by_its_name(self):
        with self.imap("alice") as peer:
            peer.ok("CREATE lists")
            peer.append("lists", sample("in a folder"))
        with clients.Pop3(self.port("pop3")) as peer:
            peer.ok("USER alice+lists@example.org")
            peer.ok(f"PASS {self.server.password}")
            self.assertEqual(peer.multi("RETR 1"), sample("in a folder"))
            peer.ok("QUIT")
        with clients.Pop3(self.port("pop3")) as peer:
            peer.ok("USER alice+no-such@example.org")
            peer.err(f"PASS {self.server.password}")
        with self.imap("alice") as peer:
            peer.ok("DELETE lists")

    def test_pipelining(self):  # RFC 2449 section 6.6
        with self.pop3() as peer:
            peer.send(b"STAT\r\nRETR 1\r\nDELE 1\r\nRSET\r\nQUIT\r\n")
            self.assertTrue(peer.line().startswith(b"+OK 3"))
            self.assertTrue(peer.line().startswith(b"+OK"))
            self.assertEqual(peer.listing(), self.stored[0])
            for _ in range(3):
                self.assertTrue(peer.line().startswith(b"+OK"))
            self.assertEqual(peer.rest(), b"")


class Login(harness.ServerCase):
    def test_capabilities(self):
        with self.pop3(None) as peer:
            words = [line.split()[0] for line in peer.multi("CAPA").splitlines()]
            for word in (b"TOP", b"UIDL", b"PIPELINING", b"USER", b"SASL", b"STLS", b"RESP-CODES", b"EXPIRE"):
                self.assertIn(word, words)
            for early in ("STAT", "RETR 1", "DELE 1", "PASS x"):
                peer.err(early)
            peer.starttls()
            self.assertNotIn(b"STLS", peer.multi("CAPA"))
            peer.ok("USER alice@example.org")
            peer.ok(f"PASS {self.server.password}")
            peer.err("STLS")

    def test_sasl(self):  # RFC 5034
        secret = base64.b64encode(f"\0bob@example.org\0{self.server.password}".encode()).decode()
        with self.pop3(None) as peer:
            peer.ok(f"AUTH PLAIN {secret}")
            peer.ok("QUIT")
        with self.pop3(None) as peer:
            self.assertTrue(peer.command("AUTH PLAIN").startswith(b"+ "))
            peer.err("*")
            self.assertTrue(peer.command("AUTH PLAIN").startswith(b"+ "))
            peer.ok(secret)
        with self.pop3(None) as peer:
            self.assertIn(b"CRAM-MD5", peer.multi("AUTH"))
            peer.err("AUTH NOSUCH")
            peer.err("AUTH PLAIN ***")

    def test_apop(self):  # RFC 1939 section 7
        def digest(peer, password):
            stamp = re.search(rb"<[^>]+@[^>]+>", peer.greeting).group()
            return hashlib.md5(stamp + password.encode()).hexdigest()
        with self.pop3(None) as peer, self.pop3(None) as other:
            self.assertNotEqual(digest(peer, "x"), digest(other, "x"))  # the time stamp is never the same
            self.assertIn(b"[AUTH]", peer.err(f"APOP bob@example.org {digest(peer, 'wrong')}"))
            peer.err(f"APOP bob@example.org {digest(other, self.server.password)}")
            peer.err("APOP bob@example.org")
            peer.ok(f"APOP bob@example.org {digest(peer, self.server.password)}")
            self.assertTrue(peer.ok("STAT").startswith(b"+OK"))
            peer.ok("QUIT")

    def test_wrong_passwords_end_the_session_and_say_auth(self):  # RFC 3206
        with self.pop3(None) as peer:
            for turn in range(6):
                try:
                    peer.ok("USER carol@example.org")
                    self.assertIn(b"[AUTH]", peer.err("PASS wrong"))
                except clients.Closed:
                    return
            self.fail("guessing goes on")

    def test_commands_behind_stls_are_not_believed(self):
        with self.pop3(None) as peer:
            peer.send(b"STLS\r\nCAPA\r\n")
            self.assertTrue(peer.line().startswith(b"+OK"))
            try:
                peer.start_tls()
            except (clients.Closed, OSError):
                return
            self.assertTrue(peer.quiet())
            peer.ok("CAPA")

    def test_user_before_stls_is_forgotten(self):
        with self.pop3(None) as peer:
            peer.ok("USER alice@example.org")
            peer.starttls()
            peer.err(f"PASS {self.server.password}")


class PasswordOverTlsOnly(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        return harness.config(ports, pop3="pop3ExclusiveLock = no\ngreetingsText = \"%D says hello\"").replace(
            "plainConnAllowLogin = yes", "plainConnAllowLogin = no\nplainConnAuthTypes = (cram-md5)")

    def test_no_password_without_tls(self):
        with self.pop3(None) as peer:
            self.assertIn(b"says hello", peer.greeting)
            lines = peer.multi("CAPA")
            self.assertNotIn(b"USER", lines)
            self.assertIn(b"SASL CRAM-MD5\r\n", lines)
            peer.err("USER alice@example.org")
            peer.starttls()
            peer.ok("USER alice@example.org")
            peer.ok(f"PASS {self.server.password}")
        with self.imap(None) as peer:
            self.assertIn(b"LOGINDISABLED", peer.ok("CAPABILITY")[0])
            peer.no(f"LOGIN alice@example.org {clients.quoted(self.server.password)}", b"")
            peer.starttls()
            peer.login("alice@example.org", self.server.password)

    def test_without_the_lock_several_may_read(self):
        with self.pop3("bob", "pop3s") as one, self.pop3("bob", "pop3s") as other:
            one.ok("STAT")
            other.ok("STAT")


if __name__ == "__main__":
    unittest.main()
