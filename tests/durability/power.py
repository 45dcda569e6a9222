#!/usr/bin/env python3
"""Cuts the power under load: the process is killed, and what it had not synced is thrown away (every second time:
a random part of it), then the server starts again on what is left and must hold every promise."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from layers import layer
from check import check
from ledger import Ledger
from load import Load
from powercut import cut
from victim import Server, StartFailed, storage_check


def lives(binary, cuts, seed, users=5, keep=False, say=print, slow_us=15_000, deaf=None):
    """deaf: syncs of paths that contain this are ignored, to show that the comparison would notice"""
    base = tempfile.mkdtemp(prefix="postrider-power-")
    data, shadow = os.path.join(base, "data"), os.path.join(base, "shadow")
    os.mkdir(data)
    os.mkdir(shadow)
    ledger, rng = Ledger(), random.Random(seed)
    preload = layer("unsynced", os.path.join(os.path.dirname(os.path.abspath(binary)), "durability"))
    server = Server(binary, data, users=users, preload=preload, output=os.path.join(base, "stderr"),
                    env={"UNSYNCED_ROOT": data, "UNSYNCED_SHADOW": shadow, "UNSYNCED_SLOW_US": str(slow_us)}
                    | ({"UNSYNCED_DEAF": deaf} if deaf else {}))
    try:
        server.start()
        for life in range(cuts):
            load = Load(server, ledger, seed, life).start()
            time.sleep(rng.uniform(0.5, 3.0))
            if not server.alive():
                ledger.problem(f"the server died by itself (exit code {server.process.poll()})")
            server.kill()
            load.stop()
            tear = random.Random(f"{seed}/{life}") if life % 2 else None
            if keep:
                shutil.rmtree(base + "/before", ignore_errors=True)
                shutil.copytree(base, base + "/before", ignore=shutil.ignore_patterns("before"))
            lost = cut(data, shadow, tear)
            os.mkdir(shadow)
            before = len(ledger.problems)
            try:
                server.start()
            except StartFailed as failed:
                ledger.problem(f"after cut {life + 1}: {failed}: {open(server.output).read()[-500:]}")
                break
            check(server, ledger, flags_exact=False)
            say(f"cut {life + 1}/{cuts} ({'torn' if tear else 'strict'}): {load.acknowledged} answers, "
                f"{lost['bytes']} bytes and {lost['names']} names lost, started again in {server.start_seconds:.1f} s, "
                f"{len(ledger.problems) - before} problems, refusals {len(load.refusals)}")
            for text in load.refusals[:3]:
                say(f"    refused: {text}")
            if ledger.problems and keep:
                break
        server.stop()
        for text in storage_check(binary, server.data):
            ledger.problem(f"storage_check: {text}")
    finally:
        server.kill()
        if keep or ledger.problems:
            say(f"data kept in {base}")
        else:
            shutil.rmtree(base, ignore_errors=True)
    return ledger


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", default="build/release/postrider")
    options.add_argument("--cuts", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--deaf", help="ignore syncs of paths with this in them: problems must be found")
    options.add_argument("--keep", action="store_true")
    given = options.parse_args()
    ledger = lives(given.binary, given.cuts, given.seed, keep=given.keep, deaf=given.deaf)
    for text in ledger.problems[:40]:
        print("PROBLEM", text)
    print(f"{sum(ledger.promises.values())} promises checked over {given.cuts} power cuts: "
          f"{dict(ledger.promises)}; {len(ledger.problems)} problems")
    return 1 if ledger.problems else 0


if __name__ == "__main__":
    sys.exit(main())
