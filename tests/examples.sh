#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the examples: each must end well. Those that need servers are run where
# there are some. The README's program must be examples/greet.c, word for word.
set -eu
: "${top_builddir:?}" "${top_srcdir:?}"
examples=$top_builddir/examples

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in hello channel echo timeout event_loop; do
    "$examples/$name" > "$work/out" 2>&1 || {
        cat "$work/out"
        echo "examples/$name failed"
        exit 1
    }
    [ -s "$work/out" ] || { echo "examples/$name printed nothing"; exit 1; }
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
for name in redis_counter mongo_tour greet; do
    "$examples/$name" > "$work/out" 2>&1 || {
        cat "$work/out"
        echo "examples/$name failed"
        exit 1
    }
done
