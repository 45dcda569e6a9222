"""Every command of the dialogue's language, typed: tests/data/cli_walk/commands.txt says of each whether it is here."""

import json
import os
import re

import harness
import test_cli

TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "cli_walk", "commands.txt")
ACCEPTED = re.compile(rb"^\+OK: [^\r\n]*\r\n$")
TEXT_FOLLOWS = re.compile(r"(?i)^(ESET |UPLOAD |UPDATE (WMFilter|WAFilter|SmtpFilters|WMFilterTemplate)$)")


def table():
    """[(context, exit, ways, [(mark, command, expected)])]"""
    contexts = []
    with open(TABLE) as file:
        for line in file.read().splitlines():
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                name, leave, ways = re.fullmatch(r"\[(.*?)\] (\w+) ?(.*)", line).groups()
                contexts.append((name, leave, ways.split(" ; ") if ways else [], []))
                continue
            mark, line = line.split(" ", 1)
            command, _, expected = line.partition(" => ")
            contexts[-1][3].append((mark, command, expected))
    return contexts


def each(command):
    """A SET with several values, "SET enable yes | no", is as many commands; "a ; b" are steps of one."""
    found = re.fullmatch(r"(SET \S+) (.* \| .*)", command)
    return [f"{found[1]} {value}" for value in found[2].split(" | ")] if found else [command]


class Walker(test_cli.Peer):
    prompt = "<#> "

    def say(self, line):
        """As the other, and where a text is asked for, sends one."""
        self.send(line)
        got = b""
        while not self.STATUS.search(got):
            got += self.receive()
            if TEXT_FOLLOWS.match(line) and ACCEPTED.match(got):
                self.send("# nothing" if "SmtpFilters" in line else "keep;" if "filter" in line.lower() else "QUJD")
                self.send(".")
                got = b""
        reply = got.decode().split("\r\n")
        self.prompt = reply[-1]
        return reply

    def enter(self, ways):
        """From the outermost context. @return what refused it"""
        while self.prompt != "<#> ":
            self.say("BACK")
        for way in ways:
            reply = self.say(way)
            if reply[-2].startswith("-ERR"):
                return reply[-2]
        return ""


class Walk(test_cli.CliCase):
    maxDiff = None

    def walker(self):
        walker = Walker(self.port("cli"))
        self.addCleanup(walker.socket.close)
        self.assertTrue(walker.login("admin", self.server.password).startswith("+OK"))
        return walker

    def waiting(self, recipient):
        with self.submission() as peer:
            peer.mail("alice@example.org", recipient, b"Subject: waits\r\n\r\nx\r\n", " HOLDFOR=36000")
        rows = json.loads(self.server.command("queue", "list", "--recipient", recipient, "--json"))["messages"]
        return rows[0]["id"]

    def prepare_data(self):
        walker = self.walker()
        filters = os.path.join(self.server.data, "filters")
        os.makedirs(filters, exist_ok=True)
        directory = os.path.join(self.server.root, "walk")
        os.mkdir(directory)
        for path, text in ((os.path.join(filters, "f.sieve"), "keep;\r\n"), (os.path.join(directory, "f.sieve"), "keep;\r\n"),
                           (os.path.join(directory, "policy"), "# nothing\n")):
            with open(path, "w") as file:
                file.write(text)
        for line in ("CONFIG SERVER", "CONFIG CLI", "SET maxErrors 0", "COMMIT", "COMMIT", "UPDATE Domain example.org",
                     "ADD accountClass gold", "COMMIT", "ADD Group gr", "ADD Address bob@example.org", "COMMIT", "CONFIG PUBLIC-FOLDER",
                     "ADD Mbox News", "COMMIT", "ADD FolderRcpt fr", "SET mboxName News", "COMMIT", "COMMIT", "ENTER AACL",
                     "ADD admin-group chiefs", "DONE", "ADD admin-user root-helper password pw", "DONE", "DONE"):
            walker.ok(line)
        mail = {f"${name}": self.waiting(f"{name.lower()}@no-such.invalid")
                for name in ("MAIL", "FAR", "SECOND", "THIRD", "FOURTH", "FIFTH", "SIXTH")}
        return {"$PASSWORD": self.server.password, "$DIR": directory, "$USID": "0x0", "$PORT": str(harness.free_port()), **mail}

    def test_every_command_is_answered_as_the_table_says(self):
        known = self.prepare_data()

        def filled(text):
            for name, value in known.items():
                text = text.replace(name, value)
            return text

        walker, wrong, count = self.walker(), [], 0
        for name, leave, ways, commands in table():
            ways = [filled(way) for way in ways]
            refused = walker.enter(ways)
            if not commands or refused:  # a context that is not here
                if commands or not re.search("not in this release", refused):
                    wrong.append(f"[{name}] {refused}")
                continue
            here = walker.prompt
            for verb in {"COMMIT", "DONE"} - {leave}:
                said = walker.say(verb)[-2]
                if f"left with {leave}" not in said and (leave != "BACK" or "nothing to keep" not in said):
                    wrong.append(f"[{name}] {verb}  =>  {said}")
            for mark, line, expected in commands:
                for command in each(filled(line)):
                    count += 1
                    if walker.prompt != here and (refused := walker.enter(ways)):
                        wrong.append(f"[{name}] cannot be entered again before {command}: {refused}")
                        break
                    for step in command.split(" ; "):
                        said = walker.say(step)[-2]
                        if said.startswith("-ERR"):
                            break
                    right = {"+": said.startswith("+OK"), "!": said.startswith("-ERR: ") and expected in said,
                             "-": re.match("-ERR: .*(is not in this release|Instead: )", said)}[mark]
                    if not right:
                        wrong.append(f"[{name}] {mark} {command}  =>  {said}")
                    if step.startswith("SET multilineEOF"):
                        walker = self.walker()
        self.assertGreater(count, 1000)
        self.assertEqual("\n".join(wrong), "")


if __name__ == "__main__":
    harness.unittest.main()
