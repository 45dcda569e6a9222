"""Scanners and milters from Debian, each in a directory of its own on free ports of 127.0.0.1, with signatures and rules
of the test's own: nothing is downloaded.

    clamd = companions.Clamd()
    ...                                 # clamd.address: "inet://127.0.0.1:PORT"; clamd.local: "local:///.../clamd.ctl"
    clamd.stop()

`EICAR` and `GTUBE` are the harmless samples that all of them find; `mail()` puts a text into a message.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import harness

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def mail(text, subject=b"hello", sender=b"alice@example.org", recipient=b"bob@example.org"):
    return (b"From: " + sender + b"\r\nTo: " + recipient + b"\r\nSubject: " + subject +
            b"\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n" + text + b"\r\n")


class Companion:
    """A daemon in the foreground; ended by its process group."""

    seconds = 180  # until it listens

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="postrider-companion-")
        os.chmod(self.root, 0o755)
        self.port = harness.free_port()
        self.address = f"inet://127.0.0.1:{self.port}"
        self.process = None
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.stop()
            raise

    def path(self, *names):
        return os.path.join(self.root, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def start(self):
        self.log = open(self.path("output"), "ab")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        cwd=self.root, start_new_session=True)
        end = time.monotonic() + self.seconds * harness.SLOW
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"{self.command()[0]} did not start:\n{self.output()}") from None
                time.sleep(0.1)

    def output(self):
        with open(self.path("output"), errors="replace") as file:
            return file.read()[-3000:]

    def halt(self):
        """Ends it; start() begins again on the same port."""
        if self.process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(5)
                break
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                self.process.wait(5)
                break
        self.process = None
        self.log.close()

    def stop(self):
        self.halt()
        shutil.rmtree(self.root, ignore_errors=True)


class Clamd(Companion):
    def prepare(self):
        self.write("db/test.ndb", f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
        self.local = "local://" + self.path("clamd.ctl")
        self.write("conf", f"""DatabaseDirectory {self.path("db")}
LocalSocket {self.path("clamd.ctl")}
TCPSocket {self.port}
TCPAddr 127.0.0.1
Foreground yes
MaxThreads 4
StreamMaxLength 1M
""")

    def command(self):
        return ["/usr/sbin/clamd", "-c", self.path("conf")]


class Spamd(Companion):
    def prepare(self):
        self.write("rules/init.pre", "loadplugin Mail::SpamAssassin::Plugin::Check\n")
        self.write("rules/local.cf", r"""body GTUBE /XJS\*C4JDBQADN1\.NSBN3\*2IDNEN\*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL\*C\.34X/
describe GTUBE Generic Test for Unsolicited Bulk Email
score GTUBE 1000
body CHEAP /cheap watches/
score CHEAP 6
""")

    def command(self):
        return ["/usr/sbin/spamd", "-C", self.path("rules"), "--siteconfigpath=" + self.path("rules"), "-L", "-x",
                "-p", str(self.port), "-i", "127.0.0.1", "-m", "2", "--min-children=1", "-H", self.root]


class Rspamd(Companion):
    def prepare(self):
        self.milter_port = harness.free_port()
        self.milter = f"inet://127.0.0.1:{self.milter_port}"
        for name in ("db", "run"):
            os.mkdir(self.path(name))
        self.write("tld", "com\norg\nnet\n")
        self.write("conf", f"""options {{
    filters = "";
    rundir = "{self.path("run")}";
    pidfile = "{self.path("run", "pid")}";
    control_socket = "{self.path("run", "sock")} mode=0600";
    history_file = "{self.path("db", "history")}";
    cache_file = "{self.path("db", "symcache")}";
    dynamic_conf = "{self.path("db", "dynamic")}";
    stats_file = "{self.path("db", "stats")}";
    hs_cache_dir = "{self.path("db")}";
    tempdir = "{self.path("db")}";
    url_tld = "{self.path("tld")}";
    disable_hyperscan = true;
    dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
    map_watch_interval = 1h;
}}
lang_detection {{ languages_enabled = false; languages = "{self.path("run")}"; }}
logging {{ type = "console"; level = "warning"; }}
actions {{ reject = 15; add_header = 6; greylist = 4; }}
worker "normal" {{ bind_socket = "127.0.0.1:{self.port}"; count = 1; }}
worker "rspamd_proxy" {{
    bind_socket = "127.0.0.1:{self.milter_port}"; count = 1; milter = yes; timeout = 10s;
    upstream "local" {{ default = yes; self_scan = yes; }}
}}
""")

    def command(self):
        return ["/usr/bin/rspamd", "-f", "-i", "-c", self.path("conf")]


class OpenDkim(Companion):
    """Signs what comes from 127.0.0.1 for example.org, verifies the rest. The key is in no DNS but in a file."""

    def prepare(self):
        key = self.path("key.pem")
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        os.chmod(key, 0o600)
        public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout"], check=True, capture_output=True, text=True)
        text = "".join(line for line in public.stdout.splitlines() if not line.startswith("-"))
        self.write("dns", f"s1._domainkey.example.org v=DKIM1; k=rsa; p={text}\n")
        self.write("conf", f"""Socket inet:{self.port}@127.0.0.1
Mode sv
Domain example.org
Selector s1
KeyFile {key}
Canonicalization relaxed/simple
InternalHosts 127.0.0.1
TestDNSData {self.path("dns")}
AuthservID mail.example.org
RequireSafeKeys no
PidFile {self.path("pid")}
""")

    def command(self):
        return ["/usr/sbin/opendkim", "-f", "-x", self.path("conf")]


class ClamavMilter(Companion):
    def __init__(self, clamd):
        self.clamd = clamd
        super().__init__()

    def prepare(self):
        self.write("conf", f"""MilterSocket inet:{self.port}@127.0.0.1
ClamdSocket tcp:127.0.0.1:{self.clamd.port}
OnInfected Reject
RejectMsg Infected by %v
AddHeader Add
Foreground yes
""")

    def command(self):
        return ["/usr/sbin/clamav-milter", "-c", self.path("conf")]
