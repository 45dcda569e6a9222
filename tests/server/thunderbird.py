"""Thunderbird on a screen that nobody sees (Xvfb), told what to do through its own test interface (Marionette)."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time

import harness

# How a person's Thunderbird begins: one account, the server's certificate not known yet, nothing phoned home.
PREFERENCES = {
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.server": "server1",
    "mail.account.account1.identities": "id1",
    "mail.identity.id1.fullName": "A Person",
    "mail.identity.id1.valid": True,
    "mail.identity.id1.smtpServer": "smtp1",
    "mail.server.server1.type": "imap",
    "mail.server.server1.name": "test",
    "mail.server.server1.hostname": "localhost",
    "mail.server.server1.socketType": 3,   # TLS from the first octet
    "mail.server.server1.authMethod": 3,   # the password, inside TLS
    "mail.server.server1.login_at_startup": False,  # it has no password yet
    "mail.password_protect_local_cache": False,
    "mail.server.server1.use_idle": True,
    "mail.server.server1.check_new_mail": True,
    "mail.server.server1.check_time": 600,  # what comes sooner has come by IDLE
    "mail.server.server1.offline_download": False,
    "mail.smtpservers": "smtp1",
    "mail.smtpserver.smtp1.type": "smtp",
    "mail.smtpserver.smtp1.hostname": "localhost",
    "mail.smtpserver.smtp1.try_ssl": 3,
    "mail.smtpserver.smtp1.authMethod": 3,
    "mail.server.default.max_cached_connections": 5,
    "mail.shell.checkDefaultClient": False,
    "mailnews.confirm.moveFoldersToTrash": False,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.override": True,
    "mail.inappnotifications.enabled": False,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "app.update.disabledForTesting": True,
    "app.donation.eoy.version.viewed": 999,
    "app.normandy.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.search.update": False,
    "calendar.timezone.useSystemTimezone": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#none",
    "toolkit.telemetry.server": "data:,none",
}

# What every script may use.
PRELUDE = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const server = MailServices.accounts.getAccount("account1").incomingServer;
const root = server.rootFolder;
const folder = name => root.descendants.find(one => one.name == name) ??
                       (name == "INBOX" ? root.getFolderWithFlags(0x1000) : null) ??  // "Inbox" in Thunderbird 140
                       root.descendants.find(one => one.prettyName == name || one.localizedName == name);
const messages = name => [...folder(name).messages];
const message = (name, subject) => messages(name).find(one => one.mime2DecodedSubject == subject);
const subjects = name => messages(name).map(one => one.mime2DecodedSubject).sort();
const copied = start => new Promise((good, bad) => start({
  QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
  onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; },
  onStopCopy(status) { Components.isSuccessCode(status) ? good() : bad(new Error(`copy: ${status}`)); },
}));
const octets = (name, subject) => new Promise((good, bad) => {
  const uri = folder(name).getUriForMsg(message(name, subject));
  let text = "";
  MailServices.messageServiceFromURI(uri).streamMessage(uri, {
    QueryInterface: ChromeUtils.generateQI(["nsIStreamListener"]),
    onStartRequest() {},
    onStopRequest(request, status) { Components.isSuccessCode(status) ? good(text) : bad(new Error(`read: ${status}`)); },
    onDataAvailable(request, stream, offset, count) {
      const reader = Cc["@mozilla.org/scriptableinputstream;1"].createInstance(Ci.nsIScriptableInputStream);
      reader.init(stream);
      text += reader.readBytes(count);
    },
  }, null, null, false, "");
});
const written = async text => {
  const path = PathUtils.join(PathUtils.tempDir, `message-${Date.now()}-${Math.random()}.eml`);
  await IOUtils.writeUTF8(path, text);
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  return file;
};
"""


class Failed(AssertionError):
    """A script threw."""


class Thunderbird:
    """One Thunderbird with a profile of its own; `with Thunderbird(...) as it:`."""

    def __init__(self, home, user, password, imaps, submissions):
        self.home, self.user, self.password = home, user, password
        self.ports = {"imaps": imaps, "submissions": submissions}
        self.log = os.path.join(home, "imap.log")
        self.processes = []
        self.peer = None
        self.number = 0
        self.pending = b""

    @staticmethod
    def missing():
        """Why it cannot be used here; "" when it can."""
        for program in ("thunderbird", "Xvfb"):
            if shutil.which(program) is None:
                return f"{program} is not installed (scripts/install-packages test)"
        return ""

    def __enter__(self):
        try:
            self.start()
            return self
        except BaseException:
            self.end()
            raise

    def __exit__(self, *_):
        self.end()

    # Starting and ending

    def start(self):
        screen = self._screen()
        profile = os.path.join(self.home, "profile")
        os.mkdir(profile)
        marionette = harness.free_port()
        preferences = dict(PREFERENCES)
        preferences["marionette.port"] = marionette
        preferences["mail.identity.id1.useremail"] = self.user
        preferences["mail.server.server1.userName"] = self.user
        preferences["mail.server.server1.port"] = self.ports["imaps"]
        preferences["mail.smtpserver.smtp1.username"] = self.user
        preferences["mail.smtpserver.smtp1.port"] = self.ports["submissions"]
        with open(os.path.join(profile, "user.js"), "w") as file:
            for name, value in preferences.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        with open(os.path.join(profile, "cert_override.txt"), "w") as file:
            for port in self.ports.values():  # "Confirm Security Exception", as a person would for a certificate of its own
                file.write(f"localhost:{port}:\tOID.2.16.840.1.101.3.4.2.1\t{self._fingerprint(port)}\t\n")
        environment = dict(os.environ, HOME=self.home, DISPLAY=screen, LC_ALL="C.UTF-8", MOZ_LOG="IMAP:4,sync",
                           MOZ_LOG_FILE=self.log, MOZ_CRASHREPORTER_DISABLE="1", LIBGL_ALWAYS_SOFTWARE="1",
                           MOZ_DISABLE_CONTENT_SANDBOX="1")
        self._run([harness.program("thunderbird"), "--profile", profile, "--no-remote", "--marionette",
                   "--remote-allow-system-access"], environment)
        self._connect(marionette)

    @staticmethod
    def _fingerprint(port):
        certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
        digest = hashlib.sha256(certificate).hexdigest().upper()
        return ":".join(digest[i:i + 2] for i in range(0, len(digest), 2))

    def _run(self, command, environment):
        with open(os.path.join(self.home, "output"), "ab") as sink:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment,
                                     cwd=self.home, start_new_session=True)
        self.processes.append(child)
        return child

    def _screen(self):
        """A display of our own; Xvfb looks for a free number and says it."""
        read, write = os.pipe()
        child = subprocess.Popen([harness.program("Xvfb"), "-displayfd", str(write), "-screen", "0", "1024x768x24",
                                  "-nolisten", "tcp"], pass_fds=[write], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.processes.append(child)
        os.close(write)
        with os.fdopen(read) as said:
            number = said.readline().strip()
        assert number, "Xvfb did not start"
        return f":{number}"

    def _connect(self, port):
        end = time.monotonic() + 90 * harness.SLOW
        while self.peer is None:
            try:
                self.peer = socket.create_connection(("127.0.0.1", port), 5)
            except OSError:
                assert self.processes[-1].poll() is None, f"Thunderbird ended: {self.output()}"
                assert time.monotonic() < end, f"Thunderbird did not start: {self.output()}"
                time.sleep(0.2)
        self.peer.settimeout(90 * harness.SLOW)
        self._read()  # its greeting
        self._ask("WebDriver:NewSession", {})
        self._ask("Marionette:SetContext", {"value": "chrome"})
        self._ask("WebDriver:SetTimeouts", {"script": int(60_000 * harness.SLOW)})

    def output(self):
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.home, "output"), errors="replace") as file:
                return file.read()[-3000:]
        return ""

    def traffic(self):
        """What it logged of IMAP."""
        found = ""
        for name in sorted(os.listdir(self.home)):
            if name.startswith("imap.log"):
                with open(os.path.join(self.home, name), errors="replace") as file:
                    found += file.read()
        return found

    def end(self):
        if self.peer is not None:
            with contextlib.suppress(OSError, Failed, AssertionError):
                self.peer.settimeout(5)
                self._ask("Marionette:Quit", {"flags": ["eForceQuit"]})
            self.peer.close()
            self.peer = None
        for child in reversed(self.processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                if child is not self.processes[0]:
                    child.wait(10)
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):  # a session of its own: nobody else's processes
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self.processes = []

    # Marionette: "LENGTH:[0, id, command, arguments]" and "LENGTH:[1, id, error, result]"

    def _read(self):
        while b":" not in self.pending:
            self._more()
        size, self.pending = self.pending.split(b":", 1)
        while len(self.pending) < int(size):
            self._more()
        text, self.pending = self.pending[:int(size)], self.pending[int(size):]
        return json.loads(text)

    def _more(self):
        got = self.peer.recv(65536)
        assert got, f"Thunderbird has gone: {self.output()}"
        self.pending += got

    def _ask(self, command, arguments):
        self.number += 1
        text = json.dumps([0, self.number, command, arguments]).encode()
        self.peer.sendall(str(len(text)).encode() + b":" + text)
        _, number, error, result = self._read()
        assert number == self.number, (number, self.number)
        if error:
            raise Failed(f"{error.get('error')}: {error.get('message')}\n{error.get('stacktrace', '')[:800]}")
        return result.get("value") if isinstance(result, dict) else result

    # What tests do

    def log_in(self):
        """As if the person had typed the password; the folders come."""
        self.js("server.password = given[0]; server.performExpand(null);", self.password)
        self.until("folder('Trash')")

    def js(self, script, *arguments):
        """The value that a function's body returns; it may await."""
        body = ("const done = arguments[arguments.length - 1];"
                f"(async (...given) => {{ {PRELUDE} {script} }})(...[...arguments].slice(0, -1))"
                ".then(value => done({value: value ?? null}), error => done({error: `${error} ${error?.stack}`}));")
        got = self._ask("WebDriver:ExecuteAsyncScript", {"script": body, "args": list(arguments), "newSandbox": True})
        if "error" in got:
            raise Failed(got["error"])
        return got["value"]

    def until(self, script, *arguments, seconds=40, what=""):
        """Waits until the expression is true."""
        end = time.monotonic() + seconds * harness.SLOW
        while True:
            if self.js(f"return Boolean({script})", *arguments):
                return
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what or script}\n{self.traffic()[-4000:]}")
            time.sleep(0.1)
