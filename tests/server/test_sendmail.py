"""The sendmail command, called as programs call it."""

import os
import pwd
import shutil
import smtplib
import subprocess
import unittest

import harness

ALICE = "alice@example.org"


class Sendmail(harness.ServerCase):
    @classmethod
    def prepare(cls):
        os.chmod(cls.server.root, 0o755)
        cls.bin = os.path.join(cls.server.root, "bin")
        os.mkdir(cls.bin)
        for name in ("sendmail", "mailq", "newaliases"):
            os.symlink(os.path.abspath(harness.BINARY), os.path.join(cls.bin, name))
        cls.path = os.path.join(cls.bin, "sendmail")
        cls.environment = dict(os.environ, POSTRIDER_DATA=cls.server.data, HOME=cls.server.root, LC_ALL="C.UTF-8")

    def call(self, *arguments, input="", program="sendmail", environment=None, **options):
        return subprocess.run([os.path.join(self.bin, program), *arguments], input=input.encode(), capture_output=True,
                              env=environment or self.environment, timeout=60 * harness.SLOW, **options)

    def test_recipients_come_from_the_header_and_bcc_goes(self):
        done = self.call("-t", "-i", input="To: Alice <alice@example.org>\nBcc: bob@example.org\nSubject: header\n\n.\nend\n")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for user in ("alice", "bob"):
            got = self.wait_for_one(user, "Subject: header")
            self.assertNotIn(b"bob@example.org", got.split(b"\r\n\r\n")[0].split(b"Received:", 1)[1])
            self.assertTrue(got.endswith(b"\r\n\r\n.\r\nend\r\n"), got)

    def test_the_message_gets_what_it_lacks_and_says_who_sent_it(self):
        self.assertEqual(self.call("-FMiss Demo", ALICE, input="Subject: bare\n\nx\n").returncode, 0)
        got = self.wait_for_one("alice", "Subject: bare").decode()
        name = pwd.getpwuid(os.getuid()).pw_name
        self.assertRegex(got, rf"Received: by mail\.example\.org \(Postrider, from user {name}, uid {os.getuid()}\)")
        self.assertRegex(got, r"\r\nMessage-ID: <\S+@mail\.example\.org>\r\n")
        self.assertRegex(got, r"\r\nDate: ")
        self.assertIn(f"From: Miss Demo <{name}@example.org>\r\n", got)
        self.assertIn(f"Return-Path: <{name}@example.org>\r\n", got)

    def test_the_sender_and_a_dot_are_as_asked_for(self):
        self.assertEqual(self.call("-f", "<me@example.net>", ALICE, input="Subject: dotted\n\none\n.\ntwo\n").returncode, 0)
        got = self.wait_for_one("alice", "Subject: dotted")
        self.assertIn(b"Return-Path: <me@example.net>", got)
        self.assertTrue(got.endswith(b"\r\none\r\n"), got)
        self.assertEqual(self.call("-f", "<>", ALICE, input="Subject: null\n\nx\n").returncode, 0)
        self.assertIn(b"Return-Path: <>", self.wait_for_one("alice", "Subject: null"))

    def test_exit_codes_are_those_of_sysexits(self):
        for code, arguments, text in ((64, ["-bd"], b"postrider serve"), (64, ["-Z"], b"-Z"), (64, [], b"No recipients"),
                                      (67, ["nobody@example.org"], b"nobody@example.org"),
                                      (65, [ALICE], b"no message")):
            done = self.call(*arguments, input="" if code == 65 else "Subject: x\n\nx\n")
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(text, done.stderr)
        gone = self.call(ALICE, input="x\n", environment=dict(self.environment, POSTRIDER_SUBMIT="/nonexistent"))
        self.assertEqual(gone.returncode, 75)
        self.assertIn(b"does not run", gone.stderr)

    def test_one_unknown_recipient_refuses_the_whole_message(self):
        self.assertEqual(self.call("carol@example.org", "nobody@example.org", input="Subject: whole\n\nx\n").returncode, 67)
        self.assertFalse([m for m in self.inbox("carol") if b"Subject: whole" in m])

    def test_a_message_that_is_too_large_is_refused_with_its_size(self):
        done = self.call(ALICE, input="Subject: large\n\n" + "x" * 79 + "\n" + ("y" * 79 + "\n") * 140_000)
        self.assertEqual(done.returncode, 69)
        self.assertIn(b"this server takes", done.stderr)

    def test_other_names_of_the_program(self):
        self.assertEqual(self.call(program="newaliases").returncode, 0)
        self.assertEqual(self.call(program="mailq").returncode, 0)
        self.assertEqual(self.call("-bp").returncode, 0)

    def test_smtp_on_standard_input(self):
        said = "EHLO me\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nSubject: spoken\r\n\r\nx\r\n.\r\nQUIT\r\n"
        done = self.call("-bs", input=said)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith(b"220 "), done.stdout)
        self.wait_for_one("alice", "Subject: spoken")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_any_user_of_the_machine_may_send_and_only_the_owner_sees_the_queue(self):
        nobody = pwd.getpwnam("nobody")
        copy = os.path.join(self.server.root, "postrider-for-all")
        shutil.copy(harness.BINARY, copy)
        os.chmod(copy, 0o755)

        def drop():
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
        done = subprocess.run([copy, "sendmail", ALICE], input=b"Subject: humble\n\nx\n", capture_output=True,
                              env=self.environment, preexec_fn=drop)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"from user nobody, uid", self.wait_for_one("alice", "Subject: humble"))
        queue = subprocess.run([copy, "sendmail", "-bp"], capture_output=True, env=self.environment, preexec_fn=drop)
        self.assertEqual(queue.returncode, 77, queue.stderr)

    def test_mutt(self):
        config = os.path.join(self.server.root, "muttrc")
        with open(config, "w") as file:
            file.write(f'set sendmail="{self.path} -oem -oi"\nset from="bob@example.org"\nset use_envelope_from=yes\nset copy=no\n')
        subprocess.run(["mutt", "-F", config, "-s", "from mutt", "-b", "carol@example.org", "--", ALICE], input=b"hello\n",
                       check=True, capture_output=True, env=self.environment, timeout=60)
        self.assertIn(b"Return-Path: <bob@example.org>", self.wait_for_one("alice", "Subject: from mutt"))
        self.assertNotIn(b"Bcc", self.wait_for_one("carol", "Subject: from mutt"))

    def test_s_nail(self):
        subprocess.run(["s-nail", "-:/", "-S", f"mta=file://{self.path}", "-S", "sendwait", "-r", "bob@example.org",
                        "-s", "from s-nail", ALICE],
                       input=b"hello\n", check=True, capture_output=True, env=self.environment, timeout=60)
        self.assertIn(b"From: bob@example.org", self.wait_for_one("alice", "Subject: from s-nail"))

    def test_php(self):
        code = ('exit(mail("alice@example.org", "from php", "line one\\r\\nline two", '
                '["From" => "bob@example.org", "X-Mailer" => "php"], "-fbob@example.org") ? 0 : 1);')
        subprocess.run(["php", "-d", f"sendmail_path={self.path} -t -i", "-r", code], check=True, capture_output=True,
                       env=self.environment, timeout=60)
        got = self.wait_for_one("alice", "Subject: from php")
        self.assertIn(b"Return-Path: <bob@example.org>", got)
        self.assertTrue(got.endswith(b"\r\n\r\nline one\r\nline two\r\n"), got)
