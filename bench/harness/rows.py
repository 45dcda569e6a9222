"""The rows of the table. Each runs one load on one server; what it must reach stands beside it."""

import dataclasses
import os
import tempfile
import time
from typing import Callable

from . import load, mailbox, meters, searching, sides


@dataclasses.dataclass
class Figure:
    """One number of a row, with what it cost per operation."""

    value: float
    unit: str
    cost: dict = dataclasses.field(default_factory=dict)
    notes: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Target:
    """`ratio`: ours at least that many times the peers'. `most`: ours at most that. `sink`: ours at least that
    part of smtp-sink's. A cost name limits that cost."""

    ratio: float | None = None
    most: float | None = None
    sink: float | None = None
    costs: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Row:
    name: str
    what: str
    target: Target
    measure: Callable  # (context, side) -> {suffix: Figure}; the target is that of suffix ""
    sides: tuple = ("peers", "ours")
    targets: dict = dataclasses.field(default_factory=dict)  # of the other suffixes


class Context:
    """How long to measure, and what rows tell each other."""

    def __init__(self, loadgen, quick, filled=None):
        self.loadgen = loadgen
        self.quick = quick
        self.filled = filled  # where earlier runs have left folders, and this one leaves them; or None
        self.seconds = 2 if quick else 8
        self.saturation = {}  # by side: messages/s at 4 KB

    def load(self, side, mode, **options):
        common = {}
        if mode == "smtp" or mode in ("visible", "idle"):
            common["smtp_port"] = side.port("smtp")
        if mode != "smtp" or options.get("wait_visible"):
            common["password"] = side.password
            if options.get("tls"):
                common["imaps_port"] = side.port("imaps")
            else:
                common["imap_port"] = side.port("imap")
        return load.run(self.loadgen, side, mode, **common, **options)

    def asked(self, side, user, commands, repeat, **options):
        """Commands one after another on a connection of that user."""
        with tempfile.NamedTemporaryFile("w", suffix=".imap") as file:
            file.write("".join(command + "\n" for command in commands))
            file.flush()
            return self.load(side, "imap-ask", commands=file.name, repeat=repeat, first_user=user, **options)


def smtp(expected, size=4096, per_connection=0, recipients=1, connections=20, users=100):
    """Sends for about the row's time at the expected rates and waits until all is visible in IMAP. The number
    of messages is bounded as well as the time, as the peers accept faster than they deliver."""

    def measure(context, side):
        messages = max(connections, int(expected[side.name] * context.seconds))
        seconds = context.seconds * (3 if side.name == "peers" else 1)
        options = {"size": size, "per_connection": per_connection, "recipients": recipients,
                   "connections": connections, "messages": messages, "seconds": seconds, "users": users}
        if side.name != "sink":
            options["wait_visible"] = 1
        result = context.load(side, "smtp", **options)
        rate = result["accepted_per_s"] if side.name == "sink" else result["deliveries_per_s"]
        operations = result["messages"] if recipients == 1 else result["deliveries"]
        if side.name == "sink" and recipients > 1:
            rate *= recipients
        if size == 4096 and recipients == 1 and connections > 1:
            context.saturation[side.name] = max(rate, context.saturation.get(side.name, 0))
        notes = {key: result[key] for key in ("messages", "accepted_per_s", "accept_p50_ms", "accept_p99_ms",
                                              "errors", "client_cpu_seconds") if key in result}
        if "first_error" in result:
            notes["first_error"] = result["first_error"]
        unit = "msg/s" if recipients == 1 else "deliveries/s"
        return {"": Figure(rate, unit, load.per_operation(result, operations), notes)}

    return measure


def visible(context, side):
    """250 to EXISTS in an IDLE session, at half of what the 4 KB rows reached."""
    rate = context.saturation.get(side.name, {"peers": 300, "ours": 6000}[side.name]) / 2
    result = context.load(side, "visible", rate=f"{rate:.1f}", seconds=context.seconds, watchers=50, first_user=100)
    notes = {key: value for key, value in result.items() if key != "usage"}
    return {"": Figure(result["visible_p99_ms"], "ms", load.per_operation(result, result["messages"]), notes)}


def imap_list(context, side):
    messages = 10_000 if context.quick else 100_000
    result = context.load(side, "imap-list", messages=messages, first_user=900)
    notes = {key: value for key, value in result.items() if key != "usage"}
    scale = 100_000 / messages
    return {"": Figure(result["warm_seconds"] * scale, "s", {}, notes),
            "first": Figure(result["first_seconds"] * scale, "s", {}, {})}


def search(messages):
    """SEARCH for texts on one connection, once everything is indexed, by the median; the notes say how many messages
    each side has found. And how fast the folder was filled and indexed."""

    def measure(context, side):
        if context.quick and side.name == "peers" and messages > 20_000 and not context.filled:
            raise sides.Failed(f"fts-xapian would index {messages:,} messages for twenty minutes: without --quick only")
        figures, filled, indexed = searching.run(context, side, messages, 5 if context.quick else 15)
        made = {suffix: Figure(1000 / ms, "1/s", {}, {"hits": hits, "ms": ms}) for suffix, (ms, hits) in figures.items()}
        if filled is not None:
            made["indexed"] = Figure(messages / (filled + indexed), "msg/s", {}, {"filled": filled, "waited": indexed})
        return made

    return measure


def rates(seconds):
    return {suffix: Figure(1 / value, "1/s", {}, {"ms": value * 1000}) for suffix, value in seconds.items()}


def in_mailbox(messages):
    """What a mail program does with a folder of so many messages, on one connection, by the median."""
    return lambda context, side: rates(mailbox.run(side, messages, 5 if context.quick else 15))


def status(context, side):
    return rates(mailbox.status(context, side, 1000, 3 if context.quick else 10))


def rate_of(mode, **options):
    def measure(context, side):
        more = {"pop3_port": side.port("pop3")} if mode == "pop3" else {}
        result = context.load(side, mode, seconds=context.seconds, **options, **more)
        notes = {key: value for key, value in result.items() if key != "usage"}
        return {"": Figure(result["per_s"], "op/s", load.per_operation(result, result["operations"]), notes)}

    return measure


def login(**options):
    """Each user has logged in once before: a server may keep a costly verifier's result."""
    measured = rate_of("login", users=100, **options)

    def measure(context, side):
        context.load(side, "login", users=100, seconds=max(3, context.seconds / 2))
        return measured(context, side)

    return measure


def idle(**options):
    """Memory per session in IDLE, and how soon all of them are told. Shared pages count once."""

    def measure(context, side):
        sessions = 1000 if context.quick else 5000
        seen = {}

        def on_phase(phase):
            if phase in ("empty", "connected"):
                time.sleep(2 if phase == "connected" else 0.2)
                seen[phase] = side.memory()

        result = context.load(side, "idle", watchers=sessions, rate=20, seconds=min(context.seconds, 5), users=1000,
                              on_phase=on_phase, **options)
        growth = (seen["connected"][0] - seen["empty"][0]) / sessions / 1024
        notes = {key: value for key, value in result.items() if key != "usage"}
        notes["resident_growth_kb"] = (seen["connected"][1] - seen["empty"][1]) / sessions / 1024
        return {"": Figure(growth, "KB/session", {}, notes), "told": Figure(result["visible_p99_ms"], "ms", {}, {})}

    return measure


def settled(side, quiet=8, most=60):
    """What is on the disk once nothing changes any more: the index is made some seconds after the mail has come."""
    used, since, deadline = None, time.monotonic(), time.monotonic() + most
    while time.monotonic() - since < quiet and time.monotonic() < deadline:
        time.sleep(1)
        os.sync()
        now = meters.disk_usage(side.store)
        if now != used:
            used, since = now, time.monotonic()
    return used


def disk(context, side):
    """Bytes allocated per byte of mail, everything the server keeps counted. Mail comes as on a busy server, not in a
    flood, under which we compress less; and what is laid out once, however much comes, is there before. A file is
    laid out up to 4 MB ahead: of 200 MB that is 2 %, of less it would be the figure."""
    def come(messages):
        return context.load(side, "smtp", corpus="mixed", messages=messages, rate=300, users=10, first_user=400,
                            wait_visible=1, per_connection=50)

    come(1000)
    before = settled(side)
    result = come(4500 if context.quick else 9000)
    after = settled(side)
    notes = {"octets": result["octets"], "before": before, "after": after, "errors": result["errors"],
             "messages": result["messages"]}
    return {"": Figure((after - before) / result["octets"], "B/B", load.per_operation(result, result["messages"]),
                       notes)}


def resident(_, side):
    """Memory when nobody is connected, right after the start."""
    time.sleep(2)
    proportional, whole = side.memory()
    return {"": Figure(proportional / 1e6, "MB", {}, {"resident": whole})}


def restart(_, side):
    """From exec to the greeting, on data that is there already (1 domain, 1,000 accounts)."""
    side.stop()
    side.start()
    return {"": Figure(side.start_seconds, "s")}


# The bytes are what reaches the device, the file system's journal included.
FOUR_KB_COSTS = {"cpu_ms": 0.25, "device_kb": 12, "flushes": 0.3}
ALL = ("peers", "ours", "sink")

# Twice Dovecot everywhere, five times where it lists, sorts and searches.
LISTING = ("list", "flags", "page", "search-subject", "search-from", "search-flags", "search-since", "sort-date", "sort-subject", "thread")
MAILBOX = {suffix: Target(ratio=5 if suffix in LISTING else 2)
           for suffix in (*LISTING, "select", "body", "store", "append", "copy", "expunge", "qresync")}

ROWS = [
    Row("resident", "memory when idle, after the start", Target(most=100), resident),
    Row("smtp-4k-1", "SMTP to visible, 4 KB, 20 connections, a connection per message",
        Target(ratio=15, sink=0.5, costs=FOUR_KB_COSTS),
        smtp({"peers": 300, "ours": 6000, "sink": 12000}, per_connection=1), ALL),
    Row("smtp-4k-50", "the same, 50 messages per connection", Target(ratio=25, sink=0.5, costs=FOUR_KB_COSTS),
        smtp({"peers": 300, "ours": 10000, "sink": 30000}, per_connection=50), ALL),
    Row("smtp-4k-alone", "the same on one connection alone", Target(ratio=6),
        smtp({"peers": 150, "ours": 3000, "sink": 10000}, connections=1), ALL),
    Row("smtp-50k", "50 KB, a connection per message", Target(ratio=15),
        smtp({"peers": 250, "ours": 4500, "sink": 8000}, size=50 * 1024, per_connection=1), ALL),
    Row("smtp-1m", "1 MB, 10 messages per connection", Target(ratio=2.5),
        smtp({"peers": 70, "ours": 250, "sink": 400}, size=1 << 20, per_connection=10), ALL),
    Row("rcpt-10", "4 KB to 10 recipients each", Target(ratio=30),
        smtp({"peers": 40, "ours": 3000, "sink": 20000}, recipients=10, per_connection=50), ALL),
    Row("rcpt-100", "4 KB to 100 recipients each", Target(ratio=30),
        smtp({"peers": 6, "ours": 500, "sink": 10000}, recipients=100, per_connection=50), ALL),
    Row("visible", "99 % of 250 to EXISTS in IDLE, at half of saturation", Target(most=10), visible),
    Row("imap-list", "FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE) of 100,000, warm", Target(most=0.15),
        imap_list, targets={"first": Target(most=0.15)}),
    Row("imap-mix", "APPEND, STORE, COPY, EXPUNGE, SEARCH on 40 connections", Target(ratio=3),
        rate_of("imap-mix", first_user=200)),
    Row("mailbox-1k", "a folder of 1,000 messages, one command after another", Target(), in_mailbox(1_000), targets=MAILBOX),
    Row("mailbox-20k", "the same with 20,000", Target(), in_mailbox(20_000), targets=MAILBOX),
    Row("mailbox-100k", "the same with 100,000", Target(), in_mailbox(100_000), targets=MAILBOX),
    Row("status", "STATUS of 1,000 folders, one by one and in one LIST", Target(ratio=2), status, targets={"list": Target(ratio=2)}),
    Row("search-1k", "SEARCH BODY, a rare word among 1,000 messages of 4 KB", Target(ratio=5), search(1_000), targets={"indexed": Target()}),
    Row("search-20k", "the same among 20,000", Target(ratio=5), search(20_000), targets={"indexed": Target()}),
    Row("search-100k", "the same among 100,000", Target(ratio=5), search(100_000), targets={"indexed": Target()}),
    Row("pop3", "POP3 RETR, 4 KB, 20 connections", Target(ratio=1), rate_of("pop3", first_user=300)),
    Row("login-plain", "IMAP log-ins, a connection each", Target(ratio=2), login()),
    Row("login-tls", "the same with a whole TLS handshake each", Target(ratio=2), login(tls=1)),
    Row("idle", "memory of a session in IDLE", Target(most=10), idle(), targets={"told": Target(most=10)}),
    # Nothing was promised of it: buffers are released inside TLS too, what is left is OpenSSL's own state.
    Row("idle-tls", "the same over TLS", Target(), idle(tls=1), targets={"told": Target(most=10)}),
    Row("disk", "bytes on disk per byte of mail, mixed corpus", Target(most=0.75), disk),
    Row("restart", "start on existing data", Target(most=1), restart, ("ours",)),
]
