"""XMPP servers from Debian with the domain im.example.org, each in a directory of its own on free ports of 127.0.0.1, and a
client that hears what they are told.

    server = xmpp_peers.Ejabberd()      # or Prosody()
    bob = xmpp_peers.Listener(server, "bob")
    bob.message()                       # the next one, parsed
    server.stop()

The accounts are those of ACCOUNTS. `server.certificate` is what its certificate is trusted by.
"""

import base64
import os
import socket
import ssl
import subprocess
import xml.etree.ElementTree as tree

import companions
import harness

DOMAIN = "im.example.org"
ACCOUNTS = {"postrider": "our secret", "bob": "his secret", "carol": "her secret"}
CLIENT = "{jabber:client}"


class XmppServer(companions.Companion):
    def make_certificate(self):
        self.certificate = self.path("cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "10", "-keyout", self.path("key.pem"), "-out", self.certificate, "-subj", f"/CN={DOMAIN}",
                        "-addext", f"subjectAltName=DNS:{DOMAIN}"], check=True, capture_output=True)
        with open(self.certificate) as one, open(self.path("key.pem")) as two:
            self.write("both.pem", one.read() + two.read())


class Ejabberd(XmppServer):
    def prepare(self):
        self.make_certificate()
        os.mkdir(self.path("spool"))
        self.write("ejabberd.yml", f"""loglevel: info
hosts: [{DOMAIN}]
certfiles: ["{self.path("both.pem")}"]
auth_method: internal
auth_password_format: scram
listen:
  - port: {self.port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    access: all
    shaper: none
    starttls_required: true
modules:
  mod_offline: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
""")

    def command(self):
        accounts = "".join(f'ejabberd_auth:try_register(<<"{name}">>,<<"{DOMAIN}">>,<<"{word}">>),'
                           for name, word in ACCOUNTS.items())
        return ["env", f"EJABBERD_CONFIG_PATH={self.path('ejabberd.yml')}", f"EJABBERD_LOG_PATH={self.path('log')}",
                f"SPOOL_DIR={self.path('spool')}", f"HOME={self.root}", f"ERL_CRASH_DUMP={self.path('crash')}",
                "ERL_LIBS=/usr/lib/x86_64-linux-gnu", "erl", "-noinput", "+S", "1:1", "-mnesia", "dir",
                f'"{self.path("spool")}"', "-eval", f"{{ok,_}} = application:ensure_all_started(ejabberd), {accounts} ok."]


class Prosody(XmppServer):
    def prepare(self):
        self.make_certificate()
        self.write("prosody.cfg.lua", f"""
daemonize = false
run_as_root = true
pidfile = "{self.path('pid')}"
data_path = "{self.path('data')}"
log = {{ info = "*console" }}
modules_enabled = {{ "saslauth", "tls", "disco", "ping", "roster", "offline" }}
modules_disabled = {{ "s2s", "posix" }}
c2s_require_encryption = true
c2s_ports = {{ {self.port} }}
c2s_interfaces = {{ "127.0.0.1" }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
authentication = "internal_plain"
storage = "internal"
ssl = {{ key = "{self.path('key.pem')}", certificate = "{self.certificate}" }}
VirtualHost "{DOMAIN}"
""")
        folder = self.path("data", DOMAIN.replace(".", "%2e"), "accounts")
        os.makedirs(folder)
        for name, word in ACCOUNTS.items():
            with open(os.path.join(folder, name + ".dat"), "w") as file:
                file.write(f'return {{ ["password"] = "{word}"; }};\n')

    def command(self):
        return ["/usr/bin/prosody", "--config", self.path("prosody.cfg.lua"), "-F"]


class Listener:
    """An XMPP client that is logged in and there for others."""

    def __init__(self, server, name):
        plain = socket.create_connection(("127.0.0.1", server.port), 20 * harness.SLOW)
        self.sock = plain
        self.restart()
        self.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        assert self.element().tag.endswith("proceed")
        context = ssl.create_default_context(cafile=server.certificate)
        self.sock = context.wrap_socket(plain, server_hostname=DOMAIN)
        self.restart()
        word = base64.b64encode(f"\0{name}\0{ACCOUNTS[name]}".encode()).decode()
        self.say(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{word}</auth>")
        said = self.element()
        assert said.tag.endswith("success"), tree.tostring(said)
        self.restart()
        self.say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        assert self.element().get("type") == "result"
        self.say("<presence/>")
        self.until(CLIENT + "presence")

    def say(self, text):
        self.sock.sendall(text.encode())

    def restart(self):
        self.parser = tree.XMLPullParser(["start", "end"])
        self.depth = 0
        self.ready = []
        self.say(f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' "
                 "xmlns:stream='http://etherx.jabber.org/streams'>")
        assert self.element().tag.endswith("features")

    def element(self):
        while not self.ready:
            octets = self.sock.recv(65536)
            if not octets:
                raise AssertionError("the XMPP server has closed the connection")
            self.parser.feed(octets)
            for event, element in self.parser.read_events():
                self.depth += 1 if event == "start" else -1
                if event == "end" and self.depth == 1:
                    self.ready.append(element)
        return self.ready.pop(0)

    def until(self, tag):
        while True:
            element = self.element()
            if element.tag == tag:
                return element

    def message(self):
        """(type, subject, body, urgency) of the next message."""
        one = self.until(CLIENT + "message")
        urgency = [header.text for header in one.iter("{http://jabber.org/protocol/shim}header")
                   if header.get("name") == "Urgency"]
        return one.get("type"), one.findtext(CLIENT + "subject"), one.findtext(CLIENT + "body"), "".join(urgency)

    def close(self):
        self.sock.close()
