"""SMTP and LMTP as the RFCs tell it, and as attackers try it."""

import base64
import re
import time
import unittest

import clients
import corpus
import harness
from corpus import sample, without_trace


class Dialogue(harness.ServerCase):
    """RFC 5321."""

    def test_a_typical_transaction(self):  # appendix D.1
        with self.smtp(hello=None, name="bar.com") as peer:
            self.assertEqual(peer.greeting.code, 220)
            self.assertTrue(peer.greeting.text.startswith("mail.example.org "))
            peer.hello_word = "EHLO"
            peer.hello()
            peer.command("MAIL FROM:<Smith@bar.com>", 250)
            peer.command("RCPT TO:<alice@example.org>", 250)
            peer.command("RCPT TO:<Green@example.org>", 550)
            peer.command("RCPT TO:<bob@example.org>", 250)
            peer.command("DATA", 354)
            peer.send(b"Subject: appendix D.1\r\n\r\nBlah blah blah...\r\n...etc. etc. etc.\r\n.\r\n")
            self.assertEqual(peer.reply().code, 250)
            peer.command("QUIT", 221)
            self.assertEqual(peer.rest(), b"")
        for user in ("alice", "bob"):
            self.assertIn(b"\r\n..etc. etc. etc.\r\n", self.wait_for_one(user, "appendix D.1"))

    def test_an_aborted_transaction(self):  # appendix D.2
        with self.smtp() as peer:
            peer.envelope("Smith@bar.com", "alice@example.org")
            peer.command("RSET", 250)
            peer.command("DATA", 503)
            peer.command("QUIT", 221)

    def test_commands_out_of_order(self):
        with self.smtp(hello=None) as peer:
            peer.command("MAIL FROM:<a@example.net>", 503)
            peer.command("NOOP", 250)
            peer.command("EHLO x.example.net", 250)
            peer.command("RCPT TO:<alice@example.org>", 503)
            peer.command("DATA", 503)
            peer.command("MAIL FROM:<a@example.net>", 250)
            peer.command("MAIL FROM:<a@example.net>", 503)
            peer.command("DATA", 503)
            peer.command("RCPT TO:<alice@example.org>", 250)
            peer.command("EHLO x.example.net", 250)  # section 4.1.4: like RSET
            peer.command("RCPT TO:<alice@example.org>", 503)

    def test_syntax_errors(self):
        for command, code in (("MAIL FROM: <a@example.net>", 250), ("MAIL FROM:a@example.net", (250, 501)), ("MAIL", 501),
                              ("MAIL FROM:<a@>", 501), ("MAIL FROM:<a b@example.net>", 501), ("MAIL FROM:<a@example.net> X=1", 555),
                              ("MAIL FROM:<a@example.net> SIZE=x", 501), ("MAIL FROM:<a@example.net> BODY=9BIT", 501),
                              ("FOO", 500), ("EHLO", 501), ("HELO", 501), ("DATA now", 503), ("VRFY", 501), ("VRFY alice", 252),
                              ("EXPN list", 502), ("HELP", 214), ("NOOP whatever", 250), ("LHLO x.example", 500),
                              ("BDAT", 503), ("AUTH", 504), ("RSET", 250)):
            with self.subTest(command), self.smtp() as peer:
                self.assertIn(peer.command(command).code, code if isinstance(code, tuple) else (code,))

    def test_words_in_any_case_and_quoted_local_parts(self):
        with self.smtp() as peer:
            peer.command("mail from:<You@Example.NET>", 250)
            peer.command('rcpt to:<"alice"@EXAMPLE.org>', 250)
            peer.command("rcpt TO:<ALICE@example.ORG>", 250)
            self.assertEqual(peer.data(sample("any case")).code, 250)
        stored = self.wait_for_one("alice", "Subject: any case\r\n")  # one copy although named twice
        self.assertIn(b"Return-Path: <You@example.net>\r\n", re.sub(rb"(?i)example\.net", b"example.net", stored))

    def test_postmaster_has_no_domain_and_any_case(self):
        for name in ("postmaster", "Postmaster", "POSTMASTER@example.org"):
            with self.smtp() as peer:
                peer.mail("you@example.net", name, sample("to the postmaster"))

    def test_null_sender(self):
        with self.smtp() as peer:
            peer.mail("", "alice@example.org", sample("from nobody"))
        self.assertIn(b"Return-Path: <>\r\n", self.wait_for_one("alice", "Subject: from nobody\r\n"))

    def test_helo_has_no_extensions(self):
        with self.smtp(hello=None) as peer:
            reply = peer.command("HELO old.example.net", 250)
            self.assertEqual(len(reply.lines), 1)
            peer.mail("you@example.net", "alice@example.org", sample("by HELO"))
        self.assertIn(b" with SMTP ", self.wait_for_one("alice", "Subject: by HELO\r\n").replace(b"\r\n\t", b" "))

    def test_trace_headers(self):
        with self.smtp(name="mx.example.net") as peer:
            peer.starttls()
            peer.mail("you@example.net", "alice@example.org", sample("traced"))
        stored = self.wait_for_one("alice", "Subject: traced\r\n")
        self.assertEqual(without_trace(stored), sample("traced"))
        received = re.sub(rb"\r\n[ \t]+", b" ", stored.split(b"Received: ", 1)[1].split(b"\r\nFrom:")[0])
        self.assertRegex(received, rb"^from mx\.example\.net \(.*127\.0\.0\.1.*\) by mail\.example\.org .*with ESMTPS id \S+"
                                   rb".* for <alice@example\.org>.*; \w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")

    def test_several_recipients_are_not_told_about_each_other(self):
        with self.smtp() as peer:
            peer.mail("you@example.net", ["alice@example.org", "bob@example.org"], sample("blind"))
        self.assertNotIn(b"bob@", self.wait_for_one("alice", "Subject: blind\r\n"))

    def test_subaddress_goes_to_the_folder(self):
        with self.smtp() as peer:
            peer.mail("you@example.net", "alice+Drafts@example.org", sample("into drafts"))
            peer.mail("you@example.net", "alice+no-such-folder@example.org", sample("into nowhere"))
        self.wait_for_one("alice", "Subject: into drafts\r\n", folder="Drafts")
        self.wait_for_one("alice", "Subject: into nowhere\r\n")

    def test_line_limits(self):
        with self.smtp() as peer:
            peer.command("NOOP " + "x" * 500, 250)
            peer.command("NOOP " + "x" * 20_000, 500)
            peer.command("NOOP", 250)
            long = b"Subject: long line\r\n\r\n" + b"x" * 100_000 + b"\r\n"
            peer.mail("you@example.net", "alice@example.org", long)
        self.assertEqual(without_trace(self.wait_for_one("alice", "Subject: long line\r\n")), long)

    def test_a_hundred_recipients(self):  # section 4.5.3.1.8
        with self.smtp() as peer:
            peer.mail("you@example.net", [f"alice+x{n}@example.org" for n in range(100)], sample("many"))

    def test_missing_headers_are_added_for_submissions_only(self):
        bare = b"Subject: bare\r\n\r\nx\r\n"
        with self.smtp() as peer:
            peer.mail("you@example.net", "alice@example.org", bare)
        self.assertEqual(without_trace(self.wait_for_one("alice", "Subject: bare\r\n")), bare)
        with self.submission("bob") as peer:
            peer.mail("bob@example.org", "carol@example.org", bare)
        stored = self.wait_for_one("carol", "Subject: bare\r\n")
        header = stored.split(b"\r\n\r\n")[0]
        for field in (b"Date: ", b"Message-ID: <", b"From: "):
            self.assertEqual(header.count(b"\r\n" + field), 1, field)
        with self.submission("bob") as peer:
            peer.mail("bob@example.org", "carol@example.org", sample("complete", sender="bob@example.org"))
        self.assertEqual(without_trace(self.wait_for_one("carol", "Subject: complete\r\n")),
                         sample("complete", sender="bob@example.org"))

    def test_a_message_that_loops_is_refused(self):
        hop = "Received: from a.example by b.example; Fri, 20 Nov 2026 10:00:00 +0000\r\n"
        with self.smtp() as peer:
            peer.mail("you@example.net", "alice@example.org", hop.encode() * 30 + sample("thirty hops"))
            peer.envelope("you@example.net", "alice@example.org")
            reply = peer.data(hop.encode() * 31 + sample("too many hops"))
            self.assertEqual(reply.code, 554)
            self.assertIn("5.4.6", reply.text)
        self.assertFalse(any(b"too many hops" in m for m in self.inbox()))


class Extensions(harness.ServerCase):
    def test_what_is_offered(self):
        with self.smtp() as peer:
            self.assertLessEqual({"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "ENHANCEDSTATUSCODES",
                                  "DSN", "STARTTLS", "AUTH"}, set(peer.extensions))
            self.assertGreater(int(peer.extensions["SIZE"]), 1_000_000)
            peer.starttls()
            self.assertNotIn("STARTTLS", peer.extensions)
            peer.login("alice@example.org", self.server.password)
            peer.hello()
            self.assertNotIn("AUTH", peer.extensions)

    def test_pipelining_answers_in_order(self):  # RFC 2920 section 3.1
        with self.smtp() as peer:
            peer.send(b"MAIL FROM:<you@example.net>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<nobody-here@example.org>\r\n"
                      b"RCPT TO:<bob@example.org>\r\nDATA\r\n")
            self.assertEqual([peer.reply().code for _ in range(5)], [250, 250, 550, 250, 354])
            peer.send(sample("pipelined") + b".\r\nMAIL FROM:<you@example.net>\r\nRCPT TO:<nobody@example.org>\r\nDATA\r\nRSET\r\nQUIT\r\n")
            self.assertEqual([peer.reply().code for _ in range(6)], [250, 250, 550, 503, 250, 221])
        self.wait_for_one("bob", "Subject: pipelined\r\n")

    def test_pipelined_octet_by_octet(self):
        script = b"EHLO x.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nSubject: slow\r\n\r\n.\r\nQUIT\r\n"
        with self.smtp(hello=None) as peer:
            for octet in script:
                peer.send(bytes([octet]))
            self.assertEqual([peer.reply().code for _ in range(6)], [250, 250, 250, 354, 250, 221])

    def test_size(self):  # RFC 1870
        with self.smtp() as peer:
            limit = int(peer.extensions["SIZE"])
            peer.command(f"MAIL FROM:<a@example.net> SIZE={limit + 1}", 552)
            peer.command("MAIL FROM:<a@example.net> SIZE=99999999999999999999", 501)
            peer.command("MAIL FROM:<a@example.net> SIZE=1000", 250)

    def test_enhanced_status_codes(self):  # RFC 2034
        with self.smtp() as peer:
            for command in ("MAIL FROM:<a@example.net>", "RCPT TO:<x@example.org>", "RCPT TO:<x@example.net>", "DATA", "RSET", "FOO"):
                reply = peer.command(command)
                self.assertRegex(reply.text, rf"^{str(reply.code)[0]}\.\d+\.\d+ ", command)

    def test_binary_messages_are_kept_octet_by_octet(self):  # RFC 3030
        octets = (b"From: <you@example.net>\r\nSubject: binary\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                  b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) * 4 + b"\n.\n\r.\r\r\n.\r\n..\r\n\0end")
        with self.smtp() as peer:
            peer.envelope("you@example.net", "alice@example.org", " BODY=BINARYMIME")
            at = 0
            for size in (1, 7, 300, 0, 500):
                peer.bdat(octets[at:at + size], last=False, code=250)
                at += size
            peer.bdat(octets[at:], code=250)
        # Stored so that every reader can have it, and given back octet by octet to those who ask for BINARY.
        stored = without_trace(self.wait_for_one("alice", "Subject: binary\r\n"))
        head, body = octets.split(b"\r\n\r\n", 1)
        self.assertEqual(stored.split(b"\r\n\r\n", 1)[0], head[:-len(b"binary")] + b"base64")
        self.assertEqual(base64.b64decode(stored.split(b"\r\n\r\n", 1)[1]), body)
        with self.imap("alice", "INBOX") as peer:
            untagged, _ = peer.command("FETCH * (BINARY.PEEK[1] BODYSTRUCTURE)")
            text, literals = untagged[0]
            self.assertIn(b"BINARY[1] ~{", text)
            self.assertEqual(literals[0], body)
            self.assertIn(b'"base64"', text.lower())

    def test_nuls_that_do_not_belong_are_never_in_a_literal(self):  # RFC 9051 section 4.3
        with self.smtp() as peer:
            peer.mail("you@example.net", "carol@example.org", b"Subject: nul\r\n\r\na\0b\r\n")
        stored = self.wait_for_one("carol", "Subject: nul\r\n")
        self.assertTrue(stored.endswith(b"a\x80b\r\n"))

    def test_binary_is_appended(self):  # RFC 3516 section 4.4
        head = b"Subject: appended\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: "
        with self.imap("bob", "INBOX") as peer:
            self.assertTrue(peer.append("INBOX", head + b"binary\r\n\r\n\0\1\2").startswith(b"OK"))
            self.assertIn(b"[UNKNOWN-CTE]", peer.append("INBOX", head + b"7bit\r\n\r\n\0\1\2"))
            untagged, _ = peer.command("FETCH * (BINARY.PEEK[1] BODY.PEEK[])")
            self.assertEqual(untagged[-1][1], [b"\0\1\2", head + b"base64\r\n\r\nAAEC\r\n"])

    def test_binary_needs_bdat_and_bdat_excludes_data(self):
        with self.smtp() as peer:
            peer.envelope("you@example.net", "alice@example.org", " BODY=BINARYMIME")
            peer.command("DATA", 503)
            peer.command("RSET", 250)
            peer.envelope("you@example.net", "alice@example.org")
            peer.bdat(b"Subject: x\r\n", last=False, code=250)
            peer.command("DATA", 503)
            peer.command("MAIL FROM:<a@example.net>", 503)
            peer.command("RCPT TO:<bob@example.org>", 503)
            peer.bdat(b"", code=250)

    def test_a_chunk_without_recipients_is_skipped_whole(self):
        with self.smtp() as peer:
            peer.command("MAIL FROM:<a@example.net>", 250)
            self.assertEqual(peer.bdat(b"RSET\r\nQUIT\r\n").code, 503)
            peer.command("NOOP", 250)

    def test_pipelined_chunks(self):
        with self.smtp() as peer:
            peer.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<alice@example.org>\r\nBDAT 22\r\nSubject: in chunks\r\n\r\n"
                      b"BDAT 3\r\nx\r\nBDAT 0 LAST\r\nNOOP\r\n")
            self.assertEqual([peer.reply().code for _ in range(6)], [250] * 6)
        self.assertEqual(without_trace(self.wait_for_one("alice", "in chunks")), b"Subject: in chunks\r\n\r\nx\r\n")

    def test_internationalised_addresses(self):  # RFC 6531
        with self.smtp() as peer:
            peer.command("MAIL FROM:<δοκιμή@example.net>", 553)
            peer.mail("δοκιμή@παράδειγμα.example.net", "alice@example.org", "Subject: ελληνικά\r\n\r\nγεια\r\n", " SMTPUTF8 BODY=8BITMIME")
            peer.command("MAIL FROM:<δοκιμή@example.net> SMTPUTF8", 250)
            reply = peer.command("RCPT TO:<δεν-υπάρχει@example.org>", 550)
        stored = self.wait_for_one("alice", "ελληνικά").decode()
        self.assertIn("Return-Path: <δοκιμή@παράδειγμα.example.net>\r\n", stored)
        self.assertIn("with UTF8SMTP", stored.replace("\r\n\t", " "))

    def test_a_notice_of_delivery(self):  # RFC 3461
        with self.submission("bob") as peer:
            peer.command("MAIL FROM:<bob@example.org> RET=HDRS ENVID=QQ314+2B159", 250)
            peer.command("RCPT TO:<alice@example.org> NOTIFY=SUCCESS ORCPT=rfc822;Alice+2BX@example.com", 250)
            self.assertEqual(peer.data(sample("notify me", size=5000, sender="bob@example.org")).code, 250)
        self.wait_for_one("alice", "Subject: notify me\r\n")
        report = self.wait_for_one("bob", "multipart/report")
        for part in (b"Return-Path: <>", b"report-type=delivery-status", b"Original-Envelope-Id: QQ314+159",
                     b"Original-Recipient: rfc822;Alice+X@example.com", b"Final-Recipient: rfc822;alice@example.org",
                     b"Action: delivered", b"Status: 2."):
            self.assertIn(part.lower(), report.lower().replace(b"; ", b";") if b";" in part else report.lower(), part)
        self.assertIn(b"Subject: notify me", report)
        self.assertNotIn(b"0123456789" * 7, report)  # RET=HDRS

    def test_no_notice_when_not_asked_for_and_headers_only_of_success(self):
        with self.submission("carol") as peer:
            for notify in ("NEVER", "FAILURE,DELAY"):
                peer.command("MAIL FROM:<carol@example.org>", 250)
                peer.command(f"RCPT TO:<bob@example.org> NOTIFY={notify}", 250)
                self.assertEqual(peer.data(sample("quiet", sender="carol@example.org")).code, 250)
            peer.command("MAIL FROM:<carol@example.org> RET=FULL", 250)
            peer.command("RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE", 250)
            self.assertEqual(peer.data(sample("whole", size=5000, sender="carol@example.org")).code, 250)
        report = self.wait_for_one("carol", "multipart/report")
        self.assertIn(b"Subject: whole", report)
        self.assertNotIn(b"0123456789" * 7, report)  # RET=FULL is for failures (section 4.3)
        for parameters, code in (("NOTIFY=NEVER,SUCCESS", 501), ("NOTIFY=", 501), ("NOTIFY=X", 501), ("ORCPT=x", 501), ("ORCPT=rfc822;a+ZZ", 501)):
            with self.smtp() as peer:
                peer.command("MAIL FROM:<you@example.net>", 250)
                peer.command(f"RCPT TO:<alice@example.org> {parameters}", code)

    def test_lmtp_answers_per_recipient(self):  # RFC 2033
        with self.lmtp() as peer:
            peer.command("EHLO x.example", 500)
            peer.command("MAIL FROM:<you@example.net>", 250)
            for name, code in (("alice", 250), ("nobody", 550), ("bob", 250)):
                peer.command(f"RCPT TO:<{name}@example.org>", code)
            peer.command("RCPT TO:<you@example.net>", 550)
            self.assertEqual(peer.data(sample("by lmtp")).code, 250)
            second = peer.reply()
            self.assertEqual(second.code, 250)
            self.assertIn("<bob@example.org>", second.text)
            peer.command("MAIL FROM:<you@example.net>", 250)
            peer.command("RCPT TO:<nobody@example.org>", 550)
            peer.command("DATA", 503)
            peer.command("QUIT", 221)


class Security(harness.ServerCase):
    def test_starttls_forgets_what_was_said(self):  # RFC 3207 section 4.2
        with self.smtp() as peer:
            peer.command("MAIL FROM:<a@example.net>", 250)
            peer.command("STARTTLS", 503)
            peer.command("RSET", 250)
            peer.command("STARTTLS x", 501)
            peer.command("STARTTLS", 220)
            peer.start_tls()
            peer.command("MAIL FROM:<a@example.net>", 503)
            peer.hello()
            peer.command("STARTTLS", 503)
            peer.mail("a@example.net", "alice@example.org", sample("over tls"))

    def test_login_before_starttls_is_forgotten(self):
        with self.smtp("submission") as peer:
            peer.login("alice@example.org", self.server.password)
            peer.starttls()
            peer.command("MAIL FROM:<alice@example.org>", 530)

    def test_commands_behind_starttls_are_not_believed(self):  # CVE-2011-0411
        with self.smtp() as peer:
            peer.send(b"STARTTLS\r\nNOOP\r\nMAIL FROM:<evil@example.net>\r\n")
            self.assertEqual(peer.reply().code, 220)
            try:
                peer.start_tls()
            except (clients.Closed, OSError):
                return
            self.assertTrue(peer.quiet())
            peer.hello()
            peer.command("RCPT TO:<alice@example.org>", 503)

    def test_no_open_relay(self):
        tricks = ["victim@example.net", "victim%example.net@example.org", "@example.org:victim@example.net",
                  "@example.org,@mail.example.org:victim@example.net", '"victim@example.net"@example.org', '"victim@example.net"',
                  "victim@example.net@example.org", "example.net!victim", "example.net!victim@example.org",
                  "victim@[192.0.2.1]", "victim@[IPv6:2001:db8::1]", "victim@[127.0.0.1]", "victim@EXAMPLE.NET", "victim@example.net.",
                  '"victim%example.net"@example.org', "victim%example.net", "victim%example.net@[127.0.0.1]", "@@example.org:victim@example.net",
                  "<victim@example.net>", "victim@example.org@example.net", "victim@example.net%example.org", "victim\\@example.net@example.org",
                  "victim@sub.example.org", "victim@example.org.example.net", "/dev/null@example.org", "|cat@example.org",
                  "../alice@example.org", "victim@example.net\0@example.org", "postmaster@example.net", "victim@", "@example.net", "alice@example.org victim@example.net"]
        senders = ["evil@example.net", "", "alice@example.org", "postmaster@example.org", "evil@[127.0.0.1]", "alice@localhost"]
        for service, hello in (("smtp", "EHLO"), ("smtp", "HELO"), ("lmtp", "LHLO")):
            for trick in tricks:
                with self.subTest(trick, service=service), clients.Smtp(self.port(service), hello=hello) as peer:
                    for sender in senders:
                        if peer.command(f"MAIL FROM:<{sender}>").code != 250:
                            continue
                        reply = peer.command(f"RCPT TO:<{trick}>")
                        self.assertIn(reply.code // 100, (5,), f"{trick} from {sender!r}: {reply}")
                        if peer.command("RSET").code == 421:
                            break
                        if hello != "LHLO" and reply.code == 421:
                            break

    def test_a_user_may_not_pose_as_another(self):
        with self.submission("bob") as peer:
            peer.command("MAIL FROM:<alice@example.org>", 553)
            peer.command("MAIL FROM:<someone@example.net>", 553)
            for wrong in ("alice@example.org", "Bob <bob@example.org>, alice@example.org", "boss@example.net"):
                peer.envelope("bob@example.org", "carol@example.org")
                reply = peer.data(f"From: {wrong}\r\nSubject: posing\r\n\r\nx\r\n")
                self.assertEqual(reply.code, 550, wrong)
            peer.envelope("bob@example.org", "carol@example.org")
            reply = peer.data("From: bob@example.org\r\nfrom : alice@example.org\r\nSubject: posing\r\n\r\nx\r\n")
            self.assertEqual(reply.code, 550)
            peer.mail("bob+sub@example.org", "carol@example.org", "From: \"Bob, B.\" <Bob@Example.org>\r\nSubject: honest\r\n\r\nx\r\n")
        self.assertFalse(any(b"posing" in m for m in self.inbox("carol")))

    def test_submission_needs_login(self):
        with self.smtp("submission") as peer:
            peer.command("MAIL FROM:<alice@example.org>", 530)

    def test_what_goes_elsewhere_is_queued(self):
        with self.submission("bob") as peer:
            reply = peer.mail("bob@example.org", ["friend@example.net", "alice@example.org"],
                              sample("to far away", sender="bob@example.org"), " HOLDFOR=2")
        number = re.search(r"id (\w+)", reply.text).group(1)
        self.assertIn("friend@example.net", self.server.command("queue", "show", number))
        self.wait_for_one("alice", "Subject: to far away\r\n")
        self.server.command("queue", "delete", "--recipient", "friend@")

    def test_auth_dialogue(self):  # RFC 4954
        with self.smtp("submission") as peer:
            peer.command("AUTH NOSUCH", 504)
            peer.command("AUTH PLAIN ***", 501)
            peer.command("AUTH PLAIN", 334)
            peer.command("*", 501)
            self.assertEqual(base64.b64decode(peer.command("AUTH LOGIN", 334).text), b"Username:")
            peer.command(base64.b64encode(b"alice@example.org").decode(), 334)
            peer.command(base64.b64encode(self.server.password.encode()).decode(), 235)
            peer.command("AUTH PLAIN", 503)
            peer.command("MAIL FROM:<alice@example.org>", 250)
            peer.command("AUTH PLAIN", 503)

    def test_auth_with_another_identity_is_refused(self):
        with self.smtp("submission") as peer:
            secret = base64.b64encode(f"bob@example.org\0alice@example.org\0{self.server.password}".encode()).decode()
            self.assertEqual(peer.command(f"AUTH PLAIN {secret}").code, 535)


class Guessing(harness.ServerCase):
    def guess(self, peer, user="alice@example.org"):
        return peer.command("AUTH PLAIN " + base64.b64encode(f"\0{user}\0wrong".encode()).decode())

    def test_guessing_is_slowed_and_cut_off(self):
        with self.smtp("submission") as peer:
            codes = []
            for _ in range(10):
                try:
                    codes.append(self.guess(peer).code)
                    if codes[-1] == 421:
                        break
                except clients.Closed:
                    break
            self.assertLessEqual(len(codes), 6)
            self.assertEqual(codes[0], 535)
        began = time.monotonic()
        with self.smtp("submission") as peer:
            self.guess(peer)
        self.assertGreater(time.monotonic() - began, 0.2)  # each further wrong guess waits

    def test_unknown_users_look_like_wrong_passwords(self):
        with self.smtp("submission") as peer:
            self.assertEqual(self.guess(peer, "nobody@example.org").text.split("\n"), self.guess(peer, "bob@example.org").text.split("\n"))


class Smuggling(harness.ServerCase):
    """However an end of data is misspelt and cut into packets, one message stays one message."""

    ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\0", b"\0\r\n", b"\r\0\n", b"\n\n", b"\r\r"]

    def spellings(self):
        for before in self.ENDS:
            for after in self.ENDS:
                for dot in (b".", b"..", b".\0"):
                    whole = before + dot + after
                    # What contains CRLF.CRLF is an end of data indeed.
                    if b"\r\n.\r\n" in b"x" + whole + b"MAIL":
                        continue
                    yield whole

    def attack(self, peer, spelling, number, cut):
        peer.envelope("you@example.net", "alice@example.org")
        peer.command("DATA", 354)
        evil = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\n"
        octets = f"Subject: honest {number} end\r\n\r\ntext".encode() + spelling + evil
        if cut is None:
            peer.send(octets + b"x\r\n.\r\n")
        else:
            at = octets.index(spelling) + cut
            peer.send(octets[:at])
            time.sleep(0.002)
            peer.send(octets[at:] + b"x\r\n.\r\n")
        self.assertEqual(peer.reply().code, 250, (spelling, cut))

    def test_nothing_is_smuggled(self):
        number = 0
        with self.smtp() as peer:
            for spelling in self.spellings():
                for cut in (None, *range(1, len(spelling))):
                    self.attack(peer, spelling, number, cut)
                    number += 1
            peer.command("NOOP", 250)
            self.assertTrue(peer.quiet(0.2))
        stored = self.wait_for("alice", number, seconds=60)
        for at, message in enumerate(stored):
            self.assertIn(f"Subject: honest {at} end\r\n".encode(), message)
            self.assertIn(b"Subject: smuggled", message)
        self.assertEqual(self.inbox("bob"), [])

    def test_the_right_end_in_any_packets(self):
        script = b"Subject: cut %d\r\n\r\n..\r\n.\r\n"
        with self.smtp() as peer:
            for cut in range(len(script) + 1):
                octets = script % cut
                peer.envelope("you@example.net", "carol@example.org")
                peer.command("DATA", 354)
                peer.send(octets[:cut])
                time.sleep(0.002)
                peer.send(octets[cut:])
                self.assertEqual(peer.reply().code, 250)
        for cut, message in enumerate(self.wait_for("carol", len(script) + 1)):
            self.assertEqual(without_trace(message), b"Subject: cut %d\r\n\r\n.\r\n" % cut)

    def test_bare_line_feeds_do_not_end_commands(self):
        with self.smtp() as peer:
            peer.send(b"NOOP\nNOOP\r\n")
            self.assertEqual(peer.reply().code, 500)
            self.assertIn(peer.reply().code, (250, 500))


class Settings(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        return harness.config(ports, smtp=f"""
            maxDataSize = 100
            maxRcptCount = 3
            maxErrors = 5
            bareNewlines = reject
            remoteDelivery = none
            senderMustMatchLogin = no
            allowDSN = no
            allowSMTPUTF8 = no
            allowBinaryData = no
            allowPipelining = no
            smtpGreeting = "a greeting of ours"
        """)

    def test_what_is_switched_off_is_not_offered(self):
        with self.smtp() as peer:
            self.assertIn("a greeting of ours", peer.greeting.text)
            for word in ("DSN", "SMTPUTF8", "CHUNKING", "BINARYMIME", "PIPELINING"):
                self.assertNotIn(word, peer.extensions)
            peer.command("MAIL FROM:<a@example.net> RET=FULL", 555)
            peer.command("MAIL FROM:<a@example.net> SMTPUTF8", 555)
            self.assertEqual(int(peer.extensions["SIZE"]), 100 * 1024)

    def test_too_large_a_message_is_read_and_refused(self):
        with self.smtp() as peer:
            peer.envelope("you@example.net", "alice@example.org")
            self.assertEqual(peer.data(sample("too large", size=150_000)).code, 552)
            peer.mail("you@example.net", "alice@example.org", sample("small enough"))

    def test_too_many_recipients(self):
        with self.smtp() as peer:
            peer.command("MAIL FROM:<you@example.net>", 250)
            codes = [peer.command(f"RCPT TO:<alice+{n}@example.org>").code for n in range(4)]
            self.assertEqual(codes, [250, 250, 250, 452])
            self.assertEqual(peer.data(sample("three of four")).code, 250)

    def test_bare_newlines_are_refused(self):
        for bare in (b"a\nb", b"a\rb", b"a\r\r\nb"):
            with self.subTest(bare), self.smtp() as peer:
                peer.envelope("you@example.net", "alice@example.org")
                reply = peer.data(b"Subject: bare\r\n\r\n" + bare + b"\r\n")
                self.assertEqual(reply.code, 550)

    def test_the_error_budget_ends_the_session(self):
        with self.smtp() as peer:
            for _ in range(4):
                peer.command("FOO", 500)
            peer.command("FOO", 421)
            self.assertEqual(peer.rest(), b"")

    def test_nobody_sends_elsewhere(self):
        with self.submission("bob") as peer:
            peer.command("MAIL FROM:<anything@example.net>", 250)
            peer.command("RCPT TO:<friend@example.net>", 550)


class Names(harness.ServerCase):
    """Aliases, groups, forwarders, catch-all, quota: made by commands on the running server."""

    @classmethod
    def prepare(cls):
        if not harness.has_admin():
            raise unittest.SkipTest("this binary has no account commands")
        do = cls.server.command
        do("account", "alias", "add", "alice@example.org", "ally")
        do("domain", "alias", "add", "example.org", "example.com")
        do("group", "add", "team@example.org", "--member", "alice@example.org", "bob@example.org")
        do("group", "member", "add", "team@example.org", "carol@example.org")
        do("forwarder", "add", "fwd@example.org", "--member", "carol@example.org")
        do("account", "add", "small@example.org", "--password", "-", input=cls.server.password + "\n")
        do("account", "set", "small@example.org", "totalMessageSize", "100")
        do("account", "add", "δοκιμή@example.org", "--password", "-", input=cls.server.password + "\n")

    def send(self, to, marker, parameters=""):
        with self.smtp() as peer:
            peer.mail("you@example.net", to, sample(marker), parameters)

    def test_aliases(self):
        self.send("ally@example.org", "by alias")
        self.wait_for_one("alice", "Subject: by alias\r\n")
        self.send("bob@example.com", "by domain alias")
        self.wait_for_one("bob", "Subject: by domain alias\r\n")

    def test_a_group_reaches_each_member_once(self):
        self.send(["team@example.org", "alice@example.org", "ally@example.org"], "to the team")
        for user in ("alice", "bob", "carol"):
            self.wait_for_one(user, "Subject: to the team\r\n")

    def test_a_forwarder(self):
        self.send("fwd@example.org", "forwarded")
        self.wait_for_one("carol", "Subject: forwarded\r\n")

    def test_catch_all(self):
        self.server.command("domain", "catch-all", "example.org", "--account", "carol")
        try:
            self.send("no-such-name@example.org", "caught")
            self.wait_for_one("carol", "Subject: caught\r\n")
        finally:
            self.server.command("domain", "catch-all", "example.org", "--off")

    def test_over_quota(self):
        with self.smtp() as peer:
            peer.mail("you@example.net", "small@example.org", sample("fits", size=90_000))
            peer.command("MAIL FROM:<you@example.net> SIZE=50000", 250)
            reply = peer.command("RCPT TO:<small@example.org>")
            self.assertEqual(reply.code, 452)
            self.assertIn("4.2.2", reply.text)
            peer.command("RCPT TO:<alice@example.org>", 250)
            self.assertEqual(peer.data(sample("others get it")).code, 250)

    def test_an_internationalised_mailbox(self):
        self.send("δοκιμή@example.org", "for δοκιμή", " SMTPUTF8")
        with self.imap(None) as peer:
            secret = base64.b64encode(f"\0δοκιμή@example.org\0{self.server.password}".encode()).decode()
            peer.ok(f"AUTHENTICATE PLAIN {secret}")
            peer.ok("SELECT INBOX")
            self.assertEqual(len(peer.messages()), 1)


if __name__ == "__main__":
    unittest.main()
