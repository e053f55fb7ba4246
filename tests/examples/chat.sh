#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two members of the chat hear each other, and one who reads nothing holds up nobody.
set -eu
: "${examples:?}"
command -v python3 > /dev/null || { echo "there is no python3"; exit 77; }

work=$(mktemp -d)
chat=
trap '[ -z "$chat" ] || kill "$chat" 2>/dev/null || true; rm -rf "$work"' EXIT
"$examples/chat" > "$work/chat" 2>&1 &
chat=$!
until grep -q '^listening on port' "$work/chat"; do
    kill -0 "$chat" || { cat "$work/chat"; exit 1; }
    sleep 0.05
done
python3 - "$(sed -n 's/^listening on port //p' "$work/chat")" << 'END'
import socket, sys
def enter(name):
    f = socket.create_connection(("127.0.0.1", int(sys.argv[1]))).makefile("rw", newline="")
    say(f, name)
    return f
def say(f, text):
    f.write(text + "\r\n")
    f.flush()
def hear(f, text):
    line = f.readline()
    assert line == text + "\n", (line, text)
ada = enter("ada")
hear(ada, "ada: (is here)")
deaf = enter("deaf")
hear(ada, "deaf: (is here)")
bob = enter("bob")
for f in ada, bob:
    hear(f, "bob: (is here)")
for i in range(2000):
    say(ada, f"{i} " + "x" * 150)
    for f in ada, bob:
        hear(f, f"ada: {i} " + "x" * 150)
bob.close()
hear(ada, "bob: (is gone)")
END
kill -0 "$chat" || { cat "$work/chat"; echo "the chat has ended"; exit 1; }
