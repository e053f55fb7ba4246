#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Other drivers talk to the library's server side: pymongo and the Node driver,
# where they are installed, with and without compression, to a new
# examples/mongo_answer each time.
set -u
: "${top_builddir:?}" "${top_srcdir:?}"
server=$top_builddir/examples/mongo_answer
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$work"' EXIT

# talk COMPRESSORS COMMAND...: the command, with a port and the compressors.
talk() {
    local compressors=$1 port status
    shift
    : > "$work/server" # now, not when the server is on its way: no old port
    "$server" > "$work/server" 2>&1 &
    pid=$!
    until grep -q '^listening on port' "$work/server"; do
        kill -0 "$pid" || return 1
        sleep 0.05
    done
    port=$(sed -n 's/^listening on port //p' "$work/server")
    "$@" "$port" "$compressors"
    status=$?
    kill "$pid"
    wait "$pid" 2>/dev/null
    pid=
    return $status
}

talked=0
failed=0
if python3 -c 'import pymongo' 2>/dev/null; then
    for compressors in '' zlib; do
        talked=$((talked + 1))
        talk "$compressors" python3 "$top_srcdir/tests/mongo_drivers.py" || failed=1
    done
else
    echo "not tested: pymongo is not installed"
fi
if node -e 'require("mongodb")' 2>/dev/null; then
    for compressors in none zlib; do
        talked=$((talked + 1))
        talk "${compressors#none}" node "$top_srcdir/tests/mongo_drivers.js" || failed=1
    done
else
    echo "not tested: the Node driver is not installed (npm install mongodb, NODE_PATH)"
fi
[ "$talked" -gt 0 ] || exit 77
exit $failed
