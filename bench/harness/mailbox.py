"""What a mail program does with one folder of many messages, and with many folders: one command after another on one
connection, as the answer to each is what somebody waits for. A figure is the median of some runs, in operations per second."""

import random
import re
import statistics
import time

from .imap import Client

USER = "user960@example.org"
PAGE = 50       # messages that a listing shows at once
CHANGED = 200   # flags changed in "a day"
WORDS = ("report meeting budget schedule invoice contract project review draft version customer server release holiday travel "
         "question answer problem order delivery payment offer training visit agenda summary minutes proposal").split()


def message(source, number):
    """A short mail; two of three answer one of the last fifty."""
    subject = " ".join(source.choice(WORDS) for _ in range(4))
    thread = ""
    if number > 50 and number % 3:
        parent = number - source.randrange(1, 50)
        thread = f"In-Reply-To: <{parent}@bench.example>\r\nReferences: <{parent // 3}@bench.example> <{parent}@bench.example>\r\n"
        subject = f"Re: {subject}"
    text = "\r\n".join(" ".join(source.choice(WORDS) for _ in range(9)) for _ in range(12))
    person = source.randrange(500)
    return (f"From: Person {person} <person{person}@example.com>\r\nTo: {USER}\r\nSubject: {subject}\r\n"
            f"Date: {source.randrange(1, 29)} {source.choice(['Jan', 'Apr', 'Jul', 'Oct'])} 2026 {source.randrange(24):02}:15:00 +0000\r\n"
            f"Message-ID: <{number}@bench.example>\r\n{thread}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"{text}\r\n").encode()


def median(repeat, run):
    """Seconds."""
    times = []
    limit = time.monotonic() + 60
    while len(times) < repeat and (time.monotonic() < limit or len(times) < 3):
        times.append(run())
    return statistics.median(times)


class Folder:
    def __init__(self, side, messages):
        self.port, self.password = side.port("imap"), side.password
        self.name, self.messages = f"Mailbox{messages}", messages
        self.random = random.Random(20261120)
        self.client = Client(self.port, USER, self.password)
        for name in (self.name, "Copies"):
            try:
                self.client.ask(f"CREATE {name}")
            except RuntimeError:
                pass  # there already
        for at in range(0, messages, 500):
            self.client.append(self.name, [message(self.random, at + i) for i in range(min(500, messages - at))])
        self.client.ask(f"SELECT {self.name}")

    def some(self):
        return self.random.randrange(1, self.messages + 1)

    def select(self):
        """From the connection to the answer to SELECT."""
        begun = time.perf_counter()
        client = Client(self.port, USER, self.password)
        client.bulk(f"SELECT {self.name}")
        taken = time.perf_counter() - begun
        client.close()
        return taken

    def fetch_list(self):
        return self.client.bulk("FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)")[0]

    def fetch_flags(self):
        return self.client.bulk("FETCH 1:* (UID FLAGS)")[0]

    # What is as short as the way there and back is sent in tens, or the way is what was measured: searches too, in a
    # folder of a thousand.

    def fetch_page(self):
        firsts = [self.random.randrange(1, self.messages - PAGE) for _ in range(10)]
        return self.client.bulk(*(f"FETCH {first}:{first + PAGE - 1} (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)"
                                  for first in firsts))[0] / 10

    def body(self):
        return self.client.bulk(*(f"FETCH {self.some()} BODY.PEEK[]" for _ in range(10)))[0] / 10

    def store(self):
        return self.client.bulk(*(f"STORE {self.some()} {self.random.choice('+-')}FLAGS.SILENT (\\Flagged)" for _ in range(10)))[0] / 10

    def append(self):
        begun = time.perf_counter()
        self.client.append(self.name, [message(self.random, self.some())])
        self.messages += 1
        return time.perf_counter() - begun

    def copy(self):
        first = self.random.randrange(1, self.messages - PAGE)
        return self.client.bulk(f"COPY {first}:{first + PAGE - 1} Copies")[0]

    def expunge(self):
        """Ten that were marked before."""
        doomed = sorted(self.random.sample(range(1, self.messages + 1), 10))
        self.client.bulk(f"STORE {','.join(map(str, doomed))} +FLAGS.SILENT (\\Deleted)")
        taken = self.client.bulk("EXPUNGE")[0]
        self.messages -= 10
        return taken

    def asked(self, command):
        times = 10 if self.messages < 10_000 else 1
        return lambda: self.client.bulk(*[command] * times)[0] / times

    def resync(self):
        """SELECT with QRESYNC after a day: flags, new messages, some that have gone (RFC 7162)."""
        watcher = Client(self.port, USER, self.password)
        watcher.ask("ENABLE QRESYNC")
        said = b"".join(watcher.ask(f"SELECT {self.name}"))
        validity, modseq = (int(re.search(rb"\[" + key + rb" (\d+)", said)[1]) for key in (b"UIDVALIDITY", b"HIGHESTMODSEQ"))
        for _ in range(CHANGED // 10):
            self.store()
        self.client.append(self.name, [message(self.random, self.some()) for _ in range(50)])
        self.messages += 50
        self.client.bulk("NOOP")
        for _ in range(3):
            self.expunge()
        again = ["UNSELECT", f"SELECT {self.name} (QRESYNC ({validity} {modseq}))"]
        taken = [watcher.bulk(*again * 10)[0] / 10 for _ in range(7)]
        watcher.close()
        return statistics.median(taken)


def run(side, messages, repeat):
    """{suffix: seconds}"""
    folder = Folder(side, messages)
    few, many = repeat, repeat * 20
    figures = {"select": median(many, folder.select), "list": median(few, folder.fetch_list),
               "flags": median(few, folder.fetch_flags), "page": median(many, folder.fetch_page),
               "body": median(many, folder.body), "store": median(many, folder.store), "copy": median(many, folder.copy)}
    for suffix, command in (("search-subject", "SEARCH SUBJECT budget"), ("search-from", "SEARCH FROM person17@"),
                            ("search-flags", "SEARCH UNSEEN FLAGGED"), ("search-since", "SEARCH SENTSINCE 1-Jul-2026 SMALLER 1500"),
                            ("sort-date", "SORT (REVERSE DATE) UTF-8 ALL"), ("sort-subject", "SORT (SUBJECT DATE) UTF-8 ALL"),
                            ("thread", "THREAD REFERENCES UTF-8 ALL")):
        figures[suffix] = median(few, folder.asked(command))
    figures["append"] = median(many, folder.append)
    figures["expunge"] = median(many, folder.expunge)
    figures["qresync"] = folder.resync()
    folder.client.close()
    return figures


def status(context, side, folders, repeat):
    """{suffix: seconds} for an account of many folders with a message each. One by one they are asked by the load
    generator: an answer takes less time than this language needs to read it."""
    client = Client(side.port("imap"), "user961@example.org", side.password)
    source = random.Random(1)
    for number in range(folders):
        client.ask(f"CREATE Many{number}")
        client.append(f"Many{number}", [message(source, number)])

    commands = [f"STATUS Many{number} (MESSAGES UNSEEN UIDNEXT)" for number in range(folders)]
    figures = {"": context.asked(side, 961, commands, repeat)["median_round_us"] / 1e6,
               "list": median(repeat, lambda: client.bulk('LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))')[0])}
    client.close()
    return figures
