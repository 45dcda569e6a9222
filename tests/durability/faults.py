#!/usr/bin/env python3
"""A disk that fills up or fails under load. Whatever the server answers must hold: a success after a restart, else a
temporary failure; it must neither end nor hang; after a full disk it takes mail again by itself, after a failed sync
it refuses mail until it is started again."""

import argparse
import mmap
import os
import random
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lives as common
from check import check
from layers import layer
from ledger import Ledger
from load import Load, make_message
from talk import Lost, Refused, Smtp
from victim import Server

FULL, BAD_WRITE, BAD_SYNC = 1, 2, 3
KINDS = {FULL: "full", BAD_WRITE: "bad write", BAD_SYNC: "bad sync"}


class Control:
    def __init__(self, path):
        with open(path, "wb") as file:
            file.truncate(4096)
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)

    def on(self, kind, where, first, count=0):
        text = where.encode()
        self.map[20:20 + len(text) + 1] = text + b"\0"
        self.map[4:20] = struct.pack("<4I", first, count, 0, 0)
        self.map[0:4] = struct.pack("<I", kind)

    def off(self):
        """-> how many calls failed"""
        self.map[0:4] = struct.pack("<I", 0)
        return struct.unpack("<I", self.map[16:20])[0]


def takes_mail(server, ledger, seconds, recipient):
    """Tries until a message is taken. -> seconds it took, or None"""
    began, last = time.monotonic(), "never asked"
    while time.monotonic() - began < seconds:
        token = f"after-{time.monotonic_ns()}"
        ledger.sizes[token] = 3000
        try:
            peer = Smtp(server.ports["smtp"], seconds=60)
            asked = []
            answers = peer.send([recipient], make_message(token, 3000),
                                lambda accepted: asked.append(ledger.ask(recipient, token, {"INBOX": 1}, "delivery")))
            peer.wire.close()
            last = answers[recipient]
            if last.startswith("250"):
                ledger.done(asked[0])
                return time.monotonic() - began, last
        except (Lost, Refused) as no:
            last = str(no)
        time.sleep(0.1)
    return None, last


def one(server, control, ledger, life, kind, where, first, say):
    load = Load(server, ledger, "faults", life, senders=2, accounts=sorted(server.accounts)[:3]).start()
    time.sleep(0.5)
    control.on(kind, where, first)
    time.sleep(1.5)
    failed = control.off()
    title = f"{KINDS[kind]} from call {first} on *{where}*"
    if not server.alive():
        code = server.process.poll()
        if not (kind != FULL and code == -6):
            ledger.problem(f"{title}: the server ended ({code})")
        load.stop()
        outcome = f"ended itself ({code})"
    else:
        load.stop()
        after, last = takes_mail(server, ledger, 60 if kind == FULL else 3, "alice@example.org")
        outcome = f"takes mail again after {after:.1f} s" if after is not None else f"refuses: {last}"
        if kind == FULL and after is None:
            ledger.problem(f"{title}: takes no mail although there is room again: {last}")
        if after is None and not last.startswith(("4", "421")):
            ledger.problem(f"{title}: refuses with {last}")
        for text in load.refusals:
            if not text.startswith("4") and " NO " not in text and "-ERR" not in text:
                ledger.problem(f"{title}: answered {text}")
        # Readers are served all the while.
        if kind == FULL:
            check(server, ledger)
    server.kill()
    server.start()
    check(server, ledger)
    say(f"{title}: {failed} calls failed, {load.acknowledged} answers, {len(load.refusals)} refusals"
        f" ({next(iter(load.refusals), '')[:60]}); {outcome}; {len(ledger.problems)} problems so far")


def sweep(binary, seed, cases, keep=False, say=print):
    """cases: [(kind, where, first call that fails)]"""
    base = tempfile.mkdtemp(prefix="postrider-faults-")
    ledger = Ledger()
    control = Control(os.path.join(base, "control"))
    server = Server(binary, os.path.join(base, "data"), users=0, output=os.path.join(base, "stderr"),
                    preload=layer("faults", os.path.join(os.path.dirname(os.path.abspath(binary)), "durability")),
                    env={"FAULTS_CONTROL": os.path.join(base, "control")})
    with common.under_test(server, ledger, base, binary, keep, say):
        for life, (kind, where, first) in enumerate(cases):
            one(server, control, ledger, life, kind, where, first, say)
    return ledger


def cases(seed, dense):
    rng = random.Random(seed)
    firsts = range(1, 41) if dense else sorted(rng.sample(range(1, 41), 2))
    return [(kind, where, first) for kind in (FULL, BAD_WRITE, BAD_SYNC) for where in ("/messages/", "/kv/") for first in firsts]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    common.common_options(options)
    options.add_argument("--dense", action="store_true")
    options.add_argument("--only", type=int, help="kind: 1 full, 2 bad write, 3 bad sync")
    options.add_argument("--where", help="/messages/ or /kv/")
    given = options.parse_args()
    wanted = [case for case in cases(given.seed, given.dense)
              if given.only in (None, case[0]) and given.where in (None, case[1])]
    ledger = sweep(given.binary, given.seed, wanted, keep=given.keep)
    return common.conclude(ledger, f"{len(wanted)} faults")


if __name__ == "__main__":
    sys.exit(main())
