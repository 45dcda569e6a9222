"""SEARCH for texts in a folder of many messages. The folder is filled by APPEND, the index (ours, or Dovecot's with
fts-xapian) is waited for, then each question is asked over and over on one connection; a figure is the median."""

import json
import os
import random
import re
import subprocess
import time

from .imap import Client

QUESTIONS = {
    "": "BODY {rare}",             # in about one of a thousand messages
    "common": "BODY {common}",     # in about one of ten
    "text": "TEXT {rare}",
    "subject": "SUBJECT {rare}",
    "from": "FROM person17@",
    "phrase": 'BODY "{first} {second}"',
    "none": "BODY nowheretobefound",
}


class Prose:
    """Invented words as often as a language has them: the n-th most common one about 1/n."""

    def __init__(self, seed, words=40_000):
        self.random = random.Random(seed)
        syllables = [a + b for a in "bdfgklmnprstvw" for b in "aeiou"]
        made = set()
        while len(made) < words:
            made.add("".join(self.random.choices(syllables, k=self.random.randint(2, 4))))
        self.words = sorted(made)
        self.random.shuffle(self.words)
        weights = [1 / (rank + 10) for rank in range(words)]
        self.cumulative = []
        total = 0
        for weight in weights:
            total += weight
            self.cumulative.append(total)

    def text(self, count):
        return self.random.choices(self.words, cum_weights=self.cumulative, k=count)

    def message(self, number):
        words = self.text(640)
        lines = [" ".join(words[i:i + 11]) for i in range(0, len(words), 11)]
        subject = " ".join(self.text(5))
        person = self.random.randrange(500)
        return (f"Received: from relay{person % 20}.example.net by mail.example.org with ESMTP id "
                f"{self.random.getrandbits(48):x}; Fri, 20 Nov 2026 10:00:00 +0000\r\n"
                f"From: Person {person} <person{person}@example.com>\r\nTo: user950@example.org\r\n"
                f"Subject: {subject}\r\nDate: Fri, 20 Nov 2026 10:{number // 60 % 60:02}:{number % 60:02} +0000\r\n"
                f"Message-ID: <{number}.{self.random.getrandbits(64):x}@example.com>\r\n"
                f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
                + "\r\n".join(lines) + "\r\n").encode()


def wait_for_index(side, user, folder):
    """Seconds until everything is indexed, from the end of filling."""
    begun = time.monotonic()
    if side.name == "peers":
        subprocess.run(["doveadm", "-c", f"{side.work}/dovecot.conf", "index", "-u", user, folder], check=True,
                       capture_output=True)
        return time.monotonic() - begun
    while time.monotonic() - begun < 3600:
        said = subprocess.run([side.command[0], "--data", side.work, "index", "status", user, "--json"],
                              capture_output=True, text=True, check=False)
        if said.returncode == 0 and json.loads(said.stdout)["backlog"] == 0:
            break
        time.sleep(0.2)
    return time.monotonic() - begun


def fill(client, folder, messages):
    """The words that questions are made of, and seconds."""
    client.ask(f"CREATE {folder}")
    prose = Prose(4711)
    begun = time.monotonic()
    for at in range(0, messages, 100):
        client.append(folder, [prose.message(at + i) for i in range(min(100, messages - at))])
    filled = time.monotonic() - begun
    sample = prose.text(2)
    return {"rare": prose.words[30_000], "common": prose.words[900], "first": sample[0], "second": sample[1]}, filled


def is_there(client, folder, messages):
    try:
        return f"MESSAGES {messages})".encode() in b"".join(client.ask(f"STATUS {folder} (MESSAGES)"))
    except RuntimeError:
        return False


def remembered(context, messages):
    """The words of the messages that an earlier run has left, when there was one."""
    path = f"{context.filled}/search-{messages}.json"
    if not context.filled or not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def remember(context, messages, words):
    if context.filled:
        with open(f"{context.filled}/search-{messages}.json", "w", encoding="utf-8") as file:
            json.dump(words, file)


def run(context, side, messages, repeat):
    """{suffix: (median milliseconds, hits)}, seconds of filling, seconds until it was indexed (None: as it was left by
    an earlier run)."""
    number = 950 if messages <= 1_000 else 955  # of whom Dovecot indexes less: bench/peers/start
    user = f"user{number}@example.org"
    client = Client(side.port("imap"), user, side.password)
    folder = f"Searched{messages}"
    words = remembered(context, messages)
    filled = indexed = None
    if not words or not is_there(client, folder, messages):
        words, filled = fill(client, folder, messages)
        indexed = wait_for_index(side, user, folder)
        remember(context, messages, words)
        client.close()
        client = Client(side.port("imap"), user, side.password)  # the other one may have been silent for too long
    client.ask(f"SELECT {folder}")
    figures = {}
    for suffix, question in QUESTIONS.items():
        command = "UID SEARCH " + question.format(**words)
        found = b" ".join(line for line in client.ask(command) if line.startswith(b"* SEARCH"))
        asked = context.asked(side, number, [command], repeat, select=folder)
        figures[suffix] = (asked["median_us"] / 1000, len(re.findall(rb" \d+", found)))
    client.ask("LOGOUT")
    return figures, filled, indexed
