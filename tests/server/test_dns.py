#!/usr/bin/env python3
"""The resolver of a running server against knot: records, absence, DNSSEC, name servers that die, changes of settings."""

import http.server
import json
import os
import ssl
import subprocess
import threading
import unittest

import dns_zone
import harness

ZONE = """
    @ MX 20 backup
    @ MX 10 mail
    mail A 192.0.2.1
    mail AAAA 2001:db8::1
    www CNAME mail
    @ TXT "v=spf1 mx -all" " and more"
    _submissions._tcp SRV 0 1 465 mail
    _25._tcp.mail TLSA 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    loop1 CNAME loop2
    loop2 CNAME loop1
"""


class ZonesCase(harness.ConfiguredCase):
    """A server that asks a signed zone and an unsigned one."""

    zones = None

    @classmethod
    def prepare(cls):
        cls.zones = dns_zone.NameServer({"signed.test": ZONE, "plain.test": ZONE}, signed=["signed.test"])

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            if cls.zones:
                cls.zones.stop()

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=dns_zone.settings(cls.zones))

    def query(self, kind, name):
        return json.loads(self.server.command("dns", "query", kind, name, "--json"))

    def metric(self, name):
        listed = json.loads(self.server.command("metrics", "list", "--json"))
        return {one["name"]: one["value"] for one in listed["metrics"]}[name]


class Names(ZonesCase):
    """Records, their absence, and what the operations say about them."""

    def test_records_of_every_type_that_mail_needs(self):
        for zone, secure in (("signed.test", True), ("plain.test", False)):
            with self.subTest(zone):
                mx = self.query("MX", zone)
                self.assertEqual(sorted(mx["records"]), [f"10 mail.{zone}.", f"20 backup.{zone}."])
                self.assertEqual(mx["secure"], secure)
                self.assertEqual(self.query("A", f"mail.{zone}")["records"], ["192.0.2.1"])
                self.assertEqual(self.query("AAAA", f"mail.{zone}")["records"], ["2001:db8::1"])
                self.assertEqual(self.query("TXT", zone)["records"], ['"v=spf1 mx -all and more"'])
                self.assertEqual(self.query("SRV", f"_submissions._tcp.{zone}")["records"], [f"0 1 465 mail.{zone}."])
                tlsa = self.query("TLSA", f"_25._tcp.mail.{zone}")
                self.assertTrue(tlsa["records"][0].startswith("3 1 1 e3b0c442"), tlsa)
                self.assertEqual(tlsa["secure"], secure)

    def test_absence_is_validated_too(self):
        nothing = self.query("MX", "mail.signed.test")
        self.assertEqual((nothing["outcome"], nothing["secure"]), ("no_data", True))
        nobody = self.query("MX", "nobody.signed.test")
        self.assertEqual((nobody["outcome"], nobody["secure"]), ("no_name", True))
        self.assertEqual(self.query("MX", "nobody.plain.test")["outcome"], "no_name")

    def test_aliases(self):
        www = self.query("A", "www.signed.test")
        self.assertEqual((www["records"], www["canonical_name"]), (["192.0.2.1"], "mail.signed.test"))

    def test_aliases_in_a_circle_are_a_temporary_failure(self):
        self.assertEqual(self.query("A", "loop1.plain.test")["outcome"], "temporary")

    def test_the_metrics_count(self):
        self.query("MX", "plain.test")
        before = self.metric("dns.cache.hits")
        self.query("MX", "plain.test")
        self.assertEqual(self.metric("dns.cache.hits"), before + 1)
        servers = json.loads(self.server.command("dns", "servers", "--json"))["servers"]
        self.assertEqual(servers, [{"server": self.zones.address, "priority": 1, "answers": True, "validates": True}])


class Faults(ZonesCase):
    """Answers that must not be believed, and a name server that goes away and comes back."""

    def test_1_a_change_is_seen_after_a_flush(self):
        self.assertEqual(self.query("A", "mail.plain.test")["records"], ["192.0.2.1"])
        self.zones.change("plain.test", "mail A 192.0.2.99")
        self.assertEqual(self.query("A", "mail.plain.test")["records"], ["192.0.2.1"], "from the cache")
        self.server.command("dns", "flush")
        self.assertEqual(self.query("A", "mail.plain.test")["records"], ["192.0.2.99"])

    def test_2_a_name_server_that_is_away(self):
        self.zones.pause()
        self.server.command("dns", "flush")
        away = self.query("A", "mail.plain.test")
        self.assertEqual(away["outcome"], "temporary")
        self.assertIn("why", away)
        self.zones.start()
        self.eventually(lambda: self.query("A", "mail.plain.test")["outcome"] == "found", 30, "no answer after its return")
        servers = json.loads(self.server.command("dns", "servers", "--json"))["servers"]
        self.assertTrue(servers[0]["answers"])

    def test_3_an_answer_without_its_signatures_is_bogus(self):
        self.zones.break_signatures("signed.test", ZONE)
        self.server.command("dns", "flush")
        before = self.metric("dns.bogus")
        bad = self.query("MX", "signed.test")
        self.assertEqual((bad["outcome"], bad["records"], bad["secure"]), ("bogus", [], False))
        self.assertEqual(self.metric("dns.bogus"), before + 1)
        self.assertEqual(self.query("MX", "plain.test")["outcome"], "no_data", "others are not concerned")


POLICY = "version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 86400\n"


class PolicyServer:
    """A web server with a certificate for mta-sts.example.org that serves one MTA-STS policy."""

    def __init__(self, root):
        self.certificate = os.path.join(root, "sts.pem")
        key = os.path.join(root, "sts.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-keyout", key, "-out", self.certificate, "-subj", "/CN=mta-sts.example.org",
                        "-addext", "subjectAltName=DNS:mta-sts.example.org"], check=True, capture_output=True)
        served = self.served = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                served.append((self.headers["Host"], self.path))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(POLICY)))
                self.end_headers()
                self.wfile.write(POLICY.encode())

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class Check(ZonesCase):
    """`dns check`: first nothing is published, then exactly what it said."""

    policies = None

    @classmethod
    def prepare(cls):
        cls.zones = dns_zone.NameServer({"example.org": "other A 192.0.2.1", "127.in-addr.arpa": ""}, signed=["example.org"])
        cls.policies = PolicyServer(cls.server.root)

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            if cls.policies:
                cls.policies.stop()

    @classmethod
    def config(cls, ports):
        cls.server.command("dkim", "keygen", "example.org", "one", os.path.join(cls.server.data, "one.pem"))
        return harness.config(ports, server=dns_zone.settings(cls.zones) + f"""
            signing = {{ dkimKeys = ( {{ domain = "example.org" selector = "one" keyFile = "one.pem" }} ) }}
            smtpOutgoing = {{ mtaStsPort = {cls.policies.port} caFile = "{cls.policies.certificate}" }}""")

    def check(self):
        self.server.command("dns", "flush")
        return json.loads(self.server.command("dns", "check", "example.org", "--json"))

    def test_what_it_says_is_what_is_missing(self):
        before = self.check()
        self.assertFalse(before["complete"])
        rows = {row["record"]: row for row in before["records"]}
        for name in ("MX", "SPF", "DKIM", "DMARC", "MTA-STS", "MTA-STS policy", "TLS-RPT", "SRV", "TLSA"):
            self.assertEqual(rows[name]["status"], "missing", rows[name])
        self.assertIn("one._domainkey.example.org. ", rows["DKIM"]["publish"])
        lines = [row["publish"] for row in before["records"] if row["publish"] and row["record"] != "MTA-STS policy"]
        self.assertTrue(any("_imaps._tcp.example.org. SRV 0 1" in line for line in lines), lines)

        self.zones.change("127.in-addr.arpa", "1.0.0 PTR mail.example.org.")
        self.zones.change("example.org", "mail A 127.0.0.1\nmta-sts A 127.0.0.1\n"
                          + "\n".join(line for line in lines if not line.startswith("mail.example.org. A")))
        after = self.eventually(lambda: (done := self.check())["complete"] and done, 20, f"it is not content: {self.check()}")
        self.assertEqual({row["status"] for row in after["records"]}, {"ok"})
        self.assertIn((f"mta-sts.example.org:{self.policies.port}", "/.well-known/mta-sts.txt"), self.policies.served)

        text = self.server.command("dns", "check", "example.org")
        self.assertIn("complete = yes", text)
        self.assertIn("_dmarc.example.org. TXT", text)


if __name__ == "__main__":
    unittest.main()
