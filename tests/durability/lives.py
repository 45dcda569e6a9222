"""What every harness here has in common: a server lives under load, dies, lives again; at the end its store is verified."""

import contextlib
import random
import shutil
import time

from ledger import Ledger
from load import Load
from victim import storage_check


@contextlib.contextmanager
def under_test(server, ledger, base, binary, keep, say):
    """The server runs within; afterwards the store must be sound. The data stay where a promise was broken."""
    try:
        server.start()
        yield
        server.stop()
        verify(server, ledger, binary)
    finally:
        server.kill()
        if keep or ledger.problems:
            say(f"data kept in {base}")
        else:
            shutil.rmtree(base, ignore_errors=True)


def verify(server, ledger, binary, when=""):
    for text in storage_check(binary, server.data):
        ledger.problem(f"{when}storage_check: {text}")


def load_until_death(server, ledger, seed, life, rng):
    """Runs the load for a random while, then kills the server; what was answered."""
    load = Load(server, ledger, seed, life).start()
    end = time.monotonic() + 60
    while load.acknowledged < 30 and server.alive() and time.monotonic() < end:
        time.sleep(0.05)  # a slow machine promises little in the while below
    time.sleep(rng.uniform(0.5, 3.0))
    if not server.alive():
        ledger.problem(f"the server died by itself (exit code {server.process.poll()})")
    server.kill()
    load.stop()
    return load


def beginning(seed):
    return Ledger(), random.Random(seed)


def tell(say, what, load):
    say(what)
    for text in load.refusals[:3]:
        say(f"    refused: {text}")


def conclude(ledger, over):
    """Prints the outcome; the exit code."""
    for text in ledger.problems[:40]:
        print("PROBLEM", text)
    print(f"{sum(ledger.promises.values())} promises checked over {over}: {dict(ledger.promises)}; {len(ledger.problems)} problems")
    return 1 if ledger.problems else 0


def common_options(options):
    options.add_argument("--binary", default="build/release/postrider")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", action="store_true")
