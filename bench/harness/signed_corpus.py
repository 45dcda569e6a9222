"""signed_corpus.py DIRECTORY KEY SIZE COUNT: messages of about SIZE octets from example.net, signed by dkimpy (s1, relaxed/relaxed)."""

import random
import sys

import dkim

WORDS = ("meeting report the of and for project budget review please find attached notes from last week we will discuss plan "
         "schedule team server update customer contract draft version changes comments thanks regards").split()


def prose(source, size):
    lines, length = [], 0
    while length < size:
        line = " ".join(source.choice(WORDS) for _ in range(11))[:72]
        lines.append(line)
        length += len(line) + 2
    return "\r\n".join(lines) + "\r\n"


def main():
    directory, key_file, size, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with open(key_file, "rb") as file:
        key = file.read()
    source = random.Random(1)
    for number in range(count):
        message = (f"From: Sender {number} <sender{number}@example.net>\r\nTo: recipients@example.org\r\n"
                   f"Subject: {' '.join(source.choice(WORDS) for _ in range(6))}\r\nDate: Tue, 03 Nov 2026 09:15:00 +0100\r\n"
                   f"Message-ID: <{source.getrandbits(64):x}.{number}@example.net>\r\nMIME-Version: 1.0\r\n"
                   "Content-Type: text/plain; charset=us-ascii\r\n\r\n" + prose(source, size - 900)).encode()
        signature = dkim.sign(message, b"s1", b"example.net", key, canonicalize=(b"relaxed", b"relaxed"),
                              include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"])
        with open(f"{directory}/{number:05}.eml", "wb") as file:
            file.write(signature + message)


main()
