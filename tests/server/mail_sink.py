"""A mail server of the test's own that takes everything and remembers it, or misbehaves as it is told."""

import socket
import ssl
import threading
import time


class Sink:
    """Listens on `host`; `messages` are (envelope lines, octets of the message) in the order of their ends.

    `manners` maps the first four letters of a command, "banner" or "end" (of data) to what is answered instead; "drop" closes
    the connection, "hang" waits until the client goes. `delay` seconds pass before the answer to a message.
    """

    def __init__(self, host="127.0.0.1", port=0, manners=None, extensions=("PIPELINING", "8BITMIME", "SIZE 20000000", "DSN"),
                 delay=0.0, certificate=None):
        self.manners = manners or {}
        self.extensions = extensions
        self.delay = delay
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.messages = []
        self.peers = []
        self.secure = 0
        self.open = 0
        self.most_open = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, port), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.host = host
        self.ended = False
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.ended = True
        self.listener.close()

    def count(self):
        with self.lock:
            return len(self.messages)

    def bodies(self):
        with self.lock:
            return [body for _, body in self.messages]

    def _accept(self):
        while not self.ended:
            try:
                peer, address = self.listener.accept()
            except OSError:
                return
            self.peers.append(address[0])
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with self.lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._talk(peer)
        except (OSError, EOFError, ValueError):
            pass
        finally:
            with self.lock:
                self.open -= 1
            peer.close()

    def _answer(self, peer, key, usual):
        said = self.manners.get(key, usual)
        if callable(said):
            said = said() or usual
        if said == "drop":
            raise EOFError
        if said == "hang":
            while peer.recv(65536):
                pass
            raise EOFError
        peer.sendall(said.encode() + b"\r\n")
        return said

    def _talk(self, peer):
        file = peer.makefile("rb")
        envelope, secure = [], False
        self._answer(peer, "banner", "220 sink ESMTP")
        while True:
            line = file.readline()
            if not line:
                return
            verb = line[:4].upper().decode("latin-1")
            if verb == "EHLO":
                offers = list(self.extensions) + (["STARTTLS"] if self.context and not secure else [])
                self._answer(peer, verb, "\r\n".join(["250-sink"] + [f"250-{e}" for e in offers] + ["250 HELP"]))
            elif verb == "STAR":
                self._answer(peer, verb, "220 go")
                file.close()
                peer = self.context.wrap_socket(peer, server_side=True)
                file, secure = peer.makefile("rb"), True
            elif verb == "DATA":
                if not self._answer(peer, verb, "354 go").startswith("354"):
                    continue
                lines = []
                while True:
                    line = file.readline()
                    if not line:
                        return
                    if line == b".\r\n":
                        break
                    lines.append(line[1:] if line.startswith(b".") else line)
                if self.delay:
                    time.sleep(self.delay)
                said = self.manners.get("end", "250 2.0.0 taken")
                if callable(said):
                    said = said() or "250 2.0.0 taken"
                if said.startswith("250"):
                    with self.lock:  # remembered before it is confirmed: what was taken and not heard of counts too
                        self.messages.append((envelope, b"".join(lines)))
                        self.secure += secure
                envelope = []
                if said == "drop":
                    return
                if said == "hang":
                    file.read()
                    return
                peer.sendall(said.encode() + b"\r\n")
            elif verb == "QUIT":
                peer.sendall(b"221 bye\r\n")
                return
            else:
                said = self._answer(peer, verb, "250 ok")
                if verb in ("MAIL", "RCPT") and said.startswith("250"):
                    envelope.append(line.strip().decode("latin-1"))
