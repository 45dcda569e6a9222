"""The main way of a message: in by SMTP, out by IMAP and POP3, still there after a kill."""

import signal
import unittest

import clients
import harness

MESSAGE = b"From: you@example.net\r\nTo: alice@example.org\r\nSubject: first\r\n\r\nHello\r\n.dot\r\n"


class Smoke(harness.ServerCase):
    users = 2

    def test_mail_arrives_and_is_read(self):
        with self.smtp() as peer:
            peer.mail("you@example.net", "alice@example.org", MESSAGE)
        stored = self.wait_for_one("alice", "Subject: first")
        self.assertTrue(stored.endswith(MESSAGE), stored)
        self.assertIn(b"Return-Path: <you@example.net>\r\n", stored)
        with self.pop3() as peer:
            number = peer.multi("LIST").split()[0].decode()
            self.assertEqual(peer.multi(f"RETR {number}"), stored)

    def test_an_account_may_send_after_login(self):
        with self.submission("bob") as peer:
            peer.mail("bob@example.org", ["carol@example.org", "user1@example.org"],
                      b"From: bob@example.org\r\nSubject: to two\r\n\r\nx\r\n")
        for user in ("carol", "user1"):
            self.wait_for_one(user, "Subject: to two")

    def test_every_service_speaks_tls(self):
        with clients.Imap(self.port("imaps"), tls=True) as imap, clients.Pop3(self.port("pop3s"), tls=True) as pop3, \
                clients.Smtp(self.port("submissions"), tls=True) as smtp:
            self.assertIn(b"OK", imap.greeting)
            self.assertIn(b"+OK", pop3.greeting)
            self.assertIn("AUTH", smtp.extensions)


class Restart(harness.Case):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.remove)

    def test_mail_survives_a_kill_and_the_password_stays(self):
        self.server.demo()
        password = self.server.password
        with self.smtp() as peer:
            peer.mail("you@example.net", "alice@example.org", MESSAGE)
        self.server.kill()
        self.server.demo()
        self.assertEqual(self.server.password, password)
        self.wait_for_one("alice", "Subject: first")
        self.server.stop()

    def test_a_stop_says_goodbye(self):
        self.server.demo()
        with self.imap() as peer:
            self.server.process.send_signal(signal.SIGTERM)
            self.assertIn(b"* BYE", peer.rest())
        self.server.process.wait(harness.STOP_SECONDS)
        self.assertEqual(self.server.process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
