"""Real programs from Debian send, read, synchronise and fetch."""

import mailbox
import os
import pty
import re
import select
import subprocess
import time
import unittest
import urllib.parse

import corpus
import harness
from corpus import sample, without_trace


def as_shown(octets):
    """By IMAP: no literal has a NUL (RFC 9051 section 4.3), so each is shown as 0x80. POP3 gives them as they came."""
    return octets.replace(b"\0", b"\x80")


class ByteIdentity(harness.ServerCase):
    """What was sent is what is read, octet by octet, whatever the message looks like."""

    def stored_by_imap(self, user):
        return [without_trace(one) for one in self.inbox(user)]

    def stored_by_pop3(self, user):
        with self.pop3(user) as peer:
            count = int(peer.ok("STAT").split()[1])
            return [without_trace(peer.multi(f"RETR {number + 1}")) for number in range(count)]

    def compare(self, names, sent, user):
        for way, got in (("IMAP", self.stored_by_imap(user)), ("POP3", self.stored_by_pop3(user))):
            self.assertEqual(len(got), len(sent), way)
            for name, before, after in zip(names, sent, got):
                self.assertEqual(as_shown(before) if way == "IMAP" else before, after, f"{name} by {way}")

    def test_over_smtp(self):
        names, sent = zip(*corpus.messages())
        with self.smtp() as peer:
            for octets in sent:
                peer.mail("you@example.net", "alice@example.org", octets, " BODY=8BITMIME")
        self.compare(names, sent, "alice")

    def test_over_bdat_and_lmtp(self):
        names, sent = zip(*corpus.messages())
        with self.lmtp() as peer:
            for octets in sent:
                peer.envelope("you@example.net", "bob@example.org")
                half = len(octets) // 2
                peer.bdat(octets[:half], last=False, code=250)
                peer.bdat(octets[half:], code=250)
        self.compare(names, sent, "bob")

    def test_over_append(self):
        # NULs in a part that says it is binary are encoded, others refused in so many words (RFC 3516 sections 4.4, 6).
        encoded = 0
        kept = [(name, octets) for name, octets in corpus.messages() if b"\0" not in octets]
        with self.imap("carol", "INBOX") as peer:
            for name, octets in corpus.messages():
                if b"\0" in octets:
                    answer = peer.append("INBOX", octets)
                    binary = re.search(rb"(?i)^content-transfer-encoding:\s*binary", octets, re.M)
                    self.assertTrue(answer.startswith(b"OK" if binary else b"NO [UNKNOWN-CTE]"), f"{name}: {answer}")
                    encoded += bool(binary)
            for name, octets in kept:
                answer = peer.append("INBOX", octets)
                self.assertTrue(answer.startswith(b"OK"), f"{name}: {answer}")
            stored = peer.messages()[encoded:]
            self.assertEqual(len(stored), len(kept))
            for (name, octets), got in zip(kept, stored):
                self.assertEqual(octets, got, name)

    def test_over_curl(self):
        with harness.scratch() as directory:
            for number, (name, octets) in enumerate(corpus.messages()[::3]):
                path = os.path.join(directory, "message")
                with open(path, "wb") as file:
                    file.write(octets)
                harness.run("curl", "-sS", f"smtp://127.0.0.1:{self.port('smtp')}/client.example.net", "--mail-from",
                            "you@example.net", "--mail-rcpt", f"carol+curl{number}@example.org", "--upload-file", path)
                got = self.eventually(lambda: [without_trace(m) for m in self.inbox("carol") if f"carol+curl{number}@".encode() in m])
                self.assertEqual(got, [as_shown(octets)], name)

    def test_over_swaks(self):
        names, sent = [], []
        for name, octets in corpus.messages():
            # swaks replaces %WORD% and \n in what it sends, and reads lines as text.
            if b"%" in octets or b"\\n" in octets or not octets.isascii() or b"\0" in octets:
                continue
            names.append(name)
            sent.append(octets)
        self.assertGreater(len(sent), 10)
        with harness.scratch() as directory:
            for name, octets in zip(names[:12], sent[:12]):
                path = os.path.join(directory, "message")
                with open(path, "wb") as file:
                    file.write(octets.replace(b"\r\n", b"\n"))
                harness.run("swaks", "--server", "127.0.0.1", "--port", str(self.port("smtp")), "--from", "swaks@example.net",
                            "--to", "carol@example.org", "--silent", "2", "--data", f"@{path}")
        got = [without_trace(m) for m in self.inbox("carol") if b"Return-Path: <swaks@" in m]
        self.assertEqual([m.rstrip(b"\r\n") for m in got], [m.rstrip(b"\r\n") for m in sent[:12]])


class Swaks(harness.ServerCase):
    def swaks(self, service, *arguments, check=True):
        return harness.run("swaks", "--server", "127.0.0.1", "--port", str(self.port(service)), "--from", "bob@example.org",
                           "--to", "alice@example.org", *arguments, check=check).stdout.decode(errors="replace")

    def auth(self, mechanism, *arguments, password=None, check=True):
        return self.swaks("submission", "--auth", mechanism, "--auth-user", "bob@example.org", "--auth-password",
                          password or self.server.password, "--h-Subject", f"auth {mechanism} {''.join(arguments)}",
                          *arguments, check=check)

    def test_plain(self):
        self.swaks("smtp", "--h-Subject", "plain swaks")
        self.wait_for_one("alice", "Subject: plain swaks")

    def test_starttls_and_implicit_tls(self):
        self.assertIn("TLS started", self.swaks("smtp", "--tls", "--h-Subject", "by starttls"))
        self.wait_for_one("alice", "Subject: by starttls")
        self.swaks("submissions", "--tlsc", "--auth", "PLAIN", "--auth-user", "bob@example.org", "--auth-password",
                   self.server.password, "--h-Subject", "by implicit tls")
        self.wait_for_one("alice", "Subject: by implicit tls")

    def test_every_mechanism(self):
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"):
            for tls in ((), ("--tls",)):
                with self.subTest(mechanism=mechanism, tls=tls):
                    self.assertIn("235 2.7.0", self.auth(mechanism, *tls))
        self.wait_for_one("alice", "Subject: auth DIGEST-MD5 --tls\r\n")

    def test_a_wrong_password_is_refused(self):
        said = self.auth("PLAIN", password="wrong", check=False)
        self.assertIn("535 5.7.8", said)

    def test_lmtp(self):
        said = harness.run("swaks", "--server", "127.0.0.1", "--port", str(self.port("lmtp")), "--protocol", "LMTP",
                           "--from", "x@example.net", "--to", "alice@example.org,bob@example.org", "--h-Subject", "lmtp").stdout
        self.assertEqual(said.count(b"250 2.1.5 <"), 2, said)
        self.wait_for_one("bob", "Subject: lmtp")

    def test_pipelining(self):
        self.swaks("smtp", "--pipeline", "--to", "alice@example.org,carol@example.org", "--h-Subject", "pipelined")
        self.wait_for_one("carol", "Subject: pipelined")

    def test_attachments(self):
        with harness.scratch() as directory:
            path = os.path.join(directory, "random.bin")
            with open(path, "wb") as file:
                file.write(os.urandom(200_000))
            with open(path, "rb") as file:
                octets = file.read()
            self.swaks("smtp", "--attach", f"@{path}", "--h-Subject", "with attachment")
        import email
        stored = email.message_from_bytes(self.wait_for_one("alice", "Subject: with attachment"))
        self.assertIn(octets, [part.get_payload(decode=True) for part in stored.walk() if not part.is_multipart()])


class Curl(harness.ServerCase):
    @classmethod
    def prepare(cls):
        cls.certificate = os.path.join(cls.server.data, "run", "demo_cert.pem")

    def curl(self, url, *arguments, user="alice", check=True):
        credentials = ["-u", f"{user}@example.org:{self.server.password}"] if user else []
        return harness.run("curl", "-sS", "--cacert", self.certificate, *credentials, url, *arguments, check=check).stdout

    def send(self, marker, service="smtp", scheme="smtp", *arguments):
        with harness.scratch() as directory:
            path = os.path.join(directory, "message")
            with open(path, "wb") as file:
                file.write(sample(marker, sender="bob@example.org"))
            self.curl(f"{scheme}://localhost:{self.port(service)}/client.example.net", "--mail-from", "bob@example.org",
                      "--mail-rcpt", "alice@example.org", "--upload-file", path, *arguments, user="bob")
        return self.wait_for_one("alice", f"Subject: {marker}\r\n")

    def test_smtp_in_every_way(self):
        self.send("curl smtp")
        self.send("curl starttls", "submission", "smtp", "--ssl-reqd")
        self.send("curl smtps", "submissions", "smtps")
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"):
            with self.subTest(mechanism):
                self.send(f"curl {mechanism}", "submission", "smtp", "--login-options", f"AUTH={mechanism}")

    def test_imap_reads_and_appends(self):
        self.send("curl reads")
        for scheme, service, more in (("imap", "imap", ()), ("imap", "imap", ("--ssl-reqd",)), ("imaps", "imaps", ())):
            with self.subTest(scheme=scheme, more=more):
                base = f"{scheme}://localhost:{self.port(service)}"
                found = self.curl(f"{base}/INBOX?SUBJECT%20%22curl%20reads%22", *more)
                uid = re.match(rb"\* SEARCH (\d+)", found).group(1).decode()
                number = self.curl(f"{base}/INBOX;UID={uid}", *more)
                self.assertIn(sample("curl reads", sender="bob@example.org"), number)
                self.assertIn(b'"INBOX"' if b'"INBOX"' in self.curl(f"{base}/", *more) else b"INBOX", self.curl(f"{base}/", *more))
                self.assertIn(b"FLAGS", self.curl(f"{base}/INBOX", "-X", f"UID FETCH {uid} (FLAGS ENVELOPE)", *more))
        with harness.scratch() as directory:
            path = os.path.join(directory, "message")
            with open(path, "wb") as file:
                file.write(sample("curl appends"))
            self.curl(f"imap://localhost:{self.port('imap')}/Drafts", "--upload-file", path)
        self.assertEqual(self.wait_for_one("alice", "curl appends", "Drafts"), sample("curl appends"))

    def test_pop3(self):
        self.send("curl pops")
        for scheme, service, more in (("pop3", "pop3", ()), ("pop3", "pop3", ("--ssl-reqd",)), ("pop3s", "pop3s", ())):
            with self.subTest(scheme=scheme, more=more):
                base = f"{scheme}://localhost:{self.port(service)}"
                listing = self.curl(f"{base}/", *more).split()
                self.assertIn(b"This is ", self.curl(f"{base}/{listing[-2].decode()}", *more))
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "*"):
            with self.subTest(mechanism):
                self.curl(f"pop3://localhost:{self.port('pop3')}/", "--login-options", f"AUTH={mechanism}")

    def test_a_wrong_password(self):
        for url in (f"imap://localhost:{self.port('imap')}/", f"pop3://localhost:{self.port('pop3')}/"):
            done = harness.run("curl", "-sS", "-u", "alice@example.org:wrong", url, check=False)
            self.assertEqual(done.returncode, 67, done.stderr)  # login denied


def url(scheme, user, password, port, rest=""):
    quoted = urllib.parse.quote
    return f"{scheme}://{quoted(user, safe='')}:{quoted(password, safe='')}@localhost:{port}{rest}"


class SNail(harness.ServerCase):
    def snail(self, *arguments, input=b""):
        certificate = os.path.join(self.server.data, "run", "demo_cert.pem")
        with harness.scratch() as home:
            return harness.run("s-nail", "-n", "-S", "v15-compat", "-S", "sendwait", "-S", f"tls-ca-file={certificate}",
                               *arguments, input=input, env={"HOME": home, "MAILRC": "/dev/null", "TMPDIR": home,
                                                             "TERM": "dumb"}).stdout

    def send(self, marker, scheme, service, *arguments):
        mta = url(scheme, "bob@example.org", self.server.password, self.port(service))
        self.snail("-S", f"mta={mta}", "-S", "from=bob@example.org", "-S", "hostname=client.example.net", "-s", marker,
                   *arguments, "alice@example.org", input=b"A body from s-nail\n.\nwith a dot\n")
        stored = self.wait_for_one("alice", f"Subject: {marker}\r\n")
        self.assertIn(b"A body from s-nail\r\n.\r\nwith a dot\r\n", stored)

    def test_sends_and_reads(self):
        self.send("s-nail smtp", "smtp", "submission", "-S", "smtp-auth=login")
        self.send("s-nail starttls", "smtp", "submission", "-S", "smtp-use-starttls", "-S", "smtp-auth=plain")
        self.send("s-nail smtps", "smtps", "submissions", "-S", "smtp-auth=cram-md5")
        for scheme, service in (("imap", "imap"), ("imaps", "imaps")):
            with self.subTest(scheme):
                box = url(scheme, "alice@example.org", self.server.password, self.port(service), "/INBOX")
                said = self.snail("-R", "-S", "imap-auth=login", "-f", box, input=b"headers\ntype 1\nexit\n")
                self.assertIn(b"s-nail smtp", said)
                self.assertIn(b"A body from s-nail", said)


class Mutt(harness.ServerCase):
    def config(self, home, smtp="submission", imap="imap", tls="no"):
        lines = [
            f'set from="bob@example.org" realname="Bob" hostname="client.example.net"',
            f'set smtp_url="smtp{"s" if smtp == "submissions" else ""}://bob%40example.org@localhost:{self.port(smtp)}"',
            f"set smtp_pass='{self.server.password}' imap_pass='{self.server.password}'",
            f'set smtp_authenticators="plain"',
            f"set ssl_starttls={tls} ssl_force_tls={tls} certificate_file={self.server.data}/run/demo_cert.pem",
            f"set imap_user='alice@example.org' simple_search='~A' copy=no header_cache='' tmpdir={home} mbox_type=mbox confirmappend=no folder={home} record= postponed={home}/p",
            "set confirmcreate=no beep=no wait_key=no mail_check=0 ssl_verify_host=no sleep_time=0 quit=yes delete=no",
        ]
        path = os.path.join(home, "rc")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        return path

    def test_sends_in_batch(self):
        with harness.scratch() as home:
            attachment = os.path.join(home, "x.bin")
            with open(attachment, "wb") as file:
                file.write(bytes(range(256)) * 40)
            for marker, service, tls in (("mutt plain", "submission", "no"), ("mutt starttls", "submission", "yes"),
                                         ("mutt smtps", "submissions", "yes")):
                with self.subTest(marker):
                    rc = self.config(home, smtp=service, tls=tls)
                    harness.run("mutt", "-n", "-F", rc, "-s", marker, "-a", attachment, "--", "alice@example.org",
                                input="Body of mutt\n", env={"HOME": home, "TERM": "dumb"})
                    stored = self.wait_for_one("alice", f"Subject: {marker}\r\n")
                    import email
                    parts = [p.get_payload(decode=True) for p in email.message_from_bytes(stored).walk()]
                    self.assertIn(bytes(range(256)) * 40, parts)

    def test_copies_a_mailbox_over_imap(self):
        with self.smtp() as peer:
            for number in range(5):
                peer.mail("you@example.net", "carol@example.org", sample(f"for mutt {number}"))
        for service, tls in (("imap", "no"), ("imap", "yes"), ("imaps", "yes")):
            with self.subTest(service=service, tls=tls), harness.scratch() as home:
                rc = self.config(home, imap=service, tls=tls)
                target = os.path.join(home, "copied")
                with open(rc, "a") as file:
                    file.write(f"set imap_user='carol@example.org'\n")
                where = f"{service}://localhost:{self.port(service)}/INBOX"
                keys = f'push "<tag-pattern>.<enter>;<copy-message>{target}<enter><quit>"'
                self.with_terminal(["mutt", "-n", "-F", rc, "-f", where, "-e", keys], home)
                got = [m["Subject"] for m in mailbox.mbox(target, create=False)]
                self.assertEqual(got, [f"for mutt {number}" for number in range(5)])

    def with_terminal(self, command, home):
        """Runs a program that wants a terminal to its end."""
        master, slave = pty.openpty()
        child = subprocess.Popen([harness.program(command[0]), *command[1:]], stdin=slave, stdout=slave, stderr=slave,
                                 env=dict(os.environ, HOME=home, TERM="vt100", LC_ALL="C.UTF-8"), start_new_session=True)
        os.close(slave)
        said, end = b"", time.monotonic() + harness.PATIENCE
        try:
            while child.poll() is None and time.monotonic() < end:
                if select.select([master], [], [], 0.2)[0]:
                    try:
                        said += os.read(master, 65536)
                    except OSError:
                        break
            if time.monotonic() >= end:
                self.fail(f"mutt did not end: {said[-3000:]!r}")
            child.wait(10)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
            os.close(master)


class Fetchmail(harness.ServerCase):
    def fetch(self, user, protocol, service, *options, keep=False):
        """Fetches all mail into files; their contents."""
        with harness.scratch() as home:
            out = os.path.join(home, "out")
            os.mkdir(out)
            mda = os.path.join(home, "mda")
            with open(mda, "w") as file:
                file.write(f'#!/bin/sh\nexec cat > "$(mktemp {out}/XXXXXXXX)"\n')
            os.chmod(mda, 0o755)
            rc = os.path.join(home, "rc")
            with open(rc, "w") as file:
                file.write(f'set no bouncemail\npoll localhost protocol {protocol} port {self.port(service)} {options[0] if options else ""}\n'
                           f'  user "{user}@example.org" password "{self.server.password}" '
                           f'{"keep" if keep else "nokeep"} fetchall no rewrite mda "{mda}" {" ".join(options[1:])}\n')
            os.chmod(rc, 0o600)
            done = harness.run("fetchmail", "-f", rc, "--nodetach", "--nosyslog", "-v", "--idfile", os.path.join(home, "ids"),
                               "--pidfile", os.path.join(home, "pid"), check=False,
                               env={"HOME": home, "FETCHMAILHOME": home})
            self.said = done.stdout + done.stderr
            self.assertEqual(done.returncode, 0, self.said.decode(errors="replace"))
            got = []
            for name in os.listdir(out):
                with open(os.path.join(out, name), "rb") as file:
                    got.append(file.read())
            return got

    def round(self, protocol, service, *options):
        with self.smtp() as peer:
            for number in range(6):
                peer.mail("you@example.net", "bob@example.org", sample(f"fetched {number}", size=3000 * number))
        self.assertEqual(len(self.fetch("bob", protocol, service, *options, keep=True)), 6)
        got = self.fetch("bob", protocol, service, *options)
        bodies = sorted(one.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1] for one in got)
        self.assertEqual(bodies, sorted(sample(f"fetched {n}", size=3000 * n).replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]
                                        for n in range(6)))
        self.assertEqual(self.inbox("bob"), [])

    def test_pop3(self):
        self.round("pop3", "pop3", "", "sslproto ''")

    def test_pop3_over_tls(self):
        self.round("pop3", "pop3s", "", "ssl no sslcertck")

    def test_apop(self):  # RFC 1939 section 7
        self.round("apop", "pop3", "", "sslproto ''")
        self.assertIn(b"APOP bob@example.org", self.said)

    def test_pop3_over_stls_with_uidl(self):
        self.round("pop3", "pop3", "uidl", "sslproto 'TLS1.2+' no sslcertck")

    def test_imap(self):
        self.round("imap", "imap", "", "sslproto ''")

    def test_imap_over_tls(self):
        self.round("imap", "imaps", "", "ssl no sslcertck")

    def test_cram_md5(self):
        self.round("imap", "imap", "auth cram-md5", "sslproto ''")


class SmtpSource(harness.ServerCase):
    """Postfix's load generator: nothing lost, nothing twice."""

    users = 10

    def load(self, *arguments, service="smtp"):
        harness.run("smtp-source", "-f", "load@example.net", *arguments, f"127.0.0.1:{self.port(service)}", seconds=120)

    def messages_of(self, user):
        with self.imap(user) as peer:
            return int(re.search(rb"MESSAGES (\d+)", peer.ok("STATUS INBOX (MESSAGES)")[0]).group(1))

    def test_1000_messages_in_20_sessions(self):
        self.load("-s", "20", "-m", "1000", "-l", "4096", "-t", "user0@example.org")
        self.eventually(lambda: self.messages_of("user0") == 1000)
        with self.imap("user0", "INBOX") as peer:
            self.assertEqual(peer.uids(), list(range(1, 1001)))

    def test_many_messages_per_session(self):
        self.load("-d", "-s", "5", "-m", "1000", "-l", "4096", "-t", "user1@example.org")
        self.eventually(lambda: self.messages_of("user1") == 1000)

    def test_lmtp(self):
        self.load("-L", "-s", "5", "-m", "300", "-l", "4096", "-t", "user2@example.org", service="lmtp")
        self.eventually(lambda: self.messages_of("user2") == 300)

    def test_large_messages(self):
        self.load("-s", "4", "-m", "40", "-l", str(1 << 20), "-t", "user3@example.org")
        self.eventually(lambda: self.messages_of("user3") == 40)


class SmtpSourceRecipients(harness.Case):
    """1 to 100 recipients in one transaction; smtp-source calls them load, 2load, 3load, ..."""

    def test_one_to_a_hundred_recipients(self):
        self.server = harness.Server()
        self.addCleanup(self.server.remove)
        self.server.demo()
        harness.needs_admin(self)
        for number in ("", *range(2, 101)):
            self.server.command("account", "add", f"{number}load@example.org", "--password", "-", input=self.server.password + "\n")
        for recipients, count in ((2, 50), (10, 50), (100, 100)):
            harness.run("smtp-source", "-s", "5", "-m", str(count), "-r", str(recipients), "-l", "4096", "-f", "l@example.net",
                        "-t", "load@example.org", f"127.0.0.1:{self.port('smtp')}", seconds=120)
        expected = {"": 200, 2: 200, 3: 150, 10: 150, 11: 100, 100: 100}
        for number, wanted in expected.items():
            with self.imap(f"{number}load", "INBOX") as peer:
                self.eventually(lambda: peer.ok("NOOP") is not None and len(peer.uids()) == wanted)
        self.server.stop()


if __name__ == "__main__":
    unittest.main()
