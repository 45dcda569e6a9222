"""Small blocking clients of our own: they tell an answer from a lost connection, which is all the ledger needs."""

import re
import socket


class Lost(Exception):
    """The connection went away: what was asked last may have happened or not."""


class Refused(Exception):
    """The server said no (or: not now)."""


class Line:
    def __init__(self, port, seconds):
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        except OSError as error:
            raise Lost(str(error)) from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Lost(str(error)) from error

    def _more(self):
        try:
            piece = self.socket.recv(1 << 16)
        except OSError as error:
            raise Lost(str(error)) from error
        if not piece:
            raise Lost("closed")
        self.buffer += piece

    def line(self):
        while (at := self.buffer.find(b"\n")) < 0:
            self._more()
        got = bytes(self.buffer[:at]).rstrip(b"\r")
        del self.buffer[:at + 1]
        return got

    def octets(self, count):
        while len(self.buffer) < count:
            self._more()
        got = bytes(self.buffer[:count])
        del self.buffer[:count]
        return got

    def close(self):
        self.socket.close()

    def __del__(self):
        if hasattr(self, "socket"):
            self.close()


class Smtp:
    def __init__(self, port, seconds=30, lmtp=False):
        self.wire, self.lmtp = Line(port, seconds), lmtp
        self.expect(b"2")
        self.ask(b"LHLO client.example" if lmtp else b"EHLO client.example", b"2")

    def reply(self):
        while True:
            line = self.wire.line()
            if line[3:4] != b"-":
                return line

    def expect(self, first):
        line = self.reply()
        if not line.startswith(first):
            raise Refused(line.decode("latin-1"))
        return line

    def ask(self, command, first):
        self.wire.send(command + b"\r\n")
        return self.expect(first)

    def send(self, recipients, message, before_dot=lambda accepted: None):
        """-> {recipient: reply line}. before_dot is told who was accepted, just before the message can become ours."""
        self.ask(b"MAIL FROM:<sender@example.net>", b"2")
        accepted, answers = [], {}
        for recipient in recipients:
            try:
                self.ask(b"RCPT TO:<%s>" % recipient.encode(), b"2")
                accepted.append(recipient)
            except Refused as no:
                answers[recipient] = str(no)
        if not accepted:
            self.ask(b"RSET", b"2")
            return answers
        try:
            self.ask(b"DATA", b"3")
        except Refused as no:
            answers |= {recipient: str(no) for recipient in accepted}
            self.ask(b"RSET", b"2")
            return answers
        before_dot(accepted)
        self.wire.send(re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")
        if self.lmtp:
            return answers | {recipient: self.reply().decode("latin-1") for recipient in accepted}
        last = self.reply().decode("latin-1")
        return answers | {recipient: last for recipient in accepted}


class Imap:
    def __init__(self, port, user, password, seconds=60):
        self.wire, self.number = Line(port, seconds), 0
        self.wire.line()
        self.do(b'LOGIN "%s" "%s"' % (user.encode(), password.replace("\\", "\\\\").replace('"', '\\"').encode()))

    def do(self, command, literal=None):
        """-> (untagged responses as lists of bytes and literals joined, text of the tagged OK)."""
        self.number += 1
        tag = b"a%d" % self.number
        if literal is not None:
            command += b" {%d}" % len(literal)
        self.wire.send(tag + b" " + command + b"\r\n")
        untagged = []
        while True:
            line = self._response()
            if line.startswith(b"+ ") and literal is not None:
                self.wire.send(literal + b"\r\n")
                literal = None
            elif line.startswith(tag + b" "):
                if not line.startswith(tag + b" OK"):
                    raise Refused(line.decode("latin-1"))
                return untagged, line
            else:
                if line.startswith(b"* BYE") and not command.startswith(b"LOGOUT"):
                    raise Lost(line.decode("latin-1"))
                untagged.append(line)

    def _response(self):
        line = self.wire.line()
        whole = line
        while (open_at := re.search(rb"\{(\d+)\}$", line)) is not None:
            whole += b"\r\n" + self.wire.octets(int(open_at.group(1)))
            line = self.wire.line()
            whole += line
        return whole

    def select(self, folder):
        """-> {"UIDVALIDITY": n, "UIDNEXT": n, "HIGHESTMODSEQ": n, "EXISTS": n}"""
        untagged, _ = self.do(b'SELECT "%s" (CONDSTORE)' % folder.encode())
        found = {}
        for line in untagged:
            if at := re.match(rb"\* (\d+) EXISTS", line):
                found["EXISTS"] = int(at.group(1))
            for key in (b"UIDVALIDITY", b"UIDNEXT", b"HIGHESTMODSEQ"):
                if at := re.search(rb"\[%s (\d+)" % key, line):
                    found[key.decode()] = int(at.group(1))
        return found

    def list(self, uids=b"1:*", body=False):
        """-> [Row]; with body: the whole message too."""
        what = b"BODY.PEEK[]" if body else b"BODY.PEEK[HEADER.FIELDS (X-Token)]"
        untagged, _ = self.do(b"UID FETCH %s (UID FLAGS MODSEQ RFC822.SIZE %s)" % (uids, what))
        return [row for row in map(Row.parse, untagged) if row]


class Row:
    @staticmethod
    def parse(line):
        if not (at := re.match(rb"\* \d+ FETCH \(", line)):
            return None
        row = Row()
        head = line[:400]
        uid = re.search(rb"\bUID (\d+)", head) or re.search(rb"\bUID (\d+)", line[-400:])
        modseq = re.search(rb"MODSEQ \((\d+)\)", head) or re.search(rb"MODSEQ \((\d+)\)", line[-400:])
        flags = re.search(rb"FLAGS \(([^)]*)\)", head) or re.search(rb"FLAGS \(([^)]*)\)", line[-400:])
        token = re.search(rb"\r\nX-Token: (\S+)", line)
        row.uid = int(uid.group(1)) if uid else None
        row.modseq = int(modseq.group(1)) if modseq else None
        row.flags = frozenset(flags.group(1).decode().split()) - {"\\Recent"} if flags else None
        row.token = token.group(1).decode() if token else None
        start = line.find(b"\r\n")
        row.raw = line[start + 2:] if start >= 0 else b""
        return row if row.uid else None


class Pop3:
    def __init__(self, port, user, password, seconds=30):
        self.wire = Line(port, seconds)
        self.answer()
        self.ask(b"USER " + user.encode())
        self.ask(b"PASS " + password.encode())

    def answer(self):
        line = self.wire.line()
        if not line.startswith(b"+OK"):
            raise Refused(line.decode("latin-1"))
        return line

    def ask(self, command):
        self.wire.send(command + b"\r\n")
        return self.answer()

    def many(self, command):
        self.ask(command)
        lines = []
        while (line := self.wire.line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        return lines
