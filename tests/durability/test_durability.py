"""What answers promise, held through kills, power cuts, full and failing disks, and damage (docs/durability.md).

`--long` does it at least fifty times; KILLS, CUTS and SEED in the environment set other numbers."""

import os
import random
import shutil
import subprocess
import tempfile
import unittest

import faults
import kill
import power
from talk import Imap, Lost, Refused
from victim import Server, storage_check

BINARY = os.environ.get("POSTRIDER_BINARY", "build/release/postrider")
LONG = os.environ.get("POSTRIDER_LONG") == "1"
SEED = int(os.environ.get("SEED", "1"))


class Base(unittest.TestCase):
    def holds(self, ledger, at_least):
        print(f"{sum(ledger.promises.values())} promises checked: {dict(ledger.promises)}")
        self.assertEqual(ledger.problems[:20], [], f"{len(ledger.problems)} problems")
        self.assertGreater(sum(ledger.promises.values()), at_least, "too little was promised for the test to mean much")


class Kills(Base):
    def test_every_answer_holds_after_the_process_was_killed(self):
        self.holds(kill.lives(BINARY, int(os.environ.get("KILLS", 60 if LONG else 5)), SEED), 100)


class PowerCuts(Base):
    def test_every_answer_holds_after_unsynced_writes_are_thrown_away(self):
        self.holds(power.lives(BINARY, int(os.environ.get("CUTS", 60 if LONG else 4)), SEED), 100)

    def test_a_container_that_is_not_synced_would_be_noticed(self):
        # One cut may come before much was answered, on a busy machine.
        lives = (power.lives(BINARY, 1, SEED + n, deaf=".hsf", say=lambda text: None) for n in range(5))
        self.assertTrue(any(ledger.problems for ledger in lives))


class Faults(Base):
    def sweep(self, kind):
        wanted = [case for case in faults.cases(SEED, LONG) if case[0] == kind]
        self.holds(faults.sweep(BINARY, SEED, wanted), 20)

    def test_a_full_disk_costs_nothing_and_mail_is_taken_again_when_there_is_room(self):
        self.sweep(faults.FULL)

    def test_failing_writes_are_temporary_failures(self):
        self.sweep(faults.BAD_WRITE)

    def test_after_a_failed_sync_nothing_is_promised_until_the_next_start(self):
        self.sweep(faults.BAD_SYNC)


class BadPlaces(Base):
    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="postrider-place-")
        self.addCleanup(shutil.rmtree, self.base, True)

    def start(self, data):
        return subprocess.run([BINARY, "demo", "--data", data, "--port-base", "0"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

    def test_a_directory_that_cannot_be_made_is_named_and_the_exit_code_is_not_0(self):
        for data in ("/proc/postrider", os.path.join(self.base, "file", "data")):
            open(os.path.join(self.base, "file"), "w").close()
            done = self.start(data)
            self.assertGreater(done.returncode, 0)
            self.assertIn(data.encode(), done.stderr)

    def test_a_directory_that_cannot_be_written_is_named_and_the_exit_code_is_not_0(self):
        for part in ("kv", "messages"):
            data = os.path.join(self.base, part)
            os.makedirs(data)
            open(os.path.join(data, part), "w").close()  # root may write everywhere: a file in the way stops it too
            done = self.start(data)
            self.assertGreater(done.returncode, 0)
            self.assertIn(os.path.join(data, part).encode(), done.stderr)

    def test_two_servers_on_one_directory_are_refused(self):
        server = Server(BINARY, os.path.join(self.base, "data"), users=0).start()
        try:
            done = self.start(server.data)
            self.assertGreater(done.returncode, 0)
            self.assertIn(b"in use", done.stderr)
            self.assertIn(str(server.process.pid).encode(), done.stderr)
        finally:
            server.stop()


class Damage(Base):
    """Flipped bytes in what lies on disk: one thing is lost, and said to be; everything else is served."""

    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="postrider-damage-")
        self.addCleanup(shutil.rmtree, self.base, True)
        self.server = Server(BINARY, os.path.join(self.base, "data"), users=0, output=os.path.join(self.base, "stderr"))
        self.addCleanup(self.server.kill)
        self.server.start()
        self.tokens = [f"damage-{n}" for n in range(20)]
        self.user = "alice@example.org"
        imap = self.imap()
        for token in self.tokens:  # random bytes: what is not packed can be found in the container
            body = random.Random(token).randbytes(3000).hex()
            message = f"Subject: {token}\r\nX-Token: {token}\r\n\r\n{body}\r\n"
            imap.do(b'APPEND "INBOX"', literal=message.encode())
        imap.wire.close()

    def imap(self):
        return Imap(self.server.ports["imap"], self.user, self.server.accounts[self.user])

    def flip(self, path, at, count=1):
        with open(path, "r+b") as file:
            file.seek(at)
            old = file.read(count)
            file.seek(at)
            file.write(bytes(255 - octet for octet in old))

    def readable(self):
        """-> (tokens whose message can be read, number of those that give an error)"""
        imap, good, bad = self.imap(), set(), 0
        imap.select("INBOX")
        for uid in range(1, len(self.tokens) + 1):
            try:
                for row in imap.list(b"%d" % uid, body=True):
                    if row.token:
                        good.add(row.token)
                    else:
                        bad += 1
            except Refused:
                bad += 1
        imap.wire.close()
        return good, bad

    def test_a_damaged_message_gives_an_error_the_others_are_read_and_verify_and_repair_know_it(self):
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(storage_check(BINARY, self.server.data), [])
        self.flip(os.path.join(self.server.data, "messages", "00.hsf"), 20_000, 8)
        self.server.start()
        good, bad = self.readable()
        self.assertEqual((len(good), bad), (len(self.tokens) - 1, 1))
        self.server.stop()
        found = storage_check(BINARY, self.server.data)
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], "account [1-9].*cannot be read")
        self.assertEqual(storage_check(BINARY, self.server.data, "repair"), [])
        self.server.start()
        self.assertEqual(len(self.readable()[0]), len(self.tokens) - 1)

    def test_a_damaged_table_of_records_is_an_error_and_not_a_crash(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.start()  # what the log held is now in a table
        self.assertEqual(self.server.stop(), 0)
        kv = os.path.join(self.server.data, "kv")
        tables = [name for name in os.listdir(kv) if name.endswith(".sst")]
        self.assertTrue(tables)
        for name in tables:
            self.flip(os.path.join(kv, name), 100, 8)
        found = storage_check(BINARY, self.server.data)
        self.assertTrue(found)
        self.assertIn(".sst", " ".join(found))
        try:
            self.server.start()
        except Exception:
            with open(self.server.output) as file:
                self.assertRegex(file.read(), "corrupt|damaged|[Cc]hecksum|Corruption")
            return
        self.assertTrue(self.server.alive())
        try:
            self.readable()
        except (Lost, Refused):
            pass
        self.assertTrue(self.server.alive())


if __name__ == "__main__":
    unittest.main()
