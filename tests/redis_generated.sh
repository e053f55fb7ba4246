#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Whether the typed Redis commands are what redis/generate/commands.py would write,
# whether each of them is called by tests/live_redis_commands.c, and, where a
# redis-server can be started, whether the table of commands agrees with it.
set -eu
: "${top_srcdir:?}"
if ! command -v python3 >/dev/null; then
    echo "skipped: python3 is not installed"
    exit 77
fi
export PYTHONDONTWRITEBYTECODE=1
status=0

stale=$(python3 "$top_srcdir/redis/generate/commands.py" --check) || {
    echo "stale, run redis/generate/commands.py:"
    echo "$stale"
    status=1
}

for name in $(sed -n 's/^\([a-z_]*\) *\(= [A-Z_ ]*\)\{0,1\}: .* -- .*/\1/p' \
    "$top_srcdir/redis/generate/functions.txt"); do
    grep -Eq "dredis_$name\b" "$top_srcdir/tests/live_redis_commands.c" || {
        echo "tests/live_redis_commands.c does not call dredis_$name"
        status=1
    }
done

server=${DIESEL_TEST_REDIS_SERVER:-redis-server}
if command -v "$server" >/dev/null; then
    dir=$(mktemp -d)
    "$server" --port 0 --unixsocket "$dir/s" --save '' --daemonize no \
        >/dev/null 2>&1 &
    pid=$!
    trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null; rm -rf "$dir"' EXIT
    tries=0
    until [ -S "$dir/s" ] || [ $tries -ge 1000 ]; do
        sleep 0.01
        tries=$((tries + 1))
    done
    python3 "$top_srcdir/redis/generate/snapshot.py" "$dir/s" --check || status=1
else
    echo "the table was not compared: $server is not installed"
fi
exit $status
