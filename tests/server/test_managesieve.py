"""ManageSieve (RFC 5804) over a whole server, and that the script which is active runs on mail."""

import base64
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness


class Peer:
    """Shows every octet; replies come as a list of lines, literals in one of them."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb")
        self.greeting = self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def reply(self):
        lines = []
        while True:
            line = self.stream.readline()
            if not line:
                return lines
            if line.endswith(b"}\r\n") and b"{" in line:
                size = int(line[line.rindex(b"{") + 1:-3])
                line += self.stream.read(size) + self.stream.readline()
            lines.append(line)
            if line.split(b" ")[0].strip() in (b"OK", b"NO", b"BYE"):
                return lines

    def ask(self, command):
        self.socket.sendall(command if isinstance(command, bytes) else command.encode() + b"\r\n")
        return self.reply()

    def put(self, name, script):
        text = script.encode()
        return self.ask(b'PUTSCRIPT "%s" {%d+}\r\n%s\r\n' % (name.encode(), len(text), text))

    def login(self, user, password):
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.ask(f'AUTHENTICATE "PLAIN" "{plain}"')


class Scripts(harness.ServerCase):
    def peer(self, user="alice"):
        peer = Peer(self.port("sieve"))
        self.assertTrue(peer.login(f"{user}@example.org", self.server.password)[-1].startswith(b"OK"))
        return peer

    def test_the_greeting_says_what_is_there(self):
        with Peer(self.port("sieve")) as peer:
            text = b"".join(peer.greeting)
            for part in (b'"IMPLEMENTATION" "Postrider"', b'"VERSION" "1.0"', b'"STARTTLS"', b"vacation", b"imap4flags"):
                self.assertIn(part, text)
            self.assertTrue(peer.ask("LISTSCRIPTS")[-1].startswith(b"NO"))

    def test_the_active_script_files_mail(self):
        script = 'require ["fileinto", "mailbox"];\r\nif header :contains "Subject" "knitting" { fileinto :create "Wool"; }\r\n'
        with self.peer() as peer:
            self.assertTrue(peer.put("wool", script)[-1].startswith(b"OK"))
            self.assertTrue(peer.put("bad", "nonsense;")[-1].startswith(b"NO"))
            self.assertTrue(peer.ask('SETACTIVE "wool"')[-1].startswith(b"OK"))
            self.assertIn(b'"wool" ACTIVE\r\n', peer.ask("LISTSCRIPTS"))
            self.assertIn(script.encode(), peer.ask('GETSCRIPT "wool"')[0])
        with self.smtp() as smtp:
            smtp.mail("you@example.net", "alice@example.org", b"Subject: more knitting\r\n\r\nText\r\n")
        with self.imap() as imap:
            self.eventually(lambda: any(b"1 EXISTS" in line for line in imap.ok("SELECT Wool", may_fail=True)))
        with self.peer() as peer:
            self.assertTrue(peer.ask('SETACTIVE ""')[-1].startswith(b"OK"))

    def test_scripts_of_others_are_not_seen(self):
        with self.peer("alice") as peer:
            peer.put("mine", "keep;")
        with self.peer("bob") as peer:
            self.assertNotIn(b"mine", b"".join(peer.ask("LISTSCRIPTS")))
            self.assertIn(b"NONEXISTENT", peer.ask('GETSCRIPT "mine"')[-1])

    @unittest.skipUnless(shutil.which("sieve-connect"), "sieve-connect is not installed")
    def test_sieve_connect(self):
        with tempfile.NamedTemporaryFile("w", suffix=".sieve") as script, tempfile.NamedTemporaryFile("w") as password:
            script.write("keep;\r\n")
            script.flush()
            password.write(self.server.password)
            password.flush()

            def run(*arguments):
                return subprocess.run(["sieve-connect", "-s", "127.0.0.1", "-p", str(self.port("sieve")), "-u",
                                       "carol@example.org", "--passwordfd", "0", "--notlsverify", *arguments],
                                      stdin=open(password.name), capture_output=True, text=True, timeout=60)

            put = run("--localsieve", script.name, "--remotesieve", "connected", "--upload")
            self.assertEqual(put.returncode, 0, put.stderr)
            listed = run("--list")
            self.assertIn("connected", listed.stdout, listed.stderr)


if __name__ == "__main__":
    unittest.main()
