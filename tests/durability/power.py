#!/usr/bin/env python3
"""Cuts the power under load: the process is killed, and what it had not synced is thrown away (every second time:
a random part of it), then the server starts again on what is left and must hold every promise."""

import argparse
import os
import random
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lives as common
from layers import layer
from check import check
from powercut import cut
from victim import Server, StartFailed


def lives(binary, cuts, seed, users=5, keep=False, say=print, slow_us=15_000, deaf=None):
    """deaf: syncs of paths that contain this are ignored, to show that the comparison would notice"""
    base = tempfile.mkdtemp(prefix="postrider-power-")
    data, shadow = os.path.join(base, "data"), os.path.join(base, "shadow")
    os.mkdir(data)
    os.mkdir(shadow)
    ledger, rng = common.beginning(seed)
    preload = layer("unsynced", os.path.join(os.path.dirname(os.path.abspath(binary)), "durability"))
    server = Server(binary, data, users=users, preload=preload, output=os.path.join(base, "stderr"),
                    env={"UNSYNCED_ROOT": data, "UNSYNCED_SHADOW": shadow, "UNSYNCED_SLOW_US": str(slow_us)}
                    | ({"UNSYNCED_DEAF": deaf} if deaf else {}))
    with common.under_test(server, ledger, base, binary, keep, say):
        for life in range(cuts):
            load = common.load_until_death(server, ledger, seed, life, rng)
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
            common.tell(say, f"cut {life + 1}/{cuts} ({'torn' if tear else 'strict'}): {load.acknowledged} answers, "
                             f"{lost['bytes']} bytes and {lost['names']} names lost, started again in "
                             f"{server.start_seconds:.1f} s, {len(ledger.problems) - before} problems, "
                             f"refusals {len(load.refusals)}", load)
            if ledger.problems and keep:
                break
    return ledger


def main():
    options = argparse.ArgumentParser(description=__doc__)
    common.common_options(options)
    options.add_argument("--cuts", type=int, default=4)
    options.add_argument("--deaf", help="ignore syncs of paths with this in them: problems must be found")
    given = options.parse_args()
    ledger = lives(given.binary, given.cuts, given.seed, keep=given.keep, deaf=given.deaf)
    return common.conclude(ledger, f"{given.cuts} power cuts")


if __name__ == "__main__":
    sys.exit(main())
