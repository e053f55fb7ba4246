#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the examples: each must end well and print something. The README's program
# must be examples/greet.c, word for word.
#
# The lists below hold one example a line, with its arguments. An example that must
# be talked to (a server, say) has a script of its own, tests/examples/NAME.sh, which
# is run with `examples` set to the folder of the programs and ends with 0, or 77 for
# "skipped".
set -eu
: "${top_builddir:?}" "${top_srcdir:?}"
examples=$top_builddir/examples

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

alone='
channel
crawl
echo
event_loop
hello
log
lookup localhost
offload .
percore
redis_double
supervised
timeout
udp_echo
'
with_servers='
greet
mongo_tour
redis_aside
redis_cache
redis_chat room ann
redis_counter
redis_fanin 10000
redis_hooks
redis_leaderboard
redis_script
redis_sessions
redis_transaction
redis_group
redis_jobs
redis_limiter
redis_lock
'

fail() {
    [ ! -s "$work/out" ] || cat "$work/out"
    echo "$*"
    exit 1
}

# run LIST: each line of it as a command in the folder of examples.
run() {
    printf '%s' "$1" | while read -r line; do
        [ -n "$line" ] || continue
        # shellcheck disable=SC2086 # the words of a line are arguments
        (cd "$examples" && exec ./$line) < /dev/null > "$work/out" 2>&1 ||
            fail "examples/$line failed"
        [ -s "$work/out" ] || fail "examples/$line printed nothing"
    done
}

run "$alone"
[ ! -x "$examples/evhttp" ] || run "evhttp
"
export examples
for script in "$top_srcdir"/tests/examples/*.sh; do
    [ -f "$script" ] || continue
    status=0
    sh "$script" < /dev/null > "$work/out" 2>&1 || status=$?
    case $status in
    0) ;;
    77) echo "not run: ${script##*/}: $(tail -n 1 "$work/out")" ;;
    *) fail "${script##*/} failed with status $status" ;;
    esac
done

# shellcheck disable=SC2016 # no expression is meant
sed -n '/^```c$/,/^```$/p' "$top_srcdir/README.md" | sed '1d;$d' > "$work/readme.c"
[ -s "$work/readme.c" ] || { echo "README.md shows no program"; exit 1; }
sed '1,2d' "$top_srcdir/examples/greet.c" > "$work/greet.c"
diff -u "$work/greet.c" "$work/readme.c" || {
    echo "README.md does not show examples/greet.c"
    exit 1
}

if [ -z "${DIESEL_TEST_REDIS_URL:-}" ] || [ -z "${DIESEL_TEST_MONGODB_URI:-}" ]; then
    echo "the examples that need servers were not run: there are none"
    exit 0
fi
export REDIS_URL="$DIESEL_TEST_REDIS_URL" MONGODB_URI="$DIESEL_TEST_MONGODB_URI"
run "$with_servers"
