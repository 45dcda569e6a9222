"""A plain IMAP client for what is asked one command after another."""

import socket
import time


class Client:
    def __init__(self, port, user, password):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=3600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", buffering=1 << 20)
        self.file.readline()
        self.count = 0
        quoted = password.replace("\\", "\\\\").replace('"', '\\"')
        self.ask(f'LOGIN {user} "{quoted}"')

    def ask(self, command):
        """All lines of the answer; raises when it is not OK."""
        self.count += 1
        tag = f"t{self.count}".encode()
        self.socket.sendall(tag + b" " + command.encode() + b"\r\n")
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise RuntimeError(f"connection lost behind {command[:60]}")
            if line.startswith(tag + b" "):
                if not line.startswith(tag + b" OK"):
                    raise RuntimeError(f"{command[:60]}: {line.decode(errors='replace')}")
                return lines
            lines.append(line)

    def append(self, folder, messages):
        """Many in one command (RFC 3502), literals without waiting (RFC 7888)."""
        self.count += 1
        tag = f"t{self.count}".encode()
        parts = [tag, b" APPEND ", folder.encode()]
        for message in messages:
            parts += [b" {%d+}\r\n" % len(message), message]
        parts.append(b"\r\n")
        self.socket.sendall(b"".join(parts))
        while True:
            line = self.file.readline()
            if line.startswith(tag + b" "):
                if not line.startswith(tag + b" OK"):
                    raise RuntimeError(f"APPEND: {line.decode(errors='replace')}")
                return

    def bulk(self, *commands):
        """Seconds and octets of an answer that is only counted; of several commands sent at once, all of them."""
        sent = b""
        for command in commands:
            self.count += 1
            tag = f"t{self.count}".encode()
            sent += tag + b" " + command.encode() + b"\r\n"
        begun = time.perf_counter()
        self.socket.sendall(sent)
        octets, tail, marker = 0, b"\r\n", b"\r\n" + tag + b" "
        while True:
            piece = self.file.read1(1 << 20)
            if not piece:
                raise RuntimeError(f"connection lost behind {command[:60]}")
            octets += len(piece)
            tail = (tail + piece)[-4096:] if len(piece) < 4096 else piece[-4096:]
            if tail.endswith(b"\r\n") and (at := tail.rfind(marker)) >= 0:
                if not tail.startswith(marker + b"OK", at):
                    raise RuntimeError(f"{command[:60]}: {tail[at:].decode(errors='replace')}")
                return time.perf_counter() - begun, octets

    def close(self):
        self.file.close()
        self.socket.close()
