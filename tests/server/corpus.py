"""The messages of tests/data/mime as a server must give them back."""

import glob
import os
import re

import harness

# What a server puts before a message: who it is for, where it came from, how it came (RFC 5321 section 4.4).
TRACE = re.compile(rb"Return-Path: <[^\r\n]*>\r\nDelivered-To: [^\r\n]+\r\n(?:X-AxigenSpam-Level: \d+\r\n)?Received: [^\r\n]+(?:\r\n[ \t][^\r\n]*)*\r\n")


def crlf(octets):
    """With CRLF at the end of each line, also of the last."""
    octets = re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
    return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


def messages():
    """(name, octets with CRLF) of every message in the corpus."""
    found = []
    for path in sorted(glob.glob(os.path.join(harness.DATA, "mime", "*", "*"))):
        if path.endswith((".eml", ".msg", ".txt")):
            with open(path, "rb") as file:
                found.append((os.path.relpath(path, os.path.join(harness.DATA, "mime")), crlf(file.read())))
    assert len(found) > 40, "the corpus is not there"
    return found


def without_trace(stored):
    """The message as it was sent; None when the trace headers are not as they should be."""
    match = TRACE.match(stored)
    return stored[match.end():] if match else None


def sample(marker, size=0, sender="you@example.net", recipient="alice@example.org"):
    """A message that can be found by its subject."""
    text = (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {marker}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{marker.replace(' ', '-')}@test.example.net>\r\n\r\nThis is {marker}.\r\n").encode()
    line = b"0123456789" * 7 + b"\r\n"
    return text + line * max(0, -(-(size - len(text)) // len(line)))
