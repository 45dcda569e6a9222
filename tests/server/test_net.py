"""Who may connect, how many, by which TLS; and what the log tells of it."""

import base64
import glob
import os
import re
import socket
import ssl
import struct
import subprocess
import unittest

import clients
import harness
from corpus import sample
from harness import listener


def refused(port, host="127.0.0.1", source=None):
    """Whether a connection gets no greeting of a session; what it is told."""
    try:
        with socket.create_connection((host, port), 60, source_address=(source, 0) if source else None) as peer:
            peer.settimeout(60)
            said = b""
            while True:
                got = peer.recv(4096)
                if not got:
                    return said or b"(closed)"
                said += got
                if re.match(rb"220 |\+OK|\* OK", said):
                    return None
    except ConnectionError:
        return b"(refused)"


class Access(harness.ConfiguredCase):
    """Allow and deny rules: the lower priority number wins, at a tie allow; listener over service."""

    @classmethod
    def config(cls, ports):
        deny = "denyRules = ( { ipSet = %s enable = yes priority = %d } )"
        allow = "allowRules = ( { ipSet = %s enable = yes priority = %d } )"
        net = "127.0.0.0/8"
        smtp = (listener(ports["open"]) + listener(ports["denied"], deny % (net, 500))
                + listener(ports["allow wins"], deny % (net, 500) + "\n" + allow % ("127.0.0.1", 100))
                + listener(ports["deny wins"], deny % (net, 100) + "\n" + allow % ("127.0.0.1", 500))
                + listener(ports["tie"], deny % (net, 300) + "\n" + allow % (net, 300))
                + listener(ports["some"], deny % ("127.0.0.2-127.0.0.9", 500))
                + listener(ports["switched off"], deny.replace("yes", "no") % (net, 1)))
        pop3 = listener(ports["service denies"]) + listener(ports["listener allows"], allow % (net, 900))
        return harness.config(ports, smtp_listeners=smtp, pop3_listeners=pop3, pop3=f"""
            serviceAccessControl = {{ {deny % (net, 1)} }}""")

    def test_rules(self):
        for name, taken in (("open", True), ("denied", False), ("allow wins", True), ("deny wins", False), ("tie", True),
                            ("some", True), ("switched off", True), ("service denies", False), ("listener allows", True)):
            with self.subTest(name):
                self.assertEqual(refused(self.port(name)) is None, taken)
        self.assertIsNotNone(refused(self.port("some"), source="127.0.0.5"))
        self.assertIsNotNone(refused(self.port("allow wins"), source="127.0.0.2"))


class Flow(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        def limited(name, text):
            return f"{{ address = 127.0.0.1:{ports[name]}\n{text}\n}}\n"
        return harness.config(ports, smtp_listeners=(
            limited("at once", "maxConnections = 3") + limited("per address", "peerMaxConnections = 2")
            + limited("per interval", "maxIntervalConnections = 4 timeInterval = 3600")
            + limited("per address and interval", "peerMaxIntervalConnections = 3 peerTimeInterval = 3600")
            + limited("rule", "maxConnections = 100\nallowRules = ( { ipSet = 127.0.0.1 enable = yes maxConnections = 1 } )")))

    def taken(self, port, count, sources=("127.0.0.1",), keep=True):
        """How many of `count` connections get a greeting."""
        good, kept = 0, []
        for number in range(count):
            try:
                peer = socket.create_connection(("127.0.0.1", port), 60, source_address=(sources[number % len(sources)], 0))
            except ConnectionError:
                continue
            peer.settimeout(60)
            try:
                said = peer.recv(4096)
            except ConnectionError:
                said = b""
            if said.startswith(b"220"):
                good += 1
            else:
                self.assertIn(said[:3], (b"421", b""))
            if keep:
                kept.append(peer)
            else:
                peer.close()
        for peer in kept:
            peer.close()
        return good

    def test_limits(self):
        many = [f"127.0.0.{n}" for n in range(1, 9)]
        # The harness itself connected once to each port to see that the server is up.
        self.eventually(lambda: self.taken(self.port("at once"), 5, many) == 3)
        self.eventually(lambda: self.taken(self.port("at once"), 5, many) == 3, what="places are not given back")
        self.eventually(lambda: self.taken(self.port("per address"), 6, many[:2]) == 4)
        self.assertEqual(self.taken(self.port("per interval"), 6, many, keep=False), 3)
        self.assertEqual(self.taken(self.port("per address and interval"), 5, many[1:2], keep=False), 3)
        self.assertEqual(self.taken(self.port("per address and interval"), 5, many[2:3], keep=False), 3)
        self.eventually(lambda: self.taken(self.port("rule"), 3) == 1)


class Proxy(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        proxied = "proxyProtocol = yes proxyProtocolTimeout = 5 proxyProtocolTrusted = (%s)"
        return harness.config(ports, smtp_listeners=(
            listener(ports["trusted"], proxied % "127.0.0.1") + listener(ports["not trusted"], proxied % "10.0.0.0/8")
            + listener(ports["denied"], proxied % "127.0.0.1" + "\ndenyRules = ( { ipSet = 192.0.2.0/24 enable = yes } )")
            + listener(ports["tls"], proxied % "127.0.0.1" + "\nsslEnable = yes")),
            smtp="logLevel = 31")

    V2 = b"\r\n\r\n\0\r\nQUIT\n"

    def say(self, port, header, tls=False):
        peer = socket.create_connection(("127.0.0.1", self.port(port)), 60)
        peer.sendall(header)
        peer.settimeout(60)
        if tls:
            peer = clients.relaxed_tls().wrap_socket(peer)
        return peer

    def greeted(self, port, header, tls=False):
        with self.say(port, header, tls) as peer:
            try:
                return peer.recv(4096).startswith(b"220")
            except ConnectionError:
                return False

    def test_version_1(self):
        self.assertTrue(self.greeted("trusted", b"PROXY TCP4 198.51.100.7 203.0.113.1 40001 25\r\n"))
        self.eventually(lambda: "198.51.100.7:40001" in self.server.logs())
        self.assertTrue(self.greeted("trusted", b"PROXY TCP6 2001:db8::7 2001:db8::1 40002 25\r\n"))
        self.eventually(lambda: "2001:db8::7" in self.server.logs())
        self.assertTrue(self.greeted("trusted", b"PROXY UNKNOWN\r\n"))

    def test_version_2(self):
        v4 = struct.pack("!4s4sHH", socket.inet_aton("198.51.100.9"), socket.inet_aton("203.0.113.1"), 40003, 25)
        self.assertTrue(self.greeted("trusted", self.V2 + b"\x21\x11" + struct.pack("!H", len(v4)) + v4))
        self.eventually(lambda: "198.51.100.9:40003" in self.server.logs())
        self.assertTrue(self.greeted("trusted", self.V2 + b"\x20\x00\0\0"))  # LOCAL
        self.assertTrue(self.greeted("tls", self.V2 + b"\x21\x11" + struct.pack("!H", len(v4)) + v4, tls=True))

    def test_what_is_no_header(self):
        for bad in (b"EHLO x\r\n", b"PROXY TCP4 1.2.3.4\r\n", b"PROXY TCP4 999.1.1.1 1.1.1.1 1 1\r\n", self.V2 + b"\x31\x11\0\0",
                    b"PROXY " + b"x" * 200, b"\0" * 300):
            with self.subTest(bad[:30]):
                self.assertFalse(self.greeted("trusted", bad))
        self.assertFalse(self.greeted("trusted", b""))  # silence

    def test_who_is_not_trusted_speaks_for_himself(self):
        with clients.Smtp(self.port("not trusted"), hello=None) as peer:
            peer.command("PROXY TCP4 198.51.100.66 203.0.113.1 40001 25", 500)
            peer.hello_word = "EHLO"
            peer.hello()
        self.assertNotIn("198.51.100.66:", self.server.logs())

    def test_rules_are_about_the_client(self):
        self.assertFalse(self.greeted("denied", b"PROXY TCP4 192.0.2.7 203.0.113.1 40001 25\r\n"))
        self.assertTrue(self.greeted("denied", b"PROXY TCP4 198.51.100.7 203.0.113.1 40001 25\r\n"))


def certificate(directory, name, issuer=None, hosts=()):
    """A PEM file with key and certificate, made by openssl; signed by `issuer` (a file like this) or itself."""
    key, cert, both = (os.path.join(directory, name + end) for end in (".key", ".crt", ".pem"))
    subject = ["-subj", f"/CN={name}", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
    extra = ["-addext", "subjectAltName=" + ",".join(f"DNS:{h}" for h in hosts)] if hosts else []
    by = ["-CA", issuer, "-CAkey", issuer] if issuer else []
    harness.run("openssl", "req", "-x509", "-days", "10", *subject, *extra, *by, "-out", cert)
    with open(both, "wb") as out:
        for part in (key, cert):
            with open(part, "rb") as file:
                out.write(file.read())
    return both


class Tls(harness.ConfiguredCase):
    @classmethod
    def prepare(cls):
        run = os.path.join(cls.server.data, "run")
        certificate(run, "one.example.org", hosts=["one.example.org"])
        certificate(run, "two.example.org", hosts=["two.example.org", "*.two.example.org"])
        cls.authority = certificate(run, "authority")
        cls.client = certificate(run, "client", issuer=cls.authority)
        cls.stranger = certificate(run, "stranger")

    @classmethod
    def config(cls, ports):
        def with_tls(name, ssl_control, more="sslEnable = yes", host="127.0.0.1"):
            return (f"{{ address = {host}:{ports[name]} maxConnections = 200 peerMaxConnections = 200\n"
                    f"sslControl = {{ certFile = run/one.example.org.pem {ssl_control} }} {more} }}\n")
        imap = (with_tls("names", "certificates = ( { hostName = two.example.org certFile = run/two.example.org.pem } )")
                + with_tls("new", "allowedVersions = (tls1_3)") + with_tls("old", "allowedVersions = (tls1_2)")
                + with_tls("client", "requestClientAuth = yes caFile = run/authority.crt")
                + with_tls("cipher", "allowedVersions = (tls1_2) cipherSuite = ECDHE-ECDSA-AES256-GCM-SHA384")
                + with_tls("broken", "").replace("run/one.example.org.pem", "run/none.pem")
                + with_tls("ipv6", "", "", host="[::1]"))
        return harness.config(ports, imap_listeners=imap)

    def connect(self, port, server_name="one.example.org", host="127.0.0.1", **options):
        context = clients.relaxed_tls(**{k: v for k, v in options.items() if k != "chain"})
        if "chain" in options:
            context.load_cert_chain(options["chain"])
        return clients.Imap(self.port(port), host=host, tls=True, context=context, server_name=server_name)

    def name_of(self, peer):
        der = peer.socket.getpeercert(True)
        said = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"], input=der, capture_output=True).stdout
        return said.decode().split("=")[-1].strip()

    def test_two_names_on_one_address(self):
        for asked, got in (("one.example.org", "one.example.org"), ("two.example.org", "two.example.org"),
                           ("unknown.example.org", "one.example.org")):
            with self.connect("names", asked) as peer:
                self.assertEqual(self.name_of(peer), got)

    def test_versions(self):
        with self.connect("new") as peer:
            self.assertEqual(peer.socket.version(), "TLSv1.3")
        with self.connect("old") as peer:
            self.assertEqual(peer.socket.version(), "TLSv1.2")
        with self.assertRaises(OSError):
            self.connect("new", maximum_version=ssl.TLSVersion.TLSv1_2)
        with self.assertRaises(OSError):
            self.connect("old", minimum_version=ssl.TLSVersion.TLSv1_3)
        for version in ("-tls1", "-tls1_1"):
            said = harness.run("openssl", "s_client", "-connect", f"127.0.0.1:{self.port('names')}", version,
                               "-cipher", "ALL:@SECLEVEL=0", check=False, input=b"")
            self.assertNotIn(b"* OK", said.stdout)

    def test_ciphers(self):
        with self.connect("cipher") as peer:
            self.assertEqual(peer.socket.cipher()[0], "ECDHE-ECDSA-AES256-GCM-SHA384")

    def test_client_certificates(self):
        with self.connect("client", chain=self.client) as peer:
            peer.ok("NOOP")
        with self.connect("client") as peer:  # it is asked for, not demanded
            peer.ok("NOOP")
        with self.assertRaises((OSError, clients.Closed)):
            with self.connect("client", chain=self.stranger) as peer:
                peer.ok("NOOP")

    def test_a_listener_without_a_good_certificate_refuses_tls(self):
        with self.assertRaises(OSError):
            self.connect("broken")
        self.eventually(lambda: "none.pem" in self.server.logs(), what="the log does not name the file")

    def test_ipv6(self):
        with clients.Imap(self.port("ipv6"), host="::1") as peer:
            peer.starttls()
            peer.ok("NOOP")
        self.eventually(lambda: "[::1]" in self.server.logs())


class Log(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        rule = "{ priority = %d module = %s fileName = %s fileSize = 100 fileCount = %d logLevel = %d }\n"
        return harness.config(ports, smtp="logLevel = 31", imap="logLevel = 31", pop3="logLevel = 31", server=f"""
            processing = {{ logLevel = 31 }}
            log = {{
                listeners = ( {{ address = 127.0.0.1:{ports["udp"]} enable = yes }} )
                rules = ( {rule % (10, "POP3", "pop3.txt", 3, 31)} {rule % (20, "REMOTE", "remote.txt", 3, 31)}
                          {{ priority = 1000 logLevel = 31 fileName = everything.txt fileSize = 0 }} )
            }}""")

    def lines(self, pattern, name="everything.txt"):
        try:
            with open(os.path.join(self.server.data, "log", name), errors="replace") as file:
                return [line for line in file.read().splitlines() if re.search(pattern, line)]
        except FileNotFoundError:  # not written yet, or just rotated
            return []

    def test_one_message_is_followed_with_grep(self):
        with self.submission("bob") as peer:
            peer.command("MAIL FROM:<bob@example.org>", 250)
            peer.command("RCPT TO:<alice@example.org> NOTIFY=SUCCESS", 250)
            reply = peer.data(sample("followed", sender="bob@example.org"))
            peer.command("QUIT", 221)
        queue_id = re.search(r"id (\w+)", reply.text).group(1)
        self.wait_for_one("alice", "Subject: followed\r\n")
        self.eventually(lambda: self.lines(rf"PROCESSING:0*{queue_id}: Mail removed from queue"))
        enqueued = self.eventually(lambda: self.lines(rf"SMTP-IN.*enqueued with id {queue_id}"))
        session = re.search(r"SMTP-IN:(\w+):", enqueued[0]).group(1)
        self.eventually(lambda: self.lines(rf"SMTP-IN:{session}: Connection closed"))
        dialogue = [line.split(": ", 1)[1] for line in self.lines(f"SMTP-IN:{session}:")]
        for part in ("connection accepted", "EHLO client.example.net", "Account 'bob@example.org' has logged in", "MAIL FROM:<bob@example.org>",
                     "354 ", "bytes and final dot read", "New mail <followed@test.example.net> received", "QUIT", "Connection closed"):
            self.assertTrue(any(part in line for line in dialogue), f"{part!r} is not in {dialogue}")
        mail = "\n".join(self.lines(rf"PROCESSING:0*{queue_id}:"))
        for part in ("Start processing mail", "delivered to mailbox 'INBOX' of <alice@example.org>", "Mail removed from queue"):
            self.assertIn(part, mail)

    def test_no_secret_is_logged(self):
        password = self.server.password
        with self.submission("alice") as peer:
            secret = base64.b64encode(f"\0alice@example.org\0{password}".encode()).decode()
        with self.smtp("submission") as peer:
            peer.command("AUTH LOGIN", 334)
            peer.command(base64.b64encode(b"alice@example.org").decode(), 334)
            peer.command(base64.b64encode(password.encode()).decode(), 235)
        with self.imap("alice"):
            pass
        with self.imap(None) as peer:
            peer.send(f"a1 LOGIN alice@example.org {{{len(password)}+}}\r\n{password}\r\n")
            peer.finish(b"a1")
        with self.imap(None) as peer:
            peer.no("LOGIN alice@example.org WrongButSecret")
        with self.imap(None) as peer:
            peer.ok(f"AUTHENTICATE PLAIN {secret}")
        with self.imap(None) as peer:
            peer.start("AUTHENTICATE PLAIN")
            peer.line()
            peer.send(secret + "\r\n")
            peer.line()
        with self.pop3("alice") as peer:
            peer.ok("QUIT")
        with self.pop3(None) as peer:
            peer.ok(f"AUTH PLAIN {secret}")
            peer.ok("QUIT")
        self.eventually(lambda: self.lines("has logged in", "pop3.txt")[1:])
        said = self.server.logs()
        for hidden in (password, secret, "WrongButSecret", base64.b64encode(password.encode()).decode()):
            self.assertNotIn(hidden, said)
        self.assertTrue(self.lines("LOGIN"))  # the dialogue is there, its secret is not

    def test_lines_of_another_server(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            for number in range(5):
                line = f"2026-11-20 10:00:0{number} +0000 08 mx9.example.net REMOTE:0000002A: line number {number}"
                peer.sendto(line.encode(), ("127.0.0.1", self.port("udp")))
            for garbage in (b"", b"\0" * 1000, b"x" * 60_000, b"2026-11-20 10:00:00 +0000 08 mx9 REMOTE:0000002A: with\nnewline"):
                peer.sendto(garbage, ("127.0.0.1", self.port("udp")))
        self.eventually(lambda: os.path.exists(os.path.join(self.server.data, "log", "remote.txt"))
                        and len(self.lines("mx9.example.net REMOTE:0000002A: line number", "remote.txt")) == 5)

    def test_files_are_rotated_by_size(self):
        with self.pop3(None) as peer:
            for number in range(4000):
                peer.send("NOOP " + "x" * 200 + "\r\n" if number % 15 else "CAPA\r\n")
                if number % 15 == 14:
                    break
        for _ in range(400):
            with self.pop3(None) as peer:
                for number in range(12):
                    peer.multi("CAPA")
            files = glob.glob(os.path.join(self.server.data, "log", "*pop3*"))
            if len(files) > 3:
                break
        files = glob.glob(os.path.join(self.server.data, "log", "*pop3*"))
        self.assertGreater(len(files), 3)
        self.assertLessEqual(len(files), 5)
        for file in files:
            if os.path.exists(file):
                self.assertLess(os.path.getsize(file), 110 * 1024)


if __name__ == "__main__":
    unittest.main()
