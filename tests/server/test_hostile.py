"""What the network sends by mistake or malice: the server stays up, answers others and bounds what it costs."""

import os
import random
import re
import socket
import threading
import time
import unittest

import clients
import harness
from corpus import sample

PLAIN = ["smtp", "submission", "lmtp", "imap", "pop3"]
TLS = ["submissions", "imaps", "pop3s"]


class HostileCase(harness.ServerCase):
    """Each test ends with the same process still serving."""

    def setUp(self):
        self.pid = self.server.pid

    def tearDown(self):
        self.assertTrue(self.server.alive(), "the server has died")
        self.assertEqual(self.server.pid, self.pid)
        self.serves_others()

    def serves_others(self):
        began = time.monotonic()
        with self.smtp() as peer:
            peer.command("NOOP", 250)
        with self.imap(None) as peer:
            peer.ok("NOOP")
        with self.pop3(None) as peer:
            peer.ok("CAPA")
        self.assertLess(time.monotonic() - began, harness.PATIENCE)

    def raw(self, service, timeout=60):
        peer = socket.create_connection(("127.0.0.1", self.port(service)), timeout)
        peer.settimeout(timeout * harness.SLOW)
        return peer

    def talk(self, service, octets, seconds=60):
        """Sends everything, says no more, and reads until the server closes."""
        with self.raw(service, seconds) as peer:
            said = b""
            try:
                peer.sendall(octets)
                peer.shutdown(socket.SHUT_WR)
                while True:
                    got = peer.recv(65536)
                    if not got:
                        break
                    said += got
            except OSError as error:
                self.assertNotIsInstance(error, TimeoutError, f"{service} does not close")
            return said


class Garbage(HostileCase):
    def test_random_octets_on_every_port(self):
        for service in PLAIN + TLS:
            for seed in range(12):
                chance = random.Random(f"{service} {seed}")
                octets = chance.randbytes(chance.randrange(1, 30_000))
                if seed % 3 == 1:
                    octets = octets.replace(b"\n", b"\r\n")
                elif seed % 3 == 2:
                    octets = bytes(chance.choice(b"ab {}()\"\\*%\r\n\0+=<>@:.~") for _ in range(20_000))
                self.talk(service, octets)

    def test_words_of_the_protocol_in_any_order(self):
        words = {
            "smtp": [b"EHLO x", b"MAIL FROM:<a@b>", b"RCPT TO:<alice@example.org>", b"DATA", b".", b"RSET", b"BDAT 5", b"BDAT 0 LAST",
                     b"AUTH PLAIN", b"*", b"NOOP", b"VRFY", b"\0", b"\xff\xfe", b"HELO", b"AUTH LOGIN =", b"MAIL FROM:<> SIZE=", b""],
            "imap": [b"a CAPABILITY", b"b NOOP", b"c LOGIN a {3+}", b"d AUTHENTICATE PLAIN", b"*", b"e SELECT INBOX", b"f FETCH 1:* ALL",
                     b"g ID NIL", b"(((((", b"\0", b"\xff", b"h IDLE", b"DONE", b"i LIST \"\" *", b"j ENABLE", b"{5+}", b"k LOGOUT x", b""],
            "pop3": [b"USER alice", b"PASS x", b"APOP a b", b"AUTH", b"AUTH PLAIN", b"*", b"CAPA", b"STAT", b"RETR 1", b"TOP 1 1", b"\0", b""],
        }
        words["lmtp"] = words["smtp"] + [b"LHLO x"]
        for service, list_of_words in words.items():
            for seed in range(10):
                chance = random.Random(f"{service} words {seed}")
                self.talk(service, b"".join(chance.choice(list_of_words) + b"\r\n" for _ in range(200)))

    def test_nul_in_commands(self):
        for service in PLAIN:
            said = self.talk(service, b"NOOP\0\r\n\0\0\0\r\na NO\0OP\r\n")
            self.assertTrue(said)

    def test_another_protocol(self):
        for service in PLAIN + TLS:
            self.talk(service, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.talk(service, bytes.fromhex("16030100fa010000f60303") + b"\0" * 200)  # a TLS hello where none belongs


class Lines(HostileCase):
    def test_endless_lines(self):
        for service in PLAIN:
            with self.raw(service) as peer, self.subTest(service):
                sent, end = 0, time.monotonic() + 30
                try:
                    while sent < 20_000_000 and time.monotonic() < end:
                        peer.sendall(b"x" * 100_000)
                        sent += 100_000
                    peer.sendall(b"\r\nQUIT\r\nz LOGOUT\r\n")
                    while peer.recv(65536):
                        pass
                except (ConnectionError, BrokenPipeError):
                    pass

    def test_the_error_budget_closes_the_session(self):
        for service in PLAIN:
            said = self.talk(service, b"x FOO\r\n" * 2000)
            self.assertLess(len(said.splitlines()), 200, service)

    def test_a_client_that_never_reads(self):
        peers = []
        for service in PLAIN:
            peer = self.raw(service)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.setblocking(False)
            command = {"imap": b"a CAPABILITY\r\n", "pop3": b"CAPA\r\n"}.get(service, b"EHLO x\r\nLHLO x\r\n") * 1000
            sent = 0
            for _ in range(200):
                try:
                    sent += peer.send(command)
                except (BlockingIOError, ConnectionError):
                    time.sleep(0.005)
            peers.append(peer)
        self.serves_others()
        for peer in peers:
            peer.close()


class Literals(HostileCase):
    SIZES = [2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64, 99999999999999999999, 10**30]

    def test_huge_literals_before_login(self):
        for size in self.SIZES:
            for plus in ("", "+"):
                for command in ("a LOGIN", "a LOGIN alice", "a AUTHENTICATE", "a ID", "a"):
                    said = self.talk("imap", f"{command} {{{size}{plus}}}\r\nxxxx\r\n".encode())
                    self.assertNotIn(b"\r\n+ ", said, f"{command} {size}{plus}")

    def test_huge_literals_after_login(self):
        for size in self.SIZES:
            for plus in ("", "+"):
                for command in ("APPEND INBOX", "SELECT", "SEARCH SUBJECT", "APPEND INBOX (\\Seen)", "LIST"):
                    with self.imap("alice") as peer:
                        peer.send(f"h {command} {{{size}{plus}}}\r\n".encode())
                        self.assertRegex(peer.response()[0], rb"^(h (NO|BAD)|\* BYE)", f"{command} {size}{plus}")

    def test_bad_literals(self):
        for text in ("{}", "{-1}", "{+}", "{1x}", "{ 1}", "{1", "{01+}", "{00000000000000000000000001}", "{1++}", "~{1", "{4294967297+}"):
            said = self.talk("imap", f"a LOGIN {text}\r\nx\r\nb NOOP\r\n".encode())
            self.assertTrue(said)

    def test_many_small_literals(self):
        said = self.talk("imap", b"a LOGIN " + b"{1+}\r\nx " * 20_000 + b"\r\n")
        self.assertRegex(said, rb"a BAD|BYE")

    def test_chunks_of_any_size(self):
        for size in self.SIZES + ["-1", "1x", "", "+5", " 5", "0x10"]:
            with self.smtp() as peer:
                peer.envelope("you@example.net", "bob@example.org")
                peer.send(f"BDAT {size} LAST\r\n".encode())
                try:
                    peer.send(b"x" * 1000)
                    peer.socket.shutdown(socket.SHUT_WR)
                except (OSError, clients.Closed):
                    pass  # it has closed already
                said = peer.rest()
                self.assertNotIn(b"250 2.0.0 Mail", said)
        self.assertEqual(self.inbox("bob"), [])


class Nesting(HostileCase):
    def deliver(self, message):
        with self.smtp() as peer:
            peer.envelope("you@example.net", "carol@example.org")
            code = peer.data(message).code
        return code

    def fetch(self):
        with self.imap("carol", "INBOX") as peer:
            untagged, tagged = peer.command("FETCH * (ENVELOPE BODYSTRUCTURE BODY RFC822.SIZE BODY.PEEK[1.1.1.1.1] BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            self.assertTrue(tagged.startswith(b"OK"), tagged)
            peer.ok('SEARCH TEXT "needle" BODY "needle" HEADER SUBJECT needle')
            return untagged

    def test_deep_multiparts(self):
        for depth in (50, 1000, 10_000):
            head = b"Subject: deep\r\nMIME-Version: 1.0\r\n"
            for level in range(depth):
                head += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
            self.assertEqual(self.deliver(head + b"Content-Type: text/plain\r\n\r\nneedle\r\n"), 250)
            self.fetch()

    def test_deep_messages(self):
        message = b"Subject: m\r\nContent-Type: message/rfc822\r\n\r\n" * 5000 + b"Subject: inner\r\n\r\nneedle\r\n"
        self.assertEqual(self.deliver(message), 250)
        self.fetch()

    def test_deep_comments_and_groups(self):
        for value in (b"(" * 50_000 + b")" * 50_000, b"(" * 100_000, b"a:" * 20_000 + b";" * 20_000, b'"' * 99_999, b"<" * 50_000,
                      b"\\" * 50_001, b"=?utf-8?q?" * 10_000, b"=?utf-8?b?" + b"A" * 50_000 + b"?=", b"a@b, " * 20_000, b"[" * 10_000):
            self.assertEqual(self.deliver(b"From: " + value + b"\r\nTo: " + value + b"\r\nSubject: " + value + b"\r\nContent-Type: " + value
                                          + b"\r\nDate: " + value + b"\r\nMessage-ID: " + value + b"\r\n\r\nneedle\r\n"), 250)
            self.fetch()

    def test_very_many_headers_and_parts(self):
        self.assertEqual(self.deliver(b"".join(b"X-%d: y\r\n" % n for n in range(50_000)) + b"\r\nneedle\r\n"), 250)
        self.fetch()
        parts = b"".join(b"--b\r\n\r\nx\r\n" for _ in range(50_000)) + b"--b--\r\n"
        self.assertEqual(self.deliver(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts), 250)
        self.fetch()
        parameters = b"".join(b"; p*%d=v" % n for n in range(20_000))
        self.assertEqual(self.deliver(b"Content-Type: text/plain" + parameters + b"\r\n\r\nneedle\r\n"), 250)
        self.fetch()
        self.assertEqual(self.deliver(b"no header at all"), 250)
        self.assertEqual(self.deliver(b"\0" * 1000), 250)
        self.fetch()

    def test_deep_imap_commands(self):
        for command in ("SEARCH " + "(" * 20_000 + "ALL" + ")" * 20_000, "SEARCH " + "NOT " * 10_000 + "ALL", "SEARCH " + "OR ALL " * 10_000 + "ALL",
                        "FETCH 1 " + "(" * 20_000, "FETCH 1 BODY[" + "1." * 10_000 + "1]", "FETCH " + "1," * 10_000 + "1 FLAGS",
                        'LIST "" ' + "%*" * 5_000, "STORE 1 FLAGS (" + " ".join(f"k{n}" for n in range(5000)) + ")",
                        "FETCH 1:4294967295 UID", "UID FETCH 4294967295:1 UID", "FETCH 4294967296 UID", "FETCH 0 UID", "UID SEARCH UID 1:*",
                        "CREATE " + "/".join("x" * 500), 'CREATE "' + "x" * 5000 + '"', "STATUS INBOX (" + "UIDNEXT " * 5000 + "UIDNEXT)"):
            with self.subTest(command[:40]), self.imap("carol", "INBOX") as peer:
                peer.send(f"d {command}\r\n".encode())
                try:
                    peer.finish(b"d")
                except clients.Closed:
                    pass


class Cuts(HostileCase):
    """The connection ends at every possible place: no half message, no lost session."""

    SCRIPTS = {
        "smtp": [b"EHLO x\r\n", b"MAIL FROM:<you@example.net>\r\n", b"RCPT TO:<bob@example.org>\r\n", b"DATA\r\n",
                 b"Subject: half\r\n\r\nx\r\n.", b"\r", b"\nQUIT\r\n"],
        "lmtp": [b"LHLO x\r\n", b"MAIL FROM:<you@example.net>\r\n", b"RCPT TO:<bob@example.org>\r\n", b"BDAT 20 LAST\r\n", b"Subject: half\r\n"],
        "submission": [b"EHLO x\r\n", b"AUTH PLAIN\r\n", b"AGJv"],
        "pop3": [b"USER bob@example.org\r\n", b"PASS x", b"\r\n", b"CAPA\r\nSTLS\r\n"],
        "imap": [b"a CAPABILITY\r\n", b"b LOGIN {3}\r\n", b"bob ", b"x\r\n", b"c AUTHENTICATE PLAIN\r\n", b"AGJ", b"\r\nd STARTTLS\r\n"],
    }

    def test_closed_or_reset_at_every_step(self):
        for service, steps in self.SCRIPTS.items():
            for count in range(len(steps)):
                for reset in (False, True):
                    with self.raw(service) as peer:
                        for step in steps[:count]:
                            peer.sendall(step)
                            time.sleep(0.002)
                        if reset:
                            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        # The SMTP script got as far as "." CR, the LMTP script to a chunk that lacks octets.
        self.assertEqual(self.inbox("bob"), [])

    def test_closed_after_login(self):
        message = sample("never whole", size=100_000)
        for reset in (False, True):
            for cut in (0, 10, 50_000, len(message) - 1):
                with self.imap("carol", "INBOX") as peer:
                    peer.send(f"a APPEND INBOX {{{len(message)}+}}\r\n".encode() + message[:cut])
                    if reset:
                        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            with self.imap("carol", "INBOX") as peer:
                peer.idle()
            with self.submission("carol") as peer:
                peer.envelope("carol@example.org", "alice@example.org")
                peer.command("DATA", 354)
                peer.send(message[:1000])
        self.assertEqual(self.inbox("carol"), [])
        self.assertEqual(self.inbox("alice"), [])

    def test_a_cut_tls_handshake(self):
        for service in TLS:
            for octets in (b"", b"\x16", b"\x16\x03\x01\x02\x00", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100):
                with self.raw(service) as peer:
                    peer.sendall(octets)

    def test_readers_that_leave_in_the_middle(self):
        with self.smtp() as peer:
            peer.mail("you@example.net", "carol+Drafts@example.org", sample("large", size=3_000_000))
        for _ in range(20):
            with self.imap("carol", "Drafts") as peer:
                peer.start("FETCH 1 BODY.PEEK[]")
                peer.line()
                peer.exactly(1000)
        for _ in range(5):
            with clients.Pop3(self.port("pop3")) as peer:
                peer.ok("USER carol+Drafts@example.org")
                peer.command(f"PASS {self.server.password}")
                peer.send(b"RETR 1\r\n")
                peer.line()


class Slow(HostileCase):
    def test_one_octet_a_second(self):
        script = {"imap": b"a LOGIN alice@example.org x\r\n", "pop3": b"USER alice@example.org\r\n"}
        peers = []
        for service in PLAIN + TLS:
            for _ in range(20):
                peers.append((self.raw(service), script.get(service, b"EHLO client.example.net\r\n")))
        for turn in range(5):
            began = time.monotonic()
            for peer, octets in peers:
                peer.send(octets[turn:turn + 1])
            self.serves_others()
            with self.smtp() as peer:
                peer.mail("you@example.net", "alice@example.org", sample(f"meanwhile {turn}"))
            time.sleep(max(0, 1 - (time.monotonic() - began)))
        for peer, _ in peers:
            peer.close()
        self.wait_for("alice", 5)


if __name__ == "__main__":
    unittest.main()
