"""A name server with zones of the test's own: Debian's knotd on a free port of 127.0.0.1.

    zones = dns_zone.NameServer({"example.net": '''
        @ MX 10 mail
        mail A 127.0.0.1
    '''}, signed=["example.net"])
    ...                     # zones.address: "127.0.0.1:PORT"; zones.anchor: a file with the keys of the signed zones
    zones.change("example.net", "@ MX 10 other")
    zones.stop()

A zone's text is a zone file without SOA and NS; the serial grows by itself. `settings(zones)` is the text of the section
`dnr` for a server that asks it.
"""

import os
import shutil
import subprocess
import tempfile
import time

import harness


class NameServer:
    def __init__(self, zones, signed=()):
        self.root = tempfile.mkdtemp(prefix="postrider-knot-")
        self.zones = {}
        self.signed = list(signed)
        self.serial = 1
        self.port = harness.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.anchor = os.path.join(self.root, "anchor.key")
        self.process = None
        try:
            for directory in ("zones", "db"):
                os.mkdir(os.path.join(self.root, directory))
            for name, text in zones.items():
                self._write(name, text)
            self._configure()
            self.start()
            if self.signed:
                self._keep_anchors()
        except BaseException:
            self.stop()
            raise

    def start(self):
        self.process = subprocess.Popen([harness.program("knotd"), "-c", self._path("knot.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=open(self._path("stderr"), "ab"))
        end = time.monotonic() + harness.PATIENCE
        while not all(self.ask(zone, "SOA") for zone in self.zones):
            if self.process.poll() is not None or time.monotonic() > end:
                with open(self._path("stderr"), errors="replace") as file:
                    raise AssertionError("knotd did not start: " + file.read())
            time.sleep(0.05)

    def pause(self):
        """Ends the server; start() brings it back with the same zones and keys."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10 * harness.SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def stop(self):
        self.pause()
        shutil.rmtree(self.root, ignore_errors=True)

    def change(self, zone, text):
        """New contents of a zone, in force when this returns. Resolvers keep what they have: `postrider dns flush`."""
        self.serial += 1
        self._write(zone, text)
        self._control("zone-reload", zone)
        end = time.monotonic() + harness.PATIENCE
        while f" {self.serial} " not in self.ask(zone, "SOA") and not self._signed_since(zone):
            assert time.monotonic() < end, f"knotd did not take the new {zone}"
            time.sleep(0.05)

    def break_signatures(self, zone, text):
        """Serves the text without signatures although the parent (the trust anchor) says it is signed."""
        self.signed.remove(zone)
        self._configure()
        self.pause()
        self.serial += 1
        self._write(zone, text)
        self.start()

    def ask(self, name, kind):
        done = subprocess.run([harness.program("kdig"), "@127.0.0.1", "-p", str(self.port), "+short", "+timeout=1",
                               "+retry=0", name, kind], capture_output=True, text=True, timeout=20 * harness.SLOW)
        return done.stdout.strip()

    def tlsa(self, name, port, certificate):
        """The line of a TLSA record 3 1 1 for the key of a PEM certificate."""
        key = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], capture_output=True, check=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True, check=True).stdout
        digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, capture_output=True, check=True).stdout
        return f"_{port}._tcp.{name} TLSA 3 1 1 {digest.split()[0].decode()}"

    def _path(self, name):
        return os.path.join(self.root, name)

    def _write(self, zone, text):
        self.zones[zone] = text
        records = "\n".join(line.strip() for line in text.strip().splitlines())
        with open(self._path(f"zones/{zone or 'root'}.zone"), "w") as file:
            file.write(f"$ORIGIN {zone}.\n$TTL 300\n@ SOA ns.invalid. hostmaster.invalid. {self.serial} 3600 600 86400 60\n"
                       f"@ NS ns.invalid.\n{records}\n")

    def _configure(self):
        blocks = ""
        for zone in self.zones:
            signing = "    dnssec-signing: on\n    dnssec-policy: quick\n" if zone in self.signed else ""
            blocks += (f"  - domain: \"{zone}.\"\n    file: \"{zone or 'root'}.zone\"\n    storage: \"{self._path('zones')}\"\n"
                       f"    zonefile-sync: -1\n    zonefile-load: difference\n    journal-content: all\n{signing}")
        with open(self._path("knot.conf"), "w") as file:
            file.write(f"""server:
    rundir: "{self.root}"
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{self.root}/db"
    journal-db-max-size: 64M
    kasp-db-max-size: 64M
control:
    listen: "{self._path('knot.sock')}"
log:
  - target: stderr
    any: warning
policy:
  - id: quick
    algorithm: ecdsap256sha256
    single-type-signing: on
    ksk-submission: none
zone:
{blocks}""".replace("    ksk-submission: none\n", ""))

    def _control(self, *arguments):
        subprocess.run([harness.program("knotc"), "-s", self._path("knot.sock"), *arguments], check=True,
                       capture_output=True, timeout=20 * harness.SLOW)

    def _signed_since(self, zone):
        """A signed zone has a serial of its own; its new contents are there when the reload has been answered."""
        return zone in self.signed

    def _keep_anchors(self):
        end = time.monotonic() + harness.PATIENCE
        lines = []
        for zone in self.signed:
            while not (keys := self.ask(zone, "DNSKEY")):
                assert time.monotonic() < end, f"knotd did not sign {zone}"
                time.sleep(0.1)
            lines += [f"{zone}. IN DNSKEY {key}" for key in keys.splitlines()]
        with open(self.anchor, "w") as file:
            file.write("\n".join(lines) + "\n")


def settings(zones, dnssec="yes", more=""):
    """The section `dnr` of a configuration that asks these zones and nobody else."""
    anchor = f'trustAnchorFile = "{zones.anchor}"' if zones.signed else ""
    dnssec = dnssec if zones.signed else "no"
    return f"""dnr = {{
        nameServers = ( {{ priority = 1 address = {zones.address} timeout = 2 retries = 1 }} )
        dnssec = {dnssec}
        {anchor}
        {more}
    }}"""
