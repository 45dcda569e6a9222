"""Reads everything back through IMAP after a crash and holds it against the ledger."""

import collections
import re

from talk import Imap, Lost, Refused
from load import FOLDERS, make_message


def check(server, ledger, flags_exact=True):
    """@param flags_exact  the process died, the machine did not: no flag change may be lost"""
    for account, password in sorted(server.accounts.items()):
        try:
            _account(server, ledger, account, password, flags_exact)
        except (Lost, Refused) as no:
            ledger.problem(f"{account} cannot be read: {no}")
    ledger.flags.clear()
    ledger.open.clear()


def _account(server, ledger, account, password, flags_exact):
    imap = Imap(server.ports["imap"], account, password)
    found = collections.defaultdict(collections.Counter)
    there = {}
    for folder in FOLDERS:
        if folder != "INBOX":
            try:
                imap.do(b'CREATE "%s"' % folder.encode())
                if any(key[0] == account and key[1] == folder for key in ledger.top_uid):
                    ledger.problem(f"{account}: folder {folder} was gone")
            except Refused:
                pass
        state = imap.select(folder)
        validity = state["UIDVALIDITY"]
        top = ledger.top_uid[(account, folder, validity)]
        if state["UIDNEXT"] <= top:
            ledger.problem(f"{account} {folder}: UIDNEXT {state['UIDNEXT']}, but UID {top} was shown before")
        if [key for key in ledger.top_uid if key[:2] == (account, folder) and key[2] != validity]:
            ledger.problem(f"{account} {folder}: UIDVALIDITY became {validity}")
        rows = imap.list() if state["EXISTS"] else []
        for row in rows:
            if row.token is None:
                ledger.problem(f"{account} {folder} uid {row.uid}: no token: {row.raw[:80]!r}")
                continue
            found[row.token][folder] += 1
            there[(folder, validity, row.uid)] = row.token
            ledger.same_uid(account, folder, validity, row.uid, row.token)
            _flags(ledger, account, folder, row, flags_exact)
            ledger.saw(account, folder, validity, row)
        _bodies(imap, ledger, account, folder, rows)
    for (owner, folder, validity, uid), token in list(ledger.placed.items()):
        if owner == account and there.get((folder, validity, uid)) != token:
            ledger.problem(f"{account} {folder}: {token} was promised as uid {uid}, found "
                           f"{there.get((folder, validity, uid))} there")
    ledger.compare(account, found)
    _new_numbers(imap, ledger, account)
    imap.wire.close()


def _flags(ledger, account, folder, row, exact):
    allowed = ledger.flags.get((account, folder, row.uid))
    if exact and allowed is not None and row.flags not in allowed:
        ledger.problem(f"{account} {folder} uid {row.uid}: flags {sorted(row.flags)}, promised one of "
                       f"{[sorted(one) for one in allowed]}")
    if not exact:  # a flag change may be lost, but what is there must have been asked for at some time
        ledger.flags.pop((account, folder, row.uid), None)


def _bodies(imap, ledger, account, folder, rows):
    """Every message's bytes, once per copy and place."""
    new = [row for row in rows if row.token and (account, folder, row.uid) not in ledger.checked_bodies]
    for at in range(0, len(new), 50):
        part = new[at:at + 50]
        for row in imap.list(",".join(str(row.uid) for row in part).encode(), body=True):
            ledger.checked_bodies.add((account, folder, row.uid))
            want = make_message(row.token, ledger.sizes[row.token]) if row.token in ledger.sizes else None
            if want is None:
                ledger.problem(f"{account} {folder} uid {row.uid}: token {row.token} was never sent")
            elif want not in row.raw:
                ledger.problem(f"{account} {folder} uid {row.uid}: {row.token} has other bytes than were sent")


def _new_numbers(imap, ledger, account):
    """A change made now gets a modification sequence above all that were ever shown."""
    message = b"Subject: probe\r\nX-Token: probe\r\n\r\n"
    try:
        _, ok = imap.do(b'APPEND "Drafts"', literal=message)
    except Exception as no:
        ledger.problem(f"{account}: cannot append after the restart: {no}")
        return
    uid = int(re.search(rb"APPENDUID \d+ (\d+)", ok).group(1))
    state = imap.select("Drafts")
    row = imap.list(b"%d" % uid)[0]
    if row.modseq <= ledger.top_modseq[account]:
        ledger.problem(f"{account}: a new change got modification sequence {row.modseq}, but "
                       f"{ledger.top_modseq[account]} was shown before")
    ledger.top_modseq[account] = max(row.modseq, state["HIGHESTMODSEQ"])
    top = ledger.top_uid[(account, "Drafts", state["UIDVALIDITY"])]
    if uid <= top:
        ledger.problem(f"{account} Drafts: uid {uid} was given out twice")
    ledger.top_uid[(account, "Drafts", state["UIDVALIDITY"])] = uid
