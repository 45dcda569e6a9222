"""The load: everything that is answered with a promise, on many accounts at once, written down in the ledger."""

import hashlib
import itertools
import random
import re
import threading
import time

from talk import Imap, Lost, Pop3, Refused, Smtp

FOLDERS = ("INBOX", "Work", "Old")
SIZES = (300, 4000, 4000, 4000, 20_000, 150_000)


def make_message(token, size):
    """The same bytes for the same token and size, poorly compressible, with lines that begin with dots."""
    head = (f"From: <sender@example.net>\r\nTo: <all@example.org>\r\nSubject: {token}\r\n"
            f"Message-ID: <{token}@example.net>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nX-Token: {token}\r\n\r\n")
    lines, length, block = [], len(head), hashlib.sha256(token.encode()).digest()
    while length < size:
        block = hashlib.sha256(block).digest()
        lines.append(("." if block[0] < 8 else "") + block.hex() + "\r\n")
        length += len(lines[-1])
    return (head + "".join(lines) + "end\r\n").encode()


class Load:
    def __init__(self, server, ledger, seed, life, senders=3, accounts=None, pace=0.0):
        self.server, self.ledger, self.life, self.seed = server, ledger, life, seed
        self.stopping, self.numbers, self.pace = threading.Event(), itertools.count(), pace
        self.accounts = accounts or sorted(server.accounts)
        self.refusals = []
        self.acknowledged = 0
        self.threads = [threading.Thread(target=self._guard, args=(self._send, n), daemon=True) for n in range(senders)]
        self.threads += [threading.Thread(target=self._guard, args=(self._read, account), daemon=True)
                         for account in self.accounts]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self, seconds=60):
        self.stopping.set()
        deadline = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.1, deadline - time.monotonic()))
            if thread.is_alive():
                self.ledger.problem(f"a client still waits for an answer {seconds} s after the load was ended")

    def _guard(self, work, which):
        rng = random.Random(f"{self.seed}/{self.life}/{which}")
        while not self.stopping.is_set():
            try:
                work(which, rng)
            except Lost:
                if not self.server.alive():
                    return
                time.sleep(0.05)
            except Refused as no:
                self.refusals.append(str(no))
                time.sleep(0.05)
            except Exception as error:  # a fault of the harness must not look like a success
                self.ledger.problem(f"harness: {type(error).__name__}: {error}")
                raise

    def token(self, kind, rng):
        token = f"{kind}-{self.seed}-{self.life}-{next(self.numbers)}"
        self.ledger.sizes[token] = rng.choice(SIZES)
        return token, make_message(token, self.ledger.sizes[token])

    # ---- SMTP and LMTP

    def _send(self, number, rng):
        lmtp = number % 3 == 2
        peer = Smtp(self.server.ports["lmtp" if lmtp else "smtp"], lmtp=lmtp)
        for _ in range(rng.randint(1, 40)):
            if self.stopping.is_set():
                return
            if self.pace:
                time.sleep(rng.random() * self.pace)
            token, message = self.token("lmtp" if lmtp else "smtp", rng)
            recipients = rng.sample(self.accounts, rng.randint(1, min(5, len(self.accounts))))
            asked = {}

            def before_dot(accepted):
                for recipient in accepted:
                    asked[recipient] = self.ledger.ask(recipient, token, {"INBOX": 1}, "delivery")

            for recipient, answer in peer.send(recipients, message, before_dot).items():
                if answer.startswith("250"):
                    self.ledger.done(asked[recipient])
                    self.acknowledged += 1
                else:
                    self.refusals.append(answer)

    # ---- IMAP and POP3 of one account

    def _read(self, account, rng):
        imap = Imap(self.server.ports["imap"], account, self.server.accounts[account])
        try:
            for folder in FOLDERS[1:]:
                try:
                    imap.do(b'CREATE "%s"' % folder.encode())
                except Refused as no:
                    if "ALREADYEXISTS" not in str(no):
                        raise
            while not self.stopping.is_set():
                self._one_folder(imap, account, rng)
        finally:
            imap.wire.close()

    def _one_folder(self, imap, account, rng):
        folder = rng.choice(FOLDERS)
        state = imap.select(folder)
        validity = state["UIDVALIDITY"]
        self.ledger.top_modseq[account] = max(self.ledger.top_modseq[account], state["HIGHESTMODSEQ"])
        first = max(1, state["UIDNEXT"] - 60)
        rows = imap.list(b"%d:*" % first)
        for row in rows:
            self.ledger.saw(account, folder, validity, row)
        mine = {row.uid: row for row in rows if row.token}
        for _ in range(rng.randint(1, 6)):
            if self.stopping.is_set():
                return
            if self.pace:
                time.sleep(rng.random() * self.pace)
            step = rng.choice((self._append, self._append, self._move, self._copy, self._store, self._store,
                               self._expunge, self._pop))
            step(imap, account, folder, validity, mine, rng)

    def _append(self, imap, account, folder, validity, mine, rng):
        token, message = self.token("append", rng)
        target = rng.choice(FOLDERS)
        asked = self.ledger.ask(account, token, {target: 1}, "append")
        _, ok = imap.do(b'APPEND "%s"' % target.encode(), literal=message)
        self.acknowledged += 1
        given = re.search(rb"APPENDUID (\d+) (\d+)", ok)
        with self.ledger.lock:
            self.ledger.done(asked)
            if not given:
                self.ledger.problem(f"no APPENDUID: {ok}")
                return
            uid_validity, uid = int(given.group(1)), int(given.group(2))
            self.ledger.same_uid(account, target, uid_validity, uid, token)
            self.ledger.placed[(account, target, uid_validity, uid)] = token

    def _some(self, mine, rng, most=4):
        uids = sorted(rng.sample(sorted(mine), min(len(mine), rng.randint(1, most)))) if mine else []
        return uids, ",".join(map(str, uids)).encode()

    def _copied(self, imap, account, mine, uids, target, asked, untagged, ok):
        """What COPYUID says: source UIDs and theirs in the target."""
        text = b"\n".join(untagged + [ok])
        given = re.search(rb"COPYUID (\d+) ([\d:,]+) ([\d:,]+)", text)
        with self.ledger.lock:
            if given:
                for source, uid in zip(expand(given.group(2)), expand(given.group(3))):
                    token = mine[source].token
                    key = (account, target, int(given.group(1)), uid)
                    self.ledger.same_uid(*key, token)
                    self.ledger.placed[key] = token
            for uid in uids:
                self.ledger.done(asked[uid])
            self.acknowledged += 1

    def _move(self, imap, account, folder, validity, mine, rng):
        uids, text = self._some(mine, rng)
        target = rng.choice([name for name in FOLDERS if name != folder])
        if not uids:
            return
        asked = {uid: self.ledger.ask(account, mine[uid].token, {folder: -1, target: 1}, "move") for uid in uids}
        for uid in uids:
            self.ledger.placed.pop((account, folder, validity, uid), None)
            self.ledger.flags.pop((account, folder, uid), None)
        untagged, ok = imap.do(b'UID MOVE %s "%s"' % (text, target.encode()))
        self._copied(imap, account, mine, uids, target, asked, untagged, ok)
        for uid in uids:
            del mine[uid]

    def _copy(self, imap, account, folder, validity, mine, rng):
        uids, text = self._some(mine, rng, 2)
        target = rng.choice([name for name in FOLDERS if name != folder])
        if not uids:
            return
        asked = {uid: self.ledger.ask(account, mine[uid].token, {target: 1}, "copy") for uid in uids}
        untagged, ok = imap.do(b'UID COPY %s "%s"' % (text, target.encode()))
        self._copied(imap, account, mine, uids, target, asked, untagged, ok)

    def _store(self, imap, account, folder, validity, mine, rng):
        uids, text = self._some(mine, rng)
        if not uids:
            return
        flags = frozenset(rng.sample(["\\Seen", "\\Flagged", "\\Answered", "$Forwarded", "Blue"], rng.randint(0, 3)))
        with self.ledger.lock:
            for uid in uids:
                before = self.ledger.flags.get((account, folder, uid), {mine[uid].flags})
                self.ledger.flags[(account, folder, uid)] = set(before) | {flags}
        untagged, _ = imap.do(b"UID STORE %s FLAGS (%s)" % (text, " ".join(sorted(flags)).encode()))
        self.acknowledged += 1
        with self.ledger.lock:
            for uid in uids:
                self.ledger.flags[(account, folder, uid)] = {flags}
                self.ledger.promises["store"] += 1
        for line in untagged:
            uid, modseq = re.search(rb"UID (\d+)", line), re.search(rb"MODSEQ \((\d+)\)", line)
            if uid and modseq:
                with self.ledger.lock:
                    self.ledger.states.setdefault((account, folder, int(uid.group(1)), int(modseq.group(1))), flags)
                    self.ledger.top_modseq[account] = max(self.ledger.top_modseq[account], int(modseq.group(1)))
        for uid in uids:
            mine[uid].flags = flags

    def _expunge(self, imap, account, folder, validity, mine, rng):
        uids, text = self._some(mine, rng, 3)
        if not uids:
            return
        with self.ledger.lock:
            for uid in uids:
                self.ledger.flags.pop((account, folder, uid), None)
                self.ledger.placed.pop((account, folder, validity, uid), None)
        imap.do(b"UID STORE %s +FLAGS.SILENT (\\Deleted)" % text)
        asked = {uid: self.ledger.ask(account, mine[uid].token, {folder: -1}, "expunge") for uid in uids}
        imap.do(b"UID EXPUNGE %s" % text)
        self.acknowledged += 1
        for uid in uids:
            self.ledger.done(asked[uid])
            del mine[uid]

    def _pop(self, imap, account, folder, validity, mine, rng):
        if rng.random() < 0.6:
            return
        pop = Pop3(self.server.ports["pop3"], account, self.server.accounts[account])
        try:
            count = int(pop.ask(b"STAT").split()[1])
            asked = []
            for number in rng.sample(range(max(1, count - 40), count + 1), min(count, rng.randint(0, 3))):
                head = b"\r\n".join(pop.many(b"TOP %d 0" % number))
                token = re.search(rb"X-Token: (\S+)", head)
                if token:
                    pop.ask(b"DELE %d" % number)
                    asked.append(self.ledger.ask(account, token.group(1).decode(), {"INBOX": -1}, "dele"))
            with self.ledger.lock:  # by their UIDs they may be gone; which ones POP3 does not say
                tokens = {entry["key"][1] for entry in asked}
                for key in [key for key, token in self.ledger.placed.items()
                            if key[0] == account and key[1] == "INBOX" and token in tokens]:
                    del self.ledger.placed[key]
            pop.ask(b"QUIT")
            for entry in asked:
                self.ledger.done(entry)
            if asked:
                self.acknowledged += 1
                imap.do(b"NOOP")
                if folder == "INBOX":
                    for uid in [uid for uid, row in mine.items() if row.token in tokens]:
                        del mine[uid]
        finally:
            pop.wire.close()


def expand(text):
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        yield from range(int(first), int(last or first) + 1)
