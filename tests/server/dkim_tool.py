"""Signs and verifies with dkimpy, whatever Python runs the tests: /usr/bin/python3 dkim_tool.py COMMAND < message

The environment variable ZONE is a JSON object of names and TXT records.

    verify              one line per DKIM-Signature: "True" or "False"
    arc                 "pass", "fail" or "none"
    sign DOMAIN SELECTOR KEYFILE    the signed message
"""

import json
import os
import sys

import dkim

zone = {name.lower(): text.encode() for name, text in json.loads(os.environ.get("ZONE", "{}")).items()}


def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return zone.get(name.rstrip(".").lower())


message = sys.stdin.buffer.read()
command = sys.argv[1]
if command == "verify":
    count = sum(line.lower().startswith(b"dkim-signature:") for line in message.split(b"\r\n\r\n")[0].split(b"\r\n"))
    for index in range(count):
        print(dkim.DKIM(message).verify(idx=index, dnsfunc=txt))
elif command == "arc":
    print((dkim.arc_verify(message, dnsfunc=txt)[0] or b"none").decode())
elif command == "sign":
    domain, selector, file = sys.argv[2:]
    with open(file, "rb") as key:
        sys.stdout.buffer.write(dkim.sign(message, selector.encode(), domain.encode(), key.read()) + message)
