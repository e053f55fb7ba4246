#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The service that can be looked into, and diesel-console, which does: each on one
# end, as people use them. `examples` is the folder of the programs.
set -eu
console=$examples/../core/cli/diesel-console
work=$(mktemp -d)
service=
finish() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || :
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "$*"
    for f in "$work"/*.txt; do
        [ ! -f "$f" ] || { echo "--- ${f##*/}"; cat "$f"; }
    done
    exit 1
}

# ask STATUS ARGUMENT...: diesel-console must end with this status.
ask() {
    want=$1
    shift
    got=0
    "$console" "$@" "$work/console" > "$work/out.txt" 2> "$work/err.txt" || got=$?
    [ "$got" = "$want" ] || fail "diesel-console $*: status $got, not $want"
}

# says FILE TEXT
says() {
    grep -qF -e "$2" "$work/$1.txt" || fail "\"$2\" is not in $1.txt"
}

ask 3 --once help # nobody is there yet

DIESEL_CONSOLE=$work/console DIESEL_LOG=service=debug \
    "$examples/service" "$work/socket" > "$work/service.txt" 2>&1 &
service=$!
until [ -S "$work/socket" ]; do
    kill -0 "$service" 2>/dev/null || fail "the service has ended"
    sleep 0.02
done

ask 0 --once fibers
says out 'console listener'
says out 'a connection'
ask 0 -jo fibers
says out '{"fiber":"main","id":2,'
ask 0 -o 'fiber 2'
says out 'frame'
ask 0 -o guests
says out 'guests  lines'
ask 0 --watch 5 -o groups
ask 1 -o nonsense
says err 'diesel-console: there is no command nonsense; try help'
ask 1 -o 'fiber 77777'
ask 2 --nonsense
ask 2 -t x
printf 'help\n\n  \nscheduler\nquit\nnonsense\n' > "$work/commands"
"$console" "$work/console" < "$work/commands" > "$work/out.txt"
says out 'guests'
says out 'fibers alive'
[ "$("$console" "$work/nobody" -o x 2>/dev/null || echo $?)" = 3 ] || fail "a console at nobody"
DIESEL_CONSOLE=$work/console "$console" -o timers || fail "the environment's path"
(unset DIESEL_CONSOLE; "$console" -o help) 2>/dev/null && fail "without a path"
"$console" --help > "$work/out.txt"
says out '--watch MS'
"$console" --completion bash > "$work/out.txt"
"$console" --version > "$work/out.txt"

if command -v python3 > /dev/null; then
    python3 - "$work/socket" > "$work/talk.txt" <<'END' || fail "the talk failed"
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
f = s.makefile("rw")
def ask(line):
    f.write(line + "\n")
    f.flush()
    return f.readline()
assert ask("hello") == "5\n"
assert ask("") == "0\n"
text = ask("metrics")
while not text.endswith("\nlines_total 2\n"):
    text += f.readline()
assert 'line_bytes_bucket{le="8"} 2\n' in text, text
END
    says service 'service: came now=1 guest=1 fiber=serve'
    says service 'service: line text=hello guest=1'
    ask 0 -o metrics
    says out 'lines_total'
    ask 0 -o 'level service off'
fi

ask 0 -o 'cancel 2' # the first fiber's nearest scope: the service
status=0
wait "$service" || status=$?
service=
[ "$status" = 0 ] || [ "$status" = 1 ] || fail "the service ended with $status"
[ ! -e "$work/console" ] || fail "the console's socket was left behind"
