"""Small clients that show every octet: for what stock clients would hide or refuse to send."""

import base64
import re
import socket
import ssl
import time


def relaxed_tls(**options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(context, name, value)
    return context


class Closed(Exception):
    """The server has closed the connection."""


class Wire:
    """A connection in lines and octets, with an end to every wait."""

    def __init__(self, port, tls=False, host="127.0.0.1", timeout=120, source=None, context=None, server_name="localhost"):
        self.socket = socket.create_connection((host, port), timeout,
                                               source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""
        self.server_name = server_name
        if tls:
            self.start_tls(context)

    def start_tls(self, context=None):
        self.socket = (context or relaxed_tls()).wrap_socket(self.socket, server_hostname=self.server_name)
        self.pending = b""

    def send(self, octets):
        try:
            self.socket.sendall(octets.encode() if isinstance(octets, str) else octets)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            raise Closed(self.pending) from None

    def _more(self):
        try:
            got = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            got = b""
        if not got:
            raise Closed(self.pending)
        self.pending += got

    def line(self):
        """The next line without its CRLF; a line that ends otherwise is a defect."""
        while b"\n" not in self.pending:
            self._more()
        line, self.pending = self.pending.split(b"\n", 1)
        assert line.endswith(b"\r"), f"a line without CR: {line!r}"
        return line[:-1]

    def exactly(self, count):
        while len(self.pending) < count:
            self._more()
        octets, self.pending = self.pending[:count], self.pending[count:]
        return octets

    def rest(self):
        """Everything until the server closes."""
        try:
            while True:
                self._more()
        except Closed:
            octets, self.pending = self.pending, b""
            return octets

    def quiet(self, seconds=0.3):
        """True when nothing comes within that time."""
        if self.pending:
            return False
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            self._more()
            return False
        except (socket.timeout, ssl.SSLWantReadError):
            return True
        finally:
            self.socket.settimeout(before)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Reply:
    """One SMTP reply."""

    def __init__(self, code, lines):
        self.code, self.lines = code, lines

    @property
    def text(self):
        return "\n".join(self.lines)

    def __repr__(self):
        return f"<{self.code} {self.text}>"


class Smtp(Wire):
    """SMTP and LMTP: one method per step, replies as they came."""

    def __init__(self, port, hello="EHLO", name="client.example.net", **options):
        super().__init__(port, **options)
        self.greeting = self.reply()
        self.hello_word, self.name = hello, name
        self.extensions = {}
        if hello:
            self.hello()

    def hello(self):
        reply = self.command(f"{self.hello_word} {self.name}")
        assert reply.code == 250, reply
        self.extensions = {}
        for line in reply.lines[1:]:
            word, _, rest = line.partition(" ")
            self.extensions[word.upper()] = rest
        return reply

    def reply(self):
        lines = []
        while True:
            line = self.line().decode()
            assert re.match(r"[2-5][0-9][0-9]([ -]|$)", line), f"no SMTP reply: {line!r}"
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), lines)

    def command(self, text, code=None):
        self.send(text if isinstance(text, bytes) else text.encode())
        self.send(b"\r\n")
        reply = self.reply()
        if code is not None:
            assert reply.code == code, f"{text[:80]!r} got {reply}, not {code}"
        return reply

    def login(self, user, password):
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.command(f"AUTH PLAIN {secret}", 235)

    def envelope(self, sender, recipients, parameters=""):
        self.command(f"MAIL FROM:<{sender}>{parameters}", 250)
        for recipient in [recipients] if isinstance(recipients, str) else recipients:
            self.command(f"RCPT TO:<{recipient}>", 250)

    def data(self, message):
        """Sends the message (CRLF lines), dots doubled; the reply to the end of data."""
        self.command("DATA", 354)
        message = message.encode() if isinstance(message, str) else message
        stuffed = re.sub(rb"(^|\r\n)\.", rb"\1..", message)
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        self.send(stuffed + b".\r\n")
        return self.reply()

    def mail(self, sender, recipients, message, parameters=""):
        self.envelope(sender, recipients, parameters)
        reply = self.data(message)
        assert reply.code == 250, reply
        return reply

    def bdat(self, octets, last=True, code=None):
        self.send(f"BDAT {len(octets)}{' LAST' if last else ''}\r\n".encode() + octets)
        reply = self.reply()
        if code is not None:
            assert reply.code == code, reply
        return reply

    def starttls(self, context=None):
        self.command("STARTTLS", 220)
        self.start_tls(context)
        if self.hello_word:
            self.hello()


def quoted(text):
    """An IMAP quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Imap(Wire):
    """IMAP by hand: commands as text, answers as octets."""

    def __init__(self, port, **options):
        super().__init__(port, **options)
        self.greeting = self.line()
        self.number = 0

    def response(self):
        """One response line, literals included: (text with {n} left in, [literal, ...])."""
        text, literals = b"", []
        while True:
            line = self.line()
            text += line
            match = re.search(rb"\{(\d+)\}$", line)
            if not match:
                return text, literals
            literals.append(self.exactly(int(match.group(1))))

    def start(self, command):
        self.number += 1
        tag = f"a{self.number}".encode()
        command = command.encode() if isinstance(command, str) else command
        self.send(tag + b" " + command + b"\r\n")
        return tag

    def finish(self, tag):
        """Untagged responses and the tagged one: ([(text, literals), ...], tagged text)."""
        untagged = []
        while True:
            text, literals = self.response()
            if text.startswith(tag + b" "):
                return untagged, text[len(tag) + 1:]
            untagged.append((text, literals))

    def command(self, command):
        return self.finish(self.start(command))

    def ok(self, command, may_fail=False):
        """The untagged lines of a command that must succeed."""
        untagged, tagged = self.command(command)
        assert may_fail or tagged.startswith(b"OK"), f"{command!r}: {tagged!r} {untagged!r}"
        self.tagged = tagged
        return [text for text, _ in untagged]

    def whole(self, command):
        """All that a command answers, literals where they stood last."""
        untagged, tagged = self.command(command)
        assert tagged.startswith(b"OK"), tagged
        return b"\n".join(text + b"\r\n".join(literals) for text, literals in untagged)

    def login(self, user, password):
        return self.ok(f"LOGIN {quoted(user)} {quoted(password)}")

    def no(self, command, word=b"NO"):
        untagged, tagged = self.command(command)
        assert tagged.startswith(word), f"{command!r}: {tagged!r}"
        return tagged

    def append(self, folder, message, flags=""):
        """By a synchronising literal (a literal8 where there are NULs, RFC 3516 section 4.4); the tagged answer."""
        eight = "~" if b"\0" in message else ""
        self.number += 1
        tag = f"a{self.number}".encode()
        self.send(tag + f' APPEND "{folder}" {flags}{" " if flags else ""}{eight}{{{len(message)}}}\r\n'.encode())
        go = self.line()
        assert go.startswith(b"+"), go
        self.send(message + b"\r\n")
        return self.finish(tag)[1]

    def exists(self):
        return int(re.search(rb"\* (\d+) EXISTS", b"\n".join(self.ok("NOOP") + [b""]) or b"").group(1))

    def messages(self):
        """All messages of the selected folder, \\Seen untouched."""
        untagged, tagged = self.command("UID FETCH 1:* (BODY.PEEK[])")
        assert tagged.startswith(b"OK"), tagged
        return [literals[0] for text, literals in untagged if b"BODY[]" in text and literals]

    def uids(self):
        untagged, _ = self.command("UID SEARCH ALL")
        for text, _ in untagged:
            if text.startswith(b"* SEARCH"):
                return [int(word) for word in text.split()[2:]]
        return []

    def starttls(self, context=None):
        self.ok("STARTTLS")
        self.start_tls(context)

    def idle(self):
        """Starts IDLE; done() ends it."""
        tag = self.start("IDLE")
        line = self.line()
        assert line.startswith(b"+"), line
        return tag

    def done(self, tag):
        self.send(b"DONE\r\n")
        return self.finish(tag)

    def until(self, pattern, seconds=60):
        """The first untagged response that matches; those before it are dropped."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text, _ = self.response()
            if re.search(pattern, text):
                return text
        raise AssertionError(f"no {pattern!r} within {seconds} s")


class Pop3(Wire):
    """POP3 by hand."""

    def __init__(self, port, **options):
        super().__init__(port, **options)
        self.greeting = self.line()
        assert self.greeting.startswith(b"+OK"), self.greeting

    def command(self, text):
        self.send(text.encode() + b"\r\n")
        return self.line()

    def ok(self, text):
        answer = self.command(text)
        assert answer.startswith(b"+OK"), f"{text.split()[0]}: {answer!r}"
        return answer

    def err(self, text):
        answer = self.command(text)
        assert answer.startswith(b"-ERR"), f"{text}: {answer!r}"
        return answer

    def multi(self, text):
        """The lines of a multi-line answer, dots undone, joined by CRLF."""
        self.ok(text)
        return self.listing()

    def listing(self):
        lines = []
        while True:
            line = self.line()
            if line == b".":
                return b"".join(one + b"\r\n" for one in lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def starttls(self, context=None):
        self.ok("STLS")
        self.start_tls(context)
