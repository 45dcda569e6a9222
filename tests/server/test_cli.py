"""The CLI service: the dialogues of its specification, scripts through netcat, clients that count lines, the PHP and
Python libraries, hostile input."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import unittest

import harness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "clients", "python"))

import postrider_cli  # noqa: E402


class Peer:
    """A client as third parties write them: waits as they wait, slices as they slice."""

    STATUS = re.compile(rb"((\+OK|-ERR):.*)\r\n<([A-Za-z0-9-]*#?)> $")

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.banner = self.until_prompt()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.socket.close()

    def send(self, line):
        self.socket.sendall(line.encode() + b"\r\n" if isinstance(line, str) else line)

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        return data

    def until_prompt(self):
        """Before log-in: a last line that begins with < and ends with "> "."""
        got = b""
        while not (got.split(b"\r\n")[-1].startswith(b"<") and got.endswith(b"> ")):
            got += self.receive()
        return got.decode()

    def login(self, user, password):
        self.send(f"USER {user}")
        assert self.until_prompt().endswith("<password> ")
        self.send(password)
        return self.until_prompt()

    def say(self, line):
        """The reply's elements after splitting at CRLF; the last one is the prompt."""
        self.send(line)
        got = b""
        while not self.STATUS.search(got):
            got += self.receive()
        return got.decode().split("\r\n")

    def ok(self, line):
        reply = self.say(line)
        assert reply[-2].startswith("+OK: "), (line, reply)
        return reply

    def err(self, line):
        reply = self.say(line)
        assert reply[-2].startswith("-ERR: "), (line, reply)
        return reply[-2][6:]

    def rest(self):
        got = b""
        while True:
            data = self.socket.recv(65536)
            if not data:
                return got.decode()
            got += data


class CliCase(harness.ServerCase):
    def peer(self, login=True):
        peer = Peer(self.port("cli"))
        if login:
            self.assertEqual(peer.login("admin", self.server.password), "+OK: Authentication successful\r\n<#> ")
        return peer

    def client(self):
        client = postrider_cli.Client()
        client.connect("127.0.0.1", self.port("cli"), "admin", self.server.password)
        self.addCleanup(client.close)
        return client


class Dialogue(CliCase):
    def test_the_login_dialogue(self):
        with self.peer(login=False) as peer:
            self.assertIn("Welcome to AXIGEN's Command Line Interface", peer.banner.split("\r\n")[0])
            self.assertTrue(peer.banner.endswith("<login> "))
            peer.send("GET VERSION")
            line = peer.until_prompt().split("\r\n")[0]
            self.assertGreaterEqual(int(line.split("|")[0].split(".")[0]), 5)
            self.assertEqual(len(line.split("|")), 3)
            peer.send("SET CONSOLE-CODES off")
            peer.until_prompt()
            self.assertTrue(peer.login("admin", "wrong").startswith("-ERR: "))
            peer.login("admin", self.server.password)
            peer.send("QUIT")
            self.assertEqual(peer.rest(), "+OK: have a nice day\r\n")

    def test_the_examples_of_the_specification(self):
        """Section 8, line by line, with the prompts that it shows."""
        place = os.path.join(self.server.root, "example.net-messages")
        dialogue = f"""
<#> CREATE Domain name example.net domainLocation /var/opt/axigen/domains/example.net postmasterPassword "p m"
<domain-create#> SET groupwareSupport yes
<domain-create#> ADD MessagesLocation {place}
<domain-create#> COMMIT
<#> UPDATE Domain name example.net
<domain#> ADD Account name "john" password "s3cret"
<domain-account#> CONFIG Quotas
<domain-account-quotas#> SET totalMessageSize 102400
<domain-account-quotas#> DONE
<domain-account#> CONFIG ContactInfo
<domain-account-contactInfo#> SET firstName "John"
<domain-account-contactInfo#> DONE
<domain-account#> COMMIT
<domain#> COMMIT
<#> SAVE CONFIG
<#> UPDATE Domain example.net
<domain#> BACK
<#> CONFIG SERVER
<server#> CONFIG IMAP
<server-imap#> ADD Listener address 127.0.0.1:{harness.FreePorts()["imaps"]}
<server-imap-listener#> SET sslEnable yes
<server-imap-listener#> CONFIG SSLCONTROL
<server-imap-listener-sslControl#> SET certFile run/demo_cert.pem allowedVersions (tls1_1 tls1_2)
<server-imap-listener-sslControl#> DONE
<server-imap-listener#> COMMIT
<server-imap#> COMMIT
<server#> COMMIT
<#> SAVE CONFIG
<#> ENTER AACL
<aacl#> ADD admin-user name "dom1admin" password "pw"
<aacl-adminUser#> GRANT permission (manageAccounts createAccounts) domain "example.net"
<aacl-adminUser#> DONE
<aacl#> DONE
<#> QUEUE"""
        steps = [line.split("> ", 1) for line in dialogue.strip().splitlines()]
        with self.peer() as peer:
            for (_, line), (prompt, _) in zip(steps, steps[1:]):
                reply = peer.ok(line)
                self.assertEqual(reply[-1], prompt + "> ", line)
                if line == "COMMIT":
                    self.assertEqual(reply[-2], "+OK: committing changes and switching back to previous context")
                elif line != "COMMIT":
                    self.assertTrue(reply[-2].startswith("+OK: command successful"), reply)
            peer.ok("UPDATE Domain example.net")
            reply = peer.ok("LIST Accounts")
            self.assertEqual(reply[:5], ["List of Accounts:", "", "-----------", "name", "-----------"])
            self.assertEqual(sorted(reply[5:-3]), ["john", "postmaster"])
            self.assertEqual(reply[-3:], ["", "+OK: command successful", "<domain#> "])
            self.assertEqual(peer.ok("SHOW ATTR catchAllType")[0], "catchAllType = disabled")
            peer.err("UPDATE Account name nobody")
        with Peer(self.port("cli")) as peer:
            self.assertTrue(peer.login("dom1admin", "pw").startswith("+OK"))
            self.assertEqual([line.split()[0] for line in peer.ok("LIST Domains")[5:-3]], ["example.net"])
            self.assertIn("permission denied", peer.err("CONFIG SERVER"))
        self.assertTrue(os.path.exists(os.path.join(place, "hsf.dat")))
        with open(os.path.join(self.server.data, "run", "postrider.cfg")) as file:
            self.assertIn("tls1_1", file.read())

    def test_an_account_made_here_gets_mail(self):
        with self.peer() as peer:
            for line in ("UPDATE Domain example.org", "ADD Account dora password \"d o r a\"", "ADD Alias theodora", "COMMIT",
                         "ADD Group everybody", "ADD Address dora@example.org", "ADD Address alice@example.org", "COMMIT"):
                peer.ok(line)
        with self.smtp() as peer:
            peer.mail("you@example.net", "everybody@example.org", b"Subject: to all\r\n\r\nhello\r\n")
        self.wait_for_one("alice", "to all")
        done = subprocess.run(["curl", "-s", "-u", "theodora@example.org:d o r a", f"imap://127.0.0.1:{self.port('imap')}/INBOX;MAILINDEX=1"],
                              capture_output=True, timeout=120)
        self.assertIn(b"to all", done.stdout)

    def test_a_folders_own_quota_counts_for_the_next_message(self):
        def delivered(subject):
            with self.lmtp() as to:
                to.envelope("you@example.net", "small@example.org")
                return to.data(f"Subject: {subject}\r\n\r\nx\r\n").code

        with self.peer() as peer:
            for line in ("UPDATE Domain example.org", "ADD Account name small password x1", "COMMIT"):
                peer.ok(line)
            self.assertEqual(delivered("one"), 250)
            for line in ("UPDATE Account small", "CONFIG Quotas", "SET MboxQuota mboxName INBOX messageCount 1", "DONE", "COMMIT"):
                peer.ok(line)
            self.assertIn(delivered("two"), (452, 552))
            for line in ("UPDATE Account small", "CONFIG Quotas", "RESET MboxQuota mboxName INBOX", "DONE", "COMMIT"):
                peer.ok(line)
            self.assertEqual(delivered("three"), 250)

    def test_a_purge_takes_what_its_search_finds(self):
        for user in ("alice", "bob"):
            with self.imap(user) as peer:
                for subject in ("old news", "older news", "fresh"):
                    peer.append("Trash", f"Subject: {subject}\r\n\r\nx\r\n".encode())
                peer.append("Drafts", b"Subject: old news\r\n\r\nx\r\n")
        left = lambda user, folder: sorted(re.search(rb"Subject: (.*)\r", one)[1].decode() for one in self.inbox(user, folder))
        with self.peer() as peer, self.imap("bob", "Trash") as open_folder:
            peer.ok("UPDATE Domain example.org")
            said = peer.ok('PURGE account folders Trash, Spam SUBJECT "old news" SMALLER 100000')
            self.assertIn("2 messages purged from 2 folders of 2 mailboxes", said[-2])
            self.assertIn(b"1 EXPUNGE", b"".join(open_folder.ok("NOOP")))
            self.assertEqual([left(user, "Trash") for user in ("alice", "bob")], [["fresh", "older news"]] * 2)
            self.assertIn("octet", peer.err("PURGE account folders Trash SUBJECT"))
            self.assertIn("mean nothing", peer.err('PURGE account folders Trash "UID 1:5"'))
            peer.ok("UPDATE Account bob")
            self.assertIn("2 messages", peer.ok("PURGE account folders Trash")[-2])
        self.assertEqual((left("alice", "Trash"), left("bob", "Trash"), left("bob", "Drafts")),
                         (["fresh", "older news"], [], ["old news"]))
        said = json.loads(self.server.command("purge", "domain", "example.org", "Trash", "--matching", "SUBJECT fresh", "--json"))
        self.assertEqual(said, {"mailboxes": 1, "folders": 1, "messages": 1})
        for user in ("alice", "bob"):
            self.empty(user, "Trash")
            self.empty(user, "Drafts")

    def test_a_certificate_that_cannot_be_used_is_told_at_commit(self):
        with self.peer() as peer:
            for line in ("CONFIG SERVER", "CONFIG IMAP", f"ADD Listener 127.0.0.1:{harness.free_port()} sslEnable yes", "CONFIG SSLCONTROL",
                         "SET certFile /nowhere/mail.pem", "DONE"):
                peer.ok(line)
            said = "".join(peer.ok("COMMIT"))
            self.assertRegex(said, r"imap: TLS on 127\.0\.0\.1:\d+ cannot be used: .*/nowhere/mail\.pem")

    def test_what_clients_slice(self):
        with self.peer() as peer:
            for line in ("UPDATE Domain example.org", "ADD Account name slice password x1", "ADD Alias slice1", "COMMIT"):
                peer.ok(line)
            accounts = [line.split(" | ")[0].strip() for line in peer.ok("LIST Accounts sl*")[5:-3]]
            self.assertEqual(accounts, ["slice"])
            shown = dict(line.split(" = ", 1) for line in peer.ok("SHOW Account slice")[2:-2])
            self.assertEqual(shown["name"], '"slice"')
            self.assertEqual(shown["accountType"], "basic")
            self.assertEqual(peer.ok("SHOW Account slice ATTR customerReference")[0], 'customerReference = ""')
            peer.ok("UPDATE Account slice")
            self.assertEqual(dict(line.split(" = ", 1) for line in peer.ok("SHOW")[2:-3])["name"], '"slice"')
            self.assertEqual(peer.ok("LIST Aliases")[2:-3], ["slice1"])
            registry = dict(line.split(" = ", 1) for line in peer.ok("SHOW RegistryInformation")[2:-3])
            time.strptime(registry["Creation Date"].rsplit(" ", 1)[0], "%a, %d %b %Y %H:%M:%S")
            self.assertEqual(registry["Mbox message count"], "0")
            self.assertIn("firstName", dict(line.split(" = ", 1) for line in peer.ok("SHOW ContactInfo")[2:-3]))
            peer.ok("CONFIG Quotas")
            self.assertEqual(dict(line.split(" = ", 1) for line in peer.ok("SHOW")[2:-3])["totalMessageSize"], "0")
            for _ in range(3):
                peer.ok("BACK")
            peer.ok("CONFIG SERVER")
            rows = [line.split() for line in peer.ok("SHOW StorageInformation")[1:-2]]
            self.assertEqual(rows[-1][0], "Total")
            self.assertTrue(peer.ok("LIST Storages")[2:-3][0].startswith("file://"))

    def test_saved_configuration_is_read_at_the_next_start(self):
        with self.peer() as peer:
            for line in ("CONFIG SERVER", "CONFIG CLI", "SET maxAuthCommands 33", "COMMIT", "SAVE Config", "SAVE Config copy", "BACK"):
                peer.ok(line)
            self.assertIn("allowed: 0 to 100", (peer.ok("CONFIG SERVER"), peer.ok("CONFIG CLI"), peer.err("SET maxAuthCommands 101"))[-1])
        path = os.path.join(self.server.data, "run", "postrider.cfg")
        for file in (path, path + ".copy"):
            checked = self.server.command("config", "show", "-C", file, check=False)
            with open(file) as text:
                self.assertIn("maxAuthCommands = 33", text.read(), checked)

    def test_what_is_not_built_says_so(self):
        with self.peer() as peer:
            self.assertNotIn("TRACER", "".join(peer.ok("HELP")))
            for line in ("ENTER TRACER", "SHOW LicenseInfo", "ENTER JSONQUERY"):
                self.assertIn("not in this release", peer.err(line))

    def test_what_has_no_use_here_says_what_to_use(self):
        with self.peer() as peer:
            peer.ok("ENTER QUEUE")
            self.assertIn("Instead: ", peer.err("ENABLE PROCESSING DEBUG"))
            peer.ok("BACK")
            peer.ok("UPDATE Domain example.org")
            for line in ("MIGRATE LIST", "COMPACT Storage usid 0x12", "SCAN Storage usid 0x12", "RECOVER accounts dryrun"):
                self.assertIn("Instead: ", peer.err(line))


class Disks(harness.ConfiguredCase, CliCase):
    @classmethod
    def config(cls, ports):
        return harness.config(ports, cli=f"listeners = ( {{ address = 127.0.0.1:{ports['cli']} }} )")

    def test_a_domains_disks_are_added_closed_and_left_while_it_gets_mail(self):
        disk = [os.path.join(self.server.root, "disks", name) for name in ("one", "two")]

        def records():
            rows = json.loads(self.server.command("storage", "report", "--json"))["locations"]
            return {row["location"]: row["records"] for row in rows}

        def mail(count):
            before = records()
            for number in range(count):
                with self.smtp() as smtp:
                    smtp.mail("you@example.net", "ann@disks.example", b"Subject: %d\r\n\r\nHello\r\n" % number)
            return {number: many - before[number] for number, many in records().items() if many != before[number]}

        with self.peer() as peer:
            for line in (f"CREATE Domain name disks.example domainLocation {self.server.root}/disks postmasterPassword pw",
                         f"ADD MessagesLocation file://{disk[0]}?maxFiles=8&maxFileSize=65536", f"ADD MessagesLocation {disk[1]}",
                         "COMMIT", "UPDATE Domain disks.example", "ADD Account ann password s3cret-of-ann", "COMMIT", "COMMIT"):
                peer.ok(line)
            one, two = json.loads(self.server.command("domain", "show", "disks.example", "--json"))["locations"]
            self.assertEqual(mail(4), {one: 2, two: 2})
            peer.ok(f"EDIT Domain domainLocation {self.server.root}/disks/")
            self.assertIn(f"file://{disk[0]}?maxFiles=8&maxFileSize=65536", peer.ok("LIST MessagesLocations"))
            peer.ok(f"UPDATE MessagesLocation {disk[0]} {disk[0]}?readOnly=yes")
            peer.ok("COMMIT")
            self.assertEqual(mail(4), {two: 4})
            # The next start knows it.
            self.server.stop()
        self.server.serve(lambda ports: self.config(ports))
        self.assertEqual(mail(2), {two: 2})
        with self.peer() as peer:
            for line in ("EDIT Domain disks.example", f"REMOVE MessagesLocation {disk[1]}", f"UPDATE MessagesLocation {disk[0]} {disk[0]}",
                         "COMMIT"):
                peer.ok(line)
            self.assertEqual(mail(2), {one: 2})
            peer.ok("UPDATE Domain disks.example")
            # What lies on the disk that was left is read there.
            reply = peer.ok("FINDINVALIDMSG ann details")
            self.assertEqual(reply[5].split(" | ")[1:], ["12  ", "0      ", "0"])
            for line in ("SCAN ALL", "SCAN Account ann", "COMPACT All", "REPAIR Accounts ann"):
                peer.ok(line)
            peer.err("SCAN attach")


class Netcat(CliCase):
    def test_a_script_that_does_not_wait(self):
        script = "\n".join(["USER admin", self.server.password, "UPDATE Domain example.org",
                            *[f"ADD Account name batch{i} password \"p {i}\"\nCOMMIT" for i in range(20)],
                            "LIST Accounts batch*", "COMMIT", "SAVE CONFIG", "QUIT", ""])
        for options in (["-N"], ["-N", "-C"]):
            done = subprocess.run(["nc", *options, "127.0.0.1", str(self.port("cli"))], input=script.encode(), capture_output=True, timeout=120)
            reply = done.stdout.decode()
            self.assertTrue(reply.endswith("+OK: have a nice day\r\n"), reply[-300:])
            self.assertEqual(len(re.findall(r"\r\nbatch\d+(?=\r\n)", reply)), 20)
            if options == ["-N"]:
                self.assertNotIn("-ERR", reply)
                script = script.replace("batch", "again")
                script = script.replace("LIST Accounts again*", "LIST Accounts batch*")


class Libraries(CliCase):
    def test_python(self):
        client = self.client()
        client.create_domain("python.example", "domains/python.example", "p m")
        self.assertIn("python.example", client.list_domains())
        client.update_domain("python.example", {"customerReference": "a \"b\" \\c", "services": ["imap", "smtpIncoming"]})
        shown = client.show_domain("python.example")
        self.assertEqual(shown["customerReference"], "a \"b\" \\c")
        self.assertEqual(sorted(shown["services"]), ["imap", "smtpIncoming"])
        client.add_domain_alias("python.example", "py.example")
        self.assertEqual(client.list_domain_aliases("python.example"), ["py.example"])
        client.create_account("python.example", "john", "s3cret 'x'", {"customerReference": "7"}, {"totalMessageSize": 102400},
                              {"imapConnectionCount": 3}, {"firstName": "John", "company": "Ex & Ample"}, ["jack"])
        self.assertEqual(client.list_accounts("python.example"), ["john", "postmaster"])
        self.assertEqual(client.list_accounts("python.example", "j*"), ["john"])
        self.assertEqual(client.show_account("python.example", "john")["customerReference"], "7")
        self.assertEqual(client.show_quotas("python.example", "john")["totalMessageSize"], "102400")
        self.assertEqual(client.show_contact("python.example", "john")["company"], "Ex & Ample")
        self.assertEqual(client.list_aliases("python.example", "john"), ["jack"])
        client.add_alias("python.example", "john", "jim")
        client.remove_alias("python.example", "john", "jack")
        client.update_account("python.example", "john", {"name": "johnny"}, contact={"company": ""})
        self.assertEqual(client.list_aliases("python.example", "johnny"), ["jim"])
        client.set_password("python.example", "johnny", "other")
        for create, list_all, show, update, delete in (
                (client.create_group, client.list_groups, client.show_group, client.update_group, client.delete_group),
                (client.create_forwarder, client.list_forwarders, client.show_forwarder, client.update_forwarder, client.delete_forwarder)):
            create("python.example", "team", ["johnny@python.example", "x@example.net"])
            self.assertEqual(list_all("python.example"), ["team"])
            update("python.example", "team", {"enable": False}, add=["y@example.net"], remove=["x@example.net"])
            shown = show("python.example", "team")
            self.assertEqual((shown["enable"], shown["addresses"]), ("no", ["johnny@python.example", "y@example.net"]))
            delete("python.example", "team")
            self.assertEqual(list_all("python.example"), [])
        with self.assertRaisesRegex(postrider_cli.CommandError, "no account nobody"):
            client.delete_account("python.example", "nobody")
        self.assertEqual(client.context, "")
        with self.assertRaises(ValueError):
            client.create_account("python.example", "evil\r\nQUIT", "x")
        client.delete_account("python.example", "johnny")
        client.remove_domain_alias("python.example", "py.example")
        client.delete_domain("python.example", keep_copy=False)
        self.assertNotIn("python.example", client.list_domains())
        client.save_config()
        with self.assertRaises(postrider_cli.CommandError):
            postrider_cli.Client().connect("127.0.0.1", self.port("cli"), "admin", "wrong")

    def test_php(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cli_client.php")
        done = subprocess.run(["php", program, os.path.join(ROOT, "clients", "php", "Postrider.php"), str(self.port("cli")), self.server.password],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (0, "all is well\n"), done.stdout + done.stderr)


class Hostile(CliCase):
    def test_a_flood_before_log_in(self):
        with Peer(self.port("cli")) as peer:
            try:
                peer.send(b"HELP\r\n" * 100_000)
                reply = peer.rest()
            except OSError:
                return
            self.assertLess(len(reply), 20_000)
            self.assertIn("too many commands before log-in", reply)

    def test_an_endless_line(self):
        before = self.server.rss()
        with Peer(self.port("cli")) as peer:
            for _ in range(64):
                peer.send(b"x" * (1 << 20))
            peer.send(b"\r\n")
            self.assertIn("-ERR: a line has at most", peer.until_prompt())
        self.assertLess(self.server.rss() - before, 32 << 20)

    def test_binary(self):
        with Peer(self.port("cli")) as peer:
            peer.send(bytes(range(256)) + b"\r\n")
            self.assertIn("-ERR", peer.until_prompt())
        with self.peer() as peer:
            peer.send(b"LIST Domains \xff\xfe\x00\r\n")
            self.assertIn("-ERR", peer.until_prompt())
            peer.ok("LIST Domains")

    def test_guessing_ends(self):
        with Peer(self.port("cli")) as peer:
            for _ in range(10):
                try:
                    self.assertTrue(peer.login("admin", "wrong").startswith("-ERR"))
                except (ConnectionError, AssertionError):
                    return
            self.fail("guessing goes on")

    def test_a_client_that_goes_away_leaves_nothing(self):
        with self.peer() as peer:
            peer.ok("UPDATE Domain example.org")
            peer.ok("ADD Account gone password x1")
        with self.peer() as peer:
            peer.ok("UPDATE Domain example.org")
            self.eventually(lambda: peer.ok("LIST Accounts gone")[5:-3] == [])

    def test_half_open_clients_do_not_shut_others_out(self):
        idle = [socket.create_connection(("127.0.0.1", self.port("cli"))) for _ in range(100)]
        with self.peer() as peer:
            peer.ok("LIST Domains")
        for one in idle:
            one.close()


class Guards(harness.ConfiguredCase):
    @classmethod
    def config(cls, ports):
        return harness.config(ports, cli=f"""
            maxErrors = 3
            listeners = ( {{ address = 127.0.0.1:{ports['cli']} idleTimeout = 2 }}
                          {{ address = 127.0.0.1:{ports['clis']} sslEnable = yes sslControl = {{ certFile = run/demo_cert.pem }} }} )""")

    def setUp(self):
        self.password = self.server.password

    def test_wrong_commands_and_silence_end_a_session(self):
        with Peer(self.port("cli")) as peer:
            peer.login("admin", self.password)
            peer.err("NONSENSE")
            peer.err("NONSENSE")
            peer.send("NONSENSE")
            self.assertIn("too many errors", peer.rest())
        with Peer(self.port("cli")) as peer:
            peer.login("admin", self.password)
            self.assertIn("timeout", peer.rest())

    def test_over_tls(self):
        done = subprocess.run(["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{self.port('clis')}"],
                              input=f"USER admin\n{self.password}\nLIST Domains\nQUIT\n".encode(), capture_output=True, timeout=120)
        self.assertIn(b"example.org", done.stdout)


if __name__ == "__main__":
    unittest.main()
