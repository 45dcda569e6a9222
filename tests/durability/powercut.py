"""Makes a data directory out of what unsynced.c kept: the disk as a power cut would have left it."""

import os
import random
import shutil

PAGE = 4096


def _names(shadow):
    """Directory -> its entries at its last sync. A record that was cut short does not count."""
    with open(os.path.join(shadow, "names"), "rb") as file:
        text = file.read()
    found, at = {}, 0
    while (end := text.find(b"\n", at)) >= 0:
        length, directory = text[at:end].split(b" ", 1)
        at = end + 1 + int(length)
        if at > len(text):
            break
        entries = [line.split(b" ", 2) for line in text[end + 1:at].splitlines()]
        found[directory.decode()] = [(kind.decode(), number.decode(), name.decode()) for kind, number, name in entries]
    return found


def _tear(live, synced, target, rng):
    """Some of the pages that were written and not synced are there, some are not; so is the size."""
    with open(live, "rb") as a, open(synced, "rb") as b, open(target, "wb") as out:
        size_live, size_synced = os.fstat(a.fileno()).st_size, os.fstat(b.fileno()).st_size
        size = rng.choice((size_live, size_synced))
        share = rng.random()
        for at in range(0, max(size_live, size_synced), PAGE):
            new, old = a.read(PAGE), b.read(PAGE)
            if new == old:
                take = new
            else:
                take = new if rng.random() < share else old
            if at < size and take:
                out.seek(at)
                out.write(take[:size - at])
        out.truncate(size)


def cut(root, shadow, tear=None):
    """Replaces `root`. tear: a random.Random that decides what else than the synced bytes is there; None: nothing."""
    names = _names(shadow)
    fresh = root + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    lost = {"bytes": 0, "names": 0}

    def build(directory, target):
        os.mkdir(target)
        entries = names.get(directory, [])
        there = os.path.join(root, directory)
        if os.path.isdir(there):
            lost["names"] += len(set(os.listdir(there)) ^ {name for _, _, name in entries})
        for kind, number, name in entries:
            into = os.path.join(target, name)
            if kind == "d":
                build(name if directory == "." else directory + "/" + name, into)
                continue
            live, synced = os.path.join(shadow, "live", number), os.path.join(shadow, "synced", number)
            if not os.path.exists(synced):
                shutil.copyfile(live, into)
            elif tear is not None:
                _tear(live, synced, into, tear)
            else:
                shutil.copyfile(synced, into)
            os.chmod(into, 0o600)
            if os.path.exists(synced):
                lost["bytes"] += _difference(live, into)

    build(".", fresh)
    shutil.rmtree(root)
    shutil.rmtree(shadow)
    os.rename(fresh, root)
    return lost


def _difference(one, other):
    """Bytes in pages that differ."""
    count = 0
    with open(one, "rb") as a, open(other, "rb") as b:
        while True:
            x, y = a.read(1 << 20), b.read(1 << 20)
            if not x and not y:
                return count
            if x != y:
                count += sum(PAGE for at in range(0, max(len(x), len(y)), PAGE) if x[at:at + PAGE] != y[at:at + PAGE])
