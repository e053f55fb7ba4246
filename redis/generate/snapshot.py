#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes down what a live server says of its commands: COMMAND and COMMAND DOCS.

    snapshot.py SOCKET_OR_PORT [--check] [FILE]

The result, one command a line, is what commands.py works from, so that the
generated files do not depend on which server happens to run. Only facts are kept:
names, arity, flags, key positions and the tree of arguments; the texts are not.
With --check nothing is written: commands that both FILE and the server know must
be the same but for arguments and flags that newer servers add.
"""
import json
import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "commands.json")

# Flags that say what a command does; the others are the server's own business.
FLAGS = ("write", "readonly", "blocking", "pubsub", "noscript", "no_auth",
         "may_replicate", "movablekeys")


class Server:
    """RESP2 over one socket, one command at a time."""

    def __init__(self, where):
        if where.isdigit():
            self.socket = socket.create_connection(("127.0.0.1", int(where)))
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(where)
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            data = word.encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self.socket.sendall(b"".join(parts))
        return self.reply()

    def reply(self):
        line = self.file.readline().rstrip(b"\r\n").decode()
        kind, rest = line[0], line[1:]
        if kind == "-":
            raise SystemExit("the server says: " + rest)
        if kind == ":":
            return int(rest)
        if kind == "$":
            data = self.file.read(int(rest) + 2)[:-2]
            return data.decode()
        if kind == "*":
            return [self.reply() for _ in range(int(rest))]
        return rest


def pairs(flat):
    return dict(zip(flat[0::2], flat[1::2]))


def argument(flat):
    """One argument of COMMAND DOCS, without its texts."""
    doc = pairs(flat)
    out = {"name": doc["name"].replace("-", "_"), "type": doc["type"]}
    if "token" in doc:
        out["token"] = doc["token"]
    for flag in doc.get("flags", []):
        out[flag] = True
    if "arguments" in doc:
        out["arguments"] = [argument(a) for a in doc["arguments"]]
    return out


def key_spec(flat):
    """{"flags", "index" or "keyword", "last", "step" or "keynum"...}"""
    spec = pairs(flat)
    begin, find = pairs(spec["begin_search"]), pairs(spec["find_keys"])
    at, how = pairs(begin.get("spec", [])), pairs(find.get("spec", []))
    return {"flags": [f for f in spec["flags"] if f in ("RO", "RW", "OW", "RM")],
            "begin": begin["type"], "find": find["type"], **at, **how}


def commands(server):
    found = {}

    def add(info, docs):
        name = info[0].upper().replace("|", " ")
        doc = pairs(docs.get(info[0], []))
        found[name] = {
            "group": doc.get("group", "").replace("-", "_"),
            "since": doc.get("since", ""),
            "arity": info[1],
            "flags": sorted(f for f in info[2] if f in FLAGS),
            "keys": [key_spec(s) for s in info[8]],
            "arguments": [argument(a) for a in doc.get("arguments", [])],
        }
        sub_docs = pairs(doc.get("subcommands", []))
        for sub in info[9]:
            add(sub, sub_docs)
        if info[9]:
            found[name]["container"] = True

    docs = pairs(server.call("COMMAND", "DOCS"))
    for info in server.call("COMMAND"):
        add(info, docs)
    return dict(sorted(found.items()))


def load(path=FILE):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def save(found, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n")
        lines = [json.dumps(n) + ": " + json.dumps(c, sort_keys=True)
                 for n, c in found.items()]
        file.write(",\n".join(lines) + "\n}\n")


def differences(known, live):
    """What the generated code relies on and this server does otherwise."""
    for name in sorted(known.keys() & live.keys()):
        for part in ("write", "readonly"):
            if (part in known[name]["flags"]) != (part in live[name]["flags"]):
                yield f"{name}: the flag {part} differs"
        before = [(k["begin"], k["find"]) for k in known[name]["keys"]]
        now = [(k["begin"], k["find"]) for k in live[name]["keys"]]
        if before != now:
            yield f"{name}: the key positions differ: {before}, {now}"


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    if not words:
        raise SystemExit(__doc__)
    path = words[1] if len(words) > 1 else FILE
    live = commands(Server(words[0]))
    if "--check" not in sys.argv:
        save(live, path)
        return 0
    wrong = list(differences(load(path), live))
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
