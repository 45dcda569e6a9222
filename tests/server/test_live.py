"""A running server in its administrator's hands: services one by one, new settings without a lost session."""

import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import clients
import harness


class Services(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        return f"""Server {{ serverName = mail.example.org primaryDomain = example.org
            smtpIncoming = {{ listeners = ( {{ address = 127.0.0.1:{ports["smtp"]} }} ) }}
            imap = {{ listeners = ( {{ address = 127.0.0.1:{ports["imap"]} }} ) plainConnAllowLogin = yes }}
            pop3 = {{ listeners = ( {{ address = 127.0.0.1:{ports["pop3"]} }} ) plainConnAllowLogin = yes }}
            cli = {{ listeners = ( {{ address = 127.0.0.1:{ports["cli"]} }} ) }} }}"""

    def states(self):
        return {one["service"]: one for one in json.loads(self.server.command("service", "list", "--json"))["services"]}

    def test_each_protocol_says_goodbye_in_its_own_words(self):
        with self.smtp() as smtp, self.imap() as imap, self.pop3() as pop3:
            for service, peer, words in (("smtpIncoming", smtp, b"421 4.3.2"), ("imap", imap, b"* BYE"),
                                         ("pop3", pop3, b"-ERR [SYS/TEMP]")):
                self.assertGreaterEqual(self.states()[service]["sessions"], 1)
                self.server.command("service", "stop", service)
                self.assertIn(words, peer.rest())
                self.assertEqual(self.states()[service], {"service": service, "state": "stopped", "at_start": True,
                                                          "sessions": 0})
        for service in ("smtpIncoming", "imap", "pop3"):
            self.server.command("service", "start", service)
        self.assertEqual({one["state"] for one in self.states().values()}, {"running"})

    def test_a_stopped_service_leaves_the_others_alone_and_its_port_refuses(self):
        server = self.server
        server.command("service", "stop", "pop3")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.ports["pop3"]), 5)
        clients.Smtp(server.ports["smtp"]).socket.close()
        server.command("service", "restart", "POP3")  # names are known in any case
        self.assertIn(b"+OK", clients.Pop3(server.ports["pop3"]).greeting)

    def test_mail_waits_while_processing_is_stopped(self):
        self.server.command("service", "stop", "processing")
        with self.smtp() as peer:
            peer.mail("you@example.net", "bob@example.org", b"Subject: patience\r\n\r\nx\r\n")
        self.server.command("service", "start", "processing")
        self.wait_for_one("bob", "Subject: patience")

    def test_an_unknown_service_is_named_in_the_error(self):
        with self.assertRaisesRegex(AssertionError, "no service 'gopher'"):
            self.server.command("service", "stop", "gopher")


class LongWork(harness.Case):
    """A stop comes back in seconds, whatever an administrator has begun, and nothing is lost by it."""

    messages, size, queued = 150, 200_000, 300

    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.remove)
        self.server.demo()
        noise = [base64.b64encode(os.urandom(self.size * 3 // 4)).decode() for _ in range(4)]
        with self.lmtp() as peer:
            for i in range(self.messages):
                lines = "\r\n".join(noise[i % 4][at:at + 76] for at in range(0, self.size, 76))
                peer.mail("you@example.net", "alice@example.org", f"Subject: stays-{i}-\r\n\r\n{i}\r\n{lines}\r\n")
        with self.submission("bob") as peer:
            for i in range(self.queued):
                peer.mail("bob@example.org", f"x{i}@elsewhere.invalid", f"Subject: q{i}\r\n\r\nx\r\n", " HOLDFOR=7200")
        self.server.command("account", "set", "alice@example.org", "undeleteWindow", "0")
        with self.imap("alice", "INBOX") as peer:  # two of three go, so that there is something to compact
            peer.ok("UID STORE " + ",".join(str(i) for i in range(1, self.messages + 1) if i % 3) + " +FLAGS.SILENT (\\Deleted)")
            peer.ok("EXPUNGE")

    def begun(self, operation, arguments):
        """The connection of an operation that has said how far it is."""
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(60 * harness.SLOW)
        peer.connect(os.path.join(self.server.data, "run", "control"))
        peer.sendall(json.dumps({"operation": operation, "arguments": arguments}).encode() + b"\n")
        lines = peer.makefile("rb")
        return peer, lines, json.loads(lines.readline())

    def test_a_stop_gives_up_long_work_and_loses_nothing(self):
        for operation, arguments in (("storage verify", {}), ("storage compact", {}),
                                     ("queue bounce", {"sender": "bob@example.org"})):
            with self.subTest(operation):
                peer, lines, first = self.begun(operation, arguments)
                with peer:
                    begin = time.monotonic()
                    self.server.process.send_signal(signal.SIGTERM)
                    rest = [json.loads(line) for line in lines]
                    self.server._gone(harness.STOP_SECONDS)
                    took = time.monotonic() - begin
                self.assertLess(took, harness.PATIENCE)
                last = (rest or [first])[-1]
                if "error" in last:
                    self.assertIn("stopping", last["error"]["what"])
                else:
                    self.assertIn("result", last)
                print(f"{operation}: {'given up' if 'error' in last else 'done'}, stopped after {took:.2f} s")
                self.server.demo()
        self.assertTrue(json.loads(self.server.command("storage", "verify", "--json"))["clean"])
        left = sorted(int(re.search(rb"stays-(\d+)-", one)[1]) for one in self.inbox("alice"))
        self.assertEqual(left, [i for i in range(self.messages) if i % 3 == 2])
        # Each queued message is still there, or has been given back: one report to its sender.
        waiting = {one["id"] for one in json.loads(self.server.command("queue", "list", "--limit", "1000", "--json"))["messages"]}
        self.eventually(lambda: len(self.inbox("bob")) + len(waiting) >= self.queued, what="messages are missing")
        self.assertEqual(len(self.inbox("bob")) + len(waiting), self.queued)
        self.server.stop()


class Reload(harness.Case):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.remove)
        self.server.prepared()
        self.server.serve(self.first)

    def first(self, ports):
        self.ports = ports
        self.values = {"smtp": [self.listener("smtp")], "imap": [self.listener("imap")], "common": "", "imap_more": ""}
        return self.text()

    def listener(self, name, more=""):
        return f"{{ address = 127.0.0.1:{self.ports[name]} {more} }}"

    def text(self):
        v = self.values
        return f"""Server {{ serverName = {v.get("name", "mail.example.org")} primaryDomain = example.org {v["common"]}
            smtpIncoming = {{ listeners = ( {" ".join(v["smtp"])} ) }}
            imap = {{ listeners = ( {" ".join(v["imap"])} ) plainConnAllowLogin = yes {v["imap_more"]} }}
            pop3 = {{ listeners = ( {self.listener("pop3")} ) }}
            cli = {{ listeners = ( {self.listener("cli")} ) }} }}"""

    def reload(self, **changes):
        self.values.update(changes)
        with open(os.path.join(self.server.root, "test.cfg"), "w") as file:
            file.write(self.text())
        return json.loads(self.server.command("reload", "--json"))

    def refused(self, name):
        try:
            socket.create_connection(("127.0.0.1", self.ports[name]), 5).close()
            return False
        except ConnectionRefusedError:
            return True

    def test_listeners_come_and_go_and_sessions_stay(self):
        with self.imap() as old:
            done = self.reload(imap=[self.listener("imap2")], smtp=[self.listener("smtp"), self.listener("smtp2")])
            self.assertEqual(done, {"changed": ["smtpIncoming.listeners", "imap.listeners"], "needs_restart": [],
                                    "warnings": [], "problems": [], "clean": True})
            self.assertTrue(self.refused("imap"))
            clients.Imap(self.ports["imap2"]).socket.close()
            clients.Smtp(self.ports["smtp2"]).socket.close()
            old.ok("SELECT INBOX")  # on the listener that is gone
        self.server.stop()

    def test_rules_and_limits_count_for_the_next_connection(self):
        with self.imap() as old:
            self.reload(imap=[self.listener("imap", "denyRules = ( { ipSet = 127.0.0.0/8 enable = yes priority = 1 } )")])
            with clients.Imap(self.port("imap")) as refused:
                self.assertIn(b"* BYE", refused.greeting)
            old.ok("NOOP")
        self.reload(imap=[self.listener("imap", "maxConnections = 1")])
        with clients.Imap(self.port("imap")) as one, clients.Imap(self.port("imap")) as two:
            self.assertIn(b"* OK", one.greeting)
            self.assertIn(b"* BYE", two.greeting)
        self.server.stop()

    def certificate(self, name, place):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", f"/CN={name}", "-keyout", place + ".key", "-out", place + ".crt"],
                       check=True, capture_output=True)
        with open(place, "w") as out:
            for part in (".crt", ".key"):
                with open(place + part) as file:
                    out.write(file.read())

    def subject(self, name):
        with socket.create_connection(("127.0.0.1", self.ports[name]), 10) as plain:
            with clients.relaxed_tls().wrap_socket(plain, server_hostname="localhost") as secure:
                der = secure.getpeercert(binary_form=True)
        pem = ssl.DER_cert_to_PEM_cert(der)
        return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, text=True, capture_output=True).stdout

    def test_a_renewed_certificate_is_read_without_ending_a_session(self):
        place = os.path.join(self.server.root, "cert.pem")
        self.certificate("old.example.org", place)
        self.reload(imap=[self.listener("imap"), self.listener("imaps", f"sslEnable = yes sslControl = {{ certFile = {place} }}")])
        self.assertIn("old.example.org", self.subject("imaps"))
        with clients.Imap(self.ports["imaps"], tls=True) as old:
            self.certificate("new.example.org", place)
            self.assertEqual(self.reload()["changed"], [])
            self.assertIn("new.example.org", self.subject("imaps"))
            with open(place, "w") as file:
                file.write("no certificate\n")
            self.assertIn("goes on with its old certificates", self.reload()["warnings"][0])
            self.assertIn("new.example.org", self.subject("imaps"))  # better the old one than none
            self.eventually(lambda: "goes on with its old certificates" in self.server.logs())
            old.ok("NOOP")
        self.server.stop()

    def test_a_file_with_errors_changes_nothing_and_is_named_with_its_line(self):
        with open(os.path.join(self.server.root, "test.cfg"), "w") as file:
            file.write("Server {\n  imap = {\n    maxErrors = many\n  }\n}\n")
        with self.assertRaisesRegex(AssertionError, r"test.cfg:3: error: imap.maxErrors"):
            self.server.command("reload")
        self.server.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: self.server.logs().count("test.cfg:3: error") >= 2)
        self.imap().socket.close()
        self.server.stop()

    def test_an_address_that_cannot_be_had_costs_no_other(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.ports["taken"]))
            taken.listen()
            done = json.loads(self.reload_failing(imap=[self.listener("taken")]))
        self.assertFalse(done["clean"])
        self.assertIn(f"127.0.0.1:{self.ports['taken']}", done["problems"][0])
        clients.Imap(self.ports["imap"]).socket.close()  # the old address again
        self.server.stop()

    def reload_failing(self, **changes):
        self.values.update(changes)
        with open(os.path.join(self.server.root, "test.cfg"), "w") as file:
            file.write(self.text())
        return self.server.command("reload", "--json", check=False)

    def test_what_needs_a_restart_is_said(self):
        done = self.reload(common=f"domainStorageParams = ( {{ domainName = new.example.org "
                                  f"messageStorageLocations = ( {self.server.root}/new ) }} )")
        self.assertEqual(done["needs_restart"], ["domainStorageParams"])
        self.eventually(lambda: "The change of domainStorageParams counts after a restart" in self.server.logs())
        self.server.stop()

    def test_another_name_counts_at_once(self):
        with self.smtp() as old:
            self.assertIn("mail.example.org", old.greeting.text)
            done = self.reload(name="other.example.org")
            self.assertEqual((done["changed"], done["needs_restart"]), (["serverName"], []))
            old.mail("you@example.net", "bob@example.org", b"Subject: begun before\r\n\r\nx\r\n")
        with self.smtp() as peer:
            self.assertIn("other.example.org", peer.greeting.text)
            self.assertNotIn("mail.example.org", peer.greeting.text)
            peer.mail("you@example.net", "bob@example.org", b"Subject: begun after\r\n\r\nx\r\n")
        found = self.wait_for_one("bob", "Subject: begun after")
        self.assertIn(b"by other.example.org", found)
        subprocess.run([os.path.abspath(harness.BINARY), "sendmail", "bob@example.org"], input=b"Subject: from a program\n\nx\n",
                       check=True, env=dict(os.environ, POSTRIDER_DATA=self.server.data))
        self.assertIn(b"by other.example.org", self.wait_for_one("bob", "Subject: from a program"))
        self.eventually(lambda: re.search(r" 08 other.example.org SMTP-IN:", self.server.logs()))
        self.server.stop()

    def test_log_ins_by_alias_follow_the_file(self):
        self.server.command("account", "alias", "add", "bob@example.org", "robert")
        for setting, allowed in (("", True), ("allowAliasLogins = no", False), ("allowAliasLogins = yes", True)):
            self.assertEqual(self.reload(common=setting)["needs_restart"], [])
            with self.imap(user=None) as peer:
                said = peer.command(f"LOGIN robert@example.org {clients.quoted(self.server.password)}")[1]
                self.assertEqual(said.startswith(b"OK"), allowed, said)
        self.server.stop()

    def test_services_and_log_levels_follow_the_file(self):
        done = self.reload(common="services = ( smtpIncoming imap processing )", imap_more="logLevel = 31")
        self.assertEqual(done["changed"], ["imap.logLevel", "services"])
        self.assertTrue(self.refused("pop3"))
        self.imap().socket.close()
        self.eventually(lambda: re.search(r" 16 \S+ IMAP:\S+ <<", self.server.logs()))
        self.reload(common="", imap_more="")
        with clients.Pop3(self.ports["pop3"]) as peer:
            self.assertIn(b"+OK", peer.greeting)
        self.server.stop()

    def test_settings_in_force_are_saved_in_one_step(self):
        self.reload(imap_more="maxErrors = 7")
        with open(os.path.join(self.server.root, "test.cfg"), "w") as file:
            file.write("lost\n")
        self.server.command("save-config")
        with open(os.path.join(self.server.root, "test.cfg")) as file:
            self.assertIn("maxErrors = 7", file.read())
        self.assertEqual(json.loads(self.server.command("reload", "--json"))["changed"], [])
        self.server.stop()
