"""What leaves is signed, and who else knows DKIM and ARC believes it: dkimpy."""

import json
import os
import re
import subprocess

import dns_zone
import harness
import mail_sink
import test_relay


def dkimpy(command, message, zone):
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dkim_tool.py")
    done = subprocess.run(["/usr/bin/python3", tool, *command], input=message, capture_output=True, check=True,
                          env={**os.environ, "ZONE": json.dumps(zone)}, timeout=60 * harness.SLOW)
    return done.stdout


class Signing(test_relay.SendingCase):
    """A server with an RSA and an Ed25519 key of its domain."""

    @classmethod
    def config(cls, ports):
        keys = ""
        cls.zone = {}
        for selector, algorithm in (("r1", "rsa"), ("e1", "ed25519")):
            made = json.loads(cls.server.command("dkim", "keygen", "example.org", selector,
                                                 os.path.join(cls.server.data, f"{selector}.pem"),
                                                 "--algorithm", algorithm, "--json"))
            cls.zone[f"{selector}._domainkey.example.org"] = "".join(re.findall(r'"([^"]*)"', made["publish"]))
            keys += f'{{ domain = "example.org" selector = "{selector}" keyFile = "{selector}.pem" }}\n'
        cls.keys = keys
        records = "".join(f"{name.removesuffix('.example.org')} TXT " +
                          " ".join(f'"{text[i:i + 200]}"' for i in range(0, len(text), 200)) + "\n"
                          for name, text in cls.zone.items())
        cls.names = dns_zone.NameServer({"example.org": records})
        cls.away = mail_sink.Sink()
        return harness.config(ports, server=dns_zone.settings(cls.names) + f"signing = {{ dkimKeys = ( {keys} ) }}\n" +
                              test_relay.outgoing(test_relay.route("away", cls.away)))

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.names.stop()

    def test_mail_of_ours_has_two_signatures_that_dkimpy_believes(self):
        self.send("bob@away.example", "signed-mail", "one  two\t\r\n\r\n")
        body = self.arrives(self.away, "signed-mail")
        self.assertEqual(dkimpy(["verify"], body, self.zone).split(), [b"True", b"True"], body)

    def test_mail_between_our_people_is_not_signed(self):
        self.send("bob@example.org", "stays-here")
        self.assertNotIn(b"DKIM-Signature", self.wait_for_one("bob", "stays-here"))

    def test_the_keys_are_shown_and_held_against_the_dns(self):
        shown = json.loads(self.server.command("dkim", "show", "--json"))
        self.assertEqual({key["selector"] for key in shown["keys"]}, {"r1", "e1"})
        checked = json.loads(self.server.command("dkim", "check", "example.org", "--json"))
        self.assertTrue(checked["complete"], checked)

    def test_a_key_file_is_never_written_over(self):
        with self.assertRaisesRegex(AssertionError, "File exists"):
            self.server.command("dkim", "keygen", "example.org", "r1", os.path.join(self.server.data, "r1.pem"))

