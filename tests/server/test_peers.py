"""Sending to and from what others wrote: Postfix's smtp-sink with each of its failures, swaks with odd envelopes, and
MTA-STS and TLS reports over real HTTPS and DNS."""

import glob
import gzip
import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading

import dns_zone
import harness
import mail_sink
from test_net import certificate
from test_relay import SendingCase, message, outgoing, route


class SmtpSink:
    """Postfix's smtp-sink on a port of its own; what it takes lies in files."""

    def __init__(self, *options, port=None):
        self.host, self.port = "127.0.0.1", port or harness.free_port()
        self.root = tempfile.mkdtemp(prefix="postrider-sink-", dir="/tmp")
        os.chmod(self.root, 0o777)
        user = ["-u", "postfix"] if os.getuid() == 0 else []
        self.process = subprocess.Popen([harness.program("smtp-sink"), *user, "-d", f"{self.root}/mail.", *options,
                                         f"127.0.0.1:{self.port}", "100"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def with_mark(self, mark):
        found = []
        for path in glob.glob(f"{self.root}/mail.*"):
            with open(path, "rb") as file:
                octets = file.read()
            if mark.encode() in octets:
                found.append(octets)
        return found

    def end(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.end()
        shutil.rmtree(self.root, ignore_errors=True)


class Sinks(SendingCase):
    """Every failure that smtp-sink knows, at every command that it knows."""

    later = {f"soft-{name}": ("-r", commands) for name, commands in
             [("connect", "connect"), ("hello", "ehlo,helo"), ("mail", "mail"), ("rcpt", "rcpt"), ("data", "data"), ("end", ".")]}
    later |= {f"gone-{name}": ("-q", commands) for name, commands in
              [("connect", "connect"), ("hello", "ehlo,helo"), ("mail", "mail"), ("rcpt", "rcpt"), ("data", "data"), ("end", ".")]}
    later |= {"hard-connect": ("-f", "connect"), "hard-hello": ("-f", "ehlo,helo"),
              "soft-ehlo": ("-r", "ehlo")}
    never = {f"hard-{name}": ("-f", commands) for name, commands in
             [("mail", "mail"), ("rcpt", "rcpt"), ("data", "data"), ("end", ".")]}
    fine = {"no-ehlo": ("-f", "ehlo"), "old": ("-a",), "no-8bit": ("-e",), "no-dsn": ("-E",),
            "no-pipelining": ("-p",), "slow": ("-w", "1"), "no-quit": ("-f", "quit"), "gone-quit": ("-q", "quit")}

    @classmethod
    def config(cls, ports):
        cls.sinks = {name: SmtpSink(*options) for name, options in {**cls.later, **cls.never, **cls.fine}.items()}
        return harness.config(ports, server=outgoing("".join(route(name, sink) for name, sink in cls.sinks.items())))

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            for sink in cls.sinks.values():
                sink.stop()

    def taken(self, name, mark, seconds=40):
        return self.eventually(lambda: self.sinks[name].with_mark(mark), seconds, f"{mark} did not come to {name}")

    def test_what_takes_mail_gets_it_once(self):
        for name in self.fine:
            self.send(f"bob@{name}.example", f"fine-{name}-", "d\u00f6rte", " BODY=8BITMIME" if name == "no-8bit" else "")
        for name in self.fine:
            self.assertEqual(len(self.taken(name, f"fine-{name}-")), 1, name)
        self.assertIn(b"d=C3=B6rte", self.sinks["no-8bit"].with_mark("fine-no-8bit-")[0])

    def test_what_is_refused_for_good_comes_back(self):
        for name in self.never:
            self.send(f"bob@{name}.example", f"never-{name}-")
        for name in self.never:
            report = self.wait_for_one("alice", f"never-{name}-", seconds=40)
            self.assertRegex(report, rb"Status: 5\.\d\.\d\r\n")
            self.assertIn(f"Final-Recipient: rfc822; bob@{name}.example".encode(), report)

    def test_what_fails_for_now_waits_and_goes_when_the_host_is_well(self):
        for name in self.later:
            self.send(f"bob@{name}.example", f"later-{name}-")

        def waiting():
            rows = json.loads(self.server.command("queue", "list", "--json"))["messages"]
            return {row["recipient"] for row in rows if row["attempts"]}
        wanted = {f"bob@{name}.example" for name in self.later}
        self.eventually(lambda: wanted <= waiting(), 40, "not all of them wait")
        for name in self.later:
            port = self.sinks[name].port
            self.sinks[name].end()
            self.sinks[name] = SmtpSink(port=port)
        self.server.command("queue", "retry", "--all", check=False)
        for name in self.later:
            self.assertEqual(len(self.taken(name, f"later-{name}-", 60)), 1, name)


class Swaks(SendingCase):
    """Envelopes that are allowed and seldom seen, from swaks, as the next host gets them."""

    @classmethod
    def config(cls, ports):
        cls.sink = mail_sink.Sink()
        cls.literal = mail_sink.Sink()
        routes = route("away", cls.sink) + (f"{{ name = literal recipientDomains = ( \"[192.0.2.77]\" ) remoteSmtpHost = \"[127.0.0.1]\" "
                                            f"remoteSmtpPort = {cls.literal.port} }}\n")
        return harness.config(ports, smtp="remoteDelivery = all", server=outgoing(routes))

    def through(self, sender, recipients, sink=None):
        """The envelope with which a message arrives."""
        sink = sink or self.sink
        mark = f"swaks-{len(sink.bodies())}-"
        harness.run("swaks", "--server", f"127.0.0.1:{self.port('smtp')}", "--from", sender, "--to", ",".join(recipients),
                    "--h-Subject", mark, "--body", "Hello", "--helo", "client.example")
        self.arrives(sink, mark)
        return next(envelope for envelope, body in sink.messages if mark.encode() in body)

    def test_odd_addresses_arrive_as_they_were_given(self):
        local = "x" * 64
        for sender, recipient in (("<>", "bob@away.example"), ('"odd sender"@client.example', '"two words"@away.example'),
                                  ("o'brien+tag@client.example", "a!b%c@away.example"), (f"{local}@client.example", f"{local}@away.example"),
                                  ('"quote\\"d"@client.example', '"a@b"@away.example'), ("x@[192.0.2.1]", "bob@AWAY.example")):
            with self.subTest(sender=sender, recipient=recipient):
                mail, rcpt = self.through(sender, [recipient])
                self.assertEqual(re.search(r"FROM:<(.*?)>( |$)", mail).group(1), sender.strip("<>"))
                self.assertEqual(re.search(r"TO:<(.*)>", rcpt).group(1).lower(), recipient.lower())

    def test_an_address_literal_goes_its_way(self):
        _, rcpt = self.through("x@client.example", ["bob@[192.0.2.77]"], self.literal)
        self.assertIn("TO:<bob@[192.0.2.77]>", rcpt)

    def test_many_recipients_are_one_message_each_destination(self):
        envelope = self.through("x@client.example", [f"r{i}@away.example" for i in range(90)])
        self.assertEqual(len(envelope), 91)


class Web:
    """An HTTPS server for the policies and the reports of several domains."""

    def __init__(self, pem, policies):
        served, reports = [], []
        self.served, self.reports = served, reports

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                served.append((self.headers["Host"], self.path))
                body = policies[self.headers["Host"].split(":")[0]].encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reports.append((self.path, self.headers["Content-Type"], body))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class StrictTransport(SendingCase):
    """Policies are fetched over HTTPS and held to; on the next day the domains hear how it went."""

    domains = ("right", "mismatch", "unlisted", "testing", "plain")

    @classmethod
    def setUpClass(cls):
        cls.zones = cls.web = cls.sink = None
        cls.root = tempfile.mkdtemp(prefix="postrider-sts-")
        try:
            authority = certificate(cls.root, "authority")
            cls.authority = os.path.join(cls.root, "authority.crt")
            web = certificate(cls.root, "web", issuer=authority, hosts=[f"mta-sts.{d}.test" for d in cls.domains])
            mail = certificate(cls.root, "mail", issuer=authority, hosts=["mail.right.test"])

            def policy(mode, mx):
                return f"version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 1000000\n"
            cls.web = Web(web, {"mta-sts.right.test": policy("enforce", "*.right.test"),
                                "mta-sts.mismatch.test": policy("enforce", "mail.mismatch.test"),
                                "mta-sts.unlisted.test": policy("enforce", "mail.elsewhere.test"),
                                "mta-sts.testing.test": policy("testing", "mail.testing.test")})
            cls.sink = mail_sink.Sink(certificate=mail)
            zones = {}
            for domain in cls.domains:
                rua = (f"https://mta-sts.{domain}.test:{cls.web.port}/{domain}" if domain != "mismatch" else "mailto:bob@example.org")
                zones[f"{domain}.test"] = (f"@ MX 10 mail\nmail A 127.0.0.1\nmta-sts A 127.0.0.1\n"
                                           f"_smtp._tls TXT \"v=TLSRPTv1; rua={rua}\"\n")
                if domain != "plain":
                    zones[f"{domain}.test"] += "_mta-sts TXT \"v=STSv1; id=1\"\n"
            cls.zones = dns_zone.NameServer(zones)
            super().setUpClass()
        except BaseException:
            cls.tidy()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.tidy()

    @classmethod
    def tidy(cls):
        for one in (cls.zones, cls.web, cls.sink):
            if one:
                one.stop()
        shutil.rmtree(cls.root, ignore_errors=True)

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=dns_zone.settings(cls.zones) + outgoing("", f"""
            remoteSmtpPort = {cls.sink.port} mtaStsPort = {cls.web.port} caFile = "{cls.authority}" """))

    def held(self, to):
        rows = json.loads(self.server.command("queue", "list", "--json"))["messages"]
        return any(row["recipient"] == to and "4.7.5" in row["status"] for row in rows)

    def test_1_what_a_domain_has_published_is_held_to(self):
        for domain in self.domains:
            self.send(f"olga@{domain}.test", f"sts-{domain}-")
        for domain in ("right", "testing", "plain"):
            self.arrives(self.sink, f"sts-{domain}-")
        self.assertEqual(self.sink.secure, 3)
        for domain in ("mismatch", "unlisted"):
            self.eventually(lambda d=domain: self.held(f"olga@{d}.test"), 30, f"{domain} is not held")
        self.assertEqual(self.sink.count(), 3)
        self.assertIn((f"mta-sts.right.test:{self.web.port}", "/.well-known/mta-sts.txt"), self.web.served)

    def test_2_on_the_next_day_the_domains_are_told(self):
        self.server.stop()
        library = os.path.join(self.root, "later.so")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-o", library,
                        os.path.join(os.path.dirname(__file__), "later.c")], check=True)
        self.server.environment = {"LD_PRELOAD": library, "LATER": str(30 * 3600)}
        self.server.serve(lambda ports: self.config(ports))
        self.eventually(lambda: len(self.web.reports) == 4, 60, "the reports did not come")
        said = {}
        for path, kind, body in self.web.reports:
            self.assertEqual(kind, "application/tlsrpt+gzip")
            report = json.loads(gzip.decompress(body))
            self.assertEqual(len(report["policies"]), 1, report)
            said[path.strip("/")] = report["policies"][0]

        def counts(domain):
            summary = said[domain]["summary"]
            return summary["total-successful-session-count"], summary["total-failure-session-count"]
        self.assertEqual(counts("right"), (1, 0))
        self.assertEqual(said["right"]["policy"]["policy-type"], "sts")
        self.assertEqual(counts("plain"), (1, 0))
        self.assertEqual(said["plain"]["policy"]["policy-type"], "no-policy-found")
        self.assertEqual(counts("testing")[0], 0)
        self.assertEqual({d["result-type"] for d in said["testing"]["failure-details"]}, {"certificate-host-mismatch"})
        self.assertGreaterEqual(counts("unlisted")[1], 1)
        self.assertEqual({d["result-type"] for d in said["unlisted"]["failure-details"]}, {"validation-failure"})
        mailed = self.wait_for_one("bob", "TLS-Report-Domain: mismatch.test", seconds=30)
        self.assertIn(b"application/tlsrpt+gzip", mailed)
        self.assertIn(b"TLS-Report-Submitter: mail.example.org", mailed)
