"""Administration of a Postrider (or another server that speaks its CLI language) from Python. Standard library only.

    from postrider_cli import Client

    with Client() as server:
        server.connect("127.0.0.1", 7000, "admin", "secret")
        server.create_domain("example.net", "domains/example.net", "postmaster's password")
        server.create_account("example.net", "john", "s3cret", quotas={"totalMessageSize": 102400})
        print(server.list_accounts("example.net"))
        server.save_config()

Every refusal of the server raises CommandError with the server's words; a lost or unexpected dialogue raises
ProtocolError. Calls leave the session in its outermost context, after an error too.
"""

import re
import socket

__all__ = ["Client", "CliError", "CommandError", "ProtocolError", "quote"]

_END = re.compile(rb"(?:^|\r\n)((\+OK|-ERR): ?([^\r\n]*))\r\n<([A-Za-z0-9-]*#?)> $")
_BYE = re.compile(rb"(?:^|\r\n)((\+OK|-ERR): ?([^\r\n]*))\r\n$")
_LOGIN = re.compile(rb"<(login|password)> $")
_MAX_REPLY = 256 << 20


class CliError(Exception):
    """Anything that went wrong."""


class ProtocolError(CliError):
    """The connection was lost, or the server said something unexpected."""


class CommandError(CliError):
    """The server refused a command; str() is what it said."""

    def __init__(self, command, text):
        super().__init__(text)
        self.command = command


def quote(value):
    """A value as one word: texts in double quotes, lists as sets, booleans as yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return "(" + " ".join(quote(str(one)) for one in value) + ")"
    text = str(value)
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("a value holds a control character")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquote(text):
    """What SHOW printed, as a value: texts without quotes, sets as lists, the rest as it stands."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if len(text) >= 2 and text[0] == "(" and text[-1] == ")":
        return text[1:-1].split()
    return text


class Client:
    def __init__(self, timeout=60):
        self.timeout = timeout
        self.socket = None
        self.context = None  # the text between < and #> of the last prompt

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    # ---- the connection

    def connect(self, host="127.0.0.1", port=7000, user="admin", password=""):
        """Connects and logs in."""
        if "\n" in user + password or "\r" in user + password:
            raise ValueError("a name or password holds a line end")
        try:
            self.socket = socket.create_connection((host, port), self.timeout)
            self._read(_LOGIN)
            self._send("SET QUIET on")
            self._read(_LOGIN)
            self._send(f"USER {quote(user)}")
            self._read(_LOGIN)
            self._send(password)
            data = self._receive(lambda got: _END.search(got) or _LOGIN.search(got) or _BYE.search(got))
        except OSError as error:
            self.close()
            raise ProtocolError(str(error)) from error
        found = _END.search(data)
        if not found or found.group(2) != b"+OK":
            self.close()
            refusal = re.search(rb"-ERR: ?([^\r\n]*)", data)
            raise CommandError("USER", refusal.group(1).decode() if refusal else "log-in failed")
        self._arrived(found)

    def close(self):
        """Says QUIT, and closes in any case."""
        if self.socket is None:
            return
        try:
            self.socket.sendall(b"QUIT\r\n")
        except OSError:
            pass
        self.socket.close()
        self.socket = None

    def _send(self, line):
        if self.socket is None:
            raise ProtocolError("not connected")
        if "\r" in line or "\n" in line:
            raise ValueError("a command is one line")
        try:
            self.socket.sendall(line.encode() + b"\r\n")
        except OSError as error:
            raise ProtocolError(str(error)) from error

    def _receive(self, done):
        got = bytearray()
        while True:
            try:
                piece = self.socket.recv(65536)
            except OSError as error:
                raise ProtocolError(str(error)) from error
            got += piece
            if done(bytes(got[-4096:])):
                return bytes(got)
            if not piece:
                raise ProtocolError("the server closed the connection: " + bytes(got[-200:]).decode(errors="replace").strip())
            if len(got) > _MAX_REPLY:
                raise ProtocolError("the reply is too long")

    def _read(self, pattern):
        return self._receive(pattern.search)

    def _arrived(self, found):
        self.context = found.group(4).decode().rstrip("#")

    def command(self, line):
        """Says one line; the reply's lines, the status line and the prompt included, as clients count them."""
        self._send(line)
        data = self._read(_END)
        found = _END.search(data)
        self._arrived(found)
        if found.group(2) != b"+OK":
            raise CommandError(line, found.group(3).decode(errors="replace"))
        return data.decode(errors="replace").split("\r\n")

    def script(self, lines):
        """Says lines one after the other, and goes back to the outermost context, whatever happens."""
        reply = []
        try:
            for line in lines:
                reply = self.command(line)
        finally:
            self._home()
        return reply

    def _home(self):
        try:
            while self.socket is not None and self.context:
                self.command("BACK")
        except CliError:
            pass

    def _in(self, domain, *lines):
        return self.script([f"UPDATE Domain name {quote(domain)}", *lines])

    @staticmethod
    def _set(attributes):
        return [f"SET {name} {quote(value)}" for name, value in (attributes or {}).items()]

    @staticmethod
    def _pairs(lines):
        return {name: _unquote(value) for name, _, value in (line.partition(" = ") for line in lines)}

    @staticmethod
    def _first_words(lines):
        return [line.split(" | ")[0].strip() for line in lines]

    # ---- domains

    def create_domain(self, name, location, postmaster_password, messages_location=None):
        lines = [f"CREATE Domain name {quote(name)} domainLocation {quote(location)} postmasterPassword {quote(postmaster_password)}"]
        if messages_location:
            lines.append(f"ADD MessagesLocation {quote(messages_location)}")
        self.script([*lines, "COMMIT"])

    def list_domains(self, wildcard="*"):
        return self._first_words(self.command(f"LIST Domains {quote(wildcard)}")[5:-3])

    def show_domain(self, name):
        return self._pairs(self.command(f"SHOW Domain name {quote(name)}")[2:-2])

    def update_domain(self, name, attributes):
        self._in(name, *self._set(attributes), "COMMIT")

    def delete_domain(self, name, keep_copy=True):
        self.command(f"DELETE Domain name {quote(name)}" + ("" if keep_copy else " dontKeepCopy"))

    def enable_domain(self, name):
        self.command(f"ENABLE Domain name {quote(name)}")

    def disable_domain(self, name):
        self.command(f"DISABLE Domain name {quote(name)}")

    def list_domain_aliases(self, name):
        return self._in(name, "LIST Aliases")[2:-3]

    def add_domain_alias(self, name, alias):
        self._in(name, f"ADD Alias {quote(alias)}", "COMMIT")

    def remove_domain_alias(self, name, alias):
        self._in(name, f"REMOVE Alias {quote(alias)}", "COMMIT")

    # ---- accounts

    @staticmethod
    def _parts(quotas, limits, contact):
        lines = []
        for context, values in (("Quotas", quotas), ("Limits", limits), ("ContactInfo", contact)):
            if values:
                lines += [f"CONFIG {context}", *Client._set(values), "DONE"]
        return lines

    def create_account(self, domain, name, password, attributes=None, quotas=None, limits=None, contact=None, aliases=()):
        self._in(domain, f"ADD Account name {quote(name)} password {quote(password)}", *self._set(attributes),
                 *[f"ADD Alias {quote(one)}" for one in aliases], *self._parts(quotas, limits, contact), "COMMIT")

    def list_accounts(self, domain, wildcard="*"):
        return self._first_words(self._in(domain, f"LIST Accounts {quote(wildcard)}")[5:-3])

    def show_account(self, domain, name):
        return self._pairs(self._in(domain, f"SHOW Account name {quote(name)}")[2:-2])

    def show_contact(self, domain, name):
        return self._pairs(self._in(domain, f"UPDATE Account name {quote(name)}", "SHOW ContactInfo")[2:-3])

    def show_quotas(self, domain, name):
        return self._pairs(self._in(domain, f"UPDATE Account name {quote(name)}", "CONFIG Quotas", "SHOW")[2:-3])

    def show_registry(self, domain, name):
        return self._pairs(self._in(domain, f"UPDATE Account name {quote(name)}", "SHOW RegistryInformation")[2:-3])

    def update_account(self, domain, name, attributes=None, quotas=None, limits=None, contact=None):
        self._in(domain, f"UPDATE Account name {quote(name)}", *self._set(attributes), *self._parts(quotas, limits, contact), "COMMIT")

    def set_password(self, domain, name, password):
        self.update_account(domain, name, {"password": password})

    def delete_account(self, domain, name):
        self._in(domain, f"REMOVE Account name {quote(name)}")

    def list_aliases(self, domain, name):
        return self._in(domain, f"UPDATE Account name {quote(name)}", "LIST Aliases")[2:-3]

    def add_alias(self, domain, name, alias):
        self._in(domain, f"UPDATE Account name {quote(name)}", f"ADD Alias {quote(alias)}", "COMMIT")

    def remove_alias(self, domain, name, alias):
        self._in(domain, f"UPDATE Account name {quote(name)}", f"REMOVE Alias {quote(alias)}", "COMMIT")

    # ---- groups and forwarders: the same calls for both

    def _create_object(self, kind, domain, name, addresses, attributes):
        self._in(domain, f"ADD {kind} name {quote(name)}", *[f"ADD Address {quote(one)}" for one in addresses], *self._set(attributes), "COMMIT")

    def _update_object(self, kind, domain, name, attributes, add, remove):
        self._in(domain, f"UPDATE {kind} name {quote(name)}", *[f"ADD Address {quote(one)}" for one in add],
                 *[f"REMOVE Address {quote(one)}" for one in remove], *self._set(attributes), "COMMIT")

    def _show_object(self, kind, domain, name):
        shown = self._pairs(self._in(domain, f"SHOW {kind} name {quote(name)}")[2:-2])
        shown["addresses"] = self._in(domain, f"UPDATE {kind} name {quote(name)}", "LIST Addresses")[2:-3]
        return shown

    def create_group(self, domain, name, addresses=(), attributes=None):
        self._create_object("Group", domain, name, addresses, attributes)

    def list_groups(self, domain, wildcard="*"):
        return self._first_words(self._in(domain, f"LIST Groups {quote(wildcard)}")[5:-3])

    def show_group(self, domain, name):
        return self._show_object("Group", domain, name)

    def update_group(self, domain, name, attributes=None, add=(), remove=()):
        self._update_object("Group", domain, name, attributes, add, remove)

    def delete_group(self, domain, name):
        self._in(domain, f"REMOVE Group name {quote(name)}")

    def create_forwarder(self, domain, name, addresses=(), attributes=None):
        self._create_object("Forwarder", domain, name, addresses, attributes)

    def list_forwarders(self, domain, wildcard="*"):
        return self._first_words(self._in(domain, f"LIST Forwarders {quote(wildcard)}")[5:-3])

    def show_forwarder(self, domain, name):
        return self._show_object("Forwarder", domain, name)

    def update_forwarder(self, domain, name, attributes=None, add=(), remove=()):
        self._update_object("Forwarder", domain, name, attributes, add, remove)

    def delete_forwarder(self, domain, name):
        self._in(domain, f"REMOVE Forwarder name {quote(name)}")

    # ---- the server

    def save_config(self):
        self.command("SAVE CONFIG")
