#!/usr/bin/env python3
"""The policy script over the wire, event by event; checks of clients and senders against zones of the test's own."""

import json
import os
import socket
import struct
import subprocess
import threading
import time
import unittest

import dns_zone
import harness
import mail_sink
from corpus import sample
from test_cli import Peer

SCRIPT = r"""
# What each event can do.
event onConnect {
    set (smtpGreeting, "policy says hello to %remoteSmtpIp%");
    if (is (remoteSmtpIp, "127.0.0.66")) { set (smtpAction, "reject"); set (smtpExplanation, "not from %remoteSmtpIP%"); }
    if (is (remoteSmtpIp, "127.0.0.67")) { set (smtpAction, "tmpreject"); }
}
event onEhlo {
    call (WA_Acceptance_basic);
    if (matches (ehloHost, "spam*.example")) { set (smtpAction, "reject"); set (smtpExplanation, "go away <%ehloHost%>"); }
    call (Office_Relay);
}
event onMailFrom {
    if (is (mailFrom, "blocked@example.net")) { set (smtpAction, "reject"); set (smtpExplanation, "sender <%mailFrom%> is blocked"); }
    if (is (mailFromDomain, "later.example")) { set (smtpAction, "tmpreject"); set (smtpExplanation, "come back"); }
    if (is (mailFrom, "drop@example.net")) { set (smtpAction, "discard"); }
    if (is (mailFrom, "kind@example.net")) { set (smtpAction, "accept"); set (smtpExplanation, "you are welcome"); }
    if (greaterThan (mailCount, "1")) { set (smtpAction, "reject"); set (smtpExplanation, "two messages are enough"); }
}
event onRcptTo {
    if (allOf (is (isLocalRcpt, "yes"), is (currentRcpt, "bob@example.org"), is (mailFrom, "stranger@example.net"))) {
        set (smtpAction, "reject"); set (smtpExplanation, "bob does not know %mailFrom%"); }
    if (is (currentRcpt, "trap@example.org")) { set (smtpAction, "discard"); }
    if (is (currentRcpt, "carol@example.org")) { set (seen_0, "carol"); }
    if (is (mailFrom, "copied@example.net")) { set (rcptAddress, "bob@example.org"); call (addRcpt); }
}
event onHeadersReceived {
    if (contains (header_Subject, "FORBIDDEN")) { set (smtpAction, "reject"); set (smtpExplanation, "bad subject"); }
    set (headerName, "X-Policy"); set (headerValue, "from %remoteSmtpIp% to %seen_0%"); call (addHeader);
    set (headerName, "X-Remove"); call (removeHeader);
    set (headerName, "X-Modify"); set (headerValue, "changed"); call (modifyHeader);
    set (headerName, "X-Injected"); set (headerValue, "a
Evil: yes"); call (addHeader);
}
event onBodyChunk {
    if (contains (chunkData, "forbidden phrase")) { set (smtpAction, "tmpreject"); set (smtpExplanation, "bad body"); }
}
event onDataReceived {
    if (greaterThan (mailSize, "20000")) { set (smtpAction, "reject"); set (smtpExplanation, "%mailSize% octets are too many"); }
    if (contains (header_Subject, "wait")) { set (deliveryDelay, "3"); }
    if (contains (header_Subject, "not for carol")) { set (rcptAddress, "carol@example.org"); call (discardRcpt); }
}
event onProcessing {
    if (contains (header_Subject, "from the start")) {
        set (headerName, "X-Work"); set (headerValue, "%mailFrom% to %rcpt% by %authUser%"); call (addHeader);
        set (rcptAddress, "carol@example.org"); call (addRcpt);
        set (rcptAddress, "bob@example.org"); call (discardRcpt);
        set (deliveryDelay, "2");
    }
}
method WA_Acceptance_basic {
    set (maxDataSize, "50"); set (maxRcptCount, "3"); set (allowDSN, "no"); set (plainConnAuthTypes, "plain");
}
method Office_Relay {
    if (anyOf (ipRange (remoteSmtpIp, "127.0.1.0/255.255.255.0"))) { set (remoteDelivery, "all"); }
}
"""


class PolicyCase(harness.ConfiguredCase):
    script = SCRIPT

    @classmethod
    def prepare(cls):
        cls.path = os.path.join(cls.server.data, "filters", "smtpFilters.script")
        os.makedirs(os.path.dirname(cls.path), exist_ok=True)
        with open(cls.path, "w") as file:
            file.write(cls.script)

    @classmethod
    def config(cls, ports):
        return harness.config(ports)


class Events(PolicyCase):
    """Each event decides, with its text, and changes what it may."""

    def test_connect(self):
        with self.smtp() as peer:
            self.assertEqual(peer.greeting.text, "mail.example.org policy says hello to 127.0.0.1")
        for source, code, text in (("127.0.0.66", 554, "not from 127.0.0.66"), ("127.0.0.67", 421, "Not accepted now, try later")):
            with self.smtp(source=source, hello=None) as peer:
                self.assertEqual((peer.greeting.code, peer.greeting.text), (code, text))
                self.assertEqual(peer.rest(), b"")

    def test_ehlo_and_what_it_advertises(self):
        with self.smtp(hello=None) as peer:
            reply = peer.command("EHLO spam1.example", 550)
            self.assertIn("go away <spam1.example>", reply.text)
            peer.command("MAIL FROM:<a@example.net>", 503)
            peer.name, peer.hello_word = "good.example", "EHLO"
            peer.hello()
            self.assertEqual(peer.extensions["SIZE"], str(50 * 1024))
            self.assertNotIn("DSN", peer.extensions)
            self.assertEqual(peer.extensions["AUTH"], "PLAIN")

    def test_mail_from(self):
        with self.smtp() as peer:
            self.assertIn("5.7.1 sender <blocked@example.net> is blocked", peer.command("MAIL FROM:<blocked@example.net>", 550).text)
            self.assertIn("4.7.1 come back", peer.command("MAIL FROM:<x@later.example>", 451).text)
            self.assertIn("you are welcome", peer.command("MAIL FROM:<kind@example.net>", 250).text)

    def test_a_discarded_sender_hears_nothing_of_it(self):
        with self.smtp() as peer:
            peer.mail("drop@example.net", "alice@example.org", sample("discarded"))
            peer.mail("you@example.net", "alice@example.org", sample("not discarded"))
        self.wait_for_one("alice", "not discarded")
        self.assertFalse([m for m in self.inbox("alice") if b"Subject: discarded" in m])

    def test_rcpt_to(self):
        with self.smtp() as peer:
            peer.command("MAIL FROM:<stranger@example.net>", 250)
            self.assertIn("bob does not know stranger@example.net", peer.command("RCPT TO:<bob@example.org>", 550).text)
            peer.command("RCPT TO:<trap@example.org>", 250)
            peer.command("RCPT TO:<alice@example.org>", 250)
            peer.command("RCPT TO:<alice@example.org>", 250)
            peer.command("RCPT TO:<alice@example.org>", 250)
            self.assertIn("Too many recipients", peer.command("RCPT TO:<alice@example.org>", 452).text)

    def test_only_trapped_recipients(self):
        with self.smtp() as peer:
            peer.mail("you@example.net", "trap@example.org", sample("for nobody"))

    def test_recipients_are_added_and_dropped(self):
        with self.smtp() as peer:
            peer.mail("copied@example.net", "alice@example.org", sample("copied to bob"))
            peer.mail("you@example.net", ["alice@example.org", "carol@example.org"], sample("not for carol"))
        self.wait_for_one("bob", "copied to bob")
        self.wait_for_one("alice", "not for carol")
        self.assertFalse([m for m in self.inbox("carol") if b"not for carol" in m])

    def test_relaying_is_for_the_office(self):
        with self.smtp() as peer:
            peer.command("MAIL FROM:<you@example.net>", 250)
            self.assertIn("Relaying denied", peer.command("RCPT TO:<them@elsewhere.invalid>", 550).text)
        with self.smtp(source="127.0.1.7") as peer:
            peer.command("MAIL FROM:<you@example.net>", 250)
            peer.command("RCPT TO:<them@elsewhere.invalid>", 250)

    def test_headers_are_changed_and_nothing_is_injected(self):
        message = sample("header edits").replace(b"Subject:", b"X-Remove: 1\r\nX-Modify: old\r\nX-remove: 2\r\nSubject:", 1)
        with self.smtp() as peer:
            peer.mail("you@example.net", "carol@example.org", message)
        stored = self.wait_for_one("carol", "header edits")
        self.assertIn(b"X-Policy: from 127.0.0.1 to carol\r\n", stored)
        self.assertNotIn(b"emove", stored)
        self.assertIn(b"X-Modify: changed\r\n", stored)
        self.assertNotIn(b"\r\nEvil:", stored)
        with self.smtp() as peer:  # what one message has set is forgotten with it
            peer.mail("you@example.net", "carol@example.org", sample("first of two"))
            peer.mail("you@example.net", "alice@example.org", sample("second of two"))
        self.assertIn(b"X-Policy: from 127.0.0.1 to\r\n", self.wait_for_one("alice", "second of two"))

    def test_what_the_message_says(self):
        for message, code, text in ((sample("this is FORBIDDEN"), 550, "bad subject"),
                                    (sample("body") + b"a forbidden phrase\r\n", 451, "bad body"),
                                    (sample("long") + b"x" * 70 + b"\r\n" * 12000, 550, "octets are too many")):
            with self.smtp() as peer:
                peer.envelope("you@example.net", "alice@example.org")
                reply = peer.data(message)
                self.assertEqual(reply.code, code)
                self.assertIn(text, reply.text)
        with self.smtp() as peer:  # by BDAT likewise
            peer.envelope("you@example.net", "alice@example.org")
            self.assertIn("bad subject", peer.bdat(sample("this is FORBIDDEN"), code=550).text)

    def test_delivery_is_delayed(self):
        with self.smtp() as peer:
            begun = time.monotonic()
            peer.mail("you@example.net", "alice@example.org", sample("please wait"))
        self.wait_for_one("alice", "please wait")
        self.assertGreater(time.monotonic() - begun, 2)

    def test_work_begins_on_mail_of_every_kind(self):
        with self.smtp() as peer:
            begun = time.monotonic()
            peer.mail("you@example.net", ["alice@example.org", "bob@example.org"], sample("from the start"))
        self.assertIn(b"X-Work: you@example.net to alice@example.org by\r\n", self.wait_for_one("alice", "from the start"))
        self.assertGreater(time.monotonic() - begun, 1)
        self.wait_for_one("carol", "from the start")
        self.assertFalse([m for m in self.inbox("bob") if b"from the start" in m])
        with self.lmtp() as peer:
            peer.mail("", "alice@example.org", sample("from the start, by LMTP"))
        self.assertIn(b"X-Work:", self.wait_for_one("alice", "from the start, by LMTP"))

    def test_two_messages_a_session(self):
        with self.smtp() as peer:
            for i in range(2):
                peer.mail("you@example.net", "alice@example.org", sample(f"session {i}"))
            self.assertIn("two messages are enough", peer.command("MAIL FROM:<you@example.net>", 550).text)

    def test_the_log_says_which_line_it_was(self):
        with self.smtp() as peer:
            peer.command("MAIL FROM:<blocked@example.net>", 550)
        self.eventually(lambda: "Set smtp action to REJECT (policy, onMailFrom line" in self.server.logs(), what=self.server.logs()[-500:])


class Administration(PolicyCase):
    """Checking, replacing and tracing; a policy with errors never comes into force."""

    script = 'event onMailFrom { if (is (mailFrom, "a@b.example")) { set (smtpAction, "reject"); set (smtpExplanation, "one"); } }\n'

    def refused(self, *arguments):
        """What a command says that fails."""
        done = subprocess.run([os.path.abspath(harness.BINARY), "--data", self.server.data, *arguments],
                              capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        return done.stdout + done.stderr

    def setUp(self):
        self.server.command("policy", "update", self.keep())

    def refusal(self):
        with self.smtp() as peer:
            return peer.command("MAIL FROM:<a@b.example>").text

    def test_reload_keeps_what_was_there_on_errors(self):
        self.assertIn("one", self.refusal())
        with open(self.path, "w") as file:
            file.write(self.script.replace("one", "two"))
        self.server.command("reload")
        self.assertIn("two", self.refusal())
        with open(self.path, "w") as file:
            file.write("event onMailFrom {\n  set (smtpAction \"x\");\n}\n")
        said = self.server.command("reload", check=False)
        self.assertIn("line 2: expected ','", said)
        self.assertIn("two", self.refusal())
        self.assertIn("line 2: expected ',' after the variable", self.refused("policy", "check", self.path))
        with open(self.path, "w") as file:
            file.write(self.script)
        self.server.command("reload")

    def test_update_and_show_by_operation_and_cli(self):
        with harness.scratch() as folder:
            new = os.path.join(folder, "new.script")
            with open(new, "w") as file:
                file.write(self.script.replace("one", "three"))
            self.server.command("policy", "update", new)
            self.assertIn("three", self.refusal())
            self.assertIn("three", self.server.command("policy", "show"))
            self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
            with open(new, "w") as file:
                file.write("event onNowhere { }")
            self.assertIn("no event 'onNowhere'", self.refused("policy", "update", new))
            self.assertIn("three", self.refusal())
        with Peer(self.port("cli")) as peer:
            peer.login("admin", self.server.password)
            peer.say("CONFIG SERVER")
            self.assertIn("three", "\n".join(peer.say("SHOW SmtpFilters")))
            peer.send("UPDATE SmtpFilters")  # then lines, and the dot
            while not peer.receive().startswith(b"+OK"):
                pass
            peer.send(self.script.replace("one", "four").rstrip("\n"))
            peer.say(".")
            self.assertIn("four", self.refusal())

    def keep(self):
        path = os.path.join(self.server.root, "first.script")
        with open(path, "w") as file:
            file.write(self.script)
        return path

    def test_trace_shows_steps_and_lines(self):
        told = json.loads(self.server.command("policy", "trace", "--from", "a@b.example", "--to", "alice@example.org", "--json"))
        last = told["steps"][-1]
        self.assertEqual((last["step"], last["decision"]), ("onMailFrom", "reject"))
        self.assertEqual(last["answer"], "550 5.7.1 one")
        self.assertEqual(last["lines"][0]["line"], 1)

    def test_reference_knows_every_variable(self):
        told = json.loads(self.server.command("policy", "reference", "--json"))
        self.assertIn("smtpAction", [one["variable"] for one in told["variables"]])


ZONES = {
    "pass.test": '@ TXT "v=spf1 ip4:127.0.0.0/8 -all"\n@ MX 10 mail\nmail A 192.0.2.1',
    "fail.test": '@ TXT "v=spf1 exp=why.fail.test -all"\nwhy TXT "%{i} may not send for us"\n@ MX 10 mail\nmail A 192.0.2.1',
    "broken.test": '@ TXT "v=spf1 nonsense -all"\n@ MX 10 mail\nmail A 192.0.2.1',
    "nomx.test": '@ TXT "v=spf1 +all"',
    "strict.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n@ MX 10 mail\nmail A 192.0.2.1',
    "careful.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=quarantine"\n@ MX 10 mail\nmail A 192.0.2.1',
    "list.test": '9.0.0.127 A 127.0.0.2\n9.0.0.127 TXT "seen spamming"\n',
    "127.in-addr.arpa": "1.0.0 PTR mail.named.test.\n",
    "named.test": "mail A 127.0.0.1\n",
    "test": "@ TXT none\n",  # where the search for an organization ends
    "example": "@ TXT none\n",
}


class Checks(harness.ConfiguredCase):
    """SPF, DMARC, block lists, names: by the settings and by the policy."""

    script = r"""
event onMailFrom {
    if (is (ehloHost, "spf.by.policy")) {
        call (checkSPF);
        if (anyOf (isCase (SPFResult, "fail"))) {
            set (smtpAction, "reject");
            set (smtpExplanation, "SPF check failed for <%ehloHost%> with result <%SPFResult%>: <%SPFExplanation%>");
        }
    }
    if (is (ehloHost, "list.by.policy")) {
        set (DNSBLServer, "list.test");
        call (checkDNSBL);
        if (not (is (DNSBLResult, ""))) { set (smtpAction, "reject"); set (smtpExplanation, "%DNSBLResult%: %DNSBLExplanation%"); }
    }
    if (is (ehloHost, "names.by.policy")) {
        call (checkReverseDNS); call (checkSenderMX);
        set (smtpAction, "tmpreject"); set (smtpExplanation, "%ReverseDNSResult% %reverseDNSName% %SenderMXCheckResult%");
    }
}
event onDataReceived {
    call (checkDMARC);
    set (headerName, "X-Seen"); set (headerValue, "%DMARCResult% %DMARCPolicy%"); call (addHeader);
}
"""
    zones = None

    @classmethod
    def prepare(cls):
        PolicyCase.prepare.__func__(cls)
        cls.zones = dns_zone.NameServer(ZONES)

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            if cls.zones:
                cls.zones.stop()

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=dns_zone.settings(cls.zones) + """
            trustedClients = ( 127.0.5.0/24 )
            dnsChecks = { lists = ( { zone = list.test } ) exclusions = ( 127.0.0.8 ) }
            """)

    def sender(self, address, hello="client.example", code=None, source=None):
        with self.smtp(name=hello, source=source) as peer:
            return peer.command(f"MAIL FROM:<{address}>", code)

    def test_spf_by_the_rule_of_the_wizard(self):
        self.assertEqual(self.sender("a@fail.test", "spf.by.policy", 550).text,
                         "5.7.1 SPF check failed for <spf.by.policy> with result <fail>: <127.0.0.1 may not send for us>")
        self.sender("a@pass.test", "spf.by.policy", 250)
        self.assertIn("5.7.24", self.sender("a@broken.test", "spf.by.policy", 550).text)

    def test_block_list(self):
        said = self.sender("a@pass.test", source="127.0.0.9", code=550).text
        self.assertIn("5.7.1", said)
        self.sender("a@pass.test", source="127.0.0.10", code=250)
        self.assertIn("127.0.0.2: seen spamming", self.sender("a@pass.test", "list.by.policy", 550, "127.0.0.9").text)

    def test_who_has_logged_in_is_not_looked_up(self):
        with self.smtp(source="127.0.0.9", name="list.by.policy") as peer:
            peer.login("alice@example.org", self.server.password)
            message = sample("from a listed place").replace(b"From:", b"From: alice@example.org\r\nX-Old-From:", 1)
            peer.mail("alice@example.org", "bob@example.org", message)
        stored = self.wait_for_one("bob", "from a listed place")
        self.assertNotIn(b"Received-SPF", stored)

    def test_names(self):
        self.assertIn("pass mail.named.test fail", self.sender("a@nomx.test", "names.by.policy", 451).text)
        self.assertIn("fail  pass", self.sender("a@pass.test", "names.by.policy", 451, "127.0.0.10").text.replace("fail pass", "fail  pass"))

    def test_results_are_put_above_our_trace_and_forged_ones_go(self):
        message = b"Authentication-Results: mail.example.org; spf=pass smtp.mailfrom=bank.test\r\n" + sample("authenticated")
        message = message.replace(b"From:", b"From: a@pass.test\r\nX-Old-From:", 1)
        with self.smtp() as peer:
            peer.mail("a@pass.test", "carol@example.org", message)
        stored = self.wait_for_one("carol", "authenticated")
        self.assertNotIn(b"bank.test", stored)
        self.assertIn(b"spf=pass", stored)
        self.assertIn(b"Received-SPF: pass", stored)
        self.assertLess(stored.index(b"Received-SPF"), stored.index(b"Received: "))

    def test_dmarc(self):
        def message(domain):
            return sample("dmarc of " + domain).replace(b"From:", f"From: a@{domain}\r\nX-Old-From:".encode(), 1)
        with self.smtp() as peer:
            peer.envelope("a@pass.test", "alice@example.org")
            reply = peer.data(message("strict.test"))
            self.assertEqual(reply.code, 550)
            self.assertIn("5.7.1 Not from strict.test, which asks to reject such mail (DMARC)", reply.text)
        with self.smtp() as peer:
            peer.mail("a@pass.test", "alice@example.org", message("careful.test"))
        stored = self.wait_for_one("alice", "dmarc of careful.test", folder="Junk")
        self.assertIn(b"X-AxigenSpam-Level: 8", stored)
        self.assertIn(b"X-Seen: fail quarantine", stored)
        with self.smtp(source="127.0.5.1") as peer:  # one of ours
            peer.mail("a@pass.test", "alice@example.org", message("strict.test"))


class Greylisting(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        return harness.config(ports, server="""
            trustedClients = ( 127.0.0.1 )
            messageAuthentication = { enable = no }
            greylist = { enable = yes minDelay = 1 }
            """)

    def test_strangers_have_to_try_twice(self):
        with self.smtp(source="127.0.0.9") as peer:
            peer.command("MAIL FROM:<a@example.net>", 250)
            self.assertIn("Temporary rejected by greylisting", peer.command("RCPT TO:<alice@example.org>", 451).text)
            peer.command("RCPT TO:<nobody@example.org>", 550)  # who does not exist is told so at once
            time.sleep(1.5)
            self.eventually(lambda: peer.command("RCPT TO:<alice@example.org>").code == 250)
        with self.smtp() as peer:
            peer.mail("a@example.net", "alice@example.org", sample("from ourselves"))


class Leaving(harness.ConfiguredCase):
    """onRelay, remoteSmtpHost in onRcptTo, and the texts of reports."""

    @classmethod
    def prepare(cls):
        cls.smart, cls.direct, cls.refusing = (mail_sink.Sink(), mail_sink.Sink(),
                                               mail_sink.Sink(manners={"RCPT": "550 5.1.1 nobody here"}))
        cls.script = f"""
event onRelay {{
    if (is (rcptDomain, "smart.example")) {{ set (remoteSmtpHost, "[127.0.0.1]"); set (remoteSmtpPort, "{cls.smart.port}");
        set (relayLocalIp, "127.0.0.23"); }}
    if (is (rcptDomain, "refusing.example")) {{ set (remoteSmtpHost, "[127.0.0.1]:{cls.refusing.port}"); }}
}}
event onRcptTo {{
    if (is (currentRcptDomain, "direct.example")) {{ set (remoteSmtpHost, "[127.0.0.1]:{cls.direct.port}"); }}
}}
event onDeliveryFailure {{
    set (ndrSubject, "Alas, after %ndrRetryCount% attempts");
    set (ndrRcptMessage, "lost: %ndrRcptAddress% because %ndrRcptFailInfo%");
    if (is (mailFrom, "bob@example.org")) {{ set (sendNdr, "no"); }}
}}
"""
        PolicyCase.prepare.__func__(cls)

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            for sink in (cls.smart, cls.direct, cls.refusing):
                sink.stop()

    @classmethod
    def config(cls, ports):
        return harness.config(ports)

    def send(self, to, marker, user="alice"):
        message = sample(marker).replace(b"From:", f"From: {user}@example.org\r\nX-Old-From:".encode(), 1)
        with self.submission(user) as peer:
            peer.mail(f"{user}@example.org", to, message)

    def arrives(self, sink, marker):
        return self.eventually(lambda: [b for b in sink.bodies() if marker.encode() in b], what=f"{marker} did not arrive")

    def test_mail_goes_where_the_policy_says(self):
        self.send("x@smart.example", "by onRelay")
        self.arrives(self.smart, "by onRelay")
        self.assertIn("127.0.0.23", self.smart.peers)
        self.send("x@direct.example", "by onRcptTo")
        self.arrives(self.direct, "by onRcptTo")

    def test_routes_are_known_after_a_restart(self):
        self.send("x@smart.example", "first of its route")
        self.arrives(self.smart, "first of its route")
        with open(os.path.join(self.server.data, "run", "policy_routes")) as file:
            self.assertIn(str(self.smart.port), file.read())
        self.assertEqual(os.stat(os.path.join(self.server.data, "run", "policy_routes")).st_mode & 0o777, 0o600)

    def test_reports_have_the_words_of_the_policy(self):
        self.send("x@refusing.example", "refused of bob", "bob")
        self.send("x@refusing.example", "refused of alice")
        report = self.wait_for_one("alice", "Alas, after 1 attempts")
        self.assertIn(b"lost: x@refusing.example because", report)
        self.assertFalse([m for m in self.inbox("bob") if b"Alas" in m])


class Watching(harness.ConfiguredCase):
    """Who attacks is shut out, and floods are slowed down."""

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server="""
            trustedClients = ( 10.0.0.1 )
            antiSpam = {
                bans = { traps = ( trap@example.org ) maxUnknownRecipients = 3 exclusions = ( 10.0.0.1 ) }
                rateLimits = { clientMessages = 2 exclusions = ( 10.0.0.1 ) }
            }""")

    def shut_out(self, source):
        try:
            with self.smtp(source=source, hello=None) as peer:
                return peer.greeting.code >= 400
        except (clients.Closed, OSError):
            return True

    def test_traps(self):
        with self.smtp(source="127.0.0.31") as peer:
            peer.command("MAIL FROM:<a@example.net>", 250)
            peer.command("RCPT TO:<trap@example.org>")
        self.eventually(lambda: self.shut_out("127.0.0.31"), what="it may come again")
        self.assertFalse(self.shut_out("127.0.0.32"))

    def test_guessing_of_names(self):
        with self.smtp(source="127.0.0.33") as peer:
            peer.command("MAIL FROM:<a@example.net>", 250)
            for i in range(5):
                peer.command(f"RCPT TO:<nobody{i}@example.org>", 550)
        self.eventually(lambda: self.shut_out("127.0.0.33"), what="it may come again")

    def test_rates(self):
        with self.smtp(source="127.0.0.34") as peer:
            for i in range(2):
                peer.mail("a@example.net", "alice@example.org", sample(f"rate {i}"))
            peer.command("MAIL FROM:<a@example.net>", 451)


class TinyMilter:
    """Refuses the recipient bob, adds a header, wants mail of grumpy@ to wait; counts connections."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.helos = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        stream = peer.makefile("rwb")

        def say(command, data=b""):
            stream.write(struct.pack(">I", len(data) + 1) + command + data)
            stream.flush()

        sender = b""
        while True:
            head = stream.read(4)
            if len(head) < 4:
                return
            packet = stream.read(struct.unpack(">I", head)[0])
            command, data = packet[:1], packet[1:]
            if command == b"O":
                say(b"O", struct.pack(">III", 6, 0x1FF, 0))
            elif command == b"Q":
                return
            elif command in b"DAK":
                continue
            elif command == b"R" and data.startswith(b"<bob@"):
                say(b"y", b"550 5.7.1 the milter says no\0")
            elif command == b"E":
                if data:
                    pass
                if sender.startswith(b"<grumpy@"):
                    say(b"q", b"looks odd\0")
                say(b"h", b"X-Milter\0was here\0")
                say(b"c")
            else:
                if command == b"M":
                    sender = data
                if command == b"H":
                    self.helos.append(data)
                say(b"c")


class Milters(harness.ConfiguredCase):
    """One of the settings, and one that the policy calls."""

    @classmethod
    def prepare(cls):
        cls.always, cls.by_policy = TinyMilter(), TinyMilter()
        cls.script = f"""
event onRcptTo {{
    if (is (mailFrom, "policy@example.net")) {{ set (milterAddress, "inet://127.0.0.1:{cls.by_policy.port}"); call (executeMilter); }}
}}
"""
        PolicyCase.prepare.__func__(cls)

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.always.stop()
            cls.by_policy.stop()

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server=f"milters = ( {{ name = tiny address = inet://127.0.0.1:{cls.always.port} }} )")

    def test_a_milter_refuses_and_changes(self):
        with self.smtp() as peer:
            peer.command("MAIL FROM:<you@example.net>", 250)
            self.assertIn("the milter says no", peer.command("RCPT TO:<bob@example.org>", 550).text)
            peer.command("RCPT TO:<alice@example.org>", 250)
            self.assertEqual(peer.data(sample("through the milter")).code, 250)
        stored = self.wait_for_one("alice", "through the milter")
        self.assertEqual(stored.count(b"X-Milter: was here\r\n"), 1)

    def test_quarantine(self):
        with self.smtp() as peer:
            peer.mail("grumpy@example.net", "alice@example.org", sample("held back"))
        self.eventually(lambda: "looks odd" in self.server.command("queue", "list", "--json"), what="it is not in the queue")
        self.assertFalse([m for m in self.inbox("alice") if b"held back" in m])

    def test_one_by_policy_is_shown_what_has_happened(self):
        with self.smtp(name="late.example") as peer:
            peer.mail("policy@example.net", "alice@example.org", sample("through both"))
        stored = self.wait_for_one("alice", "through both")
        self.assertEqual(stored.count(b"X-Milter: was here\r\n"), 2)
        self.assertIn(b"late.example\0", self.by_policy.helos)


if __name__ == "__main__":
    unittest.main()
