"""Sending: what leaves, by which way, and what becomes of it when the other side fails."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time

import clients
import dns_zone
import harness
import mail_sink


def route(name, sink, more=""):
    """All mail for NAME.example to the sink."""
    return (f"{{ name = {name} recipientDomains = ( {name}.example ) remoteSmtpHost = \"[{sink.host}]\" "
            f"remoteSmtpPort = {sink.port} {more} }}\n")


def outgoing(routes, more=""):
    return (f"processing = {{ schedInterval = 1 maxSchedInterval = 5 }}\n"
            f"smtpOutgoing = {{ routes = ( {routes} )\n connectTimeout = 2 commandTimeout = 2 dataTimeout = 2 endTimeout = 2 "
            f"blockTimeout = 2\n {more} }}\n")


def message(marker, text="Hello"):
    return f"From: alice@example.org\r\nSubject: {marker}\r\n\r\n{text}\r\n"


class SendingCase(harness.ConfiguredCase):
    """A server with routes to sinks of the class."""

    def send(self, to, marker, text="Hello", parameters="", user="alice"):
        with self.submission(user) as peer:
            return peer.mail(f"{user}@example.org", to, message(marker, text), parameters)

    def arrives(self, sink, marker, seconds=20):
        found = self.eventually(lambda: [b for b in sink.bodies() if marker.encode() in b], seconds, f"{marker} did not arrive")
        self.assertEqual(len(found), 1)
        return found[0]


class Sending(SendingCase):
    @classmethod
    def config(cls, ports):
        cert = os.path.join(cls.server.data, "run", "demo_cert.pem")
        cls.plain = mail_sink.Sink()
        cls.tls = mail_sink.Sink(certificate=cert)
        cls.seven = mail_sink.Sink(extensions=())
        cls.refusing = mail_sink.Sink(manners={"RCPT": "550 5.1.1 nobody here"})
        cls.later = mail_sink.Sink(manners={"RCPT": cls.first_then(["451 4.7.1 greylisted"])})
        cls.sinks = [cls.plain, cls.tls, cls.seven, cls.refusing, cls.later]
        routes = (route("plain", cls.plain) + route("tls", cls.tls) + route("seven", cls.seven) +
                  route("refusing", cls.refusing) + route("later", cls.later) +
                  route("mustverify", cls.tls, "tlsPolicy = verify") +
                  route("from", cls.plain, "relayLocalIp = 127.0.0.7"))
        return harness.config(ports, server=outgoing(routes))

    @staticmethod
    def first_then(said):
        waiting = list(said)
        return lambda: waiting.pop(0) if waiting else None

    def test_a_message_leaves_as_it_came(self):
        self.send("bob@plain.example", "leaves", "one\r\n.two\r\n..three")
        body = self.arrives(self.plain, "leaves")
        self.assertIn(b"\r\none\r\n.two\r\n..three\r\n", body)
        self.assertTrue(body.startswith(b"Received: "))

    def test_the_dialogue_is_logged_with_queue_and_session_id(self):
        self.send("bob@plain.example", "logged")
        self.arrives(self.plain, "logged")
        log = self.eventually(lambda: re.search(r"SMTP-OUT:[0-9A-F]{8}: Relaying mail [0-9A-F]{6,} to", self.server.logs()),
                              what="no line about the message")
        self.assertTrue(log)

    def test_tls_is_used_where_it_is_offered(self):
        before = self.tls.secure
        self.send("bob@tls.example", "enciphered")
        self.arrives(self.tls, "enciphered")
        self.assertEqual(self.tls.secure, before + 1)

    def test_a_policy_that_cannot_be_held_keeps_mail_here(self):
        self.send("bob@mustverify.example", "unverified")
        self.eventually(lambda: "certificate" in self.server.logs(), what="no word about the certificate")
        self.assertFalse([b for b in self.tls.bodies() if b"unverified" in b])

    def test_eight_bit_text_is_converted_for_who_takes_only_seven(self):
        with self.submission() as peer:
            peer.mail("alice@example.org", "bob@seven.example", message("narrow", "d\u00f6rte").encode(), " BODY=8BITMIME")
        self.assertIn(b"d=C3=B6rte", self.arrives(self.seven, "narrow"))

    def test_a_refusal_comes_back_as_a_report(self):
        self.send("bob@refusing.example", "refused-mail")
        report = self.wait_for_one("alice", "nobody here")
        self.assertIn(b"Status: 5.1.1", report)
        self.assertIn(b"bob@refusing.example", report)

    def test_a_deferral_is_tried_again(self):
        self.send("bob@later.example", "second-try")
        self.arrives(self.later, "second-try")

    def test_mail_leaves_from_the_address_of_its_route(self):
        self.send("bob@from.example", "source")
        self.arrives(self.plain, "source")
        self.assertIn("127.0.0.7", self.plain.peers)

    def test_mail_leaves_from_the_address_of_its_senders_domain(self):
        self.server.command("domain", "add", "own.example")
        self.server.command("domain", "set", "own.example", "--assigned-ip", "127.0.0.8")
        self.server.command("account", "add", "carl@own.example", "--password", "-", input="Tulips-and-4-roses\n")
        with clients.Smtp(self.server.ports["submission"]) as peer:
            peer.login("carl@own.example", "Tulips-and-4-roses")
            peer.mail("carl@own.example", "bob@plain.example", "From: carl@own.example\r\nSubject: own-source\r\n\r\nHello\r\n")
        self.arrives(self.plain, "own-source")
        self.assertIn("127.0.0.8", self.plain.peers)


class Rewriting(SendingCase):
    """Forwarded mail leaves under an address of ours, and its bounces find the sender."""

    @classmethod
    def config(cls, ports):
        cls.away = mail_sink.Sink()
        cls.home = mail_sink.Sink()
        return harness.config(ports, server="enableSRS = yes\n" + outgoing(route("away", cls.away) + route("home", cls.home)))

    def test_the_address_is_rewritten_and_back(self):
        self.server.command("forwarder", "add", "on@example.org", "--member", "bob@away.example")
        with self.smtp() as peer:
            peer.mail("carol@home.example", ["on@example.org"], message("forwarded"))
        self.arrives(self.away, "forwarded")
        envelope = next(e for e, b in self.away.messages if b"forwarded" in b)
        sender = re.search(r"FROM:<(SRS0=[^>]*=home\.example=carol@example\.org)>", envelope[0])
        self.assertTrue(sender, envelope)
        with self.smtp() as peer:  # the other side's bounce
            peer.mail("", [sender.group(1)], message("bounce-of-it"))
        self.arrives(self.home, "bounce-of-it")
        envelope = next(e for e, b in self.home.messages if b"bounce-of-it" in b)
        self.assertIn("TO:<carol@home.example>", envelope[1])
        with self.smtp() as peer:
            peer.command("MAIL FROM:<>", 250)
            peer.command("RCPT TO:<" + sender.group(1).replace("carol", "dave") + ">", 550)

    def test_the_domain_that_forwards_gives_the_address(self):
        self.server.command("domain", "add", "second.example")
        self.server.command("forwarder", "add", "on@second.example", "--member", "bob@away.example")
        with self.smtp() as peer:
            peer.mail("carol@home.example", ["on@second.example"], message("second-forwards"))
        self.arrives(self.away, "second-forwards")
        envelope = next(e for e, b in self.away.messages if b"second-forwards" in b)
        sender = re.search(r"FROM:<(SRS0=[^>]*=home\.example=carol@second\.example)>", envelope[0])
        self.assertTrue(sender, envelope)
        with self.smtp() as peer:
            peer.mail("", [sender.group(1)], message("bounce-of-second"))
        self.arrives(self.home, "bounce-of-second")

    def test_our_own_senders_keep_their_address(self):
        self.send("bob@away.example", "ours")
        self.arrives(self.away, "ours")
        self.assertIn("FROM:<alice@example.org>", next(e for e, b in self.away.messages if b"Subject: ours" in b)[0])


class Trouble(SendingCase):
    """Hosts that hang, hang up, or talk nonsense hold up nobody else."""

    stages = ("banner", "EHLO", "MAIL", "RCPT", "DATA", "end")

    @classmethod
    def config(cls, ports):
        cls.good = mail_sink.Sink()
        cls.bad = {}
        routes = route("good", cls.good)
        for what in ("hang", "drop", "garbage"):
            for stage in cls.stages:
                name = f"{what}{stage.lower()}"
                answer = "\x80 what?" if what == "garbage" else what
                cls.bad[name] = mail_sink.Sink(manners={stage: answer})
                routes += route(name, cls.bad[name])
        return harness.config(ports, server=outgoing(routes))

    def test_each_waits_and_the_others_go(self):
        for name in self.bad:
            self.send(f"bob@{name}.example", f"to-{name}")
        for i in range(20):
            self.send("bob@good.example", f"good-{i}-")
        for i in range(20):
            self.arrives(self.good, f"good-{i}-")
        self.eventually(lambda: all(sink.peers for sink in self.bad.values()), 30, "not every host was tried")
        for sink in self.bad.values():  # and when they come to their senses, all is delivered
            sink.manners.clear()
        for name, sink in self.bad.items():
            self.eventually(lambda s=sink, n=name: any(f"to-{n}".encode() in b for b in s.bodies()), 60, f"nothing came to {name}")


class Forwarding(SendingCase):
    """Postfix between: it takes from us and gives back to us."""

    @classmethod
    def config(cls, ports):
        cls.root = tempfile.mkdtemp(prefix="postrider-postfix-", dir="/tmp")
        os.chmod(cls.root, 0o755)
        cls.postfix_port = harness.FreePorts()["postfix"]
        start_postfix(cls.root, cls.postfix_port, ports["smtp"])
        peer = type("Peer", (), {"host": "127.0.0.1", "port": cls.postfix_port})
        # Who gives up on a peer that is only slow sends twice, rightly (RFC 5321 section 4.5.3.2.6).
        patient = "commandTimeout = 60 dataTimeout = 60 endTimeout = 120 blockTimeout = 60"
        return harness.config(ports, server=f"processing = {{ schedInterval = 1 maxSchedInterval = 5 }}\n"
                                            f"smtpOutgoing = {{ routes = ( {route('away', peer)} )\n {patient} }}\n")

    @classmethod
    def tearDownClass(cls):
        subprocess.run([harness.program("postfix"), "-c", f"{cls.root}/etc", "stop"], capture_output=True, timeout=60, check=False)
        super().tearDownClass()
        shutil.rmtree(cls.root, ignore_errors=True)

    def test_mail_goes_to_postfix_and_comes_back(self):
        """alice sends to xN@away.example; Postfix rewrites that to bob@example.org and sends it to us."""
        count = 200
        with self.submission() as peer:
            for i in range(count):
                peer.mail("alice@example.org", f"x{i}@away.example", message(f"round-{i}-"))
        got = self.wait_for("bob", count, seconds=90)
        seen = {re.search(rb"round-(\d+)-", m).group(1) for m in got}
        self.assertEqual(len(seen), count)

    def test_a_report_of_postfix_reaches_the_sender(self):
        with self.submission() as peer:
            peer.mail("alice@example.org", "nobody@away.example", message("no-such"))
        self.assertIn(b"5.1.1", self.wait_for_one("alice", "nobody@away.example", seconds=60))


def start_postfix(root, port, back):
    """A Postfix that rewrites away.example to bob@example.org, which it sends to the port `back`."""
    user = pwd.getpwnam("postfix")
    for name in ("etc", "queue", "data"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    os.chown(f"{root}/data", user.pw_uid, -1)
    files = {
        "main.cf": f"""
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file_prefixes = {root}
maillog_file = {root}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
virtual_alias_domains = away.example
virtual_alias_maps = regexp:{root}/etc/aliases
transport_maps = inline:{{ {{ example.org = smtp:[127.0.0.1]:{back} }} }}
""",
        "aliases": "/^x.*@away\\.example$/ bob@example.org\n",
        "master.cf": f"""
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
""",
    }
    for name, text in files.items():
        with open(f"{root}/etc/{name}", "w") as file:
            file.write(text)
    subprocess.run([harness.program("postfix"), "-c", f"{root}/etc", "start"], capture_output=True, timeout=60, check=True)


class Kills(harness.Case):
    """Killed while it sends, and started again: every message arrives, and what the sink confirmed arrives once, but for those
    whose confirmation was on its way (RFC 5321 section 4.5.4.1 allows no better)."""

    rounds = 8 if harness.LONG else 3

    def setUp(self):
        self.server = harness.Server()
        self.sink = mail_sink.Sink(delay=0.005)

    def tearDown(self):
        try:
            self.server.stop()
        finally:
            self.server.remove()
            self.sink.stop()

    def test_nothing_is_lost_and_little_comes_twice(self):
        text = lambda ports: harness.config(ports, server=outgoing(route("sink", self.sink, "")))
        self.server.prepared()
        password = self.server.password
        accepted = 0
        for life in range(self.rounds):
            self.server.serve(text)
            self.server.password = password
            with self.submission() as peer:
                for _ in range(150):
                    peer.mail("alice@example.org", "bob@sink.example", message(f"kill-{accepted}-"))
                    accepted += 1
            time.sleep(0.1 * (life + 1))
            self.server.kill()
        self.server.serve(text)
        wanted = {str(i).encode() for i in range(accepted)}

        def seen():
            return [m.group(1) for m in (re.search(rb"kill-(\d+)-", b) for b in self.sink.bodies()) if m]
        self.eventually(lambda: wanted <= set(seen()), 90, "not every message arrived")
        twice = len(seen()) - accepted
        # A connection has at most one message whose answer was not stored when the kill came.
        self.assertLessEqual(twice, 20 * self.rounds)
        print(f"{accepted} messages, {self.rounds} kills: none lost, {twice} twice")


class TwoServers(SendingCase):
    """Two of ours find each other in a signed zone, and hold each other to DANE."""

    @classmethod
    def setUpClass(cls):
        cls.zones = None
        cls.other = harness.Server()
        try:
            cls.other.prepared()
            cls.other.command("domain", "rename", "example.org", "elsewhere.test")
            cls.other.command("domain", "add", "other.test")
            cls.other.command("account", "add", "olga@other.test", "--password", "-", input="Tulips-and-4-roses\n")
            cls.zones = dns_zone.NameServer({"example.org": "@ MX 10 mail\nmail A 127.0.0.1", "other.test": ""},
                                            signed=["example.org", "other.test"])
            super().setUpClass()
            cls.other.serve(lambda ports: harness.config(
                ports, server=cls.sending(remote_port=cls.server.ports["smtp"])).replace("mail.example.org", "mail.other.test"))
            cls.publish(cls.other)
            # The first server learns of the other's port by a reload: nobody is cut off.
            cls.write_config(cls.server, cls.sending(remote_port=cls.other.ports["smtp"]))
            cls.server.command("reload")
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            if cls.server:
                super().tearDownClass()
            cls.other.stop()
        finally:
            cls.other.remove()
            if cls.zones:
                cls.zones.stop()

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=cls.sending(remote_port=25))

    @classmethod
    def sending(cls, remote_port):
        return (dns_zone.settings(cls.zones) + "\nprocessing = { schedInterval = 1 maxSchedInterval = 5 }\n"
                f"smtpOutgoing = {{ remoteSmtpPort = {remote_port} connectTimeout = 5 idleReuse = 0 }}\n")

    @staticmethod
    def write_config(server, text):
        ports = harness.FreePorts(server.ports)
        with open(os.path.join(server.root, "test.cfg"), "w") as file:
            file.write(harness.config(ports, server=text))

    @classmethod
    def publish(cls, certificate_of):
        """The other's records, with the TLSA record of that server's certificate."""
        tlsa = cls.zones.tlsa("mail", cls.other.ports["smtp"], os.path.join(certificate_of.data, "run", "demo_cert.pem"))
        cls.zones.change("other.test", f"@ MX 10 mail\nmail A 127.0.0.1\n{tlsa}")

    def olgas(self):
        with clients.Imap(self.other.ports["imap"]) as peer:
            peer.login("olga@other.test", "Tulips-and-4-roses")
            peer.ok("SELECT INBOX")
            return peer.messages()

    def test_1_mail_goes_both_ways(self):
        count = 100
        with self.submission() as peer:
            for i in range(count):
                peer.mail("alice@example.org", "olga@other.test", message(f"there-{i}-"))
        self.eventually(lambda: len(self.olgas()) == count, 60, "not all of it came")
        self.assertEqual(len({re.search(rb"there-(\d+)-", m).group(1) for m in self.olgas()}), count)
        self.assertRegex(self.server.logs(), r"TLS established with mail\.other\.test")
        with clients.Smtp(self.other.ports["submission"]) as peer:
            peer.login("olga@other.test", "Tulips-and-4-roses")
            peer.mail("olga@other.test", "bob@example.org", "From: olga@other.test\r\nSubject: and-back\r\n\r\nHello\r\n")
        self.wait_for_one("bob", "and-back", seconds=60)

    def test_2_a_certificate_that_is_not_the_published_one_gets_nothing(self):
        self.publish(self.server)
        self.server.command("dns", "flush")
        with self.submission() as peer:
            peer.mail("alice@example.org", "olga@other.test", message("to-an-impostor"))
        self.eventually(lambda: "4.7.5" in self.server.command("queue", "list", "--json"), 40, "it was not held back")
        self.assertFalse([m for m in self.olgas() if b"to-an-impostor" in m])
        self.publish(self.other)
        self.server.command("dns", "flush")
        self.eventually(lambda: [m for m in self.olgas() if b"to-an-impostor" in m], 60, "it did not go when it could")
