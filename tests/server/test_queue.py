"""What waits: schedules that senders ask for, reports, holding, operations. Nothing is sent: the destinations are names
that resolve nowhere."""

import datetime
import json
import os
import re
import subprocess
import time
import unittest

import harness


def sample(subject):
    """A message of alice's."""
    return f"From: alice@example.org\r\nSubject: {subject}\r\n\r\nbody of {subject}\r\n".encode()


class QueueCase(harness.ServerCase):
    def operation(self, *arguments):
        done = subprocess.run([os.path.abspath(harness.BINARY), "--data", self.server.data, "--json", *arguments],
                              capture_output=True, text=True, timeout=60 * harness.SLOW)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def queued(self, *filters):
        return self.operation("queue", "list", *filters)["messages"]


class Wishes(QueueCase):
    """RFC 2852, RFC 4865, RFC 6710."""

    def extensions(self, service, login=False):
        with (self.submission() if login else self.smtp(service, hello=None)) as peer:
            return peer.command("EHLO client.example.net", 250).text

    def test_what_is_offered_where(self):
        text = self.extensions("smtp")
        self.assertRegex(text, r"\bDELIVERBY\b")
        self.assertRegex(text, r"\bMT-PRIORITY\b")
        self.assertNotIn("FUTURERELEASE", text)
        text = self.extensions("submission", login=True)
        seconds, until = re.search(r"FUTURERELEASE (\d+) (\S+)", text).groups()
        self.assertEqual(int(seconds), 2592000)
        when = datetime.datetime.strptime(until, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
        self.assertAlmostEqual(when.timestamp(), time.time() + 2592000, delta=600)

    def test_parameters_that_are_refused(self):
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        for parameters, code in (("BY=0;R", 501), ("BY=120;R", 250), ("BY=-5;N", 250), ("BY=5;X", 501), ("BY=5", 501),
                                 ("BY=9;R BY=9;R", 501), ("HOLDFOR=60", 250), ("HOLDFOR=2592001", 501), ("HOLDFOR=x", 501), ("HOLDFOR=0", 501),
                                 (f"HOLDUNTIL={soon}", 250), ("HOLDUNTIL=2099-01-01T00:00:00Z", 501),
                                 ("HOLDUNTIL=2020-01-01T00:00:00Z", 501),
                                 ("HOLDFOR=60 BY=59;R", 501), ("BY=59;N HOLDFOR=60", 501), (f"BY=60;R HOLDUNTIL={soon}", 501),
                                 ("HOLDFOR=60 BY=60;R", 250), ("HOLDUNTIL=tomorrow", 501), (f"HOLDFOR=5 HOLDUNTIL={soon}", 501),
                                 ("MT-PRIORITY=9", 250), ("MT-PRIORITY=-9", 250), ("MT-PRIORITY=10", 501),
                                 ("MT-PRIORITY=1 MT-PRIORITY=1", 501)):
            with self.subTest(parameters), self.submission() as peer:
                self.assertEqual(peer.command(f"MAIL FROM:<alice@example.org> {parameters}").code, code)

    def test_who_has_not_logged_in_can_only_lower_the_priority(self):
        with self.smtp() as peer:
            reply = peer.command("MAIL FROM:<you@example.net> MT-PRIORITY=4", 250)
            self.assertIn("2.3.6 0 ", reply.text)
            peer.command("RSET", 250)
            self.assertIn("2.1.0", peer.command("MAIL FROM:<you@example.net> MT-PRIORITY=-4", 250).text)
            peer.command("RSET", 250)
            peer.command("MAIL FROM:<you@example.net> HOLDFOR=60", 555)  # RFC 4865: for submission

    def test_a_message_is_held_back_until_its_time(self):
        begin = time.monotonic()
        with self.submission() as peer:
            peer.mail("alice@example.org", "bob@example.org", sample("for later"), " HOLDFOR=10")
        waiting = self.queued("--recipient", "bob@")
        self.assertEqual(len(waiting), 1)
        self.assertEqual(waiting[0]["state"], "Received")
        self.assertTrue(waiting[0]["next_attempt"])
        self.wait_for_one("bob", "Subject: for later\r\n", seconds=30)
        self.assertGreaterEqual(time.monotonic() - begin, 9)
        self.eventually(lambda: not self.queued("--recipient", "bob@"))

    def test_the_priority_is_in_the_trace(self):
        with self.submission() as peer:
            peer.mail("alice@example.org", "carol@example.org", sample("urgent"), " MT-PRIORITY=6")
        self.assertRegex(self.wait_for_one("carol", "Subject: urgent\r\n"), rb"Received: [^;]*PRIORITY\s6\s*;")


class Operations(QueueCase):
    """Messages that cannot go, and what an administrator does to them."""

    def send(self, recipient, subject, parameters=""):
        with self.submission() as peer:
            peer.envelope("alice@example.org", recipient, parameters)
            reply = peer.data(sample(subject))
            self.assertEqual(reply.code, 250)
            return re.search(r"id (\w+)", reply.text).group(1)

    def test_filters_and_changes(self):
        # Nothing of this may be sent meanwhile.
        ids = [self.send(f"far{i}@no-such-{i}.invalid", f"waiting {i}", " HOLDFOR=3600") for i in range(5)]
        self.assertEqual([m["id"] for m in self.queued("--recipient", "far*@no-such-?.invalid")], ids)
        self.assertEqual([m["id"] for m in self.queued("--recipient", "FAR3@")], [ids[3]])
        self.assertEqual(self.queued("--recipient", "far", "--larger", "1M"), [])
        self.assertEqual(self.operation("queue", "list", "--recipient", "far", "--younger", "1h", "--count")["count"], 5)
        self.assertEqual(self.operation("queue", "list", "--recipient", "far", "--older", "1h", "--count")["count"], 0)
        page = self.operation("queue", "list", "--recipient", "far", "--limit", "2")
        self.assertEqual([m["id"] for m in page["messages"]], ids[:2])
        rest = self.operation("queue", "list", "--recipient", "far", "--after", page["next"])
        self.assertEqual([m["id"] for m in rest["messages"]], ids[2:])

        self.assertEqual(self.operation("queue", "hold", "--recipient", "far*")["changed"], 5)
        self.assertEqual({m["state"] for m in self.queued("--recipient", "far")}, {"Held"})
        self.assertEqual(self.operation("queue", "list", "--state", "held", "--count")["count"], 5)
        self.assertEqual(self.operation("queue", "delete", ids[0])["changed"], 1)
        self.assertEqual(self.operation("queue", "bounce", ids[1], "--reason", "Not wanted here")["changed"], 1)
        report = self.wait_for_one("alice", "Not wanted here")
        self.assertIn(b"Subject: Permanent failure notice\r\n", report)
        self.assertIn(b"Action: failed\r\nStatus: 5.0.0\r\n", report)
        self.assertEqual([m["id"] for m in self.queued("--recipient", "far")], ids[2:])
        self.assertEqual(self.operation("queue", "delete", "--recipient", "far")["changed"], 3)
        self.assertEqual(self.queued("--recipient", "far"), [])

    def test_what_is_released_still_waits_for_the_time_that_its_sender_has_named(self):
        held = self.send("soon@no-such.invalid", "later", " HOLDFOR=3600")
        due = self.queued("--recipient", "soon")[0]["next_attempt"]
        self.assertEqual(self.operation("queue", "hold", held)["changed"], 1)
        self.assertEqual(self.operation("queue", "release", held)["changed"], 1)
        self.assertEqual(self.queued("--recipient", "soon")[0]["next_attempt"], due)
        self.assertEqual(self.operation("queue", "delete", held)["changed"], 1)

    def test_all_needs_to_be_said(self):
        done = subprocess.run([os.path.abspath(harness.BINARY), "--data", self.server.data, "queue", "delete"],
                              capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--all", done.stderr)

    def test_mqview(self):
        queue_id = self.send("johnd@no-such.invalid", "viewed", " HOLDFOR=3600")
        number = int(queue_id, 16)
        link = os.path.join(self.server.root, "mqview")
        if not os.path.exists(link):
            os.symlink(os.path.abspath(harness.BINARY), link)
        root = os.path.join(self.server.data, "queue")
        done = subprocess.run([link, root, queue_id], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.split("\n")
        self.assertEqual(lines[0], f"Mail Queue view of file : {root}/{number >> 16:02X}/S{number & 0xffff:04X}")
        self.assertEqual(lines[1], f"ID : {queue_id}")
        self.assertEqual(lines[2:6], ["State : RECEIVED", "Flags : 00", "Last Data Version : 00", "Number of RCPTs : 1"])
        self.assertTrue(lines[6].startswith("Next Send Schedule : "))
        self.assertEqual(lines[7:], ["Retry Count : 0", "Reverse Path : alice@example.org", "Authenticated Path : alice@example.org",
                                     "RCPT information for: johnd@no-such.invalid", "State : RECEIVED", "Data Version : 00",
                                     "Filter Info : ", "Destination mbox: INBOX", "Failure Info : ", "Local Delivery : ", ""])
        done = subprocess.run([link, "@", queue_id], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, POSTRIDER_DATA=self.server.data))
        self.assertEqual(done.stdout.split("\n")[1:], lines[1:])
        self.operation("queue", "delete", queue_id)


class Reports(harness.ConfiguredCase):
    """Texts of the administrator's own, and a queue that is full."""

    @classmethod
    def config(cls, ports):
        return harness.config(ports, server="""
    processing = {
        schedInterval = 1
        maxSchedInterval = 5
        maxRetryCount = 3
        ndrRetryCount = 1
        maxQueueSize = 2
        permanentNdr = { ndrSubject = "Returned to %mailFrom%" ndrMessage = "Sorry." ndrAttachSource = none }
        delayRules = ( { name = "wait" recipient = "slow@no-such.invalid" delay = 3600 } )
    }
""")

    def test_the_administrators_words(self):
        with self.submission() as peer:
            peer.mail("alice@example.org", "slow@no-such.invalid", sample("given back"))
        listed = json.loads(self.server.command("queue", "list", "--json", "--recipient", "slow@"))["messages"]
        self.assertEqual(len(listed), 1)
        self.assertEqual(listed[0]["state"], "Received")  # a rule makes it wait
        self.server.command("queue", "bounce", "--recipient", "slow@")
        report = self.wait_for_one("alice", "Sorry.")
        self.assertIn(b"Subject: Returned to alice@example.org\r\n", report)
        self.assertNotIn(b"Subject: given back", report)

    def test_a_full_queue_refuses_what_has_to_wait(self):
        with self.submission() as peer:
            for i in range(2):
                peer.mail("alice@example.org", "slow@no-such.invalid", sample(f"slow {i}"))
        self.addCleanup(self.server.command, "queue", "delete", "--all")
        with self.submission() as peer:
            peer.command("MAIL FROM:<alice@example.org>", 250)
            reply = peer.command("RCPT TO:<slow@no-such.invalid>", 452)
            self.assertIn("4.3.1", reply.text)
            peer.command("RCPT TO:<bob@example.org>", 250)  # a folder of ours


if __name__ == "__main__":
    unittest.main()
