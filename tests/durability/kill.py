#!/usr/bin/env python3
"""Kills the server under load, starts it again on the same data and compares: see ledger.py for what must hold."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from check import check
from ledger import Ledger
from load import Load
from victim import Server, storage_check


def lives(binary, kills, seed, users=5, keep=False, say=print):
    """-> the ledger, its problems among it"""
    data = tempfile.mkdtemp(prefix="postrider-kill-")
    ledger, rng = Ledger(), random.Random(seed)
    server = Server(binary, os.path.join(data, "data"), users=users, output=os.path.join(data, "stderr"))
    try:
        server.start()
        for life in range(kills):
            load = Load(server, ledger, seed, life).start()
            time.sleep(rng.uniform(0.5, 3.0))
            if not server.alive():
                ledger.problem(f"the server died by itself (exit code {server.process.poll()})")
            server.kill()
            load.stop()
            if life % 3 == 2:  # sometimes the verifier is the first to meet what the crash left
                for text in storage_check(binary, server.data):
                    ledger.problem(f"after kill {life + 1}: storage_check: {text}")
            server.start()
            before = len(ledger.problems)
            check(server, ledger)
            say(f"kill {life + 1}/{kills}: {load.acknowledged} answers, started again in {server.start_seconds:.1f} s, "
                f"{len(ledger.problems) - before} problems, refusals {len(load.refusals)}")
            for text in load.refusals[:3]:
                say(f"    refused: {text}")
        server.stop()
        for text in storage_check(binary, server.data):
            ledger.problem(f"storage_check: {text}")
    finally:
        server.kill()
        if keep or ledger.problems:
            say(f"data kept in {data}")
        else:
            shutil.rmtree(data, ignore_errors=True)
    return ledger


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", default="build/release/postrider")
    options.add_argument("--kills", type=int, default=5)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", action="store_true")
    given = options.parse_args()
    ledger = lives(given.binary, given.kills, given.seed, keep=given.keep)
    for text in ledger.problems[:40]:
        print("PROBLEM", text)
    print(f"{sum(ledger.promises.values())} promises checked over {given.kills} kills: "
          f"{dict(ledger.promises)}; {len(ledger.problems)} problems")
    return 1 if ledger.problems else 0


if __name__ == "__main__":
    sys.exit(main())
