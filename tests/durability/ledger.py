"""What the server has promised, and the comparison with what it has.

A message is known by its token. For each account and token the ledger keeps how many copies each folder must hold,
and the changes that were asked for but not answered: each of those may have happened or not, as a whole."""

import collections
import itertools
import threading


class Ledger:
    def __init__(self):
        self.lock = threading.RLock()
        self.committed = collections.defaultdict(collections.Counter)  # (account, token) -> folder -> copies
        self.open = collections.defaultdict(list)                      # (account, token) -> [delta]
        self.sizes = {}                                                # token -> size asked of make_message
        self.uids = {}        # (account, folder, uidvalidity, uid) -> token
        self.placed = {}      # (account, folder, uidvalidity, uid) -> token: acknowledged to be there (APPENDUID, COPYUID)
        self.states = {}      # (account, folder, uid, modseq) -> flags
        self.flags = {}       # (account, folder, uid) -> set of flags sets allowed
        self.top_uid = collections.Counter()      # (account, folder, uidvalidity) -> highest UID shown
        self.top_modseq = collections.Counter()   # account -> highest MODSEQ shown
        self.checked_bodies = set()
        self.promises = collections.Counter()
        self.problems = []

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    # ---- what clients ask and hear

    def ask(self, account, token, delta, what):
        """Before the command that may change something goes out. -> handle"""
        entry = {"delta": collections.Counter(delta), "what": what, "key": (account, token)}
        with self.lock:
            self.open[(account, token)].append(entry)
        return entry

    def done(self, entry):
        with self.lock:
            self.open[entry["key"]].remove(entry)
            counts = self.committed[entry["key"]]
            counts.update(entry["delta"])
            self.promises[entry["what"]] += 1

    def saw(self, account, folder, validity, row):
        """An item as the server shows it now."""
        with self.lock:
            if row.token is not None:
                self.same_uid(account, folder, validity, row.uid, row.token)
            if row.modseq is not None and row.flags is not None:
                before = self.states.setdefault((account, folder, row.uid, row.modseq), row.flags)
                if before != row.flags:
                    self.problem(f"{account} {folder} uid {row.uid}: modification sequence {row.modseq} stood for "
                                 f"flags {sorted(before)} and now for {sorted(row.flags)}")
                self.top_modseq[account] = max(self.top_modseq[account], row.modseq)

    def same_uid(self, account, folder, validity, uid, token):
        with self.lock:
            key = (account, folder, validity, uid)
            before = self.uids.setdefault(key, token)
            if before != token:
                self.problem(f"{account} {folder} uid {uid} named {before} and now {token}")
            top = (account, folder, validity)
            self.top_uid[top] = max(self.top_uid[top], uid)

    # ---- the comparison

    def compare(self, account, found):
        """`found`: token -> Counter of folders. What is found becomes what is known."""
        with self.lock:
            keys = {key for key in itertools.chain(self.committed, self.open) if key[0] == account}
            keys |= {(account, token) for token in found}
            for key in keys:
                have = +found.get(key[1], collections.Counter())
                pending = self.open.get(key, [])
                if not any(+self._with(key, some) == have for n in range(len(pending) + 1)
                           for some in itertools.combinations(pending, n)):
                    self.problem(f"{account} {key[1]}: promised {dict(+self.committed.get(key, {}))}"
                                 f", unanswered {[(p['what'], dict(p['delta'])) for p in pending]}, found {dict(have)}")
                self.committed[key] = have
                self.open.pop(key, None)

    def _with(self, key, some):
        counts = collections.Counter(self.committed.get(key, {}))
        for entry in some:
            counts.update(entry["delta"])
        return counts
