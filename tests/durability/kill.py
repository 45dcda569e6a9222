#!/usr/bin/env python3
"""Kills the server under load, starts it again on the same data and compares: see ledger.py for what must hold."""

import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lives as common
from check import check
from victim import Server


def lives(binary, kills, seed, users=5, keep=False, say=print):
    """-> the ledger, its problems among it"""
    data = tempfile.mkdtemp(prefix="postrider-kill-")
    ledger, rng = common.beginning(seed)
    server = Server(binary, os.path.join(data, "data"), users=users, output=os.path.join(data, "stderr"))
    with common.under_test(server, ledger, data, binary, keep, say):
        for life in range(kills):
            load = common.load_until_death(server, ledger, seed, life, rng)
            if life % 3 == 2:  # sometimes the verifier is the first to meet what the crash left
                common.verify(server, ledger, binary, f"after kill {life + 1}: ")
            server.start()
            before = len(ledger.problems)
            check(server, ledger)
            common.tell(say, f"kill {life + 1}/{kills}: {load.acknowledged} answers, started again in "
                             f"{server.start_seconds:.1f} s, {len(ledger.problems) - before} problems, "
                             f"refusals {len(load.refusals)}", load)
    return ledger


def main():
    options = argparse.ArgumentParser(description=__doc__)
    common.common_options(options)
    options.add_argument("--kills", type=int, default=5)
    given = options.parse_args()
    return common.conclude(lives(given.binary, given.kills, given.seed, keep=given.keep), f"{given.kills} kills")


if __name__ == "__main__":
    sys.exit(main())
